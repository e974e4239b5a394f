/* SPDX-License-Identifier: MIT */
#include "compressor.h"

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "memory.h"

enum {
	OUT_BYTES = 64 * 1024,
	GZIP_WINDOW = 15 + 16, /* + 16: with the header of gzip */
	GZIP_MEMORY = 8,
	ZSTD_LEVEL = 3,
	/* 256 KiB: with its usual window zstd takes 4 MB more. */
	ZSTD_WINDOW = 18,
};

struct compressor {
	enum artifact_compression compression;
	mask_sink *write;
	void *context;
	z_stream gzip;
	ZSTD_CCtx *zstd;
	unsigned char out[OUT_BYTES];
};

struct compressor *
compressor_new(
    enum artifact_compression compression, mask_sink *write, void *context)
{
	struct compressor *compressor;

	if (compression == ARTIFACT_PLAIN)
		return NULL;
	compressor = xcalloc(1, sizeof *compressor);
	compressor->compression = compression;
	compressor->write = write;
	compressor->context = context;
	if (compression == ARTIFACT_GZIP) {
		deflateInit2(&compressor->gzip, Z_DEFAULT_COMPRESSION,
		    Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
		return compressor;
	}
	compressor->zstd = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(
	    compressor->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(compressor->zstd, ZSTD_c_windowLog, ZSTD_WINDOW);
	ZSTD_CCtx_setParameter(compressor->zstd, ZSTD_c_checksumFlag, 1);
	return compressor;
}

void
compressor_free(struct compressor *compressor)
{
	if (compressor == NULL)
		return;
	if (compressor->compression == ARTIFACT_GZIP)
		deflateEnd(&compressor->gzip);
	ZSTD_freeCCtx(compressor->zstd);
	free(compressor);
}

static struct error *
give(struct compressor *compressor, size_t len)
{
	if (len == 0)
		return NULL;
	return compressor->write(
	    compressor->context, (const char *)compressor->out, len);
}

static struct error *
gzip(struct compressor *compressor, const char *bytes, size_t len, int flush)
{
	z_stream *stream = &compressor->gzip;
	struct error *error = NULL;
	int code = Z_OK;

	stream->next_in = (const unsigned char *)bytes;
	stream->avail_in = (unsigned)len;
	do {
		stream->next_out = compressor->out;
		stream->avail_out = OUT_BYTES;
		code = deflate(stream, flush);
		if (code == Z_STREAM_ERROR)
			return error_new(ERROR_INTERNAL, "zlib: %d", code);
		error = give(compressor, OUT_BYTES - stream->avail_out);
	} while (error == NULL && stream->avail_out == 0);
	return error;
}

static struct error *
zstd(struct compressor *compressor, const char *bytes, size_t len,
    ZSTD_EndDirective directive)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	struct error *error = NULL;
	size_t left;

	do {
		ZSTD_outBuffer out = { compressor->out, OUT_BYTES, 0 };

		left = ZSTD_compressStream2(
		    compressor->zstd, &out, &in, directive);
		if (ZSTD_isError(left))
			return error_new(ERROR_INTERNAL, "zstd: %s",
			    ZSTD_getErrorName(left));
		error = give(compressor, out.pos);
	} while (error == NULL &&
	    (in.pos < in.size || (directive == ZSTD_e_end && left > 0)));
	return error;
}

struct error *
compressor_write(struct compressor *compressor, const char *bytes, size_t len)
{
	if (compressor->compression == ARTIFACT_GZIP)
		return gzip(compressor, bytes, len, Z_NO_FLUSH);
	return zstd(compressor, bytes, len, ZSTD_e_continue);
}

struct error *
compressor_end(struct compressor *compressor)
{
	if (compressor->compression == ARTIFACT_GZIP)
		return gzip(compressor, "", 0, Z_FINISH);
	return zstd(compressor, "", 0, ZSTD_e_end);
}

void
compressor_restart(struct compressor *compressor)
{
	if (compressor->compression == ARTIFACT_GZIP)
		deflateReset(&compressor->gzip);
	else
		ZSTD_CCtx_reset(compressor->zstd, ZSTD_reset_session_only);
}
