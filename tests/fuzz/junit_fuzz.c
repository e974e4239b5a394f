/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for JUnit XML: whatever the file is, reading it ends, holds
 * its bounds, and what went wrong has a place.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "report_junit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static int fd = -1;
	struct report report = { .format = "junit" };

	if (fd < 0)
		fd = memfd_create("junit", MFD_CLOEXEC);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	report_junit_read(&report, fd, "x.xml");
	if (report.cases.failed.n > TEST_CASES_MAX ||
	    report.cases.flaky.n > TEST_CASES_MAX ||
	    test_cases_total(&report.cases) > len)
		abort();
	if (report.problem != NULL && strncmp(report.problem, "x.xml:", 6) != 0)
		abort();
	test_cases_release(&report.cases);
	free(report.problem);
	return 0;
}
