/* SPDX-License-Identifier: MIT */
#include "playbook_record.h"

#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "json.h"
#include "memory.h"

/* A document has at most 8 MiB, and others have their part of it. */
enum {
	FULL_BYTES = 1024 * 1024,
	FAILED_BYTES = 3 * 1024 * 1024,
	MAX_TEXT_BYTES = 64 * 1024 * 1024,
};

void
playbook_record_init(struct playbook_record *record)
{
	*record =
	    (struct playbook_record){ .text = BUFFER_INIT(MAX_TEXT_BYTES) };
}

void
playbook_record_release(struct playbook_record *record)
{
	buffer_release(&record->text);
	free(record->offsets);
}

jv
playbook_record_get(void *context, size_t n)
{
	const struct playbook_record *record = context;
	size_t from = record->offsets[n];
	size_t end =
	    n + 1 < record->n ? record->offsets[n + 1] : record->text.len;

	return jv_parse_sized(record->text.data + from, (int)(end - from));
}

char *
playbook_record_text(const struct playbook_record *record)
{
	struct buffer text = BUFFER_INIT(MAX_TEXT_BYTES);

	buffer_append_string(&text, "[");
	for (size_t i = 0; i < record->n; i++) {
		const char *result = record->text.data + record->offsets[i];

		if (i > 0)
			buffer_append_string(&text, ",");
		buffer_append(&text, result, strcspn(result, "\n"));
	}
	buffer_append_string(&text, "]");
	return buffer_take(&text);
}

static jv
begin(const struct playbook_step *step, const char *phase, bool success)
{
	jv result = json_set_string(jv_object(), "name", step->name);

	if (phase != NULL)
		result = json_set_string(result, "phase", phase);
	return json_set_boolean(result, "success", success);
}

static void
append(struct playbook_record *record, jv result)
{
	char *text = json_text(result);

	if ((record->n & (record->n - 1)) == 0)
		record->offsets = xreallocarray(record->offsets,
		    record->n > 0 ? 2 * record->n : 1, sizeof *record->offsets);
	record->offsets[record->n++] = record->text.len;
	buffer_append_string(&record->text, text);
	buffer_append_string(&record->text, "\n");
	free(text);
}

/* A file with nothing in it is not worth a name. */
static struct error *
describe_output(jv *result, const char *stream, const char *path)
{
	char *member = xasprintf("%s_path", stream);
	struct error *error = NULL;
	struct stat info;
	jv text;

	if (path != NULL && stat(path, &info) == 0 && info.st_size > 0) {
		error = file_excerpt(&text, path);
		if (error == NULL)
			*result = json_set(*result, stream, text);
		*result = json_set_string(*result, member, path);
	} else {
		if (path != NULL)
			unlink(path);
		*result = json_set_string(*result, stream, "");
	}
	free(member);
	return error;
}

static struct error *
describe(jv *result, const struct playbook_step *step,
    const struct playbook_outcome *outcome)
{
	struct error *error;

	*result = json_set_string(*result, "command", step->command);
	*result = json_set(*result, "outputs", jv_copy(outcome->outputs));
	error = describe_output(result, "stdout", outcome->stdout_path);
	if (error == NULL)
		error = describe_output(result, "stderr", outcome->stderr_path);
	if (outcome->ran)
		*result = json_set(
		    *result, "metrics", command_metrics(&outcome->result));
	return error;
}

static bool
is_empty_file(const char *path)
{
	struct stat info;

	return path != NULL && stat(path, &info) == 0 && info.st_size == 0;
}

/* One of thousands that went well: its output stays in the files. */
static void
remove_empty(const struct playbook_outcome *outcome)
{
	if (is_empty_file(outcome->stdout_path))
		unlink(outcome->stdout_path);
	if (is_empty_file(outcome->stderr_path))
		unlink(outcome->stderr_path);
}

struct error *
playbook_record_outcome(struct playbook_record *record,
    const struct playbook_step *step, const char *phase,
    const struct playbook_outcome *outcome)
{
	size_t room = outcome->success ? FULL_BYTES : FAILED_BYTES;
	jv result = begin(step, phase, outcome->success);
	struct error *error = NULL;

	if (outcome->ran) {
		result =
		    jv_object_merge(result, command_outcome(&outcome->result));
		result = json_set_boolean(result, "success", outcome->success);
	}
	result = json_set_number(result, "attempts", outcome->n_attempts);
	if (outcome->problem != NULL)
		result = json_set_string(result, "message", outcome->problem);
	if (record->text.len < room)
		error = describe(&result, step, outcome);
	else
		remove_empty(outcome);
	append(record, result);
	return error;
}

void
playbook_record_skipped(struct playbook_record *record,
    const struct playbook_step *step, const char *phase, const char *reason)
{
	jv result = begin(step, phase, true);

	result = json_set_boolean(result, "skipped", true);
	if (record->text.len < FULL_BYTES)
		result = json_set_string(result, "reason", reason);
	append(record, result);
}
