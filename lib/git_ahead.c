/* SPDX-License-Identifier: MIT */
/*
 * The programs that speak for a remote, started before they are needed: git
 * takes some milliseconds to start, ssh some hundred, and there is other work
 * to do meanwhile.
 */
#include "git_internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

static const struct git_child none = { .to = -1, .from = -1, .errors = -1 };

static void
start(struct git_child *child, struct git *git,
    const struct git_network *network, const char *service, int version)
{
	struct git_link link = {
		.git = git,
		.network = network,
		.type = ERROR_WORKSPACE,
	};
	struct error *err =
	    git_url_parse(&link.url, network->url, git->path, link.type);
	bool here = link.url.scheme == GIT_SCHEME_PATH;

	if (err == NULL &&
	    (here || (link.url.scheme == GIT_SCHEME_SSH && version == 0)))
		err = git_child_start(child, &link, service, version);
	git_url_release(&link.url);
	/* It shows again when the program is needed. */
	error_free(err);
}

static struct git_ahead *
ahead_of(struct git_network *network)
{
	if (network->ahead == NULL) {
		network->ahead = xmalloc(sizeof *network->ahead);
		*network->ahead = (struct git_ahead){ none, none };
	}
	return network->ahead;
}

void
git_start_ahead(struct git *git, struct git_network *network, bool push)
{
	struct git_ahead *ahead = ahead_of(network);

	if (push)
		start(&ahead->receiver, git, network, "receive-pack", 0);
	else
		git_start_lister(git, network);
}

void
git_start_lister(struct git *git, struct git_network *network)
{
	struct git_ahead *ahead = ahead_of(network);

	if (ahead->lister.pid == 0)
		start(&ahead->lister, git, network, "upload-pack", 2);
}

bool
git_take_receiver(struct git_child *child, const struct git_network *network)
{
	if (network->ahead == NULL || network->ahead->receiver.pid == 0)
		return false;
	*child = network->ahead->receiver;
	network->ahead->receiver = none;
	return true;
}

/* It was asked for nothing that it could be in the middle of. */
void
git_end_child(struct git_child *child)
{
	if (child->pid == 0)
		return;
	close(child->to);
	close(child->from);
	close(child->errors);
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*child = none;
}

void
git_end_ahead(struct git_network *network)
{
	if (network->ahead == NULL)
		return;
	git_end_child(&network->ahead->receiver);
	git_end_child(&network->ahead->lister);
	free(network->ahead);
	network->ahead = NULL;
}
