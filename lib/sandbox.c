/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* syscall */
#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "git_protect.h"
#include "landlock.h"
#include "log.h"
#include "memory.h"
#include "namespace.h"
#include "path_list.h"
#include "sandbox_paths.h"
#include "sandbox_tmp.h"
#include "seccomp.h"
#include "string_list.h"

/* Truncating is under control from this version on. */
enum { LANDLOCK_STRICT_VERSION = 3 };

struct sandbox {
	const struct sandbox_options *options;
	struct sandbox_tmp tmp;
	char **environment; /* with another TMPDIR, the first */
	int rules;          /* of Landlock; -1: none */
	struct seccomp_filter *filter, *filter_without_network;
	struct namespaces *namespaces;
	size_t n_repositories;
	/* Of all of them; see git_protect.h. */
	struct path_list anchored, read_only, git_writable;
	/* What the options name, and objects that repositories borrow. */
	struct path_list readable;
	bool with_mounts;
	bool needs_mounts; /* but has none */
};

/* Nothing can be mounted on this system: learnt by trying. */
static bool no_mounts;

static const char *const mode_names[] = {
	[SANDBOX_OFF] = "off",
	[SANDBOX_WORKSPACE] = "workspace",
	[SANDBOX_STRICT] = "strict",
};

bool
sandbox_mode_by_name(enum sandbox_mode *mode, const char *name)
{
	for (int i = SANDBOX_OFF; i <= SANDBOX_STRICT; i++) {
		if (strcmp(mode_names[i], name) == 0) {
			*mode = (enum sandbox_mode)i;
			return true;
		}
	}
	return false;
}

const char *
sandbox_mode_name(enum sandbox_mode mode)
{
	return mode_names[mode];
}

static void
warn_once(const char *missing)
{
	static bool warned;

	if (!warned)
		log_warn("sandbox_incomplete",
		    "this kernel has no %s: commands can write wherever "
		    "their user can (sandbox: strict refuses to run them)",
		    missing);
	warned = true;
}

/* Can the kernel do what the mode promises? */
static struct error *
check_kernel(const struct sandbox_options *options)
{
	const char *missing = NULL;

	if (landlock_version() == 0)
		missing = "Landlock";
	else if (!seccomp_is_available())
		missing = "seccomp filters";
	else if (options->mode == SANDBOX_STRICT &&
	    landlock_version() < LANDLOCK_STRICT_VERSION)
		missing = "Landlock of version 3";
	if (missing == NULL)
		return NULL;
	if (options->mode == SANDBOX_STRICT)
		return error_new(ERROR_SECURITY,
		    "cannot make a strict sandbox: this kernel has no %s; "
		    "use another machine, or sandbox: workspace",
		    missing);
	warn_once(missing);
	return NULL;
}

static void
protect_repository(struct sandbox *sandbox, const char *directory)
{
	struct git_protection repository;
	char *path = file_resolve(directory);

	if (path == NULL)
		return;
	git_protect(&repository, path);
	free(path);
	if (repository.read_only.n == 0)
		return;
	sandbox->n_repositories++;
	path_list_add_all(&sandbox->anchored, repository.anchored.items);
	path_list_add_all(&sandbox->read_only, repository.read_only.items);
	path_list_add_all(&sandbox->git_writable, repository.writable.items);
	path_list_add_all(&sandbox->readable, repository.readable.items);
	git_protection_release(&repository);
}

static void
protect_repositories(struct sandbox *sandbox)
{
	const struct sandbox_options *options = sandbox->options;

	if (options->workspace != NULL)
		protect_repository(sandbox, options->workspace);
	for (size_t i = 0; options->write != NULL && options->write[i] != NULL;
	     i++)
		protect_repository(sandbox, options->write[i]);
}

static struct error *
make_rules(struct sandbox *sandbox, const struct sandbox_options *options,
    const struct path_list *hidden)
{
	struct landlock_rules *rules;
	struct error *error;

	if (landlock_version() == 0)
		return NULL;
	error = landlock_open(&rules);
	if (error != NULL)
		return error;
	error = sandbox_add_rules(rules, options,
	    sandbox->with_mounts ? NULL : hidden, sandbox->git_writable.items);
	if (error == NULL)
		error =
		    landlock_allow(rules, sandbox->tmp.path, LANDLOCK_WRITE);
	for (size_t i = 0; error == NULL && !sandbox->with_mounts &&
	     i < sandbox->tmp.shared.n;
	     i++)
		error = landlock_allow(
		    rules, sandbox->tmp.shared.items[i], LANDLOCK_WRITE);
	sandbox->rules = landlock_finish(rules);
	return error;
}

