/* SPDX-License-Identifier: MIT */
#include "health_probe.h"

#include <errno.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"

enum { MAX_RESULT_BYTES = 64 * 1024 };
/* A check has limits of its own, and tells more when it ends by them. */
static const double margin_seconds = 1;

static bool
decides(const char *name, char *const *names)
{
	if (names[0] == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static struct error *
check_names(char *const *names)
{
	for (; *names != NULL; names++) {
		const struct health_check *check = health_checks;

		while (check->name != NULL && strcmp(check->name, *names) != 0)
			check++;
		if (check->name == NULL)
			return error_new(ERROR_CONFIG,
			    "health_ready_checks: there is no check '%s'; "
			    "there are state, task_registry, artifact_store, "
			    "repo_pool and llm",
			    *names);
	}
	return NULL;
}

struct error *
health_probes_open(struct health_probes *probes, const struct config *config,
    struct secrets *secrets, const struct mask *mask)
{
	jv list = config_value(config, "health_ready_checks");
	char **names = json_strings(list, NULL);
	struct error *error = check_names(names);

	*probes = (struct health_probes){
		.cache_seconds = config_number(config, "health_cache_seconds"),
		.timeout_seconds =
		    config_number(config, "health_timeout_seconds"),
		.config = config,
		.secrets = secrets,
		.mask = mask,
	};
	for (const struct health_check *check = health_checks;
	     check->name != NULL; check++)
		if (check->applies(config))
			probes->probes[probes->n++] = (struct health_probe){
				.check = check,
				.decides = decides(check->name, names),
				.fd = -1,
				.text = BUFFER_INIT(MAX_RESULT_BYTES),
			};
	json_strings_free(names);
	jv_free(list);
	return error;
}

void
health_probes_close(struct health_probes *probes)
{
	for (size_t i = 0; i < probes->n; i++) {
		struct health_probe *probe = &probes->probes[i];

		if (probe->pid > 0)
			child_kill(probe->pid);
		if (probe->fd >= 0)
			close(probe->fd);
		error_free(probe->error);
		buffer_release(&probe->text);
	}
	probes->n = 0;
}

/* --- In the process of its own --- */

struct work {
	const struct health_probes *probes;
	const struct health_check *check;
};

static char *
result_text(const struct error *error, const struct mask *mask)
{
	jv result = jv_object();
	char *text, *masked;
	size_t len;

	if (error != NULL) {
		masked = mask_text(
		    mask, error->message, strlen(error->message), &len);
		result = json_set_number(result, "type", error->type);
		result =
		    json_set_boolean(result, "retryable", error->retryable);
		result = json_set_string(result, "message", masked);
		free(masked);
	}
	text = json_text(result);
	return text;
}

static void
check(void *context, int fd)
{
	const struct work *work = context;
	const struct health_probes *probes = work->probes;
	struct error *error;
	char *text;

	/* What is told every few seconds is told to nobody. */
	log_open("nr-health", LOG_ERROR, probes->mask);
	error = work->check->run(probes->config, probes->secrets);
	text = result_text(error, probes->mask);
	error_free(file_write_all(fd, text, strlen(text), "the result"));
	error_free(error);
	free(text);
}

/* --- In ours --- */

static void
log_change(const struct health_probe *probe, const struct error *before)
{
	jv fields = json_set_string(jv_object(), "check", probe->check->name);

	if (probe->error != NULL &&
	    (before == NULL ||
		strcmp(before->message, probe->error->message) != 0)) {
		fields = json_set_string(
		    fields, "error_type", error_type_name(probe->error->type));
		log_event(LOG_WARN, "check_failed", fields,
		    "%s is not healthy: %s", probe->check->name,
		    probe->error->message);
	} else if (probe->error == NULL && before != NULL) {
		log_event(LOG_INFO, "check_recovered", fields,
		    "%s is healthy again", probe->check->name);
	} else {
		jv_free(fields);
	}
}

/* Takes the error over; NULL: it is healthy. */
static void
set_result(struct health_probes *probes, struct health_probe *probe,
    struct error *error)
{
	struct error *before = probe->error;

	probe->is_known = true;
	probe->is_healthy = error == NULL;
	probe->error = error;
	probe->seconds = clock_monotonic() - probe->started;
	probe->checked_at = clock_now();
	probe->next = clock_monotonic() + probes->cache_seconds;
	probe->n_checks++;
	probe->n_failures += error != NULL;
	if (probes->tells)
		log_change(probe, before);
	error_free(before);
}

void
health_probes_start(struct health_probes *probes)
{
	double now = clock_monotonic();

	for (size_t i = 0; i < probes->n; i++) {
		struct health_probe *probe = &probes->probes[i];
		struct work work = { probes, probe->check };
		struct error *error;

		/* One that was killed, but sits in the kernel, is waited for:
		 * they shall not become more and more. */
		if (probe->pid > 0 || probe->next > now)
			continue;
		probe->started = now;
		probe->is_killed = false;
		buffer_clear(&probe->text);
		error = child_start(&probe->pid, &probe->fd, check, &work);
		if (error != NULL)
			set_result(probes, probe, error);
	}
}

size_t
health_probes_poll(const struct health_probes *probes, struct pollfd *fds)
{
	for (size_t i = 0; i < probes->n; i++)
		fds[i] = (struct pollfd){ .fd = probes->probes[i].fd,
			.events = POLLIN };
	return probes->n;
}

static double
kill_at(const struct health_probes *probes, const struct health_probe *probe)
{
	return probe->started + probes->timeout_seconds + margin_seconds;
}

double
health_probes_wait(const struct health_probes *probes)
{
	double now = clock_monotonic(), wait = 3600;

	for (size_t i = 0; i < probes->n; i++) {
		const struct health_probe *probe = &probes->probes[i];
		double at =
		    probe->pid > 0 ? kill_at(probes, probe) : probe->next;

		if (probe->pid > 0 && probe->is_killed)
			continue;
		if (at - now < wait)
			wait = at > now ? at - now : 0;
	}
	return wait;
}

/* What the other process has written: {} or {type, retryable, message}. */
static struct error *
read_result(const struct buffer *text)
{
	jv result = jv_invalid();
	struct error *error = NULL, *found;
	const char *message;
	int type;

	if (text->len == 0)
		return error_new(ERROR_INTERNAL, "the check crashed");
	error = json_parse(&result, text->data, text->len, "the result");
	if (error != NULL)
		return error_retype(error, ERROR_INTERNAL);
	message = json_string(result, "message");
	type = (int)json_number(result, "type", ERROR_INTERNAL);
	found = message != NULL
	    ? error_new((enum error_type)type, "%s", message)
	    : NULL;
	if (found != NULL)
		found->retryable = json_boolean(result, "retryable", false);
	jv_free(result);
	return found;
}

/* false: there will be more. */
static bool
read_probe(struct health_probe *probe)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(probe->fd, bytes, sizeof bytes)) > 0)
		buffer_append(&probe->text, bytes, (size_t)n);
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static void
end_probe(struct health_probes *probes, struct health_probe *probe)
{
	child_reap(probe->pid);
	close(probe->fd);
	probe->pid = 0;
	probe->fd = -1;
	if (!probe->is_killed)
		set_result(probes, probe, read_result(&probe->text));
}

