/* SPDX-License-Identifier: MIT */
/*
 * template JSON COMMAND: runs a shell command with the values of a JSON
 * object in it, as a playbook's step does. -t TEXT: prints the text.
 */
#include "template.h"

#include <unistd.h>

#include "json.h"
#include "memory.h"
#include "variable_path.h"

extern char **environ;

static jv
look_up(void *context, char *const *parts)
{
	jv value = variable_path_follow(*(jv *)context, parts);

	if (jv_get_kind(value) != JV_KIND_NULL)
		return value;
	return jv_invalid();
}

static int
run(const char *text, jv *values)
{
	struct template_command command;
	char *undefined;
	size_t offset;
	const char *problem = template_command_problem(text, &offset);

	if (problem != NULL) {
		printf("%zu: %s\n", offset, problem);
		return 1;
	}
	if (!template_command_bind(
		&command, text, look_up, values, environ, &undefined)) {
		printf("undefined: %s\n", undefined);
		free(undefined);
		template_command_release(&command);
		return 1;
	}
	for (size_t i = 0; i < command.n_settings; i++) {
		char *equals = strchr(command.settings[i], '=');

		if (equals == NULL)
			return 1;
		*equals = '\0';
		setenv(command.settings[i], equals + 1, 1);
	}
	fflush(stdout);
	execlp(getenv("TEST_SHELL"), "sh", "-c", command.text, (char *)NULL);
	return 127;
}

int
main(int argc, char *argv[])
{
	jv values = jv_parse(argv[1]);
	char *undefined, *text;
	int status = 0;

	if (argc == 3) {
		status = run(argv[2], &values);
	} else {
		text = template_text(
		    argv[3], look_up, &values, environ, &undefined);
		printf("%s\n", text != NULL ? text : undefined);
		free(text != NULL ? text : undefined);
	}
	jv_free(values);
	return status;
}
