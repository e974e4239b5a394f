/* SPDX-License-Identifier: MIT */
/*
 * A socket to listen on, by what a person writes:
 *
 *   127.0.0.1:9100, [::1]:9100, localhost:9100   that address
 *   :9100, 9100                                  this machine alone, 127.0.0.1
 *   *:9100                                       all addresses, also IPv6
 *   unix:/run/nr.sock                            a socket of the file system
 *   systemd                                      what systemd hands over
 *                                                (sd_listen_fds(3))
 *
 * Port 0 is any that is free.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "error.h"

struct listener {
	int fd;     /* does not block */
	char *url;  /* "http://[::1]:9100", "unix:/run/nr.sock" */
	char *path; /* of a socket of the file system, to be removed */
};

/* A text that is no address is a UsageError; one that cannot be had an
 * IOError. */
struct error *listener_open(struct listener *listener, const char *address);
void listener_close(struct listener *listener);

#endif
