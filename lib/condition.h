/* SPDX-License-Identifier: MIT */
/*
 * Conditions, as the steps of a playbook have them: a small language of
 * comparisons over named values, see nr-playbook(5) for its grammar. It has
 * no functions, no loops and no side effects; an evaluation takes as long as
 * the text is.
 *
 * A condition is parsed once, and evaluated as often as needed: nothing of an
 * evaluation is kept.
 */
#ifndef CONDITION_H
#define CONDITION_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONDITION_MAX_BYTES = 16 * 1024, CONDITION_MAX_DEPTH = 64 };

struct condition;

struct condition_problem {
	size_t offset; /* in bytes */
	char *message; /* with a hint; the caller frees */
};

/* NULL: there is a problem. */
struct condition *condition_parse(
    const char *text, struct condition_problem *problem);
void condition_free(struct condition *condition);

/* The value of a path, owned by who asks; null for what is not defined. */
typedef jv condition_lookup(void *context, char *const *parts);

bool condition_holds(
    const struct condition *condition, condition_lookup *lookup, void *context);

/* Is the value as good as true? null, false, 0, what is empty, and texts that
 * read "false", "False" or as the number 0 are not. Borrows the value. */
bool condition_is_true(jv value);

/* The nth path in it, and how it is written; NULL: there are no more. Both
 * are borrowed. */
char *const *condition_path(
    const struct condition *condition, size_t n, const char **written);

#endif
