/* SPDX-License-Identifier: MIT */
/* nr-health: is this machine fit to run tasks? See nr-health(1). */
#include <stdio.h>

#include "health_probe.h"
#include "health_serve.h"
#include "json.h"
#include "memory.h"
#include "printable.h"
#include "stage.h"

enum { MAX_MESSAGE = 1000 };

static const char *address;
static bool as_json;

/* "ok    state            0ms", "FAIL  llm  ...: why", or "warn" for one that
 * does not decide. */
static void
print_probe(const struct health_probe *probe)
{
	const char *word = "ok";
	char duration[CLOCK_TEXT_SIZE];
	char *message;

	clock_format_duration(duration, probe->seconds);
	if (!probe->is_healthy)
		word = probe->decides ? "FAIL" : "warn";
	printf("%-5s %-15s %7s", word, probe->check->name, duration);
	if (probe->error != NULL) {
		message = printable(probe->error->message, MAX_MESSAGE);
		printf("  %s", message);
		free(message);
	}
	putchar('\n');
}

static void
print_result(const struct health_probes *probes)
{
	char *text;

	if (as_json) {
		text = json_text(health_probes_json(probes, true));
		puts(text);
		free(text);
		return;
	}
	for (size_t i = 0; i < probes->n; i++)
		print_probe(&probes->probes[i]);
}

/* The first that decides and is not healthy says how this ends. */
static struct error *
verdict(const struct health_probes *probes)
{
	for (size_t i = 0; i < probes->n; i++) {
		const struct health_probe *probe = &probes->probes[i];

		if (probe->decides && probe->error != NULL)
			return error_new(probe->error->type, "%s: %s",
			    probe->check->name, probe->error->message);
	}
	return NULL;
}

static struct error *
check_once(struct health_probes *probes)
{
	struct error *error = health_check_once(probes);

	if (error != NULL)
		return error;
	print_result(probes);
	return verdict(probes);
}

static void
show_plan(const struct stage *stage, const struct health_probes *probes)
{
	for (size_t i = 0; i < probes->n; i++)
		stage_plan(stage, "check %s%s", probes->probes[i].check->name,
		    probes->probes[i].decides ? "" : ", which does not decide");
	if (address != NULL)
		stage_plan(stage, "listen on %s", address);
}

static struct error *
run(struct stage *stage)
{
	struct health_probes probes;
	struct error *error = health_probes_open(
	    &probes, stage->config, stage->secrets, stage->mask);

	if (error == NULL && address != NULL && as_json)
		error = error_new(ERROR_USAGE, "--json is not for --listen");
	if (error == NULL && stage->dry_run)
		show_plan(stage, &probes);
	else if (error == NULL && address != NULL)
		error = health_serve(&probes, address);
	else if (error == NULL)
		error = check_once(&probes);
	health_probes_close(&probes);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "health_ready_checks",
		"health_cache_seconds", "max_parallel_runners",
		HEALTH_CHECK_KEYS, NULL };
	static const struct stage_option options[] = {
		{ .name = "listen",
		    .short_name = 'l',
		    .argument = "ADDRESS",
		    .help = "serve there: HOST:PORT or unix:/PATH",
		    .value = &address },
		{ .name = "json",
		    .help = "write the result as JSON",
		    .flag = &as_json },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-health",
		.description = "is this machine fit to run tasks?",
		.input = "",
		.keys = keys,
		.options = options,
		.run = run,
	};

	return stage_main(argc, argv, &program);
}
