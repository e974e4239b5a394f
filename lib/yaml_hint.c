/* SPDX-License-Identifier: MIT */
#include "yaml_hint.h"

#include "memory.h"

static const struct {
	const char *problem; /* a part of libyaml's text */
	char at;             /* what it stopped at; 0: anything */
	const char *hint;
} hints[] = {
	{ "cannot start any token", '\t', "indent with spaces, not tabs" },
	{ "cannot start any token", '@',
	    "put a value that begins with @ in "
	    "quotes" },
	{ "cannot start any token", '`',
	    "put a value that begins with ` in "
	    "quotes" },
	{ "cannot start any token", '%',
	    "put a value that begins with % in "
	    "quotes" },
	{ "tab character", 0, "indent with spaces, not tabs" },
	{ "mapping values are not allowed", 0,
	    "put a value that holds ': ' in quotes, and check the "
	    "indentation" },
	{ "could not find expected ':'", 0,
	    "write 'key: value', with a space after the colon" },
	{ "did not find expected key", 0,
	    "check the indentation and the quotes here and above" },
	{ "did not find expected '-' indicator", 0,
	    "check the indentation of the list" },
	{ "did not find expected ',' or ']'", 0, "close the [ with a ]" },
	{ "did not find expected ',' or '}'", 0, "close the { with a }" },
	{ "found unexpected end of stream", 0,
	    "a quote that was opened is not closed" },
	{ "found unexpected document indicator", 0,
	    "a quote that was opened is not closed" },
	{ "block sequence entries are not allowed", 0,
	    "begin a list on its own line" },
	{ "unknown escape character", 0,
	    "use single quotes, in which \\ stands for itself" },
	{ "did not find expected alphabetic or numeric", 0,
	    "put a value that begins with & or * in quotes" },
	{ "did not find expected hexdecimal number", 0,
	    "use single quotes, in which \\ stands for itself" },
	{ "did not find expected <document start>", 0,
	    "check the indentation of this line" },
	{ "incompatible YAML document", 0, "leave the %YAML line out" },
	{ "invalid leading UTF-8 octet", 0, "save the file as UTF-8" },
	{ "invalid trailing UTF-8 octet", 0, "save the file as UTF-8" },
	{ "incomplete UTF-8", 0, "save the file as UTF-8" },
	{ "UTF-16", 0, "save the file as UTF-8" },
};

const char *
yaml_hint(const char *problem, const char *at)
{
	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
		if (strstr(problem, hints[i].problem) != NULL &&
		    (hints[i].at == 0 || hints[i].at == *at))
			return hints[i].hint;
	}
	return NULL;
}
