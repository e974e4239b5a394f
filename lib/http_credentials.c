/* SPDX-License-Identifier: MIT */
/*
 * Who a server must be, and who we are: certificates, protocols, passwords,
 * tokens, and signatures of the kind that S3 wants.
 *
 * AWS Signature Version 4 is libcurl's (Debian 12 has 7.88.1), which signs
 * what it is given as it is given. So its caller must
 *   - give the header x-amz-content-sha256 (the body's SHA-256, or
 *     UNSIGNED-PAYLOAD over TLS), which libcurl then signs with;
 *   - encode a path strictly (http_url_encode()): any other spelling of the
 *     same path has another signature;
 *   - sort a query, encode it as strictly, and write "name=" for a name
 *     without a value;
 *   - not switch off a header of libcurl's own ("Expect:"), nor have one with
 *     two spaces in a row or bytes beyond ASCII.
 */
#include <strings.h>

#include "http_internal.h"
#include "memory.h"

static bool
same_part(const struct http *http, CURLU *a, CURLU *b, CURLUPart part)
{
	char *one = NULL, *two = NULL;
	bool same;

	http->curl->curl_url_get(a, part, &one, CURLU_DEFAULT_PORT);
	http->curl->curl_url_get(b, part, &two, CURLU_DEFAULT_PORT);
	same = one != NULL && two != NULL && strcasecmp(one, two) == 0;
	http->curl->curl_free(one);
	http->curl->curl_free(two);
	return same;
}

/* Does the URL belong to those whom the secret may be shown to? */
static bool
same_origin(const struct http *http, const char *url)
{
	CURLU *a = http->curl->curl_url(), *b = http->curl->curl_url();
	bool same = http->options.origin != NULL &&
	    http->curl->curl_url_set(
		a, CURLUPART_URL, http->options.origin, 0) == CURLUE_OK &&
	    http->curl->curl_url_set(b, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    same_part(http, a, b, CURLUPART_SCHEME) &&
	    same_part(http, a, b, CURLUPART_HOST) &&
	    same_part(http, a, b, CURLUPART_PORT);

	http->curl->curl_url_cleanup(a);
	http->curl->curl_url_cleanup(b);
	return same;
}

static void
set_password(const struct http *http)
{
	const struct http_options *options = &http->options;

	http->curl->curl_easy_setopt(http->easy, CURLOPT_USERNAME,
	    options->user != NULL ? options->user : "");
	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_PASSWORD, options->secret);
}

void
http_set_credentials(struct http *http, const char *url)
{
	const struct http_options *options = &http->options;
	const struct curl_library *curl = http->curl;
	CURL *easy = http->easy;

	if (options->secret == NULL || !same_origin(http, url))
		return;
	switch (options->auth) {
	case HTTP_BASIC:
		curl->curl_easy_setopt(
		    easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		set_password(http);
		break;
	case HTTP_BEARER:
		curl->curl_easy_setopt(
		    easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl->curl_easy_setopt(
		    easy, CURLOPT_XOAUTH2_BEARER, options->secret);
		break;
	case HTTP_HEADER:
		http->secret_header =
		    xasprintf("%s: %s", options->auth_name, options->secret);
		break;
	case HTTP_AWS_SIGV4:
		curl->curl_easy_setopt(
		    easy, CURLOPT_AWS_SIGV4, options->auth_name);
		set_password(http);
		break;
	}
}

void
http_set_trust(const struct http *http, const char *url)
{
	const struct curl_library *curl = http->curl;
	const char *file = getenv("SSL_CERT_FILE");
	const char *dir = getenv("SSL_CERT_DIR");
	bool secure = strncasecmp(url, "https:", 6) == 0;

	curl->curl_easy_setopt(
	    http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* libcurl itself does not look at these; only its tool does. */
	if (file != NULL && file[0] != '\0')
		curl->curl_easy_setopt(http->easy, CURLOPT_CAINFO, file);
	if (dir != NULL && dir[0] != '\0')
		curl->curl_easy_setopt(http->easy, CURLOPT_CAPATH, dir);
	curl->curl_easy_setopt(http->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->curl_easy_setopt(http->easy, CURLOPT_REDIR_PROTOCOLS_STR,
	    secure ? "https" : "http,https");
}
