/* SPDX-License-Identifier: MIT */
/*
 * One value of a configuration key: from YAML or from the text of a variable
 * or an option, checked against the key's row in the table. Part of config.h.
 *
 * A problem is a text for people ("'log_level' must be ..., found ..."),
 * owned by the caller; NULL is success, with *value owned by the caller,
 * jv_null() for "the default". A text that may be a secret is never quoted.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <jv.h>

#include "config.h"
#include "yaml.h"

/* The value at a JSON pointer; *mark is set when there is a problem. */
char *config_value_from_yaml(jv *value, const struct config_key *key,
    const struct yaml *yaml, const char *pointer, struct yaml_mark *mark);

/* A value from elsewhere, as above; replaced by its normal form. `yaml` is
 * where it comes from, or NULL. */
char *config_value_check(jv *value, const struct config_key *key,
    const struct yaml *yaml, const char *pointer, struct yaml_mark *mark);

/* The text of a variable or an option. */
char *config_value_from_text(
    jv *value, const struct config_key *key, const char *text);

/* The reverse of config_value_from_text(); borrows the value. */
char *config_value_text(jv value);

/* "parent/name", the name escaped as RFC 6901 says; the caller frees. */
char *config_pointer(const char *parent, const char *name);

#endif
