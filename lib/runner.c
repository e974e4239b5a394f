/* SPDX-License-Identifier: MIT */
#include "runner.h"

#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "process.h"

/* Can it name a directory? */
static bool
is_usable(const char *id)
{
	return id != NULL && id[0] != '\0' && id[0] != '.' &&
	    strchr(id, '/') == NULL && strlen(id) < 200;
}

char *
runner_id_new(const char *prefix, pid_t pid)
{
	const char *given = getenv("RUNNER_ID");
	time_t now = time(NULL);
	char stamp[32];
	struct tm utc;

	if (is_usable(given))
		return xstrdup(given);
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
	return xasprintf("%s%s-%ld", prefix, stamp, (long)pid);
}

static struct error *
new_dir(char **dir, const struct config *config, const char *id)
{
	const char *given = getenv("NR_RUN_DIR");
	const char *runs = config_string(config, "run_dir");
	char *state;

	if (given == NULL || given[0] == '\0') {
		state = config_state_dir();
		*dir = runs != NULL ? file_join(runs, id)
				    : xasprintf("%s/runs/%s", state, id);
		free(state);
	} else {
		*dir = xstrdup(given);
	}
	if ((*dir)[0] == '/')
		return NULL;
	return error_new(ERROR_CONFIG,
	    "the run directory '%s' is not an absolute path", *dir);
}

static jv
set_deadline(jv runner, double now)
{
	char text[CLOCK_TEXT_SIZE], host[256] = "";

	gethostname(host, sizeof host - 1);
	clock_format(text, now + json_number(runner, "timeout_seconds", 0));
	runner = json_set_string(runner, "deadline_at", text);
	runner = json_set_string(runner, "hostname", host);
	return json_set_number(runner, "process_group", process_group());
}

static struct error *
create(struct document *doc, const struct config *config)
{
	double now = clock_now();
	char text[CLOCK_TEXT_SIZE], *dir = NULL,
				    *id = runner_id_new("runner-", getpid());
	struct error *error = new_dir(&dir, config, id);
	jv runner = jv_object();

	clock_format(text, now);
	runner = json_set_string(runner, "runner_id", id);
	runner = json_set_string(runner, "run_dir", dir);
	runner = json_set_string(runner, "started_at", text);
	runner = json_set_number(runner, "timeout_seconds",
	    json_number(document_value(doc), "timeout_seconds",
		config_number(config, "default_timeout_seconds")));
	runner = set_deadline(runner, now);
	runner = json_set_string(runner, "version", VERSION);
	if (error == NULL)
		document_set(doc, "runner", runner);
	else
		jv_free(runner);
	free(dir);
	free(id);
	return error;
}

/* Is this the pipeline that the section was written in? */
static bool
same_pipeline(const struct document *doc)
{
	const char *host = document_string(doc, "runner.hostname");
	char here[256] = "";

	gethostname(here, sizeof here - 1);
	return host != NULL && strcmp(host, here) == 0 &&
	    (pid_t)json_number(document_value(doc), "runner.process_group",
		0) == process_group();
}

struct error *
runner_enter(struct document *doc, const struct config *config)
{
	const char *dir = runner_dir(doc), *wanted = getenv("NR_RUN_DIR");

	if (runner_id(doc) == NULL || dir == NULL ||
	    (wanted != NULL && wanted[0] != '\0' && strcmp(wanted, dir) != 0))
		return create(doc, config);
	if (dir[0] != '/')
		return error_new(ERROR_DOCUMENT,
		    "/runner/run_dir: expected an absolute path, found '%s'",
		    dir);
	if (getenv("NR_RUN_RENEW") != NULL ||
	    (runner_seconds_left(doc) <= 0 && !same_pipeline(doc))) {
		log_info("deadline_renewed",
		    "this saved document gets a new deadline");
		document_set(doc, "runner",
		    set_deadline(
			json_get(document_value(doc), "runner"), clock_now()));
	}
	return NULL;
}

const char *
runner_id(const struct document *doc)
{
	return document_string(doc, "runner.runner_id");
}

const char *
runner_dir(const struct document *doc)
{
	return document_string(doc, "runner.run_dir");
}

double
runner_seconds_left(const struct document *doc)
{
	const char *text = document_string(doc, "runner.deadline_at");
	double deadline;

	if (text == NULL || !clock_parse(&deadline, text))
		return json_number(
		    document_value(doc), "runner.timeout_seconds", 0);
	return deadline - clock_now();
}

double
runner_reserve_seconds(const struct document *doc)
{
	double tenth =
	    json_number(document_value(doc), "runner.timeout_seconds", 0) / 10;

	return tenth < RUNNER_MAX_RESERVE_SECONDS ? tenth
						  : RUNNER_MAX_RESERVE_SECONDS;
}
