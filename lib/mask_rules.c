/* SPDX-License-Identifier: MIT */
#include "mask_rules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer.h"
#include "mask_exceptions.h"
#include "mask_finder.h"
#include "memory.h"

enum { MAX_FILE = 1 << 20, MAX_RULES = 4096, MIN_ANCHOR = 3 };

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

struct mask_rules *
mask_rules_new(void)
{
	struct mask_rules *rules = xcalloc(1, sizeof *rules);

	rules->exceptions = mask_exceptions_new();
	return rules;
}

void
mask_rules_free(struct mask_rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->n; i++) {
		free(rules->rules[i].name);
		free(rules->rules[i].label);
	}
	for (size_t i = 0; i < rules->n_anchors; i++)
		free(rules->anchors[i].text);
	free(rules->rules);
	free(rules->anchors);
	mask_exceptions_free(rules->exceptions);
	mask_finder_free(rules->finder);
	free(rules);
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
read_set(struct mask_rules *rules, struct line *line)
{
	const char *name = next_word(line), *members = next_word(line);
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
read_anchor(struct mask_rules *rules, struct line *line, char *word)
{
	enum mask_rule_kind kind = rules->rules[rules->n - 1].kind;
	struct mask_anchor anchor = { .rule = (uint16_t)(rules->n - 1) };
	size_t len = unescape(word);

	if (len < MIN_ANCHOR || len > MASK_MAX_ANCHOR)
		return mistake(
		    line, "3 to 64 characters make an anchor, not", word);
	anchor.fold =
	    kind == RULE_KEY || kind == RULE_HEADER || kind == RULE_SCHEME;
	anchor.len = (uint8_t)len;
	anchor.text = xmalloc(len);
	for (size_t i = 0; i < len; i++)
		anchor.text[i] = anchor.fold && word[i] >= 'A' && word[i] <= 'Z'
		    ? (char)(word[i] + 'a' - 'A')
		    : word[i];
	rules->anchors = xreallocarray(
	    rules->anchors, rules->n_anchors + 1, sizeof *rules->anchors);
	rules->anchors[rules->n_anchors++] = anchor;
	return NULL;
}

static struct error *
read_evidence(
    struct mask_rules *rules, struct line *line, struct mask_rule *rule)
{
	const char *set = next_word(line), *min = next_word(line);
	unsigned long n;
	char *end;

	if (set == NULL || min == NULL)
		return mistake(
		    line, "a set and a number belong to", rule->name);
	rule->set = (uint8_t)find_set(rules, *set);
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
read_rule(struct mask_rules *rules, struct line *line, int kind)
{
	struct mask_rule rule = { .kind = kinds[kind].kind };
	struct error *error = NULL;
	char *word = next_word(line);

	if (word == NULL)
		return mistake(line, "a name belongs to", kinds[kind].word);
	if (!is_name(word))
		return mistake(
		    line, "letters, digits and dashes make a name, not", word);
	if (rules->n == MAX_RULES)
		return mistake(line, "there are too many rules for", word);
	rule.name = xstrdup(word);
	rule.label = xasprintf("***%s***", word);
	rules->rules =
	    xreallocarray(rules->rules, rules->n + 1, sizeof *rules->rules);
	if (kinds[kind].has_set)
		error = read_evidence(rules, line, &rule);
	rules->rules[rules->n++] = rule;
	word = next_word(line);
	if (error == NULL && word == NULL)
		return mistake(line, "an anchor belongs to", rule.name);
	for (; error == NULL && word != NULL; word = next_word(line))
		error = read_anchor(rules, line, word);
	return error;
}

static struct error *
read_exceptions(struct mask_rules *rules, struct line *line)
{
	char *word;

	while ((word = next_word(line)) != NULL)
		mask_exceptions_add(rules->exceptions, word);
	return NULL;
}

static struct error *
read_line(struct mask_rules *rules, struct line *line)
{
	const char *word = next_word(line);

	if (word == NULL || *word == '#')
		return NULL;
	if (strcmp(word, "set") == 0)
		return read_set(rules, line);
	if (strcmp(word, "except") == 0)
		return read_exceptions(rules, line);
	for (int kind = 0; kind < n_kinds; kind++)
		if (strcmp(word, kinds[kind].word) == 0)
			return read_rule(rules, line, kind);
	return mistake(line, "there is no kind of rule", word);
}

static struct error *
read_text(struct mask_rules *rules, const char *file, char *text, size_t len)
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
		error = read_line(rules, &line);
		at += n + 1;
	}
	return error;
}

void
mask_rules_add_default(struct mask_rules *rules)
{
	struct line line = { .file = "default.rules" };

	if (rules->has_default)
		return;
	rules->has_default = true;
	for (int i = 0; mask_default_rules[i] != NULL; i++) {
		char *text = xstrdup(mask_default_rules[i]);
		struct error *error;

		line.number++;
		line.rest = text;
		error = read_line(rules, &line);
		free(text);
		if (error == NULL)
			continue;
		/* The table was checked when this was built. */
		fprintf(stderr, "%s\n", error->message);
		abort();
	}
}

struct error *
mask_rules_add_file(struct mask_rules *rules, const char *path)
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
	error = read_text(rules, path, text.data, text.len);
	buffer_release(&text);
	return error;
}
