/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for playbooks: what is read without a problem can be bound
 * to values, and no value ever gets into the text of a command.
 */
#include <stdint.h>
#include <unistd.h>

#include "json.h"
#include "memory.h"
#include "playbook.h"
#include "template.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char value[] = "\";EVIL;'`$(EVIL)";

static jv
look_up(void *context, char *const *parts)
{
	(void)context;
	(void)parts;
	return jv_string(value);
}

static void
check(const char *text)
{
	struct template_command command;
	char *undefined;

	if (!template_command_bind(
		&command, text, look_up, NULL, NULL, &undefined))
		abort();
	if (strstr(command.text, "EVIL") != NULL &&
	    strstr(text, "EVIL") == NULL)
		abort();
	template_command_release(&command);
}

static void
check_steps(const struct playbook_steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct playbook_step *step = &steps->items[i];

		if (step->command != NULL)
			check(step->command);
		check_steps(&step->then);
		check_steps(&step->otherwise);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static char path[] = "/tmp/playbook-fuzz-XXXXXX";
	static int fd = -1;
	struct playbook *playbook;
	struct error *error;
	char *text;

	if (fd < 0)
		fd = mkstemp(path);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len)
		abort();
	error = playbook_load(&playbook, path);
	if (error == NULL)
		check_steps(&playbook->steps);
	error_free(error);
	playbook_free(playbook);
	text = xstrndup((const char *)bytes, len);
	check(text);
	free(text);
	return 0;
}
