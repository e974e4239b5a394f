/* SPDX-License-Identifier: MIT */
/*
 * Starting ahead: nr-run starts a stage while the one before it is still at
 * work, so that its start costs no time, and tells it when its turn has come:
 * by a line with its name, less the "nr-", on the descriptor NR_TURN_FD.
 */
#ifndef TURN_H
#define TURN_H

#include <stdbool.h>

/*
 * Waits for the turn of the program `name`; without NR_TURN_FD it has come.
 * Closes the descriptor and forgets the variable. false: nr-run is gone, and
 * nothing is to be done.
 */
bool turn_await(const char *name);

#endif
