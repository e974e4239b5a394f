/* SPDX-License-Identifier: MIT */
/* mask_text VALUE...: mask_text() of standard input, for tests. */
#include "mask.h"

#include <unistd.h>

#include "buffer.h"
#include "memory.h"

int
main(int argc, char *argv[])
{
	struct buffer text = BUFFER_INIT(1 << 24);
	struct mask *mask = mask_new();
	size_t len;
	char *masked;

	for (int i = 1; i < argc; i++)
		mask_add(mask, "VALUE", argv[i], strlen(argv[i]));
	error_free(buffer_read_fd(&text, STDIN_FILENO, "standard input"));
	masked = mask_text(mask, text.data, text.len, &len);
	fwrite(masked, 1, len, stdout);
	free(masked);
	buffer_release(&text);
	mask_free(mask);
	return fflush(stdout) == 0 ? 0 : 1;
}
