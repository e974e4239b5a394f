/* SPDX-License-Identifier: MIT */
/*
 * file_lock PATH SECONDS TIMES: takes the lock as often, for tests, and gives
 * it back; prints what came of each.
 */
#include "file_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

int
main(int argc, char *argv[])
{
	double ends;
	int fd;

	if (argc != 4)
		return 64;
	ends = clock_monotonic() + strtod(argv[2], NULL);
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--) {
		struct error *error = file_lock_open(&fd, argv[1], ends);

		puts(error != NULL ? error->message : "locked");
		error_free(error);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}
