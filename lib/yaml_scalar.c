/* SPDX-License-Identifier: MIT */
#include "yaml_scalar.h"

#include <math.h>
#include <stddef.h>

#include "memory.h"

#define DIGITS "0123456789"

static const double exact_integer_max = 9007199254740992; /* 2^53 */

static bool
is_one_of(const char *text, const char *const words[])
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static const char *
skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

static struct yaml_scalar
number(double value, bool integer)
{
	struct yaml_scalar scalar = {
		.kind = YAML_SCALAR_NUMBER,
		.integer = integer,
		.number = value,
	};

	if (isinf(value) || (integer && fabs(value) > exact_integer_max)) {
		scalar.kind = YAML_SCALAR_BAD;
		scalar.reason = "number too large to be kept exactly; put it "
				"in quotes";
	}
	return scalar;
}

static struct yaml_scalar
string(const char *warning)
{
	return (struct yaml_scalar){
		.kind = YAML_SCALAR_STRING,
		.reason = warning,
	};
}

/* 0x1f and 0o17: all of the text after the prefix. */
static bool
prefixed_integer(const char *text, struct yaml_scalar *scalar)
{
	bool hex = strncmp(text, "0x", 2) == 0;
	const char *digits = hex ? DIGITS "abcdefABCDEF" : "01234567";
	double value = 0;

	if (!hex && strncmp(text, "0o", 2) != 0)
		return false;
	text += 2;
	if (*text == '\0' || text[strspn(text, digits)] != '\0')
		return false;
	for (; *text != '\0'; text++) {
		const char digit[] = { *text, '\0' };

		value =
		    value * (hex ? 16 : 8) + (double)strtoul(digit, NULL, 16);
	}
	*scalar = number(value, true);
	return true;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
decimal(const char *text, bool *integer)
{
	const char *at = skip_sign(text);
	size_t whole = strspn(at, DIGITS), fraction = 0;

	*integer = true;
	at += whole;
	if (*at == '.') {
		*integer = false;
		fraction = strspn(++at, DIGITS);
		at += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*at == 'e' || *at == 'E') {
		size_t exponent;

		*integer = false;
		at = skip_sign(at + 1);
		exponent = strspn(at, DIGITS);
		if (exponent == 0)
			return false;
		at += exponent;
	}
	return *at == '\0';
}

/* 1:30 and 22:22:22, which YAML 1.1 reads as numbers to the base 60. */
static bool
is_base_60(const char *text)
{
	size_t parts = 0;

	text = skip_sign(text);
	text += strspn(text, DIGITS "_");
	while (*text == ':') {
		size_t digits = strspn(++text, DIGITS);

		if (digits == 0 || digits > 2 || (digits == 2 && *text > '5'))
			return false;
		text += digits;
		parts++;
	}
	if (*text == '.')
		text += 1 + strspn(text + 1, DIGITS "_");
	return parts > 0 && *text == '\0';
}

/* Numbers of YAML 1.1 alone: 1_000, 0b101, 1:30. The text begins with a
 * sign, a point or a digit. */
static bool
is_old_number(const char *text)
{
	const char *at = skip_sign(text);

	if (*at < '0' || *at > '9')
		return false;
	if (strncmp(at, "0b", 2) == 0)
		return at[2] != '\0' && at[2 + strspn(at + 2, "01_")] == '\0';
	if (strncmp(at, "0x", 2) == 0)
		return at[2] != '\0' &&
		    at[2 + strspn(at + 2, DIGITS "abcdefABCDEF_")] == '\0';
	if (strchr(at, '_') != NULL && strchr(at, '.') == strrchr(at, '.') &&
	    at[strspn(at, DIGITS "_.")] == '\0')
		return true;
	return is_base_60(text);
}

static bool
has_leading_zero(const char *text)
{
	const char *at = skip_sign(text);

	return at[0] == '0' && at[1] != '\0' && at[strspn(at, DIGITS)] == '\0';
}

static struct yaml_scalar
resolve_number(const char *text)
{
	static const char *const not_finite[] = { ".inf", ".Inf", ".INF",
		"+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
		".NaN", ".NAN", NULL };
	struct yaml_scalar scalar;
	bool integer;

	if (is_one_of(text, not_finite))
		return (struct yaml_scalar){
			.kind = YAML_SCALAR_BAD,
			.reason = "JSON has no infinity and no NaN; use a "
				  "finite number, or quotes for a string",
		};
	if (has_leading_zero(text))
		return string("is a string here, and an octal number in YAML "
			      "1.1; put it in quotes, or write 0o for octal");
	if (prefixed_integer(text, &scalar))
		return scalar;
	if (decimal(text, &integer))
		return number(strtod(text, NULL), integer);
	if (is_old_number(text))
		return string("is a string here, and a number in YAML 1.1; "
			      "put it in quotes, or write plain digits");
	return string(NULL);
}

struct yaml_scalar
yaml_scalar_resolve(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	static const char *const old_booleans[] = { "y", "Y", "yes", "Yes",
		"YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off",
		"Off", "OFF", NULL };

	if (is_one_of(text, nulls))
		return (struct yaml_scalar){ .kind = YAML_SCALAR_NULL };
	if (is_one_of(text, trues) || is_one_of(text, falses))
		return (struct yaml_scalar){
			.kind = YAML_SCALAR_BOOLEAN,
			.boolean = is_one_of(text, trues),
		};
	if (is_one_of(text, old_booleans))
		return string("is a string here, and a boolean in YAML 1.1; "
			      "write true or false, or put it in quotes");
	if (strchr("+-." DIGITS, text[0]) != NULL)
		return resolve_number(text);
	return string(NULL);
}
