/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* timegm */
#include "clock.h"

#include <math.h>

#include "memory.h"

static double
read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double
clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

double
clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void
clock_format(char text[CLOCK_TEXT_SIZE], double seconds)
{
	/* Milliseconds first, so that .9996 does not print as 1000. */
	long long ms = (long long)floor(seconds * 1000);
	time_t whole = (time_t)(ms / 1000);
	struct tm utc;
	size_t len;

	gmtime_r(&whole, &utc);
	len = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, CLOCK_TEXT_SIZE - len, ".%03dZ", (int)(ms % 1000));
}

_Bool
clock_parse(double *seconds, const char *text)
{
	struct tm utc = { 0 };
	double second;
	char zone, rest;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%lf%c%c", &utc.tm_year,
		&utc.tm_mon, &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &second,
		&zone, &rest) != 7 ||
	    zone != 'Z' || !(second >= 0 && second < 62))
		return 0;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	*seconds = (double)timegm(&utc) + second;
	return 1;
}

void
clock_format_duration(char text[CLOCK_TEXT_SIZE], double seconds)
{
	long whole = lround(seconds);

	if (seconds < 0.9995)
		snprintf(
		    text, CLOCK_TEXT_SIZE, "%ldms", lround(seconds * 1000));
	else if (seconds < 59.95)
		snprintf(text, CLOCK_TEXT_SIZE, "%.1fs", seconds);
	else if (whole < 3600)
		snprintf(text, CLOCK_TEXT_SIZE, "%ldm%02lds", whole / 60,
		    whole % 60);
	else
		snprintf(text, CLOCK_TEXT_SIZE, "%ldh%02ldm", whole / 3600,
		    whole % 3600 / 60);
}

double
clock_milliseconds(double seconds)
{
	return round(seconds * 1000) / 1000;
}
