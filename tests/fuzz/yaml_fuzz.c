/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for YAML and the configuration made of it. What is read
 * must be JSON that reads back as itself, with every place known.
 */
#include <stdint.h>

#include "config.h"
#include "json.h"
#include "memory.h"
#include "yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
check_value(const struct yaml *yaml)
{
	char *text = json_text(jv_copy(yaml_value(yaml)));
	struct yaml *again;
	jv parsed;
	struct error *error =
	    json_parse(&parsed, text, strlen(text), "fuzzed value");

	if (error != NULL || !jv_equal(parsed, jv_copy(yaml_value(yaml))))
		abort();
	error = yaml_read_text(&again, text, strlen(text), "again");
	error_free(error); /* a long line may be no YAML: keys above 1024 */
	yaml_release(again);
	free(text);
	if (yaml_mark_at(yaml, "").line == 0 ||
	    yaml_mark_at(yaml, "/llm/model").line == 0)
		abort();
}

/* Every key takes the text, as an option or a variable would give it. */
static void
check_options(const char *text)
{
	struct config_options options = { .file = "/dev/null" };
	struct config *config = NULL;

	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++)
		config_options_add(&options, key, text);
	error_free(config_load(&config, &options));
	config_free(config);
	config_options_release(&options);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct yaml *yaml;
	struct error *error =
	    yaml_read_text(&yaml, (const char *)bytes, len, "fuzzed");

	if (error == NULL)
		check_value(yaml);
	error_free(error);
	yaml_release(yaml);
	if (len < 256) {
		char *text = xstrndup((const char *)bytes, len);

		check_options(text);
		free(text);
	}
	return 0;
}
