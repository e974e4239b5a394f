/* SPDX-License-Identifier: MIT */
#include "mask_rules_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer.h"
#include "mask_finder.h"
#include "mask_rules_except.h"
#include "memory.h"

enum { MAX_FILE = 1 << 20, MAX_RULES = 4096, MIN_ANCHOR = 3 };

struct mask_rules_reader {
	struct mask_rules table; /* it points to what follows */
	struct buffer texts;
	struct mask_rule *rules;
	struct mask_anchor *anchors;
	struct mask_exception *exceptions;
	struct mask_finder *finder;
};

/* A line that is being read, cut into words. */
struct line {
	const char *file;
	size_t number;
	char *rest;
};

/* What stands between the kind and the anchors. */
static const struct {
	const char *word;
	enum mask_rule_kind kind;
	bool has_set;
} kinds[] = {
	{ "token", RULE_TOKEN, true },
	{ "scheme", RULE_SCHEME, true },
	{ "jwt", RULE_JWT, true },
	{ "pem", RULE_PEM, false },
	{ "url", RULE_URL, false },
	{ "login", RULE_LOGIN, false },
	{ "key", RULE_KEY, false },
	{ "header", RULE_HEADER, false },
};

enum { n_kinds = sizeof kinds / sizeof kinds[0] };

/* A copy of an array, with room for one more. */
static void *
copy(const void *from, size_t n, size_t size)
{
	char *to = xreallocarray(NULL, n + 1, size);

	if (n > 0)
		memcpy(to, from, n * size);
	return to;
}

struct mask_rules_reader *
mask_rules_reader_new(const struct mask_rules *like)
{
	static const struct mask_rules none = { .texts = "" };
	struct mask_rules_reader *reader = xmalloc(sizeof *reader);

	if (like == NULL)
		like = &none;
	*reader = (struct mask_rules_reader){
		.table = *like,
		.texts = BUFFER_INIT(UINT32_MAX),
		.rules = copy(like->rules, like->n, sizeof *like->rules),
		.anchors =
		    copy(like->anchors, like->n_anchors, sizeof *like->anchors),
		.exceptions = copy(like->exceptions, like->n_exceptions,
		    sizeof *like->exceptions),
	};
	buffer_append(&reader->texts, like->texts, like->texts_len);
	return reader;
}

void
mask_rules_reader_free(struct mask_rules_reader *reader)
{
	if (reader == NULL)
		return;
	buffer_release(&reader->texts);
	free(reader->rules);
	free(reader->anchors);
	free(reader->exceptions);
	free(reader->finder);
	free(reader);
}

/* Keeps a text, with a NUL behind it, and says where. */
static uint32_t
keep(struct mask_rules_reader *reader, const char *text, size_t len)
{
	uint32_t at = (uint32_t)reader->texts.len;

	buffer_append(&reader->texts, text, len);
	buffer_append(&reader->texts, "", 1);
	return at;
}

const struct mask_rules *
mask_rules_reader_table(struct mask_rules_reader *reader)
{
	if (reader->finder == NULL) {
		reader->finder = xmalloc(sizeof *reader->finder);
		mask_finder_fill(reader->finder, reader->anchors,
		    reader->table.n_anchors, reader->texts.data);
	}
	reader->table.texts = reader->texts.data;
	reader->table.texts_len = (uint32_t)reader->texts.len;
	reader->table.rules = reader->rules;
	reader->table.anchors = reader->anchors;
	reader->table.exceptions = reader->exceptions;
	reader->table.finder = reader->finder;
	return &reader->table;
}

