/* SPDX-License-Identifier: MIT */
/*
 * Temporary files of the commands in a sandbox. Those of a process share a
 * directory for them, removed when it ends, that by mounts is their /tmp and
 * their /var/tmp: what others keep there a command does not see, but for
 *
 *   - the workspace and the other paths of its options, as they are, with
 *     what lies beside them in the same entry of /tmp, read-only; of that,
 *     what is hidden is an empty directory or file;
 *   - the entries of /tmp that its arguments and its environment name,
 *     read-only.
 *
 * In a strict sandbox only the paths of its options. Where there can be no
 * mounts it may write to the machine's /tmp and /var/tmp, if neither the
 * workspace nor anything hidden is in there, or else to $TMPDIR alone; and in
 * another sandbox to the /tmp of that.
 */
#ifndef SANDBOX_TMP_H
#define SANDBOX_TMP_H

#include <stdbool.h>

#include "error.h"
#include "namespace.h"
#include "path_list.h"
#include "sandbox.h"

struct sandbox_tmp {
	char *path;    /* the directory */
	char *masks;   /* one of what is in place of hidden things */
	char *setting; /* TMPDIR=... */
	/* Of /tmp and /var/tmp, resolved: those that `path` stands in for.
	 * None where the command may write to them anyhow. */
	struct path_list places;
	/* Those that it may write to if they cannot be its own. */
	struct path_list shared;
};

/* `more` (NULL-terminated or NULL) is written to beside the paths of the
 * options. Adds to the plan; NULL: there are no mounts. */
struct error *sandbox_tmp_open(struct sandbox_tmp *tmp,
    struct namespace_plan *plan, const struct sandbox_options *options,
    const struct path_list *hidden, char *const *more);

/*
 * For the guard of a process (process_guard()): before the fork, the one, so
 * that it knows what the process will have made; when that was killed, the
 * other, which removes it.
 */
void sandbox_tmp_prepare_sweep(void);
void sandbox_tmp_sweep(void);

/* `masks`, which is made when it is first needed; one that cannot be made is
 * one that cannot be mounted. */
const char *sandbox_tmp_masks(struct sandbox_tmp *tmp);

/* Is it one that another sandbox made, in which we are? */
bool sandbox_tmp_is_own(const char *place);

/* The directory itself is kept to the end of the process. */
void sandbox_tmp_close(struct sandbox_tmp *tmp);

/*
 * For sandbox_tmp.c, in sandbox_view.c: chooses the places, and plans what the
 * command sees, which is all there is, but read-only where it must not write
 * to, and with nothing in what is hidden.
 */
void sandbox_view_plan(struct sandbox_tmp *tmp, struct namespace_plan *plan,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more);

#endif
