/* SPDX-License-Identifier: MIT */
#include "file_url.h"

#include <strings.h>

#include "http_url.h"
#include "memory.h"

char *
file_url_path(const char *url)
{
	char *path;

	if (url[0] == '/')
		return xstrdup(url);
	if (strncasecmp(url, "file://", 7) != 0)
		return NULL;
	url += 7;
	if (strncasecmp(url, "localhost/", 10) == 0)
		url += 9;
	if (url[0] != '/')
		return NULL;
	path = xstrdup(url);
	http_url_decode(path);
	return path;
}

char *
file_url_of(const char *path)
{
	char *encoded = http_url_encode(path, true);
	char *url = xasprintf("file://%s", encoded);

	free(encoded);
	return url;
}
