/* SPDX-License-Identifier: MIT */
#include "condition.h"

#include <math.h>

#include "condition_tree.h"
#include "json.h"
#include "memory.h"
#include "printable.h"
#include "variable_path.h"

#define DIGITS "0123456789"
#define WORD_BYTES \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-" DIGITS

enum { max_quoted_bytes = 30 };

struct parser {
	struct condition *condition;
	const char *text, *at;
	size_t depth;
	struct condition_problem *problem;
};

static struct condition_node *parse_or(struct parser *parser);

static void
free_node(struct condition_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->n_children; i++)
		free_node(node->children[i]);
	free(node->children);
	json_strings_free(node->parts);
	free(node->written);
	jv_free(node->value);
	free(node);
}

static struct condition_node *
new_node(enum condition_kind kind)
{
	struct condition_node *node = xcalloc(1, sizeof *node);

	node->kind = kind;
	node->value = jv_null();
	return node;
}

/* Takes the child. */
static void
add_child(struct condition_node *node, struct condition_node *child)
{
	node->children = xreallocarray(
	    node->children, node->n_children + 1, sizeof *node->children);
	node->children[node->n_children++] = child;
}

/* Tells the first problem alone, at `at`; takes the node; always NULL. */
static struct condition_node *
refuse(struct parser *parser, const char *at, struct condition_node *node,
    const char *message)
{
	free_node(node);
	if (parser->problem->message == NULL) {
		parser->problem->offset = (size_t)(at - parser->text);
		parser->problem->message = xstrdup(message);
	}
	return NULL;
}

static struct condition_node *
refuse_here(
    struct parser *parser, struct condition_node *node, const char *format)
{
	size_t len = strspn(parser->at, WORD_BYTES);
	char *word = xstrndup(parser->at, len > 0 ? len : 1);
	char *shown = printable(
	    len > 0 || ((unsigned char)*word < 0x80) ? word : parser->at,
	    max_quoted_bytes);
	const char *hint = *parser->at == '{' || *parser->at == '$'
	    ? "; names stand here without {{ }} and $"
	    : "";
	char *message = *parser->at == '\0'
	    ? xasprintf("%s, found the end", format)
	    : xasprintf("%s, found '%s'%s", format, shown, hint);

	refuse(parser, parser->at, node, message);
	free(message);
	free(shown);
	free(word);
	return NULL;
}

static void
skip_space(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t\r\n");
}

/* Takes a word that ends where the text says `word`. */
static bool
take_word(struct parser *parser, const char *word)
{
	size_t len = strlen(word);

	skip_space(parser);
	if (strspn(parser->at, WORD_BYTES) != len ||
	    strncmp(parser->at, word, len) != 0)
		return false;
	parser->at += len;
	return true;
}

static bool
take(struct parser *parser, const char *mark)
{
	size_t len = strlen(mark);

	skip_space(parser);
	if (strncmp(parser->at, mark, len) != 0)
		return false;
	parser->at += len;
	return true;
}

static bool
go_deeper(struct parser *parser)
{
	if (++parser->depth <= CONDITION_MAX_DEPTH)
		return true;
	refuse(parser, parser->at, NULL,
	    "nested too deep; make it several steps or conditions");
	return false;
}

/* '...' or "...", with \\, \", \', \n and \t. */
static struct condition_node *
parse_string(struct parser *parser)
{
	const char *start = parser->at, *c = start + 1;
	struct condition_node *node;
	char *text = xmalloc(strlen(start) + 1), *to = text;

	for (; *c != '\0' && *c != *start; c++) {
		if (*c == '\\' && c[1] != '\0')
			*to++ = *++c == 'n' ? '\n' : *c == 't' ? '\t' : *c;
		else
			*to++ = *c;
	}
	*to = '\0';
	node = new_node(CONDITION_VALUE);
	node->value = jv_string(text);
	free(text);
	if (*c == '\0')
		return refuse(parser, start, node,
		    "the text that begins here has no end; close its quote");
	parser->at = c + 1;
	return node;
}

