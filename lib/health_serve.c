/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* ppoll */
#include "health_serve.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "exposition.h"
#include "health_metrics.h"
#include "json.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "page_server.h"
#include "process.h"
#include "run_watch.h"

struct server {
	struct health_probes *probes;
	struct run_watch watch;
	double started; /* seconds since 1970 */
};

/* --- Waiting --- */

/* A signal that came before is not overlooked. */
static void
block_signals(sigset_t *before)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, before);
}

static void
wait_for(struct pollfd *fds, size_t n, double seconds, const sigset_t *mask)
{
	struct timespec time;

	seconds = fmin(fmax(seconds, 0), 3600);
	time.tv_sec = (time_t)seconds;
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	if (ppoll(fds, (nfds_t)n, &time, mask) < 0)
		for (size_t i = 0; i < n; i++)
			fds[i].revents = 0;
}

struct error *
health_check_once(struct health_probes *probes)
{
	struct pollfd fds[HEALTH_MAX_PROBES];
	sigset_t before;

	block_signals(&before);
	health_probes_start(probes);
	while (!health_probes_are_known(probes) && cancel_signal() == 0) {
		size_t n = health_probes_poll(probes, fds);

		wait_for(fds, n, health_probes_wait(probes), &before);
		health_probes_take(probes, fds);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return cancel_signal() != 0 ? error_cancelled(cancel_signal()) : NULL;
}

/* --- Pages --- */

static void
fill_ready(struct page *page, const struct server *server)
{
	char *text = json_text(health_probes_json(server->probes, false));

	page->status = health_probes_are_healthy(server->probes) ? 200 : 503;
	page->content_type = "application/json";
	buffer_appendf(&page->body, "%s\n", text);
	free(text);
}

static void
fill_metrics(struct page *page, const struct server *server)
{
	const struct buffer *runs = &server->watch.text;

	page->status = 200;
	page->content_type = EXPOSITION_CONTENT_TYPE;
	if (runs->len > 0)
		buffer_append(&page->body, runs->data, runs->len);
	health_metrics_checks(&page->body, server->probes);
	exposition_gauge(&page->body, "process_start_time_seconds",
	    "When nr-health began.", server->started);
}

static void
fill_page(void *context, struct page *page, const char *path)
{
	const struct server *server = context;

	if (strcmp(path, "/healthz") == 0) {
		page->status = 200;
		buffer_append_string(&page->body, "ok\n");
	} else if (strcmp(path, "/readyz") == 0) {
		fill_ready(page, server);
	} else if (strcmp(path, "/metrics") == 0) {
		fill_metrics(page, server);
	}
}

/* --- Serving --- */

static void
serve(struct server *server, struct page_server *pages)
{
	struct pollfd fds[2 + HEALTH_MAX_PROBES];
	sigset_t before;

	block_signals(&before);
	while (cancel_signal() == 0) {
		size_t n;

		run_watch_start(&server->watch);
		health_probes_start(server->probes);
		fds[0] = (struct pollfd){ .fd = page_server_fd(pages),
			.events = POLLIN };
		fds[1] =
		    (struct pollfd){ .fd = server->watch.fd, .events = POLLIN };
		n = health_probes_poll(server->probes, fds + 2);
		wait_for(fds, 2 + n,
		    fmin(run_watch_wait(&server->watch),
			fmin(page_server_wait(pages),
			    health_probes_wait(server->probes))),
		    &before);
		if (fds[1].revents != 0)
			run_watch_take(&server->watch);
		health_probes_take(server->probes, fds + 2);
		page_server_work(pages);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static struct error *
tell_url(const char *url)
{
	if (printf("%s\n", url) < 0 || fflush(stdout) == EOF)
		return error_errno(ERROR_IO, "cannot write standard output");
	log_info("listening", "listening on %s", url);
	return NULL;
}

struct error *
health_serve(struct health_probes *probes, const char *address)
{
	struct server server = { .probes = probes, .started = clock_now() };
	struct page_server *pages = NULL;
	struct listener listener;
	struct error *error = listener_open(&listener, address);

	if (error != NULL)
		return error;
	log_never_wait();
	probes->tells = true;
	run_watch_open(&server.watch, probes->config);
	error = page_server_open(&pages, listener.fd, fill_page, &server);
	if (error == NULL)
		error = tell_url(listener.url);
	if (error == NULL) {
		serve(&server, pages);
		log_info("stopped", "stopped");
	}
	page_server_close(pages);
	run_watch_close(&server.watch);
	listener_close(&listener);
	return error;
}
