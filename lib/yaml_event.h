/* SPDX-License-Identifier: MIT */
/* What events of libyaml of several kinds have in common. */
#ifndef YAML_EVENT_H
#define YAML_EVENT_H

#include <jv.h>
#include <yaml.h>

#include "yaml_scalar.h"

/* NULL: it has none. Borrowed. */
const char *yaml_event_anchor(const yaml_event_t *event);
const char *yaml_event_tag(const yaml_event_t *event);

/* "str" of tag:yaml.org,2002:str; "" for none; NULL for one of another
 * schema. "!" says "a string" of a scalar. */
const char *yaml_event_core_tag(const yaml_event_t *event);

/* What a plain scalar, or one with a tag, as above, stands for; and as a value,
 * which is the caller's. */
struct yaml_scalar yaml_event_scalar(
    const yaml_event_t *event, const char *tag);
jv yaml_event_value(
    const yaml_event_t *event, const struct yaml_scalar *scalar);

#endif
