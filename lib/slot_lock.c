/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "slot_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "process.h"

enum { MAX_BYTES = 64 * 1024 };

struct owner {
	pid_t pid;   /* of nr-run; 0: a pipeline */
	pid_t group; /* of the pipeline */
	double start_time;
	char hostname[256];
};

/* When the process started, in ticks since boot; 0: there is none. */
static double
start_time(pid_t pid)
{
	struct buffer text = BUFFER_INIT(4096);
	char *path = xasprintf("/proc/%d/stat", (int)pid);
	struct error *err = file_read(&text, path);
	double ticks = 0;

	/* Field 22; the name in field 2 may hold anything but ends with ). */
	if (err == NULL && text.data != NULL) {
		char *at = strrchr(text.data, ')');

		for (int field = 2; at != NULL && field < 22; field++)
			at = strchr(at + 1, ' ');
		if (at != NULL)
			ticks = strtod(at, NULL);
	}
	error_free(err);
	buffer_release(&text);
	free(path);
	return ticks;
}

static struct owner
this_owner(void)
{
	const char *run = getenv("NR_RUN_PID");
	struct owner owner = { .group = process_group() };

	if (run != NULL)
		owner.pid = (pid_t)strtol(run, NULL, 10);
	owner.start_time = start_time(owner.pid > 0 ? owner.pid : owner.group);
	if (gethostname(owner.hostname, sizeof owner.hostname - 1) != 0)
		owner.hostname[0] = '\0';
	return owner;
}

static bool
exists(pid_t target)
{
	return kill(target, 0) == 0 || errno == EPERM;
}

/* Is the owner told in the file at work, as far as can be known? */
static bool
is_alive(jv lock, const struct owner *self)
{
	const char *hostname = json_string(lock, "hostname");
	pid_t pid = (pid_t)json_number(lock, "pid", 0);
	pid_t group = (pid_t)json_number(lock, "process_group", 0);
	double started = json_number(lock, "start_time", 0), now;

	if (hostname == NULL || strcmp(hostname, self->hostname) != 0)
		return hostname != NULL;
	now = start_time(pid > 0 ? pid : group);
	/* The number belongs to another process by now. */
	if (now > 0 && started > 0 && now != started)
		return false;
	if (pid > 0)
		return exists(pid);
	return group > 1 && exists(-group);
}

static bool
is_ours(jv lock, const struct owner *self, const char *runner_id)
{
	const char *id = json_string(lock, "runner_id");
	const char *hostname = json_string(lock, "hostname");
	pid_t pid = (pid_t)json_number(lock, "pid", 0);

	/* Two runs may have been given one RUNNER_ID. */
	if (id != NULL && strcmp(id, runner_id) == 0)
		return pid == 0 || self->pid == 0 || pid == self->pid;
	return hostname != NULL && strcmp(hostname, self->hostname) == 0 &&
	    self->pid == 0 && pid == 0 &&
	    (pid_t)json_number(lock, "process_group", 0) == self->group;
}

static struct error *
held(jv lock, const char *path)
{
	const char *id = json_string(lock, "runner_id");
	const char *host = json_string(lock, "hostname");
	const char *since = json_string(lock, "since");
	const char *task = json_string(lock, "task_id");
	pid_t pid = (pid_t)json_number(lock, "pid", 0);
	struct error *err = error_new(ERROR_WORKSPACE,
	    "cannot use the slot: runner '%s' (%s %d on %s) has worked in it "
	    "on task '%s' since %s; wait for it, or, if it is no more, give "
	    "the slot back with nr-report or remove '%s'",
	    id != NULL ? id : "unknown", pid > 0 ? "process" : "process group",
	    pid > 0 ? (int)pid : (int)json_number(lock, "process_group", 0),
	    host != NULL ? host : "unknown", task != NULL ? task : "unknown",
	    since != NULL ? since : "unknown", path);

	err->retryable = true;
	return err;
}

/* Opens the file and locks it, seeing to it that it is still the one at the
 * path then. */
static struct error *
open_locked(int *fd, const char *path, int flags)
{
	struct stat opened, present;

	for (;;) {
		*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
		if (*fd < 0)
			return error_errno(ERROR_WORKSPACE,
			    "cannot lock the slot: cannot open '%s'", path);
		while (flock(*fd, LOCK_EX) != 0 && errno == EINTR)
			;
		if (fstat(*fd, &opened) == 0 && stat(path, &present) == 0 &&
		    opened.st_ino == present.st_ino)
			return NULL;
		close(*fd);
	}
}

/* What does not read as a lock is none: its writer died at it. */
static jv
read_lock(int fd, const char *path)
{
	struct buffer text = BUFFER_INIT(MAX_BYTES);
	jv lock = jv_invalid();
	struct error *err = buffer_read_fd(&text, fd, path);

	if (err == NULL && text.len > 0)
		err = json_parse(&lock, text.data, text.len, path);
	error_free(err);
	buffer_release(&text);
	return lock;
}

