/* SPDX-License-Identifier: MIT */
/*
 * A server of a few small pages over HTTP, by GNU libmicrohttpd, for the loop
 * of a program that waits for other things as well.
 *
 * GET and HEAD alone; a body is not read. A connection serves one request,
 * and lives ten seconds at most, however slowly somebody writes or reads;
 * where there are too many, the oldest goes. Of a request at most 8 KiB are
 * read.
 */
#ifndef PAGE_SERVER_H
#define PAGE_SERVER_H

#include "buffer.h"
#include "error.h"

struct page {
	int status;
	const char *content_type;
	struct buffer body;
};

/* Fills the page; it is a 404 as it comes. Must not wait for anything. */
typedef void page_handler(void *context, struct page *page, const char *path);

struct page_server;

/* The descriptor listens; it remains the caller's, and must outlive it. */
struct error *page_server_open(
    struct page_server **server, int fd, page_handler *handle, void *context);
void page_server_close(struct page_server *server);

/* What to wait for, to read from, and how long at most, in seconds. */
int page_server_fd(const struct page_server *server);
double page_server_wait(const struct page_server *server);
void page_server_work(struct page_server *server);

#endif
