/* SPDX-License-Identifier: MIT */
/*
 * libcurl, loaded with dlopen() when it is first needed: linked, it would
 * cost every program 3 ms at its start. For http.c alone.
 */
#ifndef CURL_LIBRARY_H
#define CURL_LIBRARY_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "error.h"

/* clang-format off: it would put them all on one line. */
#define CURL_FUNCTIONS(do) \
	do                 \
	(                  \
	    curl_global_init) do(curl_easy_init) do(curl_easy_reset) do(curl_easy_cleanup) do(curl_easy_setopt) do(curl_easy_getinfo) do(curl_easy_strerror) do(curl_easy_header) do(curl_multi_init) do(curl_multi_cleanup) do(curl_multi_add_handle) do(curl_multi_remove_handle) do(curl_multi_perform) do(curl_multi_poll) do(curl_multi_info_read) do(curl_multi_strerror) do(curl_slist_append) do(curl_slist_free_all) do(curl_mime_init) do(curl_mime_free) do(curl_mime_addpart) do(curl_mime_name) do(curl_mime_type) do(curl_mime_filename) do(curl_mime_data) do(curl_mime_data_cb) do(curl_url) do(curl_url_set) do(curl_url_get) do(curl_url_cleanup) do(curl_free)
/* clang-format on */

#define CURL_MEMBER(name) __typeof__(&name) name;
struct curl_library {
	CURL_FUNCTIONS(CURL_MEMBER)
};

/* Loads it once; the result is shared. A missing library is an IOError. */
struct error *curl_library_load(const struct curl_library **library);

#endif
