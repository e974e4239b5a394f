/* SPDX-License-Identifier: MIT */
#include "shell_quote.h"

#include "memory.h"

/* What can be open: quotes by their character, and these. */
enum {
	GROUP = '(',
	BRACE = '{',
	DOUBLE_BRACE = '}', /* ${ } within double quotes */
	ARITHMETIC = '+',   /* $(( )): two of them */
	DOLLAR_QUOTE = '$', /* $'...' */
};

static char
top(const struct shell_quote *quote)
{
	return quote->depth > 0 ? quote->stack[quote->depth - 1] : GROUP;
}

static void
push(struct shell_quote *quote, char what)
{
	if (quote->depth < SHELL_MAX_DEPTH)
		quote->stack[quote->depth++] = what;
}

static void
pop(struct shell_quote *quote)
{
	if (quote->depth > 0)
		quote->depth--;
}

static bool
is_plain(char what)
{
	return what == GROUP || what == BRACE || what == '`';
}

enum shell_place
shell_quote_place(const struct shell_quote *quote)
{
	char what = top(quote);

	if (quote->in_here)
		return quote->here[0].quoted ? SHELL_HERE_QUOTED : SHELL_HERE;
	if (quote->comment)
		return SHELL_COMMENT;
	if (what == '\'')
		return SHELL_SINGLE;
	if (what == DOLLAR_QUOTE)
		return SHELL_DOLLAR_SINGLE;
	return is_plain(what) ? SHELL_PLAIN : SHELL_DOUBLE;
}

static void
end_here(struct shell_quote *quote)
{
	free(quote->here[0].end);
	quote->n_here--;
	memmove(quote->here, quote->here + 1,
	    quote->n_here * sizeof quote->here[0]);
	quote->in_here = quote->n_here > 0;
}

static void
read_here(struct shell_quote *quote, char c)
{
	const char *line;

	if (c != '\n') {
		buffer_append(&quote->line, &c, 1);
		return;
	}
	line = quote->line.len > 0 ? quote->line.data : "";
	if (quote->here[0].strips_tabs)
		line += strspn(line, "\t");
	if (strcmp(line, quote->here[0].end) == 0)
		end_here(quote);
	buffer_clear(&quote->line);
}

/* The word behind <<, without its quotes; returns how long it is. */
static size_t
begin_here(struct shell_quote *quote, const char *text, size_t len)
{
	struct shell_here here = { 0 };
	struct buffer end = BUFFER_INIT(1024);
	size_t i = 0;
	char within = '\0';

	here.strips_tabs = i < len && text[i] == '-';
	i += here.strips_tabs;
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	for (; i < len; i++) {
		char c = text[i];

		if (within == '\0' && strchr(" \t\n;&|<>()", c) != NULL)
			break;
		if (c == within)
			within = '\0';
		else if (within == '\0' && (c == '\'' || c == '"'))
			within = c;
		else if (within == '\0' && c == '\\')
			within = '\0';
		else
			buffer_append(&end, &c, 1);
		here.quoted |= c == '\'' || c == '"' || c == '\\';
	}
	here.end = buffer_take(&end);
	if (*here.end != '\0' && quote->n_here < SHELL_MAX_HERE)
		quote->here[quote->n_here++] = here;
	else
		free(here.end);
	return i;
}

/* Characters that mean the same within and without double quotes. */
static bool
read_expansion(struct shell_quote *quote, char c)
{
	bool in_double = !is_plain(top(quote));

	if (c == '`') {
		if (top(quote) == '`')
			pop(quote);
		else
			push(quote, '`');
	} else if (c == '{' && quote->before == '$') {
		push(quote, in_double ? DOUBLE_BRACE : BRACE);
	} else if (c == '(' && quote->before == '$') {
		push(quote, GROUP);
	} else if (c == '}' &&
	    (top(quote) == BRACE || top(quote) == DOUBLE_BRACE)) {
		pop(quote);
	} else if (c == ')' && top(quote) == ARITHMETIC) {
		pop(quote);
	} else {
		return false;
	}
	return true;
}

static void
read_plain(struct shell_quote *quote, char c)
{
	bool word_begins =
	    quote->before == '\0' || strchr(" \t\n;&|(", quote->before) != NULL;

	if (c == '\'')
		push(quote, quote->before == '$' ? DOLLAR_QUOTE : '\'');
	else if (c == '"')
		push(quote, '"');
	else if (c == '#' && word_begins)
		quote->comment = true;
	else if (c == '(')
		push(quote, GROUP);
	else if (c == ')' && top(quote) == GROUP)
		pop(quote);
	else if (c == '\n' && quote->n_here > 0)
		quote->in_here = true;
}

static void
read_one(struct shell_quote *quote, char c)
{
	char what = top(quote);

	if (quote->in_here) {
		read_here(quote, c);
	} else if (quote->escaped) {
		quote->escaped = false;
	} else if (quote->comment) {
		quote->comment = c != '\n';
		if (c == '\n')
			read_plain(quote, c);
	} else if (what == '\'') {
		if (c == '\'')
			pop(quote);
	} else if (c == '\\') {
		quote->escaped = true;
	} else if (what == DOLLAR_QUOTE) {
		if (c == '\'')
			pop(quote);
	} else if (what == '"' && c == '"') {
		pop(quote);
	} else if (!read_expansion(quote, c) && is_plain(what)) {
		read_plain(quote, c);
	}
	/* \$ begins nothing. */
	quote->before = quote->escaped ? '\\' : c;
}

static bool
begins(const char *text, size_t len, const char *mark)
{
	return len >= strlen(mark) && strncmp(text, mark, strlen(mark)) == 0;
}

void
shell_quote_read(struct shell_quote *quote, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool can = !quote->in_here && !quote->escaped &&
		    !quote->comment && top(quote) != '\'';

		if (can && begins(text + i, len - i, "$((")) {
			push(quote, ARITHMETIC);
			push(quote, ARITHMETIC);
			i += 2;
			quote->before = '(';
		} else if (can && is_plain(top(quote)) &&
		    begins(text + i, len - i, "<<<")) {
			i += 2;
			quote->before = '<';
		} else if (can && is_plain(top(quote)) &&
		    begins(text + i, len - i, "<<")) {
			i += 1 + begin_here(quote, text + i + 2, len - i - 2);
			quote->before = 'x';
		} else {
			read_one(quote, text[i]);
		}
	}
}

void
shell_quote_release(struct shell_quote *quote)
{
	for (size_t i = 0; i < quote->n_here; i++)
		free(quote->here[i].end);
	quote->n_here = 0;
	buffer_release(&quote->line);
}
