/* SPDX-License-Identifier: MIT */
/*
 * libgit2 on mbedTLS (Debian's) parses the system's whole CA bundle when it
 * starts: 4 of 6.7 ms, in every process, while most talk to no https server.
 * The function it calls for that is defined here, before the library's in
 * the order of symbols, and does nothing until git_tls_load(): without
 * certificates every verification fails, so what is put off cannot be
 * forgotten. With another TLS library it is never called, and harmless.
 */
#define _GNU_SOURCE
#include "git_internal.h"

#include <dlfcn.h>

#include "memory.h"

static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";

static bool wanted;

/* What is linked from an archive must be asked for by name. */
void
git_tls_defer(void)
{
	wanted = false;
}

int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	int (*parse)(void *, const char *) = NULL;
	void *symbol;

	if (!wanted)
		return 0;
	symbol = dlsym(RTLD_NEXT, "mbedtls_x509_crt_parse_file");
	if (symbol == NULL)
		return -1;
	/* ISO C knows no cast from an object to a function. */
	memcpy(&parse, &symbol, sizeof parse);
	return parse(chain, path);
}

struct error *
git_tls_load(void)
{
	const char *file = getenv("SSL_CERT_FILE");
	int code;

	if (wanted)
		return NULL;
	wanted = true;
	if (file == NULL || *file == '\0')
		file = bundle;
	code = git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, NULL);
	if (code < 0)
		return git_failure(ERROR_CONFIG, code,
		    "cannot read certificates from '%s'", file);
	return NULL;
}