static struct condition_node *
parse_number(struct parser *parser)
{
	const char *start = parser->at;
	struct condition_node *node;
	char *end;
	double number;
	size_t len = strspn(start, "+-.eE" DIGITS "xX");

	/* strtod() takes more than is a number here: 0x1p3, inf. */
	number = strtod(start, &end);
	if ((size_t)(end - start) > len || !isfinite(number) || end == start ||
	    memchr(start, 'x', (size_t)(end - start)) != NULL ||
	    memchr(start, 'X', (size_t)(end - start)) != NULL ||
	    strspn(end, WORD_BYTES ".") > 0)
		return refuse(parser, start, NULL,
		    "this is no number; put a text in quotes");
	node = new_node(CONDITION_VALUE);
	node->value = jv_number(number);
	parser->at = end;
	return node;
}

static struct condition_node *
parse_list(struct parser *parser)
{
	struct condition_node *list = new_node(CONDITION_LIST), *child;

	parser->at++;
	if (!go_deeper(parser)) {
		free_node(list);
		return NULL;
	}
	while (!take(parser, "]")) {
		if (list->n_children > 0 && !take(parser, ","))
			return refuse_here(
			    parser, list, "expected ',' or ']' in the list");
		child = parse_or(parser);
		if (child == NULL) {
			free_node(list);
			return NULL;
		}
		add_child(list, child);
	}
	parser->depth--;
	return list;
}

static struct condition_node *
parse_group(struct parser *parser)
{
	struct condition_node *node = NULL;

	parser->at++;
	if (go_deeper(parser))
		node = parse_or(parser);
	parser->depth--;
	if (node != NULL && !take(parser, ")"))
		return refuse_here(
		    parser, node, "expected ')' or 'and' or 'or'");
	return node;
}

/* true, false and null, also as Python writes them. */
static struct condition_node *
parse_constant(struct parser *parser)
{
	struct condition_node *node = new_node(CONDITION_VALUE);

	if (take_word(parser, "true") || take_word(parser, "True"))
		node->value = jv_true();
	else if (take_word(parser, "false") || take_word(parser, "False"))
		node->value = jv_false();
	else if (!take_word(parser, "null") && !take_word(parser, "None")) {
		free_node(node);
		return NULL;
	}
	return node;
}

static bool
is_reserved(const char *word, size_t len)
{
	static const char *const words[] = { "and", "or", "not", "in" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == len &&
		    strncmp(word, words[i], len) == 0)
			return true;
	return false;
}

static struct condition_node *
parse_path(struct parser *parser)
{
	struct condition *condition = parser->condition;
	struct condition_node *node;
	char **parts;
	size_t len;

	if (is_reserved(parser->at, strspn(parser->at, WORD_BYTES)))
		return refuse_here(parser, NULL, "expected a value");
	len = variable_path_parse(&parts, parser->at);
	if (len == 0)
		return refuse_here(parser, NULL, "expected a value");
	node = new_node(CONDITION_PATH);
	node->parts = parts;
	node->written = xstrndup(parser->at, len);
	parser->at += len;
	if (*parser->at == '.' || *parser->at == '[')
		return refuse_here(parser, node, "expected a name or an index");
	if (*parser->at == '(')
		return refuse(parser, parser->at, node,
		    "there are no functions here; let a step find it out and "
		    "put it into its outputs");
	condition->paths = xreallocarray(condition->paths,
	    condition->n_paths + 1, sizeof(struct condition_node *));
	condition->paths[condition->n_paths++] = node;
	return node;
}

static struct condition_node *
parse_value(struct parser *parser)
{
	struct condition_node *node;

	skip_space(parser);
	if (*parser->at == '(')
		return parse_group(parser);
	if (*parser->at == '[')
		return parse_list(parser);
	if (*parser->at == '"' || *parser->at == '\'')
		return parse_string(parser);
	if (*parser->at != '\0' && strchr("+-." DIGITS, *parser->at) != NULL)
		return parse_number(parser);
	node = parse_constant(parser);
	return node != NULL ? node : parse_path(parser);
}

static bool
take_operator(struct parser *parser, enum condition_kind *kind)
{
	static const struct {
		const char *mark;
		enum condition_kind kind;
	} marks[] = {
		{ "==", CONDITION_EQUAL },
		{ "!=", CONDITION_NOT_EQUAL },
		{ "<=", CONDITION_LESS_EQUAL },
		{ ">=", CONDITION_GREATER_EQUAL },
		{ "<", CONDITION_LESS },
		{ ">", CONDITION_GREATER },
	};
	const char *before;

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (!take(parser, marks[i].mark))
			continue;
		*kind = marks[i].kind;
		return true;
	}
	*kind = CONDITION_IN;
	if (take_word(parser, "in"))
		return true;
	before = parser->at;
	*kind = CONDITION_NOT_IN;
	if (take_word(parser, "not") && take_word(parser, "in"))
		return true;
	parser->at = before;
	return false;
}

