/* SPDX-License-Identifier: MIT */
#include "shell_word.h"

#include "memory.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static bool
is_one_of(const char *word, const char *const words[])
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static bool
compares_numbers(const char *word)
{
	/* -v takes the name of a variable, with its subscript. */
	static const char *const operators[] = { "-eq", "-ne", "-lt", "-le",
		"-gt", "-ge", "-v", NULL };

	return is_one_of(word, operators);
}

static bool
declares(const char *word)
{
	static const char *const words[] = { "declare", "typeset", "local",
		"export", "readonly", NULL };

	return is_one_of(word, words);
}

/* Wherever it stands: what may be before a command is more than is worth
 * knowing. */
static void
end_word(struct shell_words *words, size_t depth)
{
	const char *word = words->word;

	if (words->len == 0 || words->len > SHELL_MAX_WORD)
		;
	else if (words->test == depth + 1 && strcmp(word, "]]") == 0)
		words->test = 0;
	else if (words->test > 0 && compares_numbers(word))
		words->numeric = true;
	else if (words->declares && *word == '-' && strchr(word, 'i') != NULL)
		words->integers = true;
	else if (declares(word))
		words->declares = true;
	else if (strcmp(word, "integer") == 0)
		words->integers = true;
	else if (strcmp(word, "let") == 0 && words->let == 0)
		words->let = depth + 1;
	else if (strcmp(word, "[[") == 0 && words->test == 0) {
		words->test = depth + 1;
		words->numeric = false;
	}
	shell_words_begin(words);
}

void
shell_words_read(struct shell_words *words, char c, size_t depth)
{
	if (words->let > depth + 1)
		words->let = 0;
	if (words->test > depth + 1)
		words->test = 0;
	if (strchr(" \t\n;&|()`", c) == NULL) {
		shell_words_quoted(words, c);
		return;
	}
	end_word(words, depth);
	if (c == ' ' || c == '\t')
		return;
	if (strchr("\n;&|)", c) != NULL && words->let > depth)
		words->let = 0;
	words->declares = false;
}

void
shell_words_quoted(struct shell_words *words, char c)
{
	if (words->len < SHELL_MAX_WORD) {
		words->word[words->len++] = c;
		words->word[words->len] = '\0';
	} else {
		words->len = SHELL_MAX_WORD + 1;
	}
}

void
shell_words_begin(struct shell_words *words)
{
	words->len = 0;
	words->word[0] = '\0';
}

bool
shell_words_is_name(const struct shell_words *words)
{
	return words->len > 0 && words->len <= SHELL_MAX_WORD &&
	    strchr(LETTERS, words->word[0]) != NULL &&
	    words->word[strspn(words->word, LETTERS "0123456789")] == '\0';
}

bool
shell_words_calculates(const struct shell_words *words)
{
	return words->integers || words->let > 0 ||
	    (words->test > 0 && words->numeric);
}
