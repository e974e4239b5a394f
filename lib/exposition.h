/* SPDX-License-Identifier: MIT */
/*
 * Prometheus' text format, version 0.0.4: families of metrics, each told by
 * its HELP and TYPE before its samples.
 *
 * Names are the caller's and are not checked; values of labels and the help
 * are escaped.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "buffer.h"

#define EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void exposition_family(
    struct buffer *out, const char *name, const char *type, const char *help);

/* `labels` are names and values in turn, then NULL; or NULL: none. */
void exposition_sample(struct buffer *out, const char *name,
    const char *const *labels, double value);

/* A family of one sample without labels. */
void exposition_gauge(
    struct buffer *out, const char *name, const char *help, double value);

/* The value of a sample: "12", "0.5", "+Inf", "NaN". */
enum { EXPOSITION_NUMBER_SIZE = 32 };
void exposition_number(char text[EXPOSITION_NUMBER_SIZE], double value);

#endif
