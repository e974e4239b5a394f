/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* flock */
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "file.h"
#include "memory.h"

enum { LOWEST_FD = 20 };

struct error *
places_open(struct places *places, size_t n)
{
	char *state = config_state_dir();

	*places =
	    (struct places){ .directory = file_join(state, "places"), .n = n };
	free(state);
	return file_make_directories(places->directory, 0700);
}

static void
stop_watching(struct places *places)
{
	for (size_t i = 0; places->watches != NULL && i < places->n; i++)
		if (places->watches[i] >= 0)
			close(places->watches[i]);
	free(places->watches);
	places->watches = NULL;
}

void
places_close(struct places *places)
{
	stop_watching(places);
	free(places->directory);
	places->directory = NULL;
}

static struct error *
open_place(const struct places *places, size_t i, int flags, int *fd)
{
	char *path = xasprintf("%s/%zu.fifo", places->directory, i + 1);
	struct error *err = NULL;
	struct stat info;

	flags |= O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
	*fd = open(path, flags);
	if (*fd < 0 && errno == ENOENT &&
	    (mkfifo(path, 0600) == 0 || errno == EEXIST))
		*fd = open(path, flags);
	if (*fd < 0) {
		err = error_errno(ERROR_IO, "cannot open '%s'", path);
	} else if (fstat(*fd, &info) == 0 && !S_ISFIFO(info.st_mode)) {
		err = error_new(ERROR_IO,
		    "cannot use '%s': it is no named pipe; remove it", path);
		close(*fd);
	}
	free(path);
	return err;
}

/* What who had the place before has written; once the place is taken, so
 * that nobody is woken who could have had it. */
static void
empty_pipe(int fd)
{
	char bytes[512];

	while (read(fd, bytes, sizeof bytes) > 0)
		;
}

static struct error *
try_place(const struct places *places, size_t i, int *fd)
{
	int opened, moved;
	struct error *err = open_place(places, i, O_RDWR, &opened);

	if (err != NULL)
		return err;
	if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			err = error_errno(ERROR_IO, "cannot lock '%s/%zu.fifo'",
			    places->directory, i + 1);
		close(opened);
		return err;
	}
	empty_pipe(opened);
	moved = fcntl(opened, F_DUPFD_CLOEXEC, LOWEST_FD);
	*fd = moved >= 0 ? moved : opened;
	if (moved >= 0)
		close(opened);
	return NULL;
}

static struct error *
try_all(const struct places *places, int *fd)
{
	struct error *err = NULL;

	*fd = -1;
	for (size_t i = 0; err == NULL && *fd < 0 && i < places->n; i++)
		err = try_place(places, i, fd);
	return err;
}

static struct error *
watch(struct places *places)
{
	struct error *err = NULL;

	places->watches = xcalloc(places->n, sizeof *places->watches);
	for (size_t i = 0; i < places->n; i++)
		places->watches[i] = -1;
	for (size_t i = 0; err == NULL && i < places->n; i++) {
		err = open_place(places, i, O_RDONLY, &places->watches[i]);
		if (err != NULL)
			places->watches[i] = -1;
	}
	return err;
}

struct error *
places_take(struct places *places, int *fd)
{
	struct error *err = try_all(places, fd);

	/* A place that is given back before it is watched tells nobody: so
	 * all are tried once more. */
	if (err == NULL && *fd < 0 && places->watches == NULL) {
		err = watch(places);
		if (err == NULL)
			err = try_all(places, fd);
	}
	if (err != NULL || *fd >= 0)
		stop_watching(places);
	return err;
}

size_t
places_wait(const struct places *places, struct pollfd *fds)
{
	if (places->watches == NULL)
		return 0;
	for (size_t i = 0; i < places->n; i++)
		fds[i] = (struct pollfd){ .fd = places->watches[i],
			.events = POLLIN };
	return places->n;
}

void
places_give_back(int fd)
{
	/* First the byte: behind the unlocking it could come to somebody who
	 * has the place by then, and would wake those who wait in vain. */
	if (write(fd, "", 1) < 0) {
		/* So many are in it that it is full. */
	}
	flock(fd, LOCK_UN);
	close(fd);
}

/* "1: FLOCK  ADVISORY  WRITE 123 08:01:4711 0 EOF"; 0: it is none. */
static ino_t
inode_of_lock(const char *line)
{
	unsigned long long inode;

	/* By its number alone: some file systems show another device there
	 * than stat(2) does. */
	if (strstr(line, " FLOCK ") == NULL ||
	    sscanf(line, "%*s %*s %*s %*s %*s %*x:%*x:%llu", &inode) != 1)
		return 0;
	return (ino_t)inode;
}

static bool
is_one_of(const ino_t *inodes, size_t n, ino_t wanted)
{
	for (size_t i = 0; i < n; i++)
		if (inodes[i] == wanted)
			return true;
	return false;
}

/* Those of the places that are there. */
static size_t
list_inodes(ino_t *inodes, size_t max)
{
	char *state = config_state_dir();
	size_t n = 0;

	for (size_t i = 0; i < max; i++) {
		char *path = xasprintf("%s/places/%zu.fifo", state, i + 1);
		struct stat info;

		if (lstat(path, &info) == 0 && S_ISFIFO(info.st_mode))
			inodes[n++] = info.st_ino;
		free(path);
	}
	free(state);
	return n;
}

size_t
places_count_taken(size_t n)
{
	ino_t *inodes = xcalloc(n + 1, sizeof *inodes);
	size_t n_inodes = list_inodes(inodes, n), taken = 0;
	FILE *locks = n_inodes > 0 ? fopen("/proc/locks", "re") : NULL;
	char line[256];

	while (locks != NULL && fgets(line, sizeof line, locks) != NULL) {
		ino_t inode = inode_of_lock(line);

		if (inode != 0 && is_one_of(inodes, n_inodes, inode))
			taken++;
	}
	if (locks != NULL)
		fclose(locks);
	free(inodes);
	return taken;
}
