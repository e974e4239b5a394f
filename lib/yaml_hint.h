/* SPDX-License-Identifier: MIT */
/*
 * What a person can do about a complaint of libyaml, whose texts name the
 * rule of the grammar and not the mistake.
 */
#ifndef YAML_HINT_H
#define YAML_HINT_H

/* `problem` is libyaml's text, `at` what stands where it stopped; NULL when
 * there is nothing to say. */
const char *yaml_hint(const char *problem, const char *at);

#endif
