/* SPDX-License-Identifier: MIT */
#include "page_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include "clock.h"
#include "memory.h"

enum {
	MAX_CONNECTIONS = 128,
	CROWD = 64, /* from here on the oldest goes */
	MEMORY_BYTES = 8 * 1024,
	MAX_PAGE_BYTES = 1024 * 1024,
};

static const double max_seconds = 10;

struct page_server {
	struct MHD_Daemon *daemon;
	int epoll;
	page_handler *handle;
	void *context;
	struct connection {
		struct MHD_Connection *handle; /* NULL: a free element */
		int fd;
		double started;
		bool is_ended;
	} connections[MAX_CONNECTIONS];
	size_t n;
};

/* --- Connections --- */

/* The library closes it, as if the other side had. */
static void
end_connection(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	connection->is_ended = true;
}

static struct connection *
oldest(struct page_server *server)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *connection = &server->connections[i];

		if (connection->handle != NULL && !connection->is_ended &&
		    (found == NULL || connection->started < found->started))
			found = connection;
	}
	return found;
}

static void
add_connection(struct page_server *server, struct MHD_Connection *handle)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
	size_t i = 0;

	if (server->n >= CROWD) {
		struct connection *old = oldest(server);

		if (old != NULL)
			end_connection(old);
	}
	while (i < MAX_CONNECTIONS && server->connections[i].handle != NULL)
		i++;
	if (i == MAX_CONNECTIONS || info == NULL)
		return;
	server->connections[i] = (struct connection){ .handle = handle,
		.fd = info->connect_fd,
		.started = clock_monotonic() };
	server->n++;
}

static void
remove_connection(
    struct page_server *server, const struct MHD_Connection *handle)
{
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		if (server->connections[i].handle == handle) {
			server->connections[i].handle = NULL;
			server->n--;
			return;
		}
}

static void
note_connection(void *context, struct MHD_Connection *handle, void **own,
    enum MHD_ConnectionNotificationCode code)
{
	(void)own;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		add_connection(context, handle);
	else
		remove_connection(context, handle);
}

/* --- Requests --- */

static enum MHD_Result
answer_page(struct MHD_Connection *handle, const struct page *page)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer_with_free_callback(
		page->body.len, page->body.data, free);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", page->content_type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	result = MHD_queue_response(handle, (unsigned)page->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
handle_request(void *context, struct MHD_Connection *handle, const char *url,
    const char *method, const char *version, const char *body, size_t *body_len,
    void **own)
{
	static int seen;
	struct page_server *server = context;
	struct page page = { .status = MHD_HTTP_NOT_FOUND,
		.content_type = "text/plain; charset=utf-8",
		.body = BUFFER_INIT(MAX_PAGE_BYTES) };
	bool is_known =
	    strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	(void)version;
	(void)body;
	/* The first call, with the headers; the next when all is read. A body
	 * is not waited for. */
	if (is_known && *own == NULL && *body_len == 0 &&
	    MHD_lookup_connection_value(
		handle, MHD_HEADER_KIND, "Content-Length") == NULL &&
	    MHD_lookup_connection_value(
		handle, MHD_HEADER_KIND, "Transfer-Encoding") == NULL) {
		*own = &seen;
		return MHD_YES;
	}
	if (is_known)
		server->handle(server->context, &page, url);
	else
		page.status = MHD_HTTP_METHOD_NOT_ALLOWED;
	if (page.status == MHD_HTTP_METHOD_NOT_ALLOWED)
		buffer_append_string(&page.body, "only GET and HEAD\n");
	else if (page.body.len == 0)
		buffer_append_string(&page.body, "there is no such page\n");
	return answer_page(handle, &page);
}

/* --- The server --- */

struct error *
page_server_open(
    struct page_server **opened, int fd, page_handler *handle, void *context)
{
	struct page_server *server = xcalloc(1, sizeof *server);
	const union MHD_DaemonInfo *info;

	server->handle = handle;
	server->context = context;
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
	    handle_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)max_seconds,
	    MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	info = server->daemon != NULL
	    ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
	    : NULL;
	if (info == NULL) {
		page_server_close(server);
		return error_new(ERROR_IO, "cannot start the server");
	}
	server->epoll = info->epoll_fd;
	*opened = server;
	return NULL;
}

void
page_server_close(struct page_server *server)
{
	if (server == NULL)
		return;
	if (server->daemon != NULL) {
		/* Else the library closes the socket, which is not its. */
		MHD_quiesce_daemon(server->daemon);
		MHD_stop_daemon(server->daemon);
	}
	free(server);
}

int
page_server_fd(const struct page_server *server)
{
	return server->epoll;
}

double
page_server_wait(const struct page_server *server)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;
	double wait = 3600, left;

	if (MHD_get_timeout(server->daemon, &milliseconds) == MHD_YES)
		wait = (double)milliseconds / 1000;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		const struct connection *connection = &server->connections[i];

		if (connection->handle == NULL || connection->is_ended)
			continue;
		left = connection->started + max_seconds - clock_monotonic();
		if (left < wait)
			wait = left > 0 ? left : 0;
	}
	return wait;
}

void
page_server_work(struct page_server *server)
{
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *connection = &server->connections[i];

		if (connection->handle != NULL && !connection->is_ended &&
		    clock_monotonic() - connection->started >= max_seconds)
			end_connection(connection);
	}
	MHD_run(server->daemon);
}
