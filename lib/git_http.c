/* SPDX-License-Identifier: MIT */
/*
 * Objects over http and https, through http.h: git's smart protocol, the
 * stateless kind (gitprotocol-http(5)). libgit2's own http knows no timeout,
 * no TLS 1.3 on Debian, and few proxies, and drops Retry-After.
 *
 * A request's body is collected before it is sent, as many servers want its
 * length: in memory up to 1 MiB, else in a file that has no name.
 */
#define _GNU_SOURCE /* O_TMPFILE, mkostemp */
#include "git_internal.h"

#include <fcntl.h>
#include <git2/sys/transport.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "http.h"
#include "memory.h"

enum { MAX_BODY_IN_MEMORY = 1024 * 1024, MAX_HEADER = 128 };

struct wire {
	git_smart_subtransport subtransport; /* first: libgit2 hands it back */
	git_smart_subtransport_stream stream;
	struct git_link *link;
	struct http_options options;
	struct http *http;
	char *base; /* the repository's URL, after redirects */
	const char *service;
	bool listing, sent;
	size_t n_read; /* of the answer */
	struct buffer body;
	int spool; /* -1: the body is in memory */
};

static struct wire *
wire_of(git_smart_subtransport_stream *stream)
{
	return (struct wire *)stream->subtransport;
}

/* Keeps the first reason; libgit2 carries only a text and a number. */
static int
fail(struct wire *wire, struct error *err)
{
	if (err->type == ERROR_SERVICE)
		err->type = wire->link->type;
	err->exit_code = error_type_exit_code(err->type);
	wire->link->retry_after_seconds = http_retry_after(wire->http);
	git_error_set_str(GIT_ERROR_NET, err->message);
	wire->link->failure = error_first(wire->link->failure, err);
	return GIT_ERROR;
}

/* After redirects the repository is where its list of references was. */
static void
follow(struct wire *wire)
{
	const char *url = http_url(wire->http);
	const char *end = strstr(url, "/info/refs?service=");

	if (end == NULL)
		return;
	free(wire->base);
	wire->base = xstrndup(url, (size_t)(end - url));
}

/* Where a redirect led that is not the URL's own server; NULL: none did. The
 * caller frees. */
static char *
elsewhere(const struct wire *wire)
{
	struct git_url url;
	struct error *err =
	    git_url_parse(&url, http_url(wire->http), "/", wire->link->type);
	char *text = NULL;

	if (err == NULL && !git_url_same_server(&url, &wire->link->url))
		text = xstrndup(url.text, strcspn(url.text, "?"));
	error_free(err);
	git_url_release(&url);
	return text;
}

static struct error *
refused(const struct wire *wire)
{
	char *other = elsewhere(wire);
	struct error *err;

	if (other == NULL)
		return git_link_refused(wire->link);
	err = error_new(ERROR_SECURITY,
	    "it redirects to '%s', which asks for credentials; they are for "
	    "the server of the URL alone",
	    other);
	free(other);
	return err;
}

static struct error *
check_type(const struct wire *wire)
{
	char expected[MAX_HEADER];

	snprintf(expected, sizeof expected, "application/x-git-%s-%s",
	    wire->service, wire->listing ? "advertisement" : "result");
	if (strcmp(http_content_type(wire->http), expected) == 0)
		return NULL;
	return error_new(wire->link->type,
	    "the answer is no git but '%.100s'; is it the URL of a "
	    "repository, and does it need a token?",
	    http_content_type(wire->http));
}

static struct error *
check_answer(const struct wire *wire)
{
	int status = http_status(wire->http);
	struct error *err;

	if (status == 404 || status == 410)
		return error_new(wire->link->type,
		    "there is no such repository, or none that the "
		    "credentials may see (HTTP %d)",
		    status);
	if (status == 401 ||
	    (status == 403 && http_retry_after(wire->http) <= 0))
		return error_prefix(refused(wire), "HTTP %d", status);
	err = http_check(wire->http);
	return err != NULL ? err : check_type(wire);
}

static struct error *
send_listing(struct wire *wire)
{
	char *url =
	    xasprintf("%s/info/refs?service=git-%s", wire->base, wire->service);
	static const char *const headers[] = { "Pragma: no-cache", NULL };
	struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.body_fd = -1,
		.follow_redirects = true,
	};
	struct error *err = http_send(wire->http, &request);

	if (err == NULL)
		err = check_answer(wire);
	if (err == NULL)
		follow(wire);
	free(url);
	return err;
}

static struct error *
send_body(struct wire *wire)
{
	char *url = xasprintf("%s/git-%s", wire->base, wire->service);
	char type[MAX_HEADER], accept[MAX_HEADER];
	const char *const headers[] = { type, accept, "Expect:", NULL };
	struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = wire->spool < 0 ? wire->body.data : NULL,
		.body_len = wire->body.len,
		.body_fd = wire->spool,
	};
	struct error *err;

	snprintf(type, sizeof type,
	    "Content-Type: application/x-git-%s-request", wire->service);
	snprintf(accept, sizeof accept, "Accept: application/x-git-%s-result",
	    wire->service);
	err = http_send(wire->http, &request);
	if (err == NULL)
		err = check_answer(wire);
	free(url);
	return err;
}

