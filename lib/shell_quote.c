/* SPDX-License-Identifier: MIT */
#include "shell_quote.h"

#include <ctype.h>

#include "memory.h"

/* What can be open: quotes by their character, and these. */
enum {
	GROUP = '(',
	LIST = '=', /* a=( ), in which [n]=x is an element */
	BRACE = '{',
	DOUBLE_BRACE = '}', /* ${ } within double quotes */
	ARITHMETIC = '+',   /* $(( )): two of them; ( ) in it: one */
	SUBSCRIPT = '[',    /* a[ ], and $[ ], which is arithmetic */
	OFFSET = ':',       /* ${a:1:2}, behind the first : */
	DOLLAR_QUOTE = '$', /* $'...' */
	HERE = '<',         /* a here-document that is expanded */
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
	if (what == GROUP || what == LIST || what == '`')
		shell_words_begin(&quote->words);
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
	return what == GROUP || what == LIST || what == BRACE || what == '`';
}

/* Also in a command within it: what that prints is calculated with. */
static bool
calculates(const struct shell_quote *quote)
{
	for (size_t i = 0; i < quote->depth; i++)
		if (quote->stack[i] == ARITHMETIC ||
		    quote->stack[i] == SUBSCRIPT || quote->stack[i] == OFFSET)
			return true;
	return quote->after_colon || shell_words_calculates(&quote->words);
}

enum shell_place
shell_quote_place(const struct shell_quote *quote)
{
	char what = top(quote);

	if (quote->in_here && quote->here[0].quoted)
		return SHELL_HERE_QUOTED;
	if (quote->comment)
		return SHELL_COMMENT;
	if (calculates(quote))
		return SHELL_ARITHMETIC;
	if (what == HERE)
		return SHELL_HERE;
	if (what == '\'')
		return SHELL_SINGLE;
	if (what == DOLLAR_QUOTE)
		return SHELL_DOLLAR_SINGLE;
	return is_plain(what) ? SHELL_PLAIN : SHELL_DOUBLE;
}

bool
shell_quote_in_test(const struct shell_quote *quote)
{
	return quote->words.test > 0;
}

bool
shell_quote_compares_numbers(const struct shell_quote *quote)
{
	return quote->words.numeric;
}

static void
begin_body(struct shell_quote *quote)
{
	quote->in_here = quote->n_here > 0;
	quote->here_depth = quote->depth;
	if (quote->in_here && !quote->here[0].quoted)
		push(quote, HERE);
}

static void
end_here(struct shell_quote *quote)
{
	free(quote->here[0].end);
	quote->n_here--;
	memmove(quote->here, quote->here + 1,
	    quote->n_here * sizeof quote->here[0]);
	/* Nothing that its body opens lasts longer. */
	quote->depth = quote->here_depth;
	quote->comment = quote->escaped = false;
	quote->in_name = quote->after_colon = false;
	shell_words_begin(&quote->words);
	begin_body(quote);
}

/* Looks for the line that ends it. */
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

static bool
is_brace(const struct shell_quote *quote)
{
	return top(quote) == BRACE || top(quote) == DOUBLE_BRACE ||
	    top(quote) == OFFSET;
}

static bool
is_name_byte(char c)
{
	return isalnum((unsigned char)c) || strchr("_!#@*", c) != NULL;
}

/*
 * Within ${: its name, and whether an offset follows: ${a:1}, not ${a:-1}.
 * True: there is no more to the byte than this.
 */
static bool
read_name(struct shell_quote *quote, char c)
{
	bool in_name = quote->in_name;

	if (quote->after_colon && strchr("-+=?}", c) == NULL)
		push(quote, OFFSET);
	quote->after_colon = in_name && c == ':';
	quote->in_name = in_name && is_name_byte(c);
	if (!in_name || c != '[')
		return false;
	push(quote, SUBSCRIPT);
	return true;
}

/* Parentheses and brackets of what is calculated. */
static bool
read_arithmetic(struct shell_quote *quote, char c)
{
	char what = top(quote);

	if (what == ARITHMETIC && c == '(' && quote->before != '$')
		push(quote, ARITHMETIC);
	else if (what == SUBSCRIPT && c == '[')
		push(quote, SUBSCRIPT);
	else if ((what == ARITHMETIC && c == ')') ||
	    (what == SUBSCRIPT && (c == ']' || c == '\n')))
		pop(quote);
	else
		return false;
	quote->in_name = is_brace(quote);
	return true;
}

