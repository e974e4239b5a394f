/* SPDX-License-Identifier: MIT */
/*
 * What a .gitmodules says, read as git itself reads it (config.c): settings
 * on the line of their section, continued lines, quotes and escapes within a
 * value. What git would refuse to read is bad here, too.
 */
#ifndef GIT_MODULES_H
#define GIT_MODULES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is it a file that git would refuse, by what git-fsck(1) calls
 * gitmodulesParse, -Name, -Path, -Url and -Update, or one that would have
 * git run a program?
 */
bool git_modules_are_bad(const char *text, size_t len);

/* Does it speak of a submodule at this path? */
bool git_modules_have(const char *text, size_t len, const char *path);

#endif
