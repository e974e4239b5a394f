/* SPDX-License-Identifier: MIT */
/*
 * What a plain (unquoted) scalar means in the YAML 1.2 core schema. Where
 * YAML 1.1 would read it otherwise, it is a string with a warning: `no` is
 * Norway, 017 a file mode, 22:22 a port mapping. YAML 1.2 reads 017 as 17;
 * since nobody who writes it means that, it is a string here too.
 */
#ifndef YAML_SCALAR_H
#define YAML_SCALAR_H

#include <stdbool.h>

enum yaml_scalar_kind {
	YAML_SCALAR_STRING,
	YAML_SCALAR_NULL,
	YAML_SCALAR_BOOLEAN,
	YAML_SCALAR_NUMBER,
	YAML_SCALAR_BAD, /* a number that JSON cannot hold */
};

struct yaml_scalar {
	enum yaml_scalar_kind kind;
	bool boolean;
	bool integer; /* of a number: written without . and e */
	double number;
	/* Of a bad one the reason; of a string a warning, or NULL. */
	const char *reason;
};

struct yaml_scalar yaml_scalar_resolve(const char *text);

#endif
