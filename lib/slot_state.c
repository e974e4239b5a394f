/* SPDX-License-Identifier: MIT */
#include "slot_state.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "file.h"
#include "memory.h"

enum { HASH_BYTES = 16 };

char *
slot_state_path(const char *work_tree, const char *kind)
{
	uint8_t hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1], *state = config_state_dir(), *path;
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, strlen(work_tree), (const uint8_t *)work_tree);
	sha256_digest(&context, sizeof hash, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	path = xasprintf("%s/slots/%s.%s", state, hex, kind);
	free(state);
	return path;
}

struct error *
slot_state_write(const char *path, const char *text, size_t len)
{
	char *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct error *err = file_make_directories(directory, 0700);

	if (err == NULL)
		err = file_replace(path, text, len, 0600);
	free(directory);
	return err;
}
