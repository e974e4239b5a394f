/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "each_internal.h"
#include "memory.h"
#include "printable.h"

enum { CHUNK_BYTES = 16 * 1024, MAX_NAME_BYTES = 64 };

struct each_task *
each_task_new(struct each_log *log, size_t line)
{
	struct each_task *task = xcalloc(1, sizeof *task);

	task->log = log;
	task->line = line;
	task->name = xasprintf("line %zu", line);
	task->place = task->output = task->exit_code = -1;
	task->given.fd = task->made.fd = task->result.fd = -1;
	return task;
}

void
each_task_free(struct each_task *task)
{
	if (task == NULL)
		return;
	each_document_release(&task->given);
	each_document_release(&task->made);
	for (size_t i = 0; i < task->result.n; i++)
		free(task->result.pieces[i].text);
	if (task->place >= 0)
		places_give_back(task->place);
	error_free(task->error);
	free(task->name);
	free(task);
}

void
each_task_set_name(struct each_task *task)
{
	char *id = each_document_string(&task->given, DOCUMENT_TASK);

	if (id != NULL) {
		free(task->name);
		task->name = printable(id, MAX_NAME_BYTES);
	}
	free(id);
}

double
each_task_waited(const struct each_task *task)
{
	return task->exit_code >= 0 || task->pid > 0
	    ? task->started_at - task->ready_at
	    : 0;
}

/* --- Starting it --- */

static void
set_environment(const struct each_task *task)
{
	const char *id = getenv("RUNNER_ID");

	/* nr-run would take its task from there. */
	unsetenv("TASK_CONTEXT");
	if (id != NULL && *id != '\0') {
		char *own = xasprintf("%s-%zu", id, task->line);

		setenv("RUNNER_ID", own, 1);
		free(own);
	}
}

/* In the new process. A task outlives nothing: not even a nr-each that is
 * killed, which could not write its result. */
static _Noreturn void
become(const struct each_task *task, char **argv, pid_t parent, int output)
{
	sigset_t none;
	int code;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (task->place >= 0)
		fcntl(task->place, F_SETFD, 0);
	if (dup2(task->given.fd, STDIN_FILENO) < 0 ||
	    dup2(task->made.fd, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		_exit(126);
	set_environment(task);
	execvp(argv[0], argv);
	code = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "nr-each: cannot start '%s': %s\n", argv[0],
	    strerror(errno));
	fflush(stderr);
	_exit(code);
}

static void
take_line(void *context, const char *text, size_t len, size_t n_cut)
{
	struct each_task *task = context;

	each_log_line(task->log, &task->reader, task->name, text, len, n_cut);
}

struct error *
each_task_start(struct each_task *task, char **argv)
{
	struct error *error = each_document_open(&task->made);
	pid_t parent = getpid();
	int ends[2];

	if (error != NULL)
		return error;
	if (lseek(task->given.fd, 0, SEEK_SET) < 0 ||
	    pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(ERROR_IO, "cannot start the task");
	task->started_at = clock_monotonic();
	task->pid = fork();
	if (task->pid == 0)
		become(task, argv, parent, ends[1]);
	close(ends[1]);
	if (task->pid < 0) {
		task->pid = 0;
		close(ends[0]);
		return error_errno(ERROR_IO, "cannot start the task");
	}
	setpgid(task->pid, task->pid);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	task->output = ends[0];
	task->field = (struct log_field){ "task_id", task->name };
	task->reader =
	    (struct log_reader){ .fields = &task->field, .n_fields = 1 };
	lines_open(&task->lines, LOG_LINE_MAX, take_line, task);
	return NULL;
}

/* --- While it is at work --- */

void
each_task_read(struct each_task *task)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = read(task->output, chunk, sizeof chunk);

	if (n > 0)
		lines_write(&task->lines, chunk, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close(task->output);
	task->output = -1;
}

bool
each_task_look(struct each_task *task)
{
	siginfo_t info = { .si_pid = 0 };

	/* It stays to be waited for: its group is safe to signal meanwhile. */
	if (!task->exited &&
	    waitid(P_PID, (id_t)task->pid, &info,
		WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != 0) {
		task->exited = true;
		task->ended_at = clock_monotonic();
	}
	return task->exited;
}

void
each_task_signal(const struct each_task *task, int signal_number)
{
	kill(-task->pid, signal_number);
}

/* --- Its end --- */

static enum error_type
type_of(int exit_code)
{
	for (int type = ERROR_USAGE; type <= ERROR_TIMEOUT; type++)
		if (error_type_exit_code((enum error_type)type) == exit_code)
			return (enum error_type)type;
	return ERROR_INTERNAL;
}

static struct error *
describe(const struct each_task *task, bool whole)
{
	struct error *error;
	char *how;

	if (WIFSIGNALED(task->status))
		how = xasprintf("was killed by signal %d (%s)",
		    WTERMSIG(task->status), strsignal(WTERMSIG(task->status)));
	else
		how = xasprintf("ended with exit code %d", task->exit_code);
	if (whole)
		error =
		    error_new(type_of(task->exit_code), "the command %s", how);
	else if (task->made.peek.is_blank)
		error = error_new(type_of(task->exit_code),
		    "the command %s and wrote no document", how);
	else
		error = error_new(type_of(task->exit_code),
		    "the command %s and wrote no document: %s at byte %zu", how,
		    task->made.peek.problem, task->made.peek.offset + 1);
	free(how);
	return error;
}

static void
judge(struct each_task *task, int cancelled)
{
	bool whole = each_document_look(&task->made);
	bool told = whole && each_document_failed(&task->made);
	char *type;

	if (whole && (told || task->exit_code == 0)) {
		if (!told)
			return;
		task->failure = each_document_error(&task->made, &type);
		free(type);
		if (task->failure == 0)
			task->failure = task->exit_code;
		if (task->failure == 0)
			task->failure = error_type_exit_code(ERROR_INTERNAL);
		return;
	}
	if (cancelled != 0)
		task->error = error_cancelled(cancelled);
	else
		task->error = describe(task, whole);
	task->failure = task->error->exit_code;
	if (!whole)
		each_document_close(&task->made);
}

void
each_task_finish(struct each_task *task, int cancelled)
{
	each_task_signal(task, SIGKILL);
	while (waitpid(task->pid, &task->status, 0) < 0 && errno == EINTR)
		;
	task->pid = 0;
	if (task->output >= 0)
		close(task->output);
	task->output = -1;
	lines_end(&task->lines);
	log_reader_release(&task->reader);
	if (task->place >= 0)
		places_give_back(task->place);
	task->place = -1;
	task->exit_code = WIFSIGNALED(task->status)
	    ? 128 + WTERMSIG(task->status)
	    : WEXITSTATUS(task->status);
	judge(task, cancelled);
}

void
each_task_fail(struct each_task *task, struct error *error)
{
	task->error = error;
	task->failure = error->exit_code;
}
