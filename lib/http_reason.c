/* SPDX-License-Identifier: MIT */
#include "http_reason.h"

#include <strings.h>

#include "json.h"
#include "memory.h"
#include "printable.h"

enum { MAX_REASON_BYTES = 200 };

static char *
shown(const char *text, size_t len)
{
	char *copy = xstrndup(text, len), *reason;

	reason = printable(copy, MAX_REASON_BYTES);
	free(copy);
	if (reason[0] != '\0')
		return reason;
	free(reason);
	return NULL;
}

static char *
json_reason(const char *body, size_t len)
{
	static const char *const paths[] = { "error.message", "error",
		"message", "detail", "reason" };
	jv value;
	struct error *error = json_parse(&value, body, len, "the answer");
	char *reason = NULL;

	for (size_t i = 0; error == NULL && reason == NULL &&
	     i < sizeof paths / sizeof paths[0];
	     i++) {
		const char *text = json_string(value, paths[i]);

		if (text != NULL)
			reason = shown(text, strlen(text));
	}
	error_free(error);
	jv_free(value);
	return reason;
}

static char *
xml_reason(const char *body)
{
	static const char tag[] = "<Message>";
	const char *start = strstr(body, tag);

	if (start == NULL)
		return NULL;
	start += strlen(tag);
	return shown(start, strcspn(start, "<"));
}

char *
http_reason(const char *content_type, const char *body, size_t len)
{
	if (len == 0)
		return NULL;
	if (body[0] == '{')
		return json_reason(body, len);
	if (body[0] == '<')
		return xml_reason(body);
	if (strncasecmp(content_type, "text/plain", 10) == 0)
		return shown(body, strcspn(body, "\r\n"));
	return NULL;
}