/* Makes `left` and what follows the operands of an operator. */
static struct condition_node *
parse_operand(struct parser *parser, enum condition_kind kind,
    struct condition_node *left)
{
	struct condition_node *node = new_node(kind);
	struct condition_node *right = parse_value(parser);
	enum condition_kind again;
	const char *at;

	add_child(node, left);
	if (right == NULL) {
		free_node(node);
		return NULL;
	}
	add_child(node, right);
	skip_space(parser);
	at = parser->at;
	if (!take_operator(parser, &again))
		return node;
	return refuse(parser, at, node,
	    "a comparison has two sides; join two of them with 'and'");
}

static struct condition_node *
parse_comparison(struct parser *parser)
{
	struct condition_node *left = parse_value(parser);
	enum condition_kind kind;

	if (left != NULL && take_operator(parser, &kind))
		return parse_operand(parser, kind, left);
	return left;
}

static struct condition_node *
parse_not(struct parser *parser)
{
	struct condition_node *node, *child;

	if (!take_word(parser, "not"))
		return parse_comparison(parser);
	if (!go_deeper(parser))
		return NULL;
	child = parse_not(parser);
	parser->depth--;
	if (child == NULL)
		return NULL;
	node = new_node(CONDITION_NOT);
	add_child(node, child);
	return node;
}

static struct condition_node *
parse_series(struct parser *parser, enum condition_kind kind, const char *word,
    struct condition_node *(*parse)(struct parser *parser))
{
	struct condition_node *first = parse(parser), *node = NULL;

	while (first != NULL && take_word(parser, word)) {
		struct condition_node *next = parse(parser);

		if (node == NULL) {
			node = new_node(kind);
			add_child(node, first);
			first = node;
		}
		if (next == NULL) {
			free_node(node);
			return NULL;
		}
		add_child(node, next);
	}
	return first;
}

static struct condition_node *
parse_and(struct parser *parser)
{
	return parse_series(parser, CONDITION_AND, "and", parse_not);
}

static struct condition_node *
parse_or(struct parser *parser)
{
	return parse_series(parser, CONDITION_OR, "or", parse_and);
}

/* Everything was read; or what is left is told about. */
static struct condition_node *
parse_end(struct parser *parser, struct condition_node *node)
{
	static const struct {
		const char *mark, *hint;
	} others[] = {
		{ "&", "write 'and'" },
		{ "|", "write 'or'" },
		{ "=", "write '==' to compare" },
	};

	skip_space(parser);
	if (node == NULL || *parser->at == '\0')
		return node;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (*parser->at == others[i].mark[0])
			return refuse(parser, parser->at, node, others[i].hint);
	return refuse_here(
	    parser, node, "expected a comparison, 'and', 'or' or the end");
}

struct condition *
condition_parse(const char *text, struct condition_problem *problem)
{
	struct condition *condition = xcalloc(1, sizeof *condition);
	struct parser parser = {
		.condition = condition,
		.text = text,
		.at = text,
		.problem = problem,
	};

	*problem = (struct condition_problem){ 0 };
	if (strlen(text) > CONDITION_MAX_BYTES)
		refuse(&parser, text, NULL,
		    "the condition is too long; make it several steps");
	else
		condition->root = parse_end(&parser, parse_or(&parser));
	if (condition->root != NULL)
		return condition;
	if (*parser.at == '!' && parser.at == text + problem->offset) {
		free(problem->message);
		problem->message = xstrdup("write 'not'");
	}
	condition_free(condition);
	return NULL;
}

void
condition_free(struct condition *condition)
{
	if (condition == NULL)
		return;
	free_node(condition->root);
	free(condition->paths);
	free(condition);
}

char *const *
condition_path(
    const struct condition *condition, size_t n, const char **written)
{
	if (n >= condition->n_paths)
		return NULL;
	*written = condition->paths[n]->written;
	return condition->paths[n]->parts;
}
