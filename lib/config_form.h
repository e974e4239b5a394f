/* SPDX-License-Identifier: MIT */
/* Paths, URLs and names of variables among the strings of config.h. */
#ifndef CONFIG_FORM_H
#define CONFIG_FORM_H

#include <jv.h>

#include "config.h"

/* "a URL such as https://host/path". */
const char *config_form_text(enum config_form form);
/* Why the text is not of the form, without quoting it; NULL: it is. */
const char *config_form_problem(enum config_form form, const char *text);

/*
 * Puts the home directory in place of ~/, and makes a relative path absolute
 * from `base`, or from the working directory when base is NULL. *value is
 * replaced. Returns a problem, as in config_value.h.
 */
char *config_form_expand(
    jv *value, const struct config_key *key, const char *base);

/* The home directory, borrowed: $HOME, else of the user database; or NULL. */
const char *config_home(void);

#endif
