/* SPDX-License-Identifier: MIT */
/*
 * The words of a shell command that make the shell calculate with others:
 * `let`, `declare -i`, `[[ a -eq b ]]`. What a shell calculates with can run
 * commands: bash evaluates a[$(command)]. The inside of shell_quote.h.
 */
#ifndef SHELL_WORD_H
#define SHELL_WORD_H

#include <stdbool.h>
#include <stddef.h>

enum { SHELL_MAX_WORD = 64 };

/* Starts as all zero. */
struct shell_words {
	char word[SHELL_MAX_WORD + 1]; /* what has been read of it */
	size_t len;                    /* larger: it is none that matters */
	bool declares;                 /* is it `declare` or its like? */
	/* How deep it was where it began, and 1; 0: in none. */
	size_t let, test;
	bool numeric;  /* the test compares numbers */
	bool integers; /* some variables are calculated with from now on */
};

/* One byte outside of quotes; `depth` is how much is open around it. */
void shell_words_read(struct shell_words *words, char c, size_t depth);
/* A byte of a word that is quoted: "let" is let. */
void shell_words_quoted(struct shell_words *words, char c);
/* A word begins here, within $( ) or `...`. */
void shell_words_begin(struct shell_words *words);

/* Is the word so far the name of a variable? */
bool shell_words_is_name(const struct shell_words *words);
/* Does the shell calculate with the word that comes here? */
bool shell_words_calculates(const struct shell_words *words);

#endif
