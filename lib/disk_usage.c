/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* fts_open */
#include "disk_usage.h"

#include <fts.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "memory.h"

enum { BLOCK_BYTES = 512 /* of st_blocks, whatever the file system's are */ };

double
disk_usage(const char *path)
{
	char *name = xstrdup(path);
	char *const paths[] = { name, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	double bytes = 0;
	FTSENT *entry;

	while (fts != NULL && (entry = fts_read(fts)) != NULL)
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS &&
		    entry->fts_info != FTS_ERR)
			bytes +=
			    (double)entry->fts_statp->st_blocks * BLOCK_BYTES;
	if (fts != NULL)
		fts_close(fts);
	free(name);
	return bytes;
}