static struct error *
write_lock(int fd, const char *path, const struct owner *self,
    const char *runner_id, const char *task_id)
{
	char since[CLOCK_TEXT_SIZE];
	jv lock = json_set_string(jv_object(), "runner_id", runner_id);
	char *text;
	struct error *err;

	clock_format(since, clock_now());
	if (self->pid > 0)
		lock = json_set_number(lock, "pid", self->pid);
	lock = json_set_number(lock, "process_group", self->group);
	lock = json_set_string(lock, "hostname", self->hostname);
	lock = json_set_number(lock, "start_time", self->start_time);
	lock = json_set_string(lock, "since", since);
	lock = json_set_string(lock, "task_id", task_id);
	text = json_text(lock);
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		err = error_errno(ERROR_IO, "cannot write '%s'", path);
	else
		err = file_write_all(fd, text, strlen(text), path);
	free(text);
	return err;
}

static double
since_of(jv lock)
{
	const char *since = json_string(lock, "since");
	double seconds = 0;

	if (since == NULL || !clock_parse(&seconds, since))
		return 0;
	return seconds;
}

/* Another runner has it: is that one gone? */
static bool
take_over(jv lock, const struct owner *self, struct slot_lock_dead *dead)
{
	if (is_alive(lock, self))
		return false;
	dead->since = since_of(lock);
	dead->run = json_number(lock, "pid", 0) > 0;
	log_info("slot_taken_over",
	    "took the slot over from runner '%s', which is no more",
	    json_string(lock, "runner_id"));
	return true;
}

/* What a lock is asked for with. */
struct request {
	const char *git_directory, *runner_id, *task_id;
	struct owner self;
	bool for_others; /* of this process group are others */
};

static bool
is_held(jv lock, const struct request *request, struct slot_lock_dead *dead)
{
	const char *id = json_string(lock, "runner_id");
	bool same = id != NULL && strcmp(id, request->runner_id) == 0;

	return id != NULL &&
	    !(is_ours(lock, &request->self, request->runner_id) &&
		(same || !request->for_others)) &&
	    !take_over(lock, &request->self, dead);
}

/* *by tells who has it, if it was not to be had. */
static struct error *
take(struct error **by, struct slot_lock_dead *dead,
    const struct request *request)
{
	char *path = file_join(request->git_directory, "necrocode.lock");
	struct error *err;
	jv lock;
	int fd;

	*by = NULL;
	*dead = (struct slot_lock_dead){ 0 };
	err = open_locked(&fd, path, O_CREAT);
	if (err != NULL) {
		free(path);
		return err;
	}
	lock = read_lock(fd, path);
	if (is_held(lock, request, dead))
		*by = held(lock, path);
	else
		err = write_lock(fd, path, &request->self, request->runner_id,
		    request->task_id);
	jv_free(lock);
	close(fd);
	free(path);
	return err;
}

struct error *
slot_lock_take(struct slot_lock_dead *dead, const char *git_directory,
    const char *runner_id, const char *task_id)
{
	struct request request = { git_directory, runner_id, task_id,
		this_owner(), false };
	struct error *by, *err = take(&by, dead, &request);

	return error_first(err, by);
}

struct error *
slot_lock_try(bool *taken, struct slot_lock_dead *dead,
    const char *git_directory, const char *runner_id, const char *task_id,
    pid_t owner)
{
	struct request request = { git_directory, runner_id, task_id,
		this_owner(), true };
	struct error *by, *err;

	if (owner > 0) {
		request.self.pid = owner;
		request.self.start_time = start_time(owner);
	}
	err = take(&by, dead, &request);
	*taken = err == NULL && by == NULL;
	error_free(by);
	return err;
}

enum slot_lock_state
slot_lock_look(jv *lock, const char *git_directory)
{
	char *path = file_join(git_directory, "necrocode.lock");
	struct owner self = this_owner();
	struct error *err;
	int fd;

	*lock = jv_invalid();
	if (access(path, F_OK) != 0) {
		free(path);
		return SLOT_FREE;
	}
	err = open_locked(&fd, path, 0);
	if (err == NULL) {
		*lock = read_lock(fd, path);
		close(fd);
	}
	error_free(err);
	free(path);
	if (json_string(*lock, "runner_id") == NULL)
		return SLOT_FREE;
	return is_alive(*lock, &self) ? SLOT_TAKEN : SLOT_DEAD;
}

struct error *
slot_lock_release(const char *git_directory, const char *runner_id)
{
	char *path = file_join(git_directory, "necrocode.lock");
	const char *id;
	struct error *err = NULL;
	jv lock;
	int fd;

	if (access(path, F_OK) != 0) {
		free(path);
		return NULL;
	}
	err = open_locked(&fd, path, 0);
	if (err == NULL) {
		lock = read_lock(fd, path);
		id = json_string(lock, "runner_id");
		if (id != NULL && strcmp(id, runner_id) == 0 &&
		    unlink(path) != 0)
			err = error_errno(ERROR_IO, "cannot remove '%s'", path);
		jv_free(lock);
		close(fd);
	}
	free(path);
	return err;
}
