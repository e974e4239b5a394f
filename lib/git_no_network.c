/* SPDX-License-Identifier: MIT */
/*
 * libgit2's own network has no use here (see git_http.c, git_transport.c),
 * and a price: its libraries for TLS, ssh and Kerberos, sixteen of them, are
 * half of what a program takes to start. Where libgit2 is linked in
 * (LIBGIT2=static in the Makefile) these functions stand in for the parts of
 * it that need those libraries, and none of that code is in the program.
 */
#include "git_internal.h"

#include <git2/sys/stream.h>
#include <git2/sys/transport.h>
#include <git2/transport.h>

/* Those that no header of libgit2 declares; context and url: its own. */
int git_http_auth_negotiate(void **context, const void *url);
int git_mbedtls__set_cert_location(const char *file, const char *path);
int git_mbedtls_stream_global_init(void);
int git_mbedtls_stream_new(
    git_stream **stream, const char *host, const char *port);
int git_mbedtls_stream_wrap(
    git_stream **stream, git_stream *inner, const char *host);
int git_transport_ssh_global_init(void);
/* Of mbedTLS. */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

static int
left_out(void)
{
	git_error_set_str(GIT_ERROR_NET, "libgit2's own network is left out");
	return GIT_ERROR;
}

/* What is linked from an archive must be asked for by name. */
void
git_leave_network_out(void)
{
}

int
git_http_auth_negotiate(void **context, const void *url)
{
	(void)url;
	*context = NULL;
	return left_out();
}

int
git_mbedtls__set_cert_location(const char *file, const char *path)
{
	(void)file;
	(void)path;
	return left_out();
}

int
git_mbedtls_stream_global_init(void)
{
	return 0;
}

int
git_mbedtls_stream_new(git_stream **stream, const char *host, const char *port)
{
	(void)host;
	(void)port;
	*stream = NULL;
	return left_out();
}

int
git_mbedtls_stream_wrap(
    git_stream **stream, git_stream *inner, const char *host)
{
	(void)inner;
	(void)host;
	*stream = NULL;
	return left_out();
}

int
git_transport_ssh_global_init(void)
{
	return 0;
}

int
git_smart_subtransport_ssh(
    git_smart_subtransport **subtransport, git_transport *owner, void *context)
{
	(void)owner;
	(void)context;
	*subtransport = NULL;
	return left_out();
}

int
git_transport_ssh_with_paths(
    git_transport **transport, git_remote *owner, void *context)
{
	(void)owner;
	(void)context;
	*transport = NULL;
	return left_out();
}

/*
 * A shared libgit2 calls this when it starts, to parse the system's whole CA
 * bundle: 4 of 6.7 ms, in every process. Defined here, before the library's
 * in the order of symbols, it reads nothing: without certificates every
 * verification fails. With another TLS library it is never called.
 */
int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}
