/* SPDX-License-Identifier: MIT */
#include "file_url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "http_url.h"
#include "memory.h"

static int
hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit != '\0'
	    ? strchr(digits, tolower((unsigned char)digit))
	    : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* In place. */
static void
decode_percent(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		int high = *at == '%' ? hex_value(at[1]) : -1;
		int low = high >= 0 ? hex_value(at[2]) : -1;

		if (low < 0 || high + low == 0) {
			*to++ = *at;
			continue;
		}
		*to++ = (char)(high * 16 + low);
		at += 2;
	}
	*to = '\0';
}

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
	decode_percent(path);
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
