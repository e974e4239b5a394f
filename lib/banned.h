/* SPDX-License-Identifier: MIT */
/*
 * Functions that have a safer sibling. Included by memory.h, and so by
 * everything: a use is a compile error.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison strtok localtime gmtime ctime asctime atoi atol atof
#pragma GCC poison tmpnam tempnam mktemp

#endif
