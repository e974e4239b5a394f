/* SPDX-License-Identifier: MIT */
/*
 * Compression of a stream: bytes in, fewer bytes out through a sink. The same
 * bytes give the same bytes, however they were cut into writes.
 */
#ifndef COMPRESSOR_H
#define COMPRESSOR_H

#include "artifact_source.h"
#include "error.h"

struct compressor;

/* NULL for ARTIFACT_PLAIN. */
struct compressor *compressor_new(
    enum artifact_compression compression, mask_sink *write, void *context);
void compressor_free(struct compressor *compressor);

struct error *compressor_write(
    struct compressor *compressor, const char *bytes, size_t len);
struct error *compressor_end(struct compressor *compressor);
/* Forgets what came so far. */
void compressor_restart(struct compressor *compressor);

#endif
