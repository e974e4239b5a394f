/* SPDX-License-Identifier: MIT */
#include "json.h"
#include "llm_wire.h"
#include "memory.h"
#include "printable.h"

enum { MAX_SHOWN = 400 };

enum verdict { VERDICT_UNKNOWN, VERDICT_RETRY, VERDICT_NEVER, VERDICT_KEY };

/* What services call their errors, in `type`, `code` or `status`. */
static const struct {
	const char *word;
	enum verdict verdict;
} words[] = {
	{ "insufficient_quota", VERDICT_NEVER },
	{ "billing_not_active", VERDICT_NEVER },
	{ "billing_hard_limit_reached", VERDICT_NEVER },
	{ "billing_error", VERDICT_NEVER },
	{ "access_terminated", VERDICT_NEVER },
	{ "invalid_request_error", VERDICT_NEVER },
	{ "context_length_exceeded", VERDICT_NEVER },
	{ "model_not_found", VERDICT_NEVER },
	{ "not_found_error", VERDICT_NEVER },
	{ "request_too_large", VERDICT_NEVER },
	{ "invalid_api_key", VERDICT_KEY },
	{ "authentication_error", VERDICT_KEY },
	{ "permission_error", VERDICT_KEY },
	{ "overloaded_error", VERDICT_RETRY },
	{ "rate_limit_error", VERDICT_RETRY },
	{ "rate_limit_exceeded", VERDICT_RETRY },
	{ "timeout_error", VERDICT_RETRY },
	{ "api_error", VERDICT_RETRY },
	{ "server_error", VERDICT_RETRY },
};

/* And what they only say. */
static const char *const money_words[] = { "credit balance", "billing",
	"exceeded your current quota", "insufficient credits",
	"insufficient balance" };

struct error *
llm_too_large(void)
{
	struct error *error = error_new(ERROR_SERVICE,
	    "the answer is larger than the %d MiB allowed",
	    LLM_MAX_ANSWER_BYTES / (1024 * 1024));

	error->retryable = false;
	return error;
}

static enum verdict
judge_status(int status)
{
	if (status == 401 || status == 403)
		return VERDICT_KEY;
	if (status == 408 || status == 409 || status == 425 || status == 429 ||
	    status >= 500)
		return VERDICT_RETRY;
	return status >= 400 ? VERDICT_NEVER : VERDICT_UNKNOWN;
}

static enum verdict
judge_word(const char *word)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (word != NULL && strcmp(word, words[i].word) == 0)
			return words[i].verdict;
	return VERDICT_UNKNOWN;
}

static bool
is_about_money(const char *message)
{
	size_t n = sizeof money_words / sizeof money_words[0];
	char *lower = xstrdup(message);
	bool found = false;

	for (char *c = lower; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	for (size_t i = 0; i < n; i++)
		found = found || strstr(lower, money_words[i]) != NULL;
	free(lower);
	return found;
}

/*
 * What is never to be tried again wins: a quota that is used up comes as 429,
 * like a limit that passes. A code may be a status (OpenRouter).
 */
static enum verdict
judge(int status, jv told, const char *message)
{
	enum verdict by_status = judge_status(status);
	enum verdict by_type = judge_word(json_string(told, "type"));
	enum verdict by_code = judge_word(json_string(told, "code"));
	enum verdict by_number =
	    judge_status((int)json_number(told, "code", 0));

	if (status == 402 || by_code == VERDICT_NEVER ||
	    is_about_money(message))
		return VERDICT_NEVER;
	if (by_status == VERDICT_UNKNOWN)
		by_status = by_number;
	/* A status of its own says more than a type: some call all errors
	 * the same. */
	if (by_status != VERDICT_UNKNOWN &&
	    !(by_status == VERDICT_RETRY && status == 429 &&
		by_type == VERDICT_NEVER))
		return by_status;
	if (by_code != VERDICT_UNKNOWN)
		return by_code;
	return by_type != VERDICT_UNKNOWN ? by_type : VERDICT_RETRY;
}

/* {"error": {...}}, {"error": "text"}, {"message"}, {"detail"}. */
static const char *
find_message(jv body)
{
	static const char *const paths[] = { "error.message", "error",
		"message", "detail" };

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const char *message = json_string(body, paths[i]);

		if (message != NULL && *message != '\0')
			return message;
	}
	return "nothing";
}

struct error *
llm_refusal(int status, jv body)
{
	jv told = json_get(body, "error");
	const char *message = find_message(body);
	enum verdict verdict = judge(status, told, message);
	char *shown = printable(message, MAX_SHOWN);
	struct error *error =
	    error_new(verdict == VERDICT_KEY ? ERROR_SECURITY : ERROR_SERVICE,
		"the service says: %s", shown);

	if (status >= 300)
		error = error_prefix(error, "HTTP %d", status);
	error->retryable = verdict == VERDICT_RETRY;
	free(shown);
	jv_free(told);
	return error;
}
