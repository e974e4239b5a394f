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

/* Words behind which a command begins. */
static bool
leads_to_command(const char *word)
{
	static const char *const leading[] = { "if", "then", "else", "elif",
		"do", "while", "until", "for", "!", "{", "time", "coproc",
		"builtin", "command", NULL };

	/* Settings are before it. */
	return is_one_of(word, leading) || strchr(word, '=') != NULL;
}

static bool
compares_numbers(const char *word)
{
	/* -v takes the name of a variable, with its subscript. */
	static const char *const operators[] = { "-eq", "-ne", "-lt", "-le",
		"-gt", "-ge", "-v", NULL };

	return is_one_of(word, operators);
}

static void
begin_command(struct shell_words *words, const char *word, size_t depth)
{
	static const char *const lets[] = { "let", "integer", NULL };
	static const char *const declaring[] = { "declare", "typeset", "local",
		"export", "readonly", NULL };

	if (is_one_of(word, lets) && words->let == 0)
		words->let = depth + 1;
	words->declares = is_one_of(word, declaring);
	if (strcmp(word, "[[") == 0 && words->test == 0) {
		words->test = depth + 1;
		words->numeric = false;
	}
	words->command = leads_to_command(word);
}

static void
end_word(struct shell_words *words, size_t depth)
{
	const char *word = words->word;

	if (words->len == 0)
		return;
	if (words->len > SHELL_MAX_WORD)
		words->command = words->command && strchr(word, '=') != NULL;
	else if (words->command)
		begin_command(words, word, depth);
	else if (words->declares && *word == '-' && strchr(word, 'i') != NULL &&
	    words->let == 0)
		words->let = depth + 1;
	else if (words->test == depth + 1 && strcmp(word, "]]") == 0)
		words->test = 0;
	else if (words->test > 0 && compares_numbers(word))
		words->numeric = true;
	words->len = 0;
	words->word[0] = '\0';
}

void
shell_words_read(struct shell_words *words, char c, size_t depth)
{
	if (words->let > depth + 1)
		words->let = 0;
	if (words->test > depth + 1)
		words->test = 0;
	if (strchr(" \t\n;&|()`", c) == NULL) {
		if (words->len < SHELL_MAX_WORD) {
			words->word[words->len++] = c;
			words->word[words->len] = '\0';
		} else {
			words->len = SHELL_MAX_WORD + 1;
		}
		return;
	}
	end_word(words, depth);
	if (c == ' ' || c == '\t')
		return;
	if (strchr("\n;&|)", c) != NULL && words->let > depth)
		words->let = 0;
	words->declares = false;
	words->command = true;
}

void
shell_words_quoted(struct shell_words *words)
{
	words->len = SHELL_MAX_WORD + 1;
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
	return words->let > 0 || (words->test > 0 && words->numeric);
}
