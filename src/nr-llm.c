/* SPDX-License-Identifier: MIT */
/* nr-llm: ask a model; see nr-llm(1). */
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "llm.h"
#include "memory.h"
#include "stage.h"

enum { MAX_REQUEST_BYTES = 64 * 1024 * 1024 };

static bool text_mode, show, no_stream;

/* {"messages": [{"role": "user", "content": text}]} */
static struct error *
request_of_text(jv *request, const struct buffer *input)
{
	jv message = json_set_string(jv_object(), "role", "user");

	if (input->len == 0) {
		jv_free(message);
		return error_new(ERROR_DOCUMENT, "the input is empty");
	}
	message = json_set(
	    message, "content", jv_string_sized(input->data, (int)input->len));
	*request = json_set(
	    jv_object(), "messages", jv_array_append(jv_array(), message));
	return NULL;
}

static struct error *
check_request(jv request)
{
	jv messages = json_get(request, "messages");
	size_t n = json_array_length(messages, NULL);
	struct error *error = NULL;

	if (n == 0)
		error = error_new(ERROR_DOCUMENT,
		    "/messages: expected an array of messages, found %s",
		    jv_get_kind(messages) == JV_KIND_ARRAY
			? "an empty one"
			: json_kind_name(messages));
	for (size_t i = 0; error == NULL && i < n; i++) {
		jv message = json_element(messages, i);

		if (json_string(message, "role") == NULL)
			error = error_new(ERROR_DOCUMENT,
			    "/messages/%zu/role: expected a string", i);
		jv_free(message);
	}
	jv_free(messages);
	return error;
}

static struct error *
read_request(jv *request, const struct stage *stage)
{
	struct buffer input = BUFFER_INIT(MAX_REQUEST_BYTES);
	struct error *error = stage_read_input(&input, stage);

	*request = jv_invalid();
	if (error == NULL && text_mode)
		error = request_of_text(request, &input);
	else if (error == NULL)
		error =
		    json_parse(request, input.data != NULL ? input.data : "",
			input.len, "the request");
	if (error == NULL)
		error = check_request(*request);
	buffer_release(&input);
	return error;
}

/*
 * The answer is what somebody works with, so what only looks like a secret
 * stays in it; the key does not.
 */
static struct error *
write_output(const char *text, const struct llm *llm)
{
	struct mask *mask = mask_new();
	struct error *error;
	size_t len;
	char *masked;

	mask_use_rules(mask, false);
	if (llm_key(llm) != NULL)
		mask_add(mask, "key", llm_key(llm), strlen(llm_key(llm)));
	masked = mask_text(mask, text, strlen(text), &len);
	error = file_write_all(STDOUT_FILENO, masked, len, "standard output");
	free(masked);
	mask_free(mask);
	return error;
}

static struct error *
write_line(char *text, const struct llm *llm)
{
	char *line = xasprintf("%s\n", text);
	struct error *error = write_output(line, llm);

	free(line);
	free(text);
	return error;
}

static void
show_text(void *context, const char *text, size_t len)
{
	error_free(mask_stream_write(context, text, len));
}

static struct error *
ask(const struct stage *stage, struct llm *llm, jv request)
{
	struct mask_output output = { .fd = STDERR_FILENO };
	struct mask_stream *stream =
	    mask_stream_new(stage->mask, mask_output_write, &output);
	struct error *error;
	jv answer;

	if (show)
		llm_set_sink(llm, show_text, stream);
	llm_set_stream(llm, !no_stream);
	error = llm_ask(llm, request, 0, &answer);
	if (show)
		error_free(mask_stream_write(stream, "\n", 1));
	error_free(mask_stream_end(stream));
	mask_stream_free(stream);
	if (error == NULL && text_mode)
		error = write_line(
		    xstrdup(json_string(answer, "message.content")), llm);
	else if (error == NULL)
		error = write_line(json_text(jv_copy(answer)), llm);
	jv_free(answer);
	return error;
}

static struct error *
run(struct stage *stage)
{
	struct llm *llm;
	struct error *error = llm_open(&llm, stage->config, stage->secrets);
	jv request = jv_invalid();

	if (error == NULL)
		error = read_request(&request, stage);
	if (error == NULL && llm_model(llm) == NULL &&
	    json_string(request, "model") == NULL)
		error = error_new(ERROR_CONFIG,
		    "no model is named: set llm.model, or --llm-model");
	if (error == NULL && stage->dry_run)
		error =
		    write_line(json_text(llm_request_body(llm, request)), llm);
	else if (error == NULL)
		error = ask(stage, llm, request);
	jv_free(request);
	llm_free(llm);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { LLM_KEYS, NULL };
	static const struct stage_option options[] = {
		{ .name = "text",
		    .short_name = 't',
		    .help = "a question in, the answer out",
		    .flag = &text_mode },
		{ .name = "show",
		    .short_name = 's',
		    .help = "show the answer on standard error as it comes",
		    .flag = &show },
		{ .name = "no-stream",
		    .help = "ask for the answer in one piece",
		    .flag = &no_stream },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-llm",
		.description = "ask a model",
		.input = "request.json",
		.keys = keys,
		.options = options,
		.run = run,
	};

	return stage_main(argc, argv, &program);
}