static struct error *
mistake(const struct line *line, const char *what, const char *word)
{
	return error_new(ERROR_CONFIG, "%s:%zu: %s '%s': see nr-patterns(5)",
	    line->file, line->number, what, word);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next word off the line; NULL: there is none. */
static char *
next_word(struct line *line)
{
	char *word = line->rest;

	while (is_blank(*word))
		word++;
	if (*word == '\0')
		return NULL;
	line->rest = word;
	while (*line->rest != '\0' && !is_blank(*line->rest))
		line->rest++;
	if (*line->rest != '\0')
		*line->rest++ = '\0';
	return word;
}

static bool
is_name(const char *word)
{
	return strspn(word,
		   "abcdefghijklmnopqrstuvwxyz"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(word) &&
	    strlen(word) <= 32;
}

/* The set of this name that was defined last; MASK_MAX_SETS: there is none. */
static unsigned
find_set(const struct mask_rules *rules, char name)
{
	for (size_t set = rules->n_sets; set-- > 0;)
		if (rules->set_names[set] == name)
			return (unsigned)set;
	return MASK_MAX_SETS;
}

/* set NAME CHARACTERS: a-z stands for a range, a dash at an end for itself. */
static struct error *
read_set(struct mask_rules_reader *reader, struct line *line)
{
	const char *name = next_word(line), *members = next_word(line);
	struct mask_rules *rules = &reader->table;
	unsigned set;

	if (name == NULL || members == NULL)
		return mistake(line, "a name and characters belong to", "set");
	if (strlen(name) != 1)
		return mistake(
		    line, "a set has a name of one letter, not", name);
	if (rules->n_sets == MASK_MAX_SETS)
		return mistake(line, "there are too many sets for", name);
	set = (unsigned)rules->n_sets++;
	rules->set_names[set] = *name;
	for (const char *c = members; *c != '\0'; c++) {
		unsigned from = (unsigned char)*c, to = from;

		if (c[1] == '-' && c[2] != '\0') {
			to = (unsigned char)c[2];
			c += 2;
		}
		for (; from <= to; from++)
			rules->members[from] |= (uint16_t)(1U << set);
	}
	return NULL;
}

/* Takes the escapes out of an anchor: \s is a space, \\ a backslash. Any
 * other backslash stands for itself. */
static size_t
unescape(char *word)
{
	size_t len = 0;

	for (const char *c = word; *c != '\0'; c++) {
		bool pair = *c == '\\' && (c[1] == 's' || c[1] == '\\');

		word[len++] = (char)(pair && c[1] == 's' ? ' ' : *c);
		c += pair;
	}
	return len;
}

static struct error *
read_anchor(struct mask_rules_reader *reader, struct line *line, char *word)
{
	uint32_t rule = reader->table.n - 1;
	uint8_t kind = reader->rules[rule].kind;
	struct mask_anchor anchor = { .rule = (uint16_t)rule };
	size_t len = unescape(word);

	if (len < MIN_ANCHOR || len > MASK_MAX_ANCHOR)
		return mistake(
		    line, "3 to 64 characters make an anchor, not", word);
	anchor.fold =
	    kind == RULE_KEY || kind == RULE_HEADER || kind == RULE_SCHEME;
	for (size_t i = 0; anchor.fold && i < len; i++)
		if (word[i] >= 'A' && word[i] <= 'Z')
			word[i] = (char)(word[i] + 'a' - 'A');
	anchor.kind = kind;
	anchor.len = (uint8_t)len;
	anchor.text = keep(reader, word, len);
	reader->anchors = xreallocarray(reader->anchors,
	    reader->table.n_anchors + 1, sizeof *reader->anchors);
	reader->anchors[reader->table.n_anchors++] = anchor;
	return NULL;
}

static struct error *
read_evidence(const struct mask_rules *table, struct line *line,
    const char *name, struct mask_rule *rule)
{
	const char *set = next_word(line), *min = next_word(line);
	unsigned long n;
	char *end;

	if (set == NULL || min == NULL)
		return mistake(line, "a set and a number belong to", name);
	rule->set = (uint8_t)find_set(table, *set);
	if (rule->set == MASK_MAX_SETS || set[1] != '\0')
		return mistake(line, "there is no set", set);
	n = strtoul(min, &end, 10);
	if (*end != '\0' || n < 1 || n > MASK_MAX_EVIDENCE)
		return mistake(
		    line, "expected a number from 1 to 64, not", min);
	rule->min = (uint8_t)n;
	return NULL;
}

static struct error *
read_rule(struct mask_rules_reader *reader, struct line *line, int kind)
{
	struct mask_rule rule = { .kind = (uint8_t)kinds[kind].kind };
	struct error *error = NULL;
	char *word = next_word(line);
	const char *name = word;

	if (word == NULL)
		return mistake(line, "a name belongs to", kinds[kind].word);
	if (!is_name(word))
		return mistake(
		    line, "letters, digits and dashes make a name, not", word);
	if (reader->table.n == MAX_RULES)
		return mistake(line, "there are too many rules for", word);
	rule.name = keep(reader, name, strlen(name));
	if (kinds[kind].has_set)
		error = read_evidence(&reader->table, line, name, &rule);
	reader->rules = xreallocarray(
	    reader->rules, reader->table.n + 1, sizeof *reader->rules);
	reader->rules[reader->table.n++] = rule;
	word = next_word(line);
	if (error == NULL && word == NULL)
		return mistake(line, "an anchor belongs to", name);
	for (; error == NULL && word != NULL; word = next_word(line))
		error = read_anchor(reader, line, word);
	return error;
}

static void
add_exception(struct mask_rules_reader *reader, const char *text)
{
	struct mask_rules *table = &reader->table;
	unsigned list;
	struct mask_exception pattern = mask_rules_exception(text, &list);

	pattern.text = keep(reader, text, strlen(text));
	pattern.next = table->by_end[list];
	reader->exceptions = xreallocarray(reader->exceptions,
	    table->n_exceptions + 1, sizeof *reader->exceptions);
	reader->exceptions[table->n_exceptions++] = pattern;
	table->by_end[list] = table->n_exceptions;
}

static struct error *
read_exceptions(struct mask_rules_reader *reader, struct line *line)
{
	char *word;

	while ((word = next_word(line)) != NULL)
		add_exception(reader, word);
	return NULL;
}

static struct error *
read_line(struct mask_rules_reader *reader, struct line *line)
{
	const char *word = next_word(line);

	if (word == NULL || *word == '#')
		return NULL;
	if (strcmp(word, "set") == 0)
		return read_set(reader, line);
	if (strcmp(word, "except") == 0)
		return read_exceptions(reader, line);
	for (int kind = 0; kind < n_kinds; kind++)
		if (strcmp(word, kinds[kind].word) == 0)
			return read_rule(reader, line, kind);
	return mistake(line, "there is no kind of rule", word);
}

static struct error *
read_text(
    struct mask_rules_reader *reader, const char *file, char *text, size_t len)
{
	struct line line = { .file = file };
	struct error *error = NULL;
	size_t at = 0;

	while (error == NULL && at < len) {
		size_t n = strcspn(text + at, "\n");

		line.number++;
		if (at + n < len && text[at + n] == '\0')
			return mistake(&line, "there is a NUL in", file);
		text[at + n] = '\0';
		line.rest = text + at;
		error = read_line(reader, &line);
		at += n + 1;
	}
	return error;
}

struct error *
mask_rules_read(struct mask_rules_reader *reader, const char *path)
{
	struct buffer text = BUFFER_INIT(MAX_FILE);
	struct error *error;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(
		    ERROR_CONFIG, "cannot read the rules '%s'", path);
	error = buffer_read_fd(&text, fd, "it");
	close(fd);
	if (error != NULL) {
		buffer_release(&text);
		error->type = ERROR_CONFIG;
		error->exit_code = error_type_exit_code(ERROR_CONFIG);
		return error_prefix(error, "cannot read the rules '%s'", path);
	}
	free(reader->finder);
	reader->finder = NULL;
	error = read_text(reader, path, text.data, text.len);
	buffer_release(&text);
	return error;
}
