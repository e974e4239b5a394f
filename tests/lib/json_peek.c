/* SPDX-License-Identifier: MIT */
/* json_peek N: a look at standard input, N bytes at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "json_peek.h"
#include "memory.h"

enum { MAX_BYTES = 1 << 20, MAX_VALUE_BYTES = 20 };

int
main(int argc, char *argv[])
{
	struct json_peek_member members[] = {
		{ .name = "a", .text = BUFFER_INIT(MAX_VALUE_BYTES) },
		{ .name = "task_id", .text = BUFFER_INIT(MAX_VALUE_BYTES) },
	};
	size_t step = argc > 1 ? (size_t)strtol(argv[1], NULL, 10) : 1;
	struct buffer text = BUFFER_INIT(MAX_BYTES);
	struct json_peek peek;

	error_free(buffer_read_fd(&text, 0, "standard input"));
	json_peek_open(&peek, members, 2);
	for (size_t i = 0; i < text.len; i += step)
		json_peek_write(&peek, text.data + i,
		    text.len - i < step ? text.len - i : step);
	if (json_peek_end(&peek))
		printf("%zu-%zu", peek.open, peek.close);
	else
		printf("%s", peek.problem);
	for (size_t i = 0; i < 2; i++) {
		if (members[i].found && peek.problem == NULL)
			printf(" %s=%zu-%zu:%s", members[i].name,
			    members[i].start, members[i].end,
			    members[i].text.data);
		buffer_release(&members[i].text);
	}
	puts("");
	buffer_release(&text);
	return 0;
}
