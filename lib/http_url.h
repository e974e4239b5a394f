/* SPDX-License-Identifier: MIT */
/*
 * URLs as text, without libcurl, which need not be loaded for them. What they
 * return is the caller's to free.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>

/*
 * Percent-encoded as strictly as RFC 3986 allows: all but A-Z a-z 0-9 - . _ ~
 * becomes %XX, upper case; '/' stays where it is a path.
 */
char *http_url_encode(const char *text, bool is_path);
/* %XX undone, in place; %00, and what is none, stays. */
void http_url_decode(char *text);

/*
 * The base, without slashes at its end, and the segments, each encoded, with a
 * '/' before it: ("https://r/api/", {"tasks", "1/2", NULL}) is
 * "https://r/api/tasks/1%2F2". "." and ".." are encoded so that no server takes
 * them for steps.
 */
char *http_url_join(const char *base, const char *const *segments);

/* "host:port" as it is written, without user and password; "" if none. */
char *http_url_host(const char *url);
/* "/path", without query and fragment; "/" if none. */
char *http_url_path(const char *url);
char *http_url_without_query(const char *url);

/* May a secret be sent there? By TLS, or to this machine itself. */
bool http_url_is_private(const char *url);

#endif
