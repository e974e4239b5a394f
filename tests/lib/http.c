/* SPDX-License-Identifier: MIT */
/*
 * http METHOD BASE [SEGMENT...]: asks a service in JSON, as a program would.
 * $BODY is what it sends, $KEY its key, $AUTH where to ("bearer", "basic", or
 * a header's name), $REPEATABLE and $MAX_RETRIES as in service.h, $WITHIN its
 * deadline in seconds. Prints "STATUS ANSWER", or "STATUS TYPE[ retryable]:
 * MESSAGE" and fails.
 */
#include <stdio.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "service.h"

static const char *
setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value != NULL ? value : fallback;
}

static jv
body(void)
{
	const char *text = getenv("BODY");

	return text != NULL ? jv_parse(text) : jv_invalid();
}

static struct service_options
options(const char *url)
{
	const char *auth = setting("AUTH", "bearer");
	double seconds = strtod(setting("WITHIN", "0"), NULL);
	struct service_options made = {
		.name = "the service",
		.url = url,
		.key = getenv("KEY"),
		.auth = HTTP_HEADER,
		.auth_name = auth,
		.user = "me",
		.ends = seconds > 0 ? clock_monotonic() + seconds : 0,
	};

	if (strcmp(auth, "bearer") == 0)
		made.auth = HTTP_BEARER;
	if (strcmp(auth, "basic") == 0)
		made.auth = HTTP_BASIC;
	return made;
}

static int
tell(int status, struct error *error, jv answer)
{
	char *text = json_text(answer);
	int code = 0;

	if (error == NULL) {
		printf("%d %s\n", status, text);
	} else {
		printf("%d %s%s: %s\n", status, error_type_name(error->type),
		    error->retryable ? " retryable" : "", error->message);
		code = error->exit_code;
	}
	error_free(error);
	free(text);
	return code;
}

int
main(int argc, char *argv[])
{
	struct config *config = NULL;
	struct error *error = config_load(&config, NULL);
	struct service_request request = { .body = body() };
	struct service_options made;
	struct service *service;
	jv answer;
	int code;

	if (argc < 3 || error != NULL)
		return 64;
	log_open("http", LOG_DEBUG, NULL);
	request.method = argv[1];
	request.path = (const char *const *)argv + 3;
	request.repeatable = getenv("REPEATABLE") != NULL;
	made = options(argv[2]);
	service = service_new(&made, config);
	error = service_ask(service, &request, &answer);
	code = tell(request.status, error, answer);
	service_free(service);
	config_free(config);
	return code;
}
