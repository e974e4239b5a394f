/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "memory.h"

enum {
	week_seconds = 7 * 24 * 60 * 60,
	max_retries = 100,
	max_megabytes = 16 * 1024 * 1024,
};

/* In the order in which nr-config and nr-config(5) show them. */
const struct config_key config_keys[] = {
	{ .name = "execution_mode",
	    .kind = CONFIG_ENUM,
	    .fallback = "\"local-process\"",
	    .choices = "local-process|docker|kubernetes",
	    .help = "where a task runs" },
	{ .name = "default_timeout_seconds",
	    .kind = CONFIG_INTEGER,
	    .fallback = "1800",
	    .min = 1,
	    .max = week_seconds,
	    .environment = "RUNNER_TIMEOUT",
	    .help = "time for a task that names none itself" },
	{ .name = "stall_timeout_seconds",
	    .kind = CONFIG_INTEGER,
	    .fallback = "0",
	    .max = week_seconds,
	    .help = "time an agent may be silent; 0: no limit" },
	{ .name = "test_timeout_seconds",
	    .kind = CONFIG_INTEGER,
	    .fallback = "0",
	    .max = week_seconds,
	    .help = "time for each test command; 0: until the deadline" },
	{ .name = "grace_seconds",
	    .kind = CONFIG_NUMBER,
	    .fallback = "10",
	    .max = 3600,
	    .help = "time between SIGTERM and SIGKILL" },
	{ .name = "git_retry_count",
	    .kind = CONFIG_INTEGER,
	    .fallback = "3",
	    .max = max_retries,
	    .help = "retries of a fetch or push" },
	{ .name = "network_retry_count",
	    .kind = CONFIG_INTEGER,
	    .fallback = "3",
	    .max = max_retries,
	    .help = "retries of a request to a service" },
	{ .name = "llm_retry_count",
	    .kind = CONFIG_INTEGER,
	    .fallback = "3",
	    .max = max_retries,
	    .help = "retries of a request to a model" },
	{ .name = "max_parallel_runners",
	    .kind = CONFIG_INTEGER,
	    .fallback = "null",
	    .min = 1,
	    .max = 10000,
	    .help = "runs at once on this machine; unset: no limit" },

	{ .name = "agent",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "preset of the coding agent" },
	{ .name = "agent_command",
	    .kind = CONFIG_COMMAND,
	    .fallback = "null",
	    .help = "coding agent: a list, or a string for sh" },
	{ .name = "implementation_attempts",
	    .kind = CONFIG_INTEGER,
	    .fallback = "3",
	    .min = 1,
	    .max = 100,
	    .help = "how often the agent may try until the tests pass" },
	{ .name = "no_changes",
	    .kind = CONFIG_ENUM,
	    .fallback = "\"error\"",
	    .choices = "error|success",
	    .help = "what it is when the agent changes nothing" },
	{ .name = "llm.provider",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "protocol of the model's service" },
	{ .name = "llm.model",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "the model's name" },
	{ .name = "llm.endpoint",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_URL,
	    .fallback = "null",
	    .help = "URL of the model's service; unset: the provider's" },
	{ .name = "llm.api_key_env",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_VARIABLE,
	    .fallback = "null",
	    .help = "variable that holds its key; unset: the provider's" },
	{ .name = "llm.timeout_seconds",
	    .kind = CONFIG_INTEGER,
	    .fallback = "120",
	    .min = 1,
	    .max = week_seconds,
	    .help = "time for one request to the model" },
	{ .name = "llm.max_tokens",
	    .kind = CONFIG_INTEGER,
	    .fallback = "null",
	    .min = 1,
	    .max = 100000000,
	    .help = "tokens of one answer; unset: the provider's" },

	{ .name = "sandbox",
	    .kind = CONFIG_ENUM,
	    .fallback = "\"workspace\"",
	    .choices = "none|workspace",
	    .help = "where agents and tests may write" },
	{ .name = "max_memory_mb",
	    .kind = CONFIG_INTEGER,
	    .fallback = "null",
	    .max = max_megabytes,
	    .help = "memory of agents and tests; unset or 0: no limit" },
	{ .name = "max_cpu_percent",
	    .kind = CONFIG_INTEGER,
	    .fallback = "null",
	    .max = 100000,
	    .help = "CPU of agents and tests, 100 is one; unset or 0: no "
		    "limit" },
	{ .name = "output_limit_bytes",
	    .kind = CONFIG_INTEGER,
	    .fallback = "67108864",
	    .min = 4096,
	    .max = 1099511627776,
	    .help = "output kept of one command; more is cut in the middle" },
	{ .name = "pass_env",
	    .kind = CONFIG_LIST,
	    .form = CONFIG_VARIABLE,
	    .fallback = "[]",
	    .help = "variables that reach agents and tests too" },

	{ .name = "default_playbook_path",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_PATH,
	    .fallback = "null",
	    .help = "playbook of a task that names none itself" },
	{ .name = "clean",
	    .kind = CONFIG_BOOLEAN,
	    .fallback = "false",
	    .help = "save a dirty slot to a ref and clean it, not refuse it" },
	{ .name = "keep_workspace",
	    .kind = CONFIG_BOOLEAN,
	    .fallback = "false",
	    .help = "leave the slot of a failed run as it is" },
	{ .name = "allowed_branches",
	    .kind = CONFIG_LIST,
	    .fallback = "[\"feature/*\",\"task/*\"]",
	    .help = "patterns of the branches that may be pushed" },
	{ .name = "git_token_env_var",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_VARIABLE,
	    .fallback = "\"GIT_TOKEN\"",
	    .help = "variable that holds the token for git" },
	{ .name = "git_author_name",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "author of the commits; unset: the repository's" },
	{ .name = "git_author_email",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "the author's address; unset: the repository's" },

	{ .name = "artifact_store_url",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_URL,
	    .fallback = "\"file://~/.necrocode/artifacts\"",
	    .environment = "ARTIFACT_STORE_URL",
	    .help = "where artifacts go" },
	{ .name = "artifact_store_api_key_env",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_VARIABLE,
	    .fallback = "\"ARTIFACT_STORE_API_KEY\"",
	    .help = "variable that holds the store's key" },
	{ .name = "strict",
	    .kind = CONFIG_BOOLEAN,
	    .fallback = "false",
	    .help = "a failed upload fails the task" },
	{ .name = "task_registry_url",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_URL,
	    .fallback = "null",
	    .environment = "TASK_REGISTRY_URL",
	    .help = "Task Registry; unset: none is told" },
	{ .name = "repo_pool_url",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_URL,
	    .fallback = "null",
	    .environment = "REPO_POOL_URL",
	    .help = "Repo Pool Manager; unset: slots are local" },

	{ .name = "log_level",
	    .kind = CONFIG_ENUM,
	    .fallback = "\"INFO\"",
	    .choices = "DEBUG|INFO|WARN|WARNING|ERROR",
	    .help = "events below it are not logged" },
	{ .name = "structured_logging",
	    .kind = CONFIG_BOOLEAN,
	    .fallback = "true",
	    .help = "log JSON lines where nobody watches" },
	{ .name = "mask_secrets",
	    .kind = CONFIG_BOOLEAN,
	    .fallback = "true",
	    .help = "hide secrets in logs, documents and artifacts" },
	{ .name = "mask_env",
	    .kind = CONFIG_LIST,
	    .form = CONFIG_VARIABLE,
	    .fallback = "[]",
	    .help = "more variables whose values are secret" },
	{ .name = "secrets_dir",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_PATH,
	    .fallback = "\"/run/secrets\"",
	    .help = "directory with a file for each secret" },
	{ .name = "run_dir",
	    .kind = CONFIG_STRING,
	    .form = CONFIG_PATH,
	    .fallback = "null",
	    .help =
		"where the runs are; unset: below ~/.local/state/necrocode" },

	{ .name = "docker_image",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "image to run a task in" },
	{ .name = "docker_volumes",
	    .kind = CONFIG_LIST,
	    .fallback = "[]",
	    .help = "more volumes, as in docker run --volume" },
	{ .name = "docker_network",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "network, as in docker run --network" },
	{ .name = "k8s_namespace",
	    .kind = CONFIG_STRING,
	    .fallback = "\"default\"",
	    .help = "namespace of the Jobs" },
	{ .name = "k8s_image",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "image to run a task in" },
	{ .name = "k8s_secrets",
	    .kind = CONFIG_LIST,
	    .fallback = "[]",
	    .help = "Secrets that the runner gets to see" },
	{ .name = "k8s_service_account",
	    .kind = CONFIG_STRING,
	    .fallback = "null",
	    .help = "service account of the Jobs" },
	{ .name = "k8s_resource_requests",
	    .kind = CONFIG_MAP,
	    .fallback = "{}",
	    .help = "resources a Job asks for" },
	{ .name = "k8s_resource_limits",
	    .kind = CONFIG_MAP,
	    .fallback = "{}",
	    .help = "resources a Job may use" },
	{ .name = NULL },
};

const struct config_key *
config_key_by_name(const char *name)
{
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		if (strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

/* Is `spelled` the name, with this in place of every _ and dot? */
static bool
is_spelling(const char *spelled, const char *name, char mark)
{
	for (; *name != '\0'; name++, spelled++) {
		char expected = *name == '_' || *name == '.' ? mark : *name;

		if (*spelled != expected)
			return false;
	}
	return *spelled == '\0';
}

const struct config_key *
config_key_by_option(const char *option)
{
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		if (is_spelling(option, key->name, '-'))
			return key;
	}
	return NULL;
}

const struct config_key *
config_key_by_word(const char *word)
{
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		if (is_spelling(word, key->name, '_'))
			return key;
	}
	return NULL;
}