static int
filter_flags(const struct sandbox_options *options)
{
	int flags = 0;

	if (options->mode == SANDBOX_OFF)
		return SECCOMP_ONLY_SOCKETS;
	/* Without Landlock nothing else keeps it from tracing the runner. */
	if (options->mode == SANDBOX_STRICT || landlock_version() == 0)
		flags |= SECCOMP_NO_TRACE;
	if (options->mode == SANDBOX_STRICT)
		flags |= SECCOMP_NO_UNIX | SECCOMP_NO_SPACES;
	return flags;
}

static void
make_filters(struct sandbox *sandbox)
{
	const struct sandbox_options *options = sandbox->options;
	int flags = filter_flags(options);

	if (!seccomp_is_available())
		return;
	if (options->mode != SANDBOX_OFF)
		sandbox->filter = seccomp_filter_new(flags);
	if (options->no_network)
		sandbox->filter_without_network =
		    seccomp_filter_new(flags | SECCOMP_NO_INET);
}

static void
plan_git(struct namespace_mounts *mounts, const struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->anchored.n; i++)
		namespace_mounts_add(mounts, sandbox->anchored.items[i],
		    sandbox->anchored.items[i], false);
	for (size_t i = 0; i < sandbox->read_only.n; i++)
		namespace_mounts_add(mounts, sandbox->read_only.items[i],
		    sandbox->read_only.items[i], true);
}

/* About files. */
static struct error *
restrict_files(struct sandbox *sandbox, struct namespace_plan *plan)
{
	struct sandbox_options options = *sandbox->options;
	struct path_list hidden = { NULL };
	struct error *error = check_kernel(sandbox->options);

	if (error != NULL)
		return error;
	protect_repositories(sandbox);
	path_list_add_all(&sandbox->readable, sandbox->options->read);
	options.read = sandbox->readable.items;
	sandbox_find_hidden(&hidden, sandbox->options);
	sandbox->with_mounts = !no_mounts;
	error =
	    sandbox_tmp_open(&sandbox->tmp, sandbox->with_mounts ? plan : NULL,
		&options, &hidden, sandbox->git_writable.items);
	if (sandbox->with_mounts)
		plan_git(&plan->mounts, sandbox);
	if (error == NULL)
		error = make_rules(sandbox, &options, &hidden);
	path_list_release(&hidden);
	return error;
}

struct error *
sandbox_open(
    struct sandbox **sandbox_out, const struct sandbox_options *options)
{
	struct namespace_plan plan = { .network = options->no_network };
	struct sandbox *sandbox;
	struct error *error = NULL;

	*sandbox_out = NULL;
	if (options->mode == SANDBOX_OFF && !options->no_network)
		return NULL;
	sandbox = xcalloc(1, sizeof *sandbox);
	sandbox->options = options;
	sandbox->rules = -1;
	if (options->mode != SANDBOX_OFF)
		error = restrict_files(sandbox, &plan);
	make_filters(sandbox);
	sandbox->namespaces = namespaces_open(&plan);
	if (error == NULL)
		*sandbox_out = sandbox;
	else
		sandbox_close(sandbox, NULL);
	return error;
}

char *const *
sandbox_environment(struct sandbox *sandbox, char *const *environment)
{
	size_t n = string_list_count(environment), n_kept = 1;

	if (sandbox == NULL || sandbox->tmp.path == NULL)
		return environment;
	sandbox->environment = xcalloc(n + 2, sizeof *sandbox->environment);
	sandbox->environment[0] = sandbox->tmp.setting;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environment[i], "TMPDIR=", 7) != 0)
			sandbox->environment[n_kept++] = environment[i];
	return sandbox->environment;
}

const char *
sandbox_enter_spaces(struct sandbox *sandbox)
{
	if (sandbox == NULL || sandbox->namespaces == NULL)
		return NULL;
	if (!namespaces_enter(sandbox->namespaces))
		return "arrange what it sees of the files";
	if (!sandbox->with_mounts ||
	    namespaces_have_mounts(sandbox->namespaces))
		return NULL;
	sandbox->needs_mounts = true;
	return "mount what it is to see";
}

