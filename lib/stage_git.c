/* SPDX-License-Identifier: MIT */
#include "stage_git.h"

#include <ctype.h>

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "runner.h"

enum { MAX_MESSAGE_BYTES = 64 * 1024 };

void
stage_git_begin(const struct stage *stage, struct git *git)
{
	git_set_author(git, config_string(stage->config, "git_author_name"),
	    config_string(stage->config, "git_author_email"));
	git_set_ends(git, stage->ends - stage->reserve_seconds);
	if (config_boolean(stage->config, "sign_commits"))
		git_sign_commits(git, stage->run_dir);
}

/* Leaves the token out when the URL's host is not to have it. */
static void
guard_token(
    const struct stage *stage, struct git_network *network, bool from_slot)
{
	jv list = config_value(stage->config, "git_token_hosts");
	char **hosts = json_strings(list, NULL);

	if (network->token != NULL && (*hosts != NULL || from_slot) &&
	    !git_url_is_of(network->url, hosts)) {
		network->token = NULL;
		log_info("token_withheld", "the token is not for '%s': %s",
		    network->url,
		    *hosts != NULL
			? "its host is not among git_token_hosts"
			: "only the slot's configuration names it; give "
			  "repo_url, or git_token_hosts");
	}
	json_strings_free(hosts);
	jv_free(list);
}

struct error *
stage_git_network(const struct stage *stage, struct git_network *network,
    const char *url, bool from_slot)
{
	const struct config *config = stage->config;
	double seconds;
	struct error *err = stage_time_left(stage, &seconds);

	if (err != NULL)
		return err;
	*network = (struct git_network){
		.url = url,
		.token = secrets_get(
		    stage->secrets, config_string(config, "git_token_env_var")),
		.user = config_string(config, "git_username"),
		.bearer =
		    strcmp(config_string(config, "git_auth"), "bearer") == 0,
		.ssh_key_file = config_string(config, "git_ssh_key_file"),
		.ssh_known_hosts_file =
		    config_string(config, "git_ssh_known_hosts_file"),
		.connect_seconds =
		    config_number(config, "connect_timeout_seconds"),
		.idle_seconds =
		    config_number(config, "network_timeout_seconds"),
		.ends = clock_monotonic() + seconds,
		.max_retries = (int)config_number(config, "git_retry_count"),
	};
	guard_token(stage, network, from_slot);
	return NULL;
}

/* One line of a text that may have several. */
static void
append_line(struct buffer *message, const char *text)
{
	for (; *text != '\0'; text++)
		buffer_append(
		    message, iscntrl((unsigned char)*text) ? " " : text, 1);
}

static void
append_trailer(struct buffer *message, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buffer_appendf(message, "%s: ", name);
	append_line(message, value);
	buffer_append_string(message, "\n");
}

char *
stage_git_message(const struct stage *stage)
{
	const struct document *doc = stage->doc;
	struct buffer message = BUFFER_INIT(MAX_MESSAGE_BYTES);
	const char *description = document_string(doc, "description");
	size_t len = description != NULL ? strlen(description) : 0;
	size_t masked_len;
	char *masked;

	while (len > 0 && isspace((unsigned char)description[len - 1]))
		len--;
	buffer_append_string(&message, "feat(task-");
	append_line(&message, document_string(doc, "task_id"));
	buffer_append_string(&message, "): ");
	append_line(&message, document_string(doc, "title"));
	buffer_append_string(&message, "\n\n");
	if (len > 0) {
		buffer_append(&message, description, len);
		buffer_append_string(&message, "\n\n");
	}
	append_trailer(&message, "Task", document_string(doc, "task_id"));
	append_trailer(&message, "Spec", document_string(doc, "spec_name"));
	append_trailer(&message, "Runner", runner_id(doc));
	masked = mask_text(secrets_mask(stage->secrets), message.data,
	    message.len, &masked_len);
	buffer_release(&message);
	return masked;
}
