/* SPDX-License-Identifier: MIT */
/*
 * Time. Points in time that leave the process are seconds since 1970 in UTC;
 * durations are measured on the monotonic clock. All in seconds as double.
 */
#ifndef CLOCK_H
#define CLOCK_H

double clock_now(void);       /* seconds since 1970-01-01T00:00:00Z */
double clock_monotonic(void); /* for durations and timeouts */

/* "2026-01-31T12:00:00.123Z" (RFC 3339) and its reverse; false: not one. */
enum { CLOCK_TEXT_SIZE = 32 };
void clock_format(char text[CLOCK_TEXT_SIZE], double seconds);
_Bool clock_parse(double *seconds, const char *text);

/* A duration as people read it: "850ms", "12.3s", "2m05s", "1h02m". */
void clock_format_duration(char text[CLOCK_TEXT_SIZE], double seconds);

/* Rounds a duration to whole milliseconds, for a document. */
double clock_milliseconds(double seconds);

#endif
