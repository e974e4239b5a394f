/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* setitimer */
#include "stage_watch.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { SUMMING_UP_SECONDS = 30, ENDING_SECONDS = 5 };

static char message[256];
static int exit_code;

static void
give_up(int signal_number)
{
	ssize_t n = write(STDERR_FILENO, message, strlen(message));

	(void)signal_number;
	(void)n;
	_exit(exit_code);
}

static bool
runs_commands(const struct stage_program *program)
{
	const char *const *key = program->keys;

	while (*key != NULL && strcmp(*key, "grace_seconds") != 0)
		key++;
	return *key != NULL;
}

static void
set_timer(double seconds)
{
	struct itimerval timer = { .it_value.tv_sec = (time_t)seconds,
		.it_value.tv_usec = (suseconds_t)(fmod(seconds, 1) * 1e6) };

	setitimer(ITIMER_REAL, &timer, NULL);
}

void
stage_watch_begin(const struct stage *stage)
{
	const struct stage_program *program = stage->program;
	struct sigaction action = { .sa_handler = give_up };
	double seconds = fmax(stage->ends - clock_monotonic(), 0);

	if (program->after_error)
		seconds = fmax(seconds, SUMMING_UP_SECONDS);
	if (runs_commands(program))
		seconds += config_number(stage->config, "grace_seconds");
	snprintf(message, sizeof message,
	    "%s: the task's time is used up, and what was being done did not "
	    "come to an end: giving up\n",
	    program->name);
	exit_code = error_type_exit_code(ERROR_TIMEOUT);
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	set_timer(seconds + ENDING_SECONDS);
}

void
stage_watch_end(void)
{
	set_timer(0);
}