/* Characters that mean the same within and without double quotes. */
static bool
read_expansion(struct shell_quote *quote, char c)
{
	bool in_double = !is_plain(top(quote));

	if (read_arithmetic(quote, c))
		return true;
	if (c == '`') {
		if (top(quote) == '`')
			pop(quote);
		else
			push(quote, '`');
	} else if (c == '{' && quote->before == '$') {
		push(quote, in_double ? DOUBLE_BRACE : BRACE);
		quote->in_name = true;
	} else if (c == '(' && quote->before == '$') {
		push(quote, GROUP);
	} else if (c == '[' && quote->before == '$') {
		push(quote, SUBSCRIPT);
	} else if (c == '}' && is_brace(quote)) {
		if (top(quote) == OFFSET)
			pop(quote);
		pop(quote);
	} else {
		return false;
	}
	return true;
}

static bool
word_begins(const struct shell_quote *quote)
{
	return quote->before == '\0' ||
	    strchr(" \t\n;&|(", quote->before) != NULL;
}

static void
read_plain(struct shell_quote *quote, char c)
{
	if (c == '\'')
		push(quote, quote->before == '$' ? DOLLAR_QUOTE : '\'');
	else if (c == '"')
		push(quote, '"');
	else if (c == '#' && word_begins(quote))
		quote->comment = true;
	else if (c == '(')
		push(quote, quote->before == '=' ? LIST : GROUP);
	else if (c == ')' && (top(quote) == GROUP || top(quote) == LIST))
		pop(quote);
	else if (c == '\n' && quote->n_here > 0 && !quote->in_here)
		begin_body(quote);
}

/* What the words are that a command is made of. */
static void
read_word(struct shell_quote *quote, char c)
{
	char what = top(quote);

	if (c == '"' || c == '\\' || (c == '\'' && what != '"'))
		return;
	if (is_plain(what) && what != BRACE)
		shell_words_read(&quote->words, c, quote->depth);
	else
		shell_words_quoted(&quote->words, c);
}

/* a[n]=x, and a=([n]=x). */
static bool
begins_subscript(const struct shell_quote *quote, char c)
{
	char what = top(quote);

	if (c != '[' || !is_plain(what) || what == BRACE)
		return false;
	return shell_words_is_name(&quote->words) ||
	    (what == LIST && quote->words.len == 0);
}

/* Neither escaped nor within a comment or '...'. */
static void
read_code(struct shell_quote *quote, char c)
{
	bool subscript = begins_subscript(quote, c);
	char what = top(quote);

	if (c == '\\')
		quote->escaped = true;
	read_word(quote, c);
	if (quote->escaped || read_name(quote, c))
		return;
	if (subscript) {
		push(quote, SUBSCRIPT);
	} else if (what == DOLLAR_QUOTE) {
		if (c == '\'')
			pop(quote);
	} else if (what == '"' && c == '"') {
		pop(quote);
	} else if (!read_expansion(quote, c) && is_plain(what)) {
		read_plain(quote, c);
	}
}

static void
read_one(struct shell_quote *quote, char c)
{
	bool escaped = quote->escaped;

	if (quote->in_here && quote->here[0].quoted) {
		;
	} else if (escaped) {
		quote->escaped = false;
		if (c != '\n')
			shell_words_quoted(&quote->words, c);
	} else if (quote->comment) {
		quote->comment = c != '\n';
		if (c == '\n')
			read_code(quote, c);
	} else if (top(quote) == '\'') {
		read_word(quote, c);
		if (c == '\'')
			pop(quote);
	} else {
		read_code(quote, c);
	}
	/* \$ begins nothing. */
	quote->before = quote->escaped || escaped ? '\\' : c;
}

static bool
begins(const char *text, size_t len, const char *mark)
{
	return len >= strlen(mark) && strncmp(text, mark, strlen(mark)) == 0;
}

/* What is of several bytes; returns how many, 0: it is none. */
static size_t
read_mark(struct shell_quote *quote, const char *text, size_t len)
{
	bool plain = is_plain(top(quote));

	if (quote->escaped || quote->comment || top(quote) == '\'' ||
	    top(quote) == DOLLAR_QUOTE)
		return 0;
	if (begins(text, len, "$((") ||
	    (plain && word_begins(quote) && begins(text, len, "(("))) {
		push(quote, ARITHMETIC);
		push(quote, ARITHMETIC);
		quote->before = '(';
		return *text == '$' ? 3 : 2;
	}
	if (!plain || quote->in_here || !begins(text, len, "<<"))
		return 0;
	read_word(quote, ' ');
	if (begins(text, len, "<<<")) {
		quote->before = '<';
		return 3;
	}
	quote->before = 'x';
	return 2 + begin_here(quote, text + 2, len - 2);
}

void
shell_quote_read(struct shell_quote *quote, const char *text, size_t len)
{
	bool in_here, quoted;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		in_here = quote->in_here;
		quoted = in_here && quote->here[0].quoted;
		n = quoted ? 0 : read_mark(quote, text + i, len - i);
		if (n == 0) {
			read_one(quote, text[i]);
			n = 1;
		}
		for (size_t k = 0; in_here && k < n; k++)
			read_here(quote, text[i + k]);
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
