/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <signal.h>

#include "memory.h"

static const struct {
	const char *name;
	int exit_code;
	bool retryable;
} types[] = {
	[ERROR_USAGE] = { "UsageError", 64, false },
	[ERROR_DOCUMENT] = { "TaskContextValidationError", 65, false },
	[ERROR_SERVICE] = { "ServiceUnavailableError", 69, true },
	[ERROR_INTERNAL] = { "RunnerError", 70, false },
	[ERROR_IO] = { "IOError", 74, true },
	[ERROR_SECURITY] = { "SecurityError", 77, false },
	[ERROR_CONFIG] = { "ConfigError", 78, false },
	[ERROR_WORKSPACE] = { "WorkspacePreparationError", 80, false },
	[ERROR_IMPLEMENTATION] = { "ImplementationError", 81, true },
	[ERROR_TEST] = { "TestExecutionError", 82, true },
	[ERROR_PUSH] = { "PushError", 83, false },
	[ERROR_UPLOAD] = { "ArtifactUploadError", 84, true },
	[ERROR_PLAYBOOK] = { "PlaybookExecutionError", 85, true },
	[ERROR_RESOURCE] = { "ResourceLimitError", 86, false },
	[ERROR_TIMEOUT] = { "TimeoutError", 124, true },
	[ERROR_CANCELLED] = { "CancelledError", 143, true },
};

enum { n_types = sizeof types / sizeof types[0] };

static struct error *
error_take(enum error_type type, char *message)
{
	struct error *error = xmalloc(sizeof *error);

	*error = (struct error){
		.type = type,
		.exit_code = types[type].exit_code,
		.retryable = types[type].retryable,
		.message = message,
	};
	return error;
}

struct error *
error_new(enum error_type type, const char *format, ...)
{
	va_list args;
	char *message;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	return error_take(type, message);
}

struct error *
error_errno(enum error_type type, const char *format, ...)
{
	int saved = errno;
	va_list args;
	char *text, *message;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	message = xasprintf("%s: %s", text, strerror(saved));
	free(text);
	return error_take(type, message);
}

struct error *
error_cancelled(int signal_number)
{
	struct error *error = error_new(ERROR_CANCELLED, "cancelled by %s",
	    signal_number == SIGINT ? "SIGINT" : "SIGTERM");

	error->exit_code = signal_number == SIGINT ? 130 : 143;
	return error;
}

struct error *
error_prefix(struct error *error, const char *format, ...)
{
	va_list args;
	char *prefix, *message;

	va_start(args, format);
	prefix = xvasprintf(format, args);
	va_end(args);
	message = xasprintf("%s: %s", prefix, error->message);
	free(prefix);
	free(error->message);
	error->message = message;
	return error;
}

struct error *
error_retype(struct error *error, enum error_type type)
{
	error->type = type;
	error->exit_code = error_type_exit_code(type);
	return error;
}

void
error_free(struct error *error)
{
	if (error == NULL)
		return;
	free(error->message);
	free(error);
}

struct error *
error_first(struct error *first, struct error *second)
{
	if (first == NULL)
		return second;
	error_free(second);
	return first;
}

const char *
error_type_name(enum error_type type)
{
	return types[type].name;
}

int
error_type_exit_code(enum error_type type)
{
	return types[type].exit_code;
}

bool
error_type_by_name(enum error_type *type, const char *name)
{
	for (int i = 0; i < n_types; i++) {
		if (strcmp(types[i].name, name) == 0) {
			*type = (enum error_type)i;
			return true;
		}
	}
	return false;
}
