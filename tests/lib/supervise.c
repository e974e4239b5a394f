/* SPDX-License-Identifier: MIT */
/*
 * supervise cost [N]: /bin/true N times by fork and exec, under the
 * supervisor, and under it with everything on, in turn: the median of the
 * wall time, and the mean of the CPU time, which others do not disturb.
 *
 * supervise leak [N]: N supervised commands with everything on; fails if
 * descriptors or memory grow, or temporary directories are left.
 *
 * Both work in the current directory, a working tree or not.
 */
#include <dirent.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "process.h"

enum { MAX_RUNS = 10000, N_WAYS = 4 };

static char true_path[] = "/bin/true";
static char *const argv_true[] = { true_path, NULL };

static struct error *
supervise(const struct process_options *options)
{
	struct process_result result;
	struct error *error = process_run(&result, options);

	if (error == NULL &&
	    (result.end != PROCESS_EXITED || result.exit_code != 0))
		error = error_new(ERROR_INTERNAL, "/bin/true: %s",
		    process_end_name(result.end));
	return error;
}

static struct error *
fork_and_exec(const struct process_options *options)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(options->argv[0], options->argv);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid
	    ? NULL
	    : error_errno(ERROR_IO, "cannot wait");
}

static struct process_options
bare(void)
{
	return (struct process_options){ .argv = argv_true };
}

static struct process_options
sandboxed(void)
{
	struct process_options options = bare();

	options.sandbox = (struct sandbox_options){
		.mode = SANDBOX_WORKSPACE,
		.workspace = ".",
	};
	return options;
}

static struct process_options
everything(void)
{
	struct process_options options = sandboxed();

	options.timeout_seconds = 60;
	options.stall_seconds = 60;
	options.stdout_path = "out.log";
	options.stderr_path = "err.log";
	options.sandbox.no_network = true;
	options.limits = (struct limits){
		.memory_bytes = (size_t)1 << 30,
		.cpu_percent = 200,
		.n_processes = 100,
		.file_size_bytes = (size_t)1 << 30,
		.n_open_files = 1000,
	};
	return options;
}

static int
compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, compare);
	return values[n / 2];
}

/* Of this process and of those it has waited for. */
static double
cpu_seconds(void)
{
	static const int who[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	struct rusage usage;
	double sum = 0;

	for (size_t i = 0; i < sizeof who / sizeof who[0]; i++) {
		getrusage(who[i], &usage);
		sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
			1e6;
	}
	return sum;
}

static struct error *
measure(size_t n)
{
	double cpu[N_WAYS] = { 0 };
	static double seconds[N_WAYS][MAX_RUNS];
	static const char *const names[N_WAYS] = { "fork and exec",
		"supervised", "and sandboxed", "everything on" };
	const struct process_options ways[N_WAYS] = { bare(), bare(),
		sandboxed(), everything() };

	for (size_t i = 0; i < n * N_WAYS; i++) {
		size_t way = i % N_WAYS;
		double cpu_before = cpu_seconds();
		double started = clock_monotonic();
		struct error *error = way == 0 ? fork_and_exec(&ways[way])
					       : supervise(&ways[way]);

		if (error != NULL)
			return error;
		seconds[way][i / N_WAYS] = clock_monotonic() - started;
		cpu[way] += cpu_seconds() - cpu_before;
	}
	printf("%-14s%10s%10s%10s%10s\n", "us each", "wall", "more", "CPU",
	    "more");
	for (size_t way = 0; way < N_WAYS; way++) {
		double us = median(seconds[way], n) * 1e6;

		printf("%-14s%10.0f%+10.0f%10.0f%+10.0f\n", names[way], us,
		    us - seconds[0][n / 2] * 1e6, cpu[way] / (double)n * 1e6,
		    (cpu[way] - cpu[0]) / (double)n * 1e6);
	}
	return NULL;
}

static size_t
count_entries(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (dir != NULL)
		closedir(dir);
	return n;
}

static size_t
resident_pages(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	size_t size = 0, resident = 0;

	if (statm != NULL && fscanf(statm, "%zu %zu", &size, &resident) != 2)
		resident = 0;
	if (statm != NULL)
		fclose(statm);
	return resident;
}

static struct error *
look_for_leaks(size_t n)
{
	const struct process_options options = everything();
	const char *tmp = getenv("TMPDIR");
	size_t n_fds = 0, n_pages = 0;
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && i < n; i++) {
		error = supervise(&options);
		if (i == n / 10) {
			n_fds = count_entries("/proc/self/fd", "");
			n_pages = resident_pages();
		}
	}
	if (error == NULL && count_entries("/proc/self/fd", "") > n_fds)
		error = error_new(ERROR_INTERNAL, "descriptors leak");
	/* The sanitizers find leaks by themselves, and keep what was freed. */
	if (error == NULL && getenv("NR_SANITIZE") == NULL &&
	    resident_pages() > n_pages + n_pages / 10)
		error = error_new(ERROR_INTERNAL,
		    "memory leaks: %zu pages, "
		    "then %zu",
		    n_pages, resident_pages());
	/* That of the process is there up to its end. */
	if (error == NULL &&
	    count_entries(tmp != NULL ? tmp : "/tmp", "nr-") > 1)
		error =
		    error_new(ERROR_INTERNAL, "temporary directories are left");
	return error;
}

int
main(int argc, char *argv[])
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
	struct error *error;

	if (n == 0 || n > MAX_RUNS)
		n = 100;
	if (argc > 1 && strcmp(argv[1], "leak") == 0)
		error = look_for_leaks(n);
	else
		error = measure(n);
	if (error == NULL)
		return 0;
	fprintf(stderr, "supervise: %s\n", error->message);
	error_free(error);
	return 1;
}