static int
stream_read(
    git_smart_subtransport_stream *stream, char *bytes, size_t size, size_t *n)
{
	struct wire *wire = wire_of(stream);
	struct error *err = NULL;

	*n = 0;
	if (!wire->sent)
		err = wire->listing ? send_listing(wire) : send_body(wire);
	wire->sent = true;
	if (err == NULL)
		err = http_read(wire->http, bytes, size, n);
	wire->n_read += *n;
	if (err == NULL && wire->listing)
		err = git_link_check_listing(wire->link, wire->n_read);
	return err != NULL ? fail(wire, err) : 0;
}

/* A file without a name, also where the file system cannot make such. */
static int
open_spool(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	path = file_join(dir, "necrocode-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

static struct error *
spool(struct wire *wire)
{
	const char *dir = getenv("TMPDIR");
	struct error *err;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	wire->spool = open_spool(dir);
	if (wire->spool < 0)
		return error_errno(
		    ERROR_IO, "cannot create a temporary file in '%s'", dir);
	err = file_write_all(
	    wire->spool, wire->body.data, wire->body.len, "a temporary file");
	buffer_clear(&wire->body);
	return err;
}

static struct error *
collect(struct wire *wire, const char *bytes, size_t len)
{
	struct error *err = NULL;

	if (wire->spool < 0 && wire->body.len + len > MAX_BODY_IN_MEMORY)
		err = spool(wire);
	if (err == NULL && wire->spool >= 0)
		err =
		    file_write_all(wire->spool, bytes, len, "a temporary file");
	else if (err == NULL)
		buffer_append(&wire->body, bytes, len);
	return err;
}

static int
stream_write(
    git_smart_subtransport_stream *stream, const char *bytes, size_t len)
{
	struct wire *wire = wire_of(stream);
	struct buffer request;
	struct error *err;

	if (git_add_shallow(wire->link->git, &request, bytes, len)) {
		err = collect(wire, request.data, request.len);
		buffer_release(&request);
	} else {
		err = collect(wire, bytes, len);
	}
	return err != NULL ? fail(wire, err) : 0;
}

static void
end_stream(struct wire *wire)
{
	buffer_release(&wire->body);
	if (wire->spool >= 0)
		close(wire->spool);
	wire->spool = -1;
	wire->sent = false;
	wire->n_read = 0;
}

static void
stream_free(git_smart_subtransport_stream *stream)
{
	end_stream(wire_of(stream));
}

static int
action(git_smart_subtransport_stream **stream,
    git_smart_subtransport *subtransport, const char *url,
    git_smart_service_t service)
{
	struct wire *wire = (struct wire *)subtransport;

	(void)url; /* the link's, which was checked */
	end_stream(wire);
	wire->listing = service == GIT_SERVICE_UPLOADPACK_LS ||
	    service == GIT_SERVICE_RECEIVEPACK_LS;
	wire->service = service == GIT_SERVICE_UPLOADPACK_LS ||
		service == GIT_SERVICE_UPLOADPACK
	    ? "upload-pack"
	    : "receive-pack";
	*stream = &wire->stream;
	return 0;
}

static int
close_transport(git_smart_subtransport *subtransport)
{
	(void)subtransport; /* the connection may serve the next request */
	return 0;
}

static void
free_transport(git_smart_subtransport *subtransport)
{
	struct wire *wire = (struct wire *)subtransport;

	end_stream(wire);
	http_free(wire->http);
	free(wire->base);
	free(wire);
}

static void
set_options(struct wire *wire)
{
	const struct git_network *network = wire->link->network;

	wire->options = (struct http_options){
		.origin = wire->link->url.text,
		.user =
		    network->user != NULL ? network->user : "x-access-token",
		.secret = network->token,
		.auth = network->bearer ? HTTP_BEARER : HTTP_BASIC,
		.connect_seconds = network->connect_seconds,
		.idle_seconds = network->idle_seconds,
		.ends = network->ends,
	};
}

static int
new_wire(
    git_smart_subtransport **subtransport, git_transport *owner, void *link)
{
	struct wire *wire = xcalloc(1, sizeof *wire);
	size_t len;

	(void)owner;
	*wire = (struct wire){
		.subtransport = { action, close_transport, free_transport },
		.stream = { &wire->subtransport, stream_read, stream_write,
		    stream_free },
		.link = link,
		.body = BUFFER_INIT(MAX_BODY_IN_MEMORY),
		.spool = -1,
	};
	set_options(wire);
	wire->http = http_new(&wire->options);
	wire->base = xstrdup(wire->link->url.text);
	len = strlen(wire->base);
	while (len > 0 && wire->base[len - 1] == '/')
		wire->base[--len] = '\0';
	*subtransport = &wire->subtransport;
	return 0;
}

int
git_transport_http(git_transport **transport, git_remote *owner, void *link)
{
	git_smart_subtransport_definition definition = { new_wire, 1, link };
	int code = git_transport_smart(transport, owner, &definition);

	if (code == 0)
		((struct git_link *)link)->transport = *transport;
	return code;
}
