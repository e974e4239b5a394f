/* SPDX-License-Identifier: MIT */
/*
 * The prompt that an agent gets on standard input: the task in Markdown,
 * what the repository says about itself, and the rules of the house.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "document.h"
#include "error.h"
#include "git.h"

enum {
	PROMPT_MAX_BYTES = 16 * 1024 * 1024,
	PROMPT_MAX_PATHS = 400,
	PROMPT_MAX_TREE_BYTES = 16 * 1024,
	PROMPT_MAX_GUIDE_BYTES = 32 * 1024, /* of AGENTS.md */
	PROMPT_MAX_CASES_BYTES = 24 * 1024, /* of the tests that failed */
};

/*
 * Title, description, acceptance criteria, dependencies, related files, the
 * tracked tree, AGENTS.md, rules. Where the document has a test result that
 * failed, the tests that failed, where they are known, and the output of the
 * failed commands come first. The caller frees
 * *prompt.
 */
struct error *prompt_build(char **prompt, const struct document *doc,
    const char *workspace, struct git *git);

#endif