void
health_probes_take(struct health_probes *probes, const struct pollfd *fds)
{
	double now = clock_monotonic();

	for (size_t i = 0; i < probes->n; i++) {
		struct health_probe *probe = &probes->probes[i];

		if (probe->pid <= 0)
			continue;
		if (fds[i].fd == probe->fd && fds[i].revents != 0 &&
		    read_probe(probe)) {
			end_probe(probes, probe);
		} else if (!probe->is_killed && now >= kill_at(probes, probe)) {
			child_kill(probe->pid);
			probe->is_killed = true;
			set_result(probes, probe,
			    error_new(ERROR_TIMEOUT,
				"the check took more than %g s",
				probes->timeout_seconds));
		}
	}
}

bool
health_probes_are_known(const struct health_probes *probes)
{
	for (size_t i = 0; i < probes->n; i++)
		if (!probes->probes[i].is_known)
			return false;
	return true;
}

bool
health_probes_are_healthy(const struct health_probes *probes)
{
	for (size_t i = 0; i < probes->n; i++)
		if (probes->probes[i].decides && !probes->probes[i].is_healthy)
			return false;
	return true;
}

static jv
error_json(const struct error *error, bool message)
{
	jv value =
	    json_set_string(jv_object(), "type", error_type_name(error->type));

	value = json_set_number(value, "exit_code", error->exit_code);
	value = json_set_boolean(value, "retryable", error->retryable);
	if (message)
		value = json_set_string(value, "message", error->message);
	return value;
}

static jv
probe_json(const struct health_probe *probe, bool message)
{
	char at[CLOCK_TEXT_SIZE];
	jv value = json_set_string(jv_object(), "name", probe->check->name);

	value = json_set_boolean(value, "decides", probe->decides);
	value = json_set(value, "healthy",
	    !probe->is_known ? jv_null() : jv_bool(probe->is_healthy));
	if (!probe->is_known)
		return value;
	value = json_set_number(
	    value, "duration_seconds", clock_milliseconds(probe->seconds));
	clock_format(at, probe->checked_at);
	value = json_set_string(value, "checked_at", at);
	if (probe->error != NULL)
		value =
		    json_set(value, "error", error_json(probe->error, message));
	return value;
}

jv
health_probes_json(const struct health_probes *probes, bool messages)
{
	jv list = jv_array();
	jv value = json_set_boolean(
	    jv_object(), "healthy", health_probes_are_healthy(probes));

	for (size_t i = 0; i < probes->n; i++)
		list = jv_array_append(
		    list, probe_json(&probes->probes[i], messages));
	return json_set(value, "checks", list);
}
