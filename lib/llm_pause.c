/* SPDX-License-Identifier: MIT */
#include "llm_pause.h"

#include <math.h>

#include "clock.h"
#include "memory.h"

static const double max_seconds = 3600;
/* Numbers above them are points in time. */
static const double least_epoch = 1e9, least_epoch_ms = 1e12;

/* A limit that is not used up has nothing to wait for. */
static const struct {
	const char *reset, *remaining;
} limits[] = {
	{ "x-ratelimit-reset", "x-ratelimit-remaining" },
	{ "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests" },
	{ "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens" },
	{ "anthropic-ratelimit-requests-reset",
	    "anthropic-ratelimit-requests-remaining" },
	{ "anthropic-ratelimit-tokens-reset",
	    "anthropic-ratelimit-tokens-remaining" },
	{ "anthropic-ratelimit-input-tokens-reset",
	    "anthropic-ratelimit-input-tokens-remaining" },
	{ "anthropic-ratelimit-output-tokens-reset",
	    "anthropic-ratelimit-output-tokens-remaining" },
};

static double
unit_seconds(const char *text, size_t *len)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 },
		{ "h", 3600 }, { "m", 60 }, { "s", 1 }, { "d", 86400 } };

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		*len = strlen(units[i].name);
		if (strncmp(text, units[i].name, *len) == 0)
			return units[i].seconds;
	}
	return -1;
}

/* As Go prints a duration: "6m0s", "1.5s". */
static bool
parse_duration(double *seconds, const char *text)
{
	double sum = 0;

	while (*text != '\0') {
		char *end;
		double number = strtod(text, &end), unit;
		size_t len;

		if (end == text || !(number >= 0))
			return false;
		unit = unit_seconds(end, &len);
		if (unit < 0)
			return false;
		sum += number * unit;
		text = end + len;
	}
	*seconds = sum;
	return true;
}

bool
llm_parse_reset(double *seconds, const char *text, double now)
{
	char *end;
	double number = strtod(text, &end);

	if (end != text && *end == '\0' && isfinite(number) && number >= 0) {
		*seconds = number;
		if (number >= least_epoch_ms)
			*seconds = number / 1000 - now;
		else if (number >= least_epoch)
			*seconds = number - now;
		return true;
	}
	if (clock_parse(&number, text)) {
		*seconds = number - now;
		return true;
	}
	return *text != '\0' && parse_duration(seconds, text);
}

static double
clamp(double seconds)
{
	return fmin(fmax(seconds, 0), max_seconds);
}

double
llm_pause(const struct http *http)
{
	const char *text = http_header(http, "retry-after-ms");
	double now = clock_now(), longest = 0, seconds;

	if (text != NULL && llm_parse_reset(&seconds, text, now))
		return clamp(seconds / 1000);
	if (http_retry_after(http) > 0)
		return clamp(http_retry_after(http));
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		const char *left = http_header(http, limits[i].remaining);

		if (left != NULL && strtod(left, NULL) > 0)
			continue;
		text = http_header(http, limits[i].reset);
		if (text != NULL && llm_parse_reset(&seconds, text, now))
			longest = fmax(longest, seconds);
	}
	return clamp(longest);
}
