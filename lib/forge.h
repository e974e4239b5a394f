/* SPDX-License-Identifier: MIT */
/*
 * Pull requests of a forge, by its REST API: GitHub's of 2022-11-28, GitLab's
 * v4, where they are merge requests, Gitea's v1, which is Forgejo's as well.
 */
#ifndef FORGE_H
#define FORGE_H

#include <stdbool.h>

#include "error.h"
#include "service.h"

/* Its REST API, of the server of a repository, "https://host"; NULL: there is
 * no such forge. The caller frees. */
char *forge_api_url(const char *forge, const char *server);

struct forge_request {
	const char *project; /* "owner/repository"; GitLab: any groups */
	const char *branch, *base;
	const char *title, *body; /* body: Markdown */
	bool draft;
	/* What came of it: */
	char *url; /* for people */
	int number;
	bool created; /* false: there was an open one already, left as it is */
};

/* Finds the open one of the branch for the base, or makes it. */
struct error *forge_open_request(
    const char *forge, struct service *service, struct forge_request *request);
void forge_request_release(struct forge_request *request);

#endif
