/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* MAP_ANONYMOUS, pipe2 */
#include "upload_workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

enum { MAX_NAME = 256, MAX_URI = 2048, MAX_MESSAGE = 1200 };

/* What a process tells of one upload: one write that no other can tear. */
struct report {
	size_t n;
	bool failed, retryable;
	enum error_type type;
	long long size_bytes;
	const char *content_type, *compression; /* the same in every process */
	char sha256[FILE_SHA256_TEXT];
	char name[MAX_NAME];
	char uri[MAX_URI];
	char message[MAX_MESSAGE];
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "it is written as a whole");

struct crew {
	const struct upload_work *work;
	size_t n_uploads;
	atomic_size_t *next; /* shared: the upload that nobody has taken yet */
	int pipe[2];
};

static void
tell(const struct crew *crew, size_t n, const struct stored *stored,
    const struct error *error)
{
	struct report report = { .n = n,
		.size_bytes = stored->size_bytes,
		.content_type = stored->content_type,
		.compression = stored->compression };

	memcpy(report.sha256, stored->sha256, sizeof report.sha256);
	snprintf(report.name, sizeof report.name, "%s",
	    stored->name != NULL ? stored->name : "");
	snprintf(report.uri, sizeof report.uri, "%s",
	    stored->uri != NULL ? stored->uri : "");
	if (error != NULL) {
		report.failed = true;
		report.type = error->type;
		report.retryable = error->retryable;
		snprintf(report.message, sizeof report.message, "%s",
		    error->message);
	}
	while (
	    write(crew->pipe[1], &report, sizeof report) < 0 && errno == EINTR)
		;
}

static _Noreturn void
work(const struct crew *crew)
{
	size_t n;

	/* Who is to deliver has gone; nobody would know what was stored. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(crew->pipe[0]);
	crew->work->begin(crew->work->context);
	while ((n = atomic_fetch_add(crew->next, 1)) < crew->n_uploads) {
		struct stored stored = { 0 };
		struct error *error =
		    crew->work->put(crew->work->context, n, &stored);

		tell(crew, n, &stored, error);
		stored_release(&stored);
		error_free(error);
	}
	_exit(0);
}

static void
take(const struct crew *crew, const struct report *report, bool *seen)
{
	struct stored stored = { .content_type = report->content_type,
		.compression = report->compression,
		.size_bytes = report->size_bytes };
	struct error *error = NULL;

	memcpy(stored.sha256, report->sha256, sizeof stored.sha256);
	stored.name = xstrdup(report->name);
	stored.uri = xstrdup(report->uri);
	if (report->failed) {
		error = error_new(report->type, "%s", report->message);
		error->retryable = report->retryable;
	}
	seen[report->n] = true;
	crew->work->done(crew->work->context, report->n, &stored, error);
	stored_release(&stored);
}

/* Until every process has closed its end. */
static void
collect(const struct crew *crew, bool *seen)
{
	struct report report;
	ssize_t n;

	for (;;) {
		n = read(crew->pipe[0], &report, sizeof report);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof report)
			return;
		if (report.n < crew->n_uploads)
			take(crew, &report, seen);
	}
}

static void
fail_the_rest(const struct crew *crew, const bool *seen)
{
	const struct stored nothing = { 0 };

	for (size_t n = 0; n < crew->n_uploads; n++)
		if (!seen[n])
			crew->work->done(crew->work->context, n, &nothing,
			    error_new(ERROR_UPLOAD,
				"the process that uploaded it has died"));
}

static size_t
start(const struct crew *crew, pid_t *pids, size_t n_workers)
{
	size_t n_started = 0;

	for (size_t i = 0; i < n_workers; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(crew);
		if (pid > 0)
			pids[n_started++] = pid;
	}
	return n_started;
}

void
upload_workers_run(
    const struct upload_work *given, size_t n_uploads, size_t n_workers)
{
	struct crew crew = { .work = given, .n_uploads = n_uploads };
	bool *seen = xcalloc(n_uploads, sizeof *seen);
	pid_t *pids = xcalloc(n_workers, sizeof *pids);
	size_t n_started = 0;
	const int access = PROT_READ | PROT_WRITE;
	const int flags = MAP_SHARED | MAP_ANONYMOUS;
	void *shared;

	/* cppcheck-suppress invalidFunctionArg */
	shared = mmap(NULL, sizeof *crew.next, access, flags, -1, 0);

	fflush(NULL);
	if (shared != MAP_FAILED && pipe2(crew.pipe, O_CLOEXEC) == 0) {
		crew.next = shared;
		n_started = start(&crew, pids, n_workers);
		close(crew.pipe[1]);
		collect(&crew, seen);
		close(crew.pipe[0]);
	}
	for (size_t i = 0; i < n_started; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	fail_the_rest(&crew, seen);
	if (shared != MAP_FAILED)
		munmap(shared, sizeof *crew.next);
	free(seen);
	free(pids);
}
