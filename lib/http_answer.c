/* SPDX-License-Identifier: MIT */
/* What a server says, and what it means. */
#include "http_internal.h"
#include "http_url.h"
#include "memory.h"
#include "printable.h"

/* A server may ask for any pause; nobody waits longer for it. */
static const double max_retry_after_seconds = 3600;

enum { MAX_SHOWN_BYTES = 200 };

/* 501 and 505 say that it will never be otherwise. */
static bool
is_passing(int status)
{
	return status == 408 || status == 425 || status == 429 ||
	    (status >= 500 && status != 501 && status != 505);
}

static struct error *
refused_by_proxy(void)
{
	return error_new(ERROR_SECURITY,
	    "the proxy refused its credentials, or wants some (HTTP 407); "
	    "they are part of its URL in https_proxy and http_proxy");
}

/* What a proxy answered that was to make a tunnel; NULL: all is well. */
static struct error *
proxy_error(const struct http *http)
{
	long status = 0;
	struct error *error;

	http->curl->curl_easy_getinfo(
	    http->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status == 407)
		return refused_by_proxy();
	if (status < 300)
		return NULL;
	error =
	    error_new(ERROR_SERVICE, "the proxy answered HTTP %d", (int)status);
	error->retryable = is_passing((int)status);
	return error;
}

/* Is a protocol that cannot be used the server's choice? */
static bool
is_of_server(const struct http *http)
{
	long n_redirects = 0;

	http->curl->curl_easy_getinfo(
	    http->easy, CURLINFO_REDIRECT_COUNT, &n_redirects);
	return n_redirects > 0 || strstr(http->message, "HTTP/0.9") != NULL;
}

static struct error *
own_error(struct http *http)
{
	struct error *error = http->source_error;

	http->source_error = NULL;
	return error;
}

struct error *
http_transfer_error(struct http *http)
{
	const char *reason = http->message[0] != '\0'
	    ? http->message
	    : http->curl->curl_easy_strerror(http->code);
	struct error *error = own_error(http);

	if (error == NULL)
		error = proxy_error(http);
	if (error != NULL)
		return error;
	if (http->code == CURLE_UNSUPPORTED_PROTOCOL && is_of_server(http)) {
		error = error_new(ERROR_SERVICE, "%s", reason);
		error->retryable = false;
		return error;
	}
	switch ((int)http->code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return error_new(ERROR_SECURITY,
		    "the server's certificate is not trusted: %s; a private "
		    "authority is told in SSL_CERT_FILE",
		    reason);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return error_new(
		    ERROR_CONFIG, "the URL cannot be used: %s", reason);
	case CURLE_TOO_MANY_REDIRECTS:
		error = error_new(ERROR_SERVICE, "%s", reason);
		error->retryable = false;
		return error;
	default:
		return error_new(ERROR_SERVICE, "%s", reason);
	}
}

int
http_status(const struct http *http)
{
	long status = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(
		    http->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

const char *
http_content_type(const struct http *http)
{
	char *type = NULL;

	http->curl->curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &type);
	return type != NULL ? type : "";
}

const char *
http_url(const struct http *http)
{
	char *url = NULL;

	http->curl->curl_easy_getinfo(http->easy, CURLINFO_EFFECTIVE_URL, &url);
	return url != NULL ? url : "";
}

const char *
http_header(const struct http *http, const char *name)
{
	struct curl_header *header;

	if (http->easy == NULL ||
	    http->curl->curl_easy_header(
		http->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

double
http_retry_after(const struct http *http)
{
	curl_off_t seconds = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(
		    http->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return 0;
	return (double)seconds < max_retry_after_seconds
	    ? (double)seconds
	    : max_retry_after_seconds;
}

bool
http_was_sent(const struct http *http)
{
	long n_bytes = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(
		    http->easy, CURLINFO_REQUEST_SIZE, &n_bytes);
	return n_bytes > 0;
}

static long long
amount(const struct http *http, CURLINFO info)
{
	curl_off_t n_bytes = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(http->easy, info, &n_bytes);
	return n_bytes;
}

long long
http_bytes_out(const struct http *http)
{
	return amount(http, CURLINFO_SIZE_UPLOAD_T);
}

long long
http_bytes_in(const struct http *http)
{
	return amount(http, CURLINFO_SIZE_DOWNLOAD_T);
}

/* Neither a body nor a credential goes along with a redirect. */
static struct error *
moved(const struct http *http)
{
	const char *location = http_header(http, "Location");
	char *bare = http_url_without_query(location != NULL ? location : "");
	char *shown = printable(bare, MAX_SHOWN_BYTES);
	struct error *error = location == NULL
	    ? error_new(ERROR_SERVICE, "the server answered HTTP %d",
		  http_status(http))
	    : error_new(ERROR_SERVICE,
		  "the server answered HTTP %d: it is not here but at '%s'; "
		  "set the URL to where it is",
		  http_status(http), shown);

	error->retryable = false;
	free(bare);
	free(shown);
	return error;
}

struct error *
http_check(const struct http *http)
{
	int status = http_status(http);
	struct error *error;

	if (status >= 200 && status < 300)
		return NULL;
	if (status >= 300 && status < 400)
		return moved(http);
	if (status == 407)
		return refused_by_proxy();
	if (status == 401)
		return error_new(ERROR_SECURITY,
		    "the server refused the credentials, or wants some "
		    "(HTTP %d)",
		    status);
	/* With a pause it is a limit of the rate. */
	if (status == 403 && http_retry_after(http) <= 0)
		return error_new(
		    ERROR_SECURITY, "the server allows it not (HTTP 403)");
	error = error_new(ERROR_SERVICE, "the server answered HTTP %d", status);
	error->retryable = status == 403 || is_passing(status);
	return error;
}
