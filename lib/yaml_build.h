/* SPDX-License-Identifier: MIT */
/* From a text to the values and their places; the inside of yaml.h. */
#ifndef YAML_BUILD_H
#define YAML_BUILD_H

#include "yaml.h"
#include "yaml_node.h"

struct yaml {
	jv value;
	char *text; /* as it was read */
	struct yaml_nodes nodes;
	char **warnings;
	size_t n_warnings;
};

/* Fills a yaml that is all zero; what it holds then is valid, error or not. */
struct error *yaml_build(struct yaml *yaml, const char *text, size_t len,
    const char *name, const struct yaml_options *options);

#endif