bool
sandbox_can_do_with_less(const struct sandbox *sandbox)
{
	no_mounts |= sandbox != NULL && sandbox->needs_mounts;
	return sandbox != NULL && sandbox->needs_mounts;
}

bool
sandbox_has_own_user_space(const struct sandbox *sandbox)
{
	return sandbox != NULL && namespaces_have_user(sandbox->namespaces);
}

/*
 * Root keeps what concerns files of other users, and loses what concerns the
 * machine. With no_new_privs, exec gives nothing of it back.
 */
static bool
drop_capabilities(void)
{
	static const unsigned kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE,
		CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_KILL,
		CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned mask = 0;

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		mask |= 1U << kept[i];
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	data[0].permitted &= mask;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ 0 };
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, data) == 0;
}

/* The network is off in a namespace, or else by the filter. */
static const struct seccomp_filter *
choose_filter(const struct sandbox *sandbox)
{
	if (sandbox->options->no_network &&
	    !namespaces_have_network(sandbox->namespaces))
		return sandbox->filter_without_network;
	return sandbox->filter;
}

const char *
sandbox_enter_rules(const struct sandbox *sandbox)
{
	const struct seccomp_filter *filter;

	if (sandbox == NULL)
		return NULL;
	filter = choose_filter(sandbox);
	if (sandbox->options->no_network && filter == NULL &&
	    !namespaces_have_network(sandbox->namespaces)) {
		errno = ENOSYS;
		return "switch off the network";
	}
	if (sandbox->options->mode != SANDBOX_OFF && !drop_capabilities())
		return "drop capabilities";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return "give up new privileges";
	if (sandbox->rules >= 0 && !landlock_enter(sandbox->rules))
		return "restrict the use of files";
	if (filter != NULL && !seccomp_enter(filter))
		return "restrict the system calls";
	return NULL;
}

static void
tell_means(const struct sandbox *sandbox, struct sandbox_means *means)
{
	const struct sandbox_options *options = sandbox->options;

	*means = (struct sandbox_means){
		.landlock_version =
		    sandbox->rules >= 0 ? landlock_version() : 0,
		.calls = choose_filter(sandbox) != NULL ? "seccomp" : NULL,
	};
	if (options->no_network)
		means->network = namespaces_have_network(sandbox->namespaces)
		    ? "namespace"
		    : "seccomp";
	if (sandbox->n_repositories > 0 &&
	    namespaces_have_mounts(sandbox->namespaces))
		means->git = "mounts";
	if (sandbox->tmp.places.n > 0 &&
	    namespaces_have_mounts(sandbox->namespaces))
		means->tmp = "mounts";
	else if (sandbox->tmp.shared.n > 0 &&
	    sandbox->tmp.shared.n == sandbox->tmp.places.n)
		means->tmp = "Landlock";
}

static void
warn_of_tmp(const struct sandbox *sandbox)
{
	static bool warned;

	if (warned || sandbox->tmp.places.n == sandbox->tmp.shared.n ||
	    namespaces_have_mounts(sandbox->namespaces))
		return;
	log_warn("sandbox_tmp",
	    "nothing can be mounted here, so commands cannot write to /tmp, "
	    "only to their TMPDIR: keep workspaces and runs elsewhere than in "
	    "/tmp, or let user namespaces be made");
	warned = true;
}

void
sandbox_close(struct sandbox *sandbox, struct sandbox_means *means)
{
	if (sandbox == NULL)
		return;
	if (means != NULL) {
		tell_means(sandbox, means);
		warn_of_tmp(sandbox);
	}
	sandbox_tmp_close(&sandbox->tmp);
	if (sandbox->rules >= 0)
		close(sandbox->rules);
	seccomp_filter_free(sandbox->filter);
	seccomp_filter_free(sandbox->filter_without_network);
	namespaces_free(sandbox->namespaces);
	path_list_release(&sandbox->anchored);
	path_list_release(&sandbox->read_only);
	path_list_release(&sandbox->git_writable);
	path_list_release(&sandbox->readable);
	free(sandbox->environment);
	free(sandbox);
}
