/* SPDX-License-Identifier: MIT */
/*
 * Where in a shell command a place is: within quotes, a comment, a
 * here-document. What is put there must be written accordingly.
 *
 * This reads quotes, $( ), ${ }, `...`, comments and here-documents of sh;
 * not its grammar: the `a)` of a case within $( ) misleads it. Whoever
 * puts in a parameter, never a value, is safe all the same, but for what
 * the shell calculates with.
 */
#ifndef SHELL_QUOTE_H
#define SHELL_QUOTE_H

#include <stddef.h>

#include "buffer.h"
#include "shell_word.h"

enum shell_place {
	SHELL_PLAIN,
	SHELL_DOUBLE, /* within "..." or what reads like it */
	SHELL_SINGLE,
	SHELL_DOLLAR_SINGLE, /* $'...' */
	SHELL_COMMENT,
	SHELL_HERE,        /* a here-document that is expanded */
	SHELL_HERE_QUOTED, /* one that is not */
	/* Where the shell calculates: $(( )), (( )), let, a subscript. Even a
	 * parameter can run commands there. */
	SHELL_ARITHMETIC,
};

enum { SHELL_MAX_DEPTH = 64, SHELL_MAX_HERE = 16 };

struct shell_quote {
	char stack[SHELL_MAX_DEPTH]; /* what is open */
	size_t depth;
	bool comment, escaped;
	char before; /* the last byte */
	struct shell_here {
		char *end;
		bool quoted, strips_tabs;
	} here[SHELL_MAX_HERE];
	size_t n_here;
	bool in_here;
	struct buffer line; /* of the here-document */
	size_t here_depth;  /* how much was open before it */
	/* Within ${: the name is being read; it was, and a : after it. */
	bool in_name, after_colon;
	struct shell_words words;
};

/* Start with SHELL_QUOTE_INIT; read the command piece by piece. */
#define SHELL_QUOTE_INIT ((struct shell_quote){ .line = { .max = 65536 } })
void shell_quote_read(struct shell_quote *quote, const char *text, size_t len);
enum shell_place shell_quote_place(const struct shell_quote *quote);
/*
 * Is the place within [[ ]]? Has the last of these -eq or its like? What
 * stands before that is calculated with, too.
 */
bool shell_quote_in_test(const struct shell_quote *quote);
bool shell_quote_compares_numbers(const struct shell_quote *quote);
void shell_quote_release(struct shell_quote *quote);

#endif
