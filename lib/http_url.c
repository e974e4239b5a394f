/* SPDX-License-Identifier: MIT */
#include "http_url.h"

#include <ctype.h>
#include <stdint.h>
#include <strings.h>

#include "buffer.h"
#include "memory.h"

static void
append_encoded(struct buffer *url, const char *text, bool is_path)
{
	for (const char *c = text; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte < 0x80 &&
		    (isalnum(byte) || strchr("-._~", byte) != NULL ||
			(is_path && byte == '/')))
			buffer_append(url, c, 1);
		else
			buffer_appendf(url, "%%%02X", (unsigned)byte);
	}
}

char *
http_url_encode(const char *text, bool is_path)
{
	struct buffer url = BUFFER_INIT(SIZE_MAX / 2);

	append_encoded(&url, text, is_path);
	return buffer_take(&url);
}

static int
hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit != '\0'
	    ? strchr(digits, tolower((unsigned char)digit))
	    : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

void
http_url_decode(char *text)
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

static void
append_segment(struct buffer *url, const char *segment)
{
	buffer_append_string(url, "/");
	if (strcmp(segment, ".") == 0)
		buffer_append_string(url, "%2E");
	else if (strcmp(segment, "..") == 0)
		buffer_append_string(url, "%2E%2E");
	else
		append_encoded(url, segment, false);
}

char *
http_url_join(const char *base, const char *const *segments)
{
	struct buffer url = BUFFER_INIT(SIZE_MAX / 2);
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	buffer_append(&url, base, len);
	for (size_t i = 0; segments[i] != NULL; i++)
		append_segment(&url, segments[i]);
	return buffer_take(&url);
}

/* Behind "scheme://", or the whole. */
static const char *
authority(const char *url)
{
	const char *slashes = strstr(url, "://");

	return slashes != NULL ? slashes + 3 : url;
}

char *
http_url_host(const char *url)
{
	const char *start = authority(url);
	const char *end = start + strcspn(start, "/?#");

	for (const char *c = end; c > start; c--)
		if (c[-1] == '@')
			return xstrndup(c, (size_t)(end - c));
	return xstrndup(start, (size_t)(end - start));
}

char *
http_url_path(const char *url)
{
	const char *path = authority(url);

	path += strcspn(path, "/?#");
	if (*path != '/')
		return xstrdup("/");
	return xstrndup(path, strcspn(path, "?#"));
}

char *
http_url_without_query(const char *url)
{
	return xstrndup(url, strcspn(url, "?#"));
}

/* 127.0.0.0/8 as numbers: "127.example.org" is anybody's. */
static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 &&
	    host[strspn(host, "0123456789.")] == '\0';
}

bool
http_url_is_private(const char *url)
{
	bool is = strncasecmp(url, "https:", 6) == 0;
	char *host = http_url_host(url);

	if (host[0] == '[')
		is = is || strncmp(host, "[::1]", 5) == 0;
	else
		host[strcspn(host, ":")] = '\0';
	is = is || strcasecmp(host, "localhost") == 0 || is_loopback(host);
	free(host);
	return is;
}
