/* SPDX-License-Identifier: MIT */
/* What a server says about its refusal. */
#ifndef HTTP_REASON_H
#define HTTP_REASON_H

#include <stddef.h>

/*
 * Out of the body of an answer that is no success: `error`, `error.message`,
 * `message`, `detail` of JSON, <Message> of XML, or the first line of plain
 * text. One printable line of at most 200 bytes; NULL: nothing a person could
 * use. The caller frees.
 */
char *http_reason(const char *content_type, const char *body, size_t len);

#endif
