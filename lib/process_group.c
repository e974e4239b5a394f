/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "process_internal.h"

static pid_t group_before;

pid_t
process_group(void)
{
	return group_before > 0 ? group_before : getpgrp();
}

void
process_group_leave(void)
{
	group_before = getpgrp();
	setsid();
}
