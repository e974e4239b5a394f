/* SPDX-License-Identifier: MIT */
#include "playbook_run.h"

#include <math.h>

#include "buffer.h"
#include "clock.h"
#include "command.h"
#include "json.h"
#include "junit.h"
#include "memory.h"
#include "playbook_explain.h"
#include "playbook_record.h"
#include "playbook_step.h"
#include "slot_visit.h"
#include "string_list.h"

enum { MAX_RESULT_BYTES = 64 * 1024 * 1024 };

struct run {
	struct playbook_work work;
	struct playbook_record record;
	const char *phase; /* "on_failure", "always"; NULL: the steps */
	const char *only;  /* the one step to run; NULL: all */
	const char *stop;  /* why the rest is skipped; NULL: it is not */
	double ends;       /* of this phase */
	size_t n_run, n_failed;
	char *failure;     /* of the first that failed, in words */
	bool hit_limit;    /* so it is not the code's fault */
	jv skipped;        /* the state of all that were */
	struct error *end; /* cancelled, or the task's time is used up */
	struct error *error;
};

static void run_steps(struct run *run, const struct playbook_steps *steps);

static void
skip_step(struct run *run, const struct playbook_step *step, const char *reason)
{
	if (step->command == NULL) {
		for (size_t i = 0; i < step->then.n; i++)
			skip_step(run, &step->then.items[i], reason);
		for (size_t i = 0; i < step->otherwise.n; i++)
			skip_step(run, &step->otherwise.items[i], reason);
		return;
	}
	if (run->only != NULL)
		return;
	playbook_record_skipped(&run->record, step, run->phase, reason);
	if (run->work.playbook->names_steps)
		variables_set_step(
		    &run->work.variables, step->name, jv_copy(run->skipped));
	log_event(LOG_DEBUG, "step_skipped",
	    json_set_string(jv_object(), "step", step->name),
	    "step '%s' is skipped: %s", step->name, reason);
}

/* The rest of them, because of run->stop. */
static void
skip_steps(struct run *run, const struct playbook_steps *steps, size_t from)
{
	for (size_t i = from; i < steps->n; i++)
		skip_step(run, &steps->items[i], run->stop);
}

/* For conditions and texts of later steps. */
static void
publish(struct run *run, const struct playbook_step *step,
    const struct playbook_outcome *outcome)
{
	jv state = json_set_boolean(jv_object(), "success", outcome->success);

	state = json_set_boolean(state, "skipped", false);
	state = json_set_number(
	    state, "exit_code", outcome->ran ? outcome->result.exit_code : 0);
	if (!outcome->ran)
		state = json_set(state, "exit_code", jv_null());
	state = json_set_number(state, "attempts", outcome->n_attempts);
	state = json_set_number(state, "duration_seconds",
	    clock_milliseconds(outcome->result.wall_seconds));
	state = json_set(state, "outputs", jv_copy(outcome->outputs));
	variables_set_step(&run->work.variables, step->name, state);
}

static void
publish_outputs(struct run *run, const struct playbook_step *step,
    const struct playbook_outcome *outcome)
{
	for (size_t i = 0; i < string_list_count(step->outputs); i++) {
		jv value = json_get(outcome->outputs, step->outputs[i]);

		if (jv_is_valid(value))
			variables_set_output(
			    &run->work.variables, step->outputs[i], value);
		else
			jv_free(value);
	}
}

static void
note_failure(struct run *run, const struct playbook_step *step,
    const struct playbook_outcome *outcome)
{
	run->n_failed++;
	if (run->failure == NULL) {
		run->failure =
		    xasprintf("step '%s': %s", step->name, outcome->problem);
		run->hit_limit =
		    outcome->ran && command_hit_limit(&outcome->result);
	}
	/* Those that clean up do not wait for one another. */
	if (step->fail_fast && run->phase == NULL)
		run->stop = "a step before it failed";
}

/* Is that the end of the task? */
static void
note_end(struct run *run, const struct playbook_step *step,
    const struct playbook_outcome *outcome)
{
	/* It may have come before another attempt. */
	if (!outcome->success && cancel_signal() != 0) {
		run->stop = "the run was cancelled";
		if (run->end == NULL)
			run->end = error_cancelled(cancel_signal());
	} else if (outcome->ran && outcome->task_ends &&
	    outcome->result.end == PROCESS_TIMED_OUT && run->phase == NULL) {
		run->stop = "the task's time is used up";
		run->end = error_new(ERROR_TIMEOUT,
		    "the task's time is used up: step '%s' %s", step->name,
		    outcome->problem);
	}
}

static bool
has_time(struct run *run)
{
	if (cancel_signal() != 0) {
		run->stop = "the run was cancelled";
		if (run->end == NULL)
			run->end = error_cancelled(cancel_signal());
	} else if (clock_monotonic() >= run->ends) {
		run->stop = "the task's time is used up";
		if (run->end == NULL && run->phase == NULL)
			run->end = error_new(ERROR_TIMEOUT,
			    "the task's time is used up before all steps of "
			    "playbook '%s' have run",
			    run->work.playbook->name);
	}
	return run->stop == NULL;
}

static void
run_command(struct run *run, const struct playbook_step *step)
{
	struct playbook_outcome outcome = { .outputs = jv_null() };

	if (!has_time(run)) {
		skip_step(run, step, run->stop);
		return;
	}
	run->work.number++;
	run->error = playbook_step_run(&outcome, &run->work, step, run->ends);
	if (run->error == NULL) {
		run->n_run++;
		if (run->work.playbook->names_steps)
			publish(run, step, &outcome);
		publish_outputs(run, step, &outcome);
		run->error = playbook_record_outcome(
		    &run->record, step, run->phase, &outcome);
		if (!outcome.success)
			note_failure(run, step, &outcome);
		note_end(run, step, &outcome);
	}
	playbook_outcome_release(&outcome);
}

static bool
holds(struct run *run, const struct playbook_step *step)
{
	struct condition *condition = playbook_condition(step);
	bool yes = condition == NULL ||
	    condition_holds(
		condition, variables_get_or_null, &run->work.variables);

	condition_free(condition);
	return yes;
}

static void
skip_all(struct run *run, const struct playbook_steps *steps,
    const struct playbook_step *why)
{
	char *reason = why->condition != NULL
	    ? playbook_explain(why, &run->work.variables)
	    : xstrdup("");

	for (size_t i = 0; i < steps->n; i++)
		skip_step(run, &steps->items[i], reason);
	free(reason);
}

static void
run_block(struct run *run, const struct playbook_step *step)
{
	if (run->only != NULL) {
		run_steps(run, &step->then);
		run_steps(run, &step->otherwise);
	} else if (holds(run, step)) {
		/* Told first: the steps may change what it depends on. */
		skip_all(run, &step->otherwise, step);
		run_steps(run, &step->then);
	} else {
		skip_all(run, &step->then, step);
		run_steps(run, &step->otherwise);
	}
}

static void
run_step(struct run *run, const struct playbook_step *step)
{
	char *reason;

	if (step->command == NULL) {
		run_block(run, step);
	} else if (run->only != NULL) {
		/* Whoever names a step wants it, whatever its condition. */
		if (run->n_run == 0 && strcmp(step->name, run->only) == 0)
			run_command(run, step);
	} else if (holds(run, step)) {
		run_command(run, step);
	} else {
		reason = playbook_explain(step, &run->work.variables);
		skip_step(run, step, reason);
		free(reason);
	}
}

static void
run_steps(struct run *run, const struct playbook_steps *steps)
{
	for (size_t i = 0; run->error == NULL && i < steps->n; i++) {
		if (run->stop != NULL) {
			skip_steps(run, steps, i);
			break;
		}
		run_step(run, &steps->items[i]);
	}
}

/* Half of the reserve is for cleaning up, half for delivering. */
static void
begin_cleanup(struct run *run, const char *phase)
{
	const struct stage *stage = run->work.stage;
	double now = clock_monotonic();

	if (cancel_signal() != 0)
		cancel_forget();
	run->phase = phase;
	run->stop = NULL;
	run->ends = fmax(stage->ends - stage->reserve_seconds,
	    now + stage_reserve_left(stage) / 2);
}

static void
run_phases(struct run *run)
{
	const struct playbook *playbook = run->work.playbook;

	run->ends = run->work.stage->ends - run->work.stage->reserve_seconds;
	run_steps(run, &playbook->steps);
	if (run->only != NULL && run->n_run > 0)
		return;
	if (playbook->on_failure.n > 0 && run->error == NULL &&
	    (run->only != NULL || run->n_failed > 0 || run->end != NULL)) {
		begin_cleanup(run, "on_failure");
		run_steps(run, &playbook->on_failure);
	}
	if (playbook->always.n > 0 && run->error == NULL &&
	    (run->only == NULL || run->n_run == 0)) {
		begin_cleanup(run, "always");
		run_steps(run, &playbook->always);
	}
}

/* A step that is run alone has the outputs that a run before has left. */
static void
take_outputs(struct run *run)
{
	jv results = json_get(
	    run->work.variables.document, "playbook_result.step_results");
	size_t n = json_array_length(results, NULL);

	for (size_t i = 0; i < n; i++) {
		jv result = json_element(results, i);
		jv outputs = json_get(result, "outputs");
		const char *name = json_string(result, "name");

		if (jv_get_kind(outputs) == JV_KIND_OBJECT)
			run->work.variables.outputs = jv_object_merge(
			    run->work.variables.outputs, jv_copy(outputs));
		if (name != NULL)
			variables_set_step(
			    &run->work.variables, name, jv_copy(result));
		jv_free(outputs);
		jv_free(result);
	}
	jv_free(results);
}

static struct error *
judge(struct run *run)
{
	const char *name = run->work.playbook->name;
	struct error *error = run->error != NULL ? run->error : run->end;

	if (error == run->error)
		error_free(run->end);
	run->error = run->end = NULL;
	if (error == NULL && run->only != NULL && run->n_run == 0)
		return error_new(ERROR_USAGE,
		    "playbook '%s' has no step '%s'; nr-playbook --list "
		    "shows them",
		    name, run->only);
	if (error != NULL || run->n_failed == 0)
		return error;
	return error_new(run->hit_limit ? ERROR_RESOURCE : ERROR_PLAYBOOK,
	    "playbook '%s' failed%s: %s", name,
	    run->n_failed > 1 ? " in several steps, first" : "", run->failure);
}

static struct error *
write_junit(struct run *run, jv *result, double duration_seconds)
{
	const struct stage *stage = run->work.stage;
	char *path =
	    command_path(stage, "playbook", run->work.turn, ".junit.xml");
	struct error *error = junit_write_each(path, run->work.playbook->name,
	    playbook_record_get, &run->record, run->record.n, duration_seconds,
	    stage->mask);

	if (error == NULL)
		*result = json_set_string(*result, "junit_path", path);
	free(path);
	return error;
}

/* The result with the steps in it, which are text already. */
static char *
join_result(struct run *run, jv result)
{
	char *text = json_text(result);
	char *steps = playbook_record_text(&run->record);
	struct buffer joined = BUFFER_INIT(MAX_RESULT_BYTES);

	buffer_append(&joined, text, strlen(text) - 1);
	buffer_append_string(&joined, ",\"step_results\":");
	buffer_append_string(&joined, steps);
	buffer_append_string(&joined, "}");
	free(steps);
	free(text);
	return buffer_take(&joined);
}

static struct error *
record(struct run *run, bool success, double started)
{
	const struct playbook *playbook = run->work.playbook;
	double seconds = clock_milliseconds(clock_monotonic() - started);
	jv result =
	    json_set_string(jv_object(), "playbook_name", playbook->name);
	struct error *error;

	result = json_set_string(result, "playbook_path", playbook->path);
	result = json_set_boolean(result, "success", success);
	result = json_set_number(result, "total_duration_seconds", seconds);
	error = write_junit(run, &result, seconds);
	document_set_text(
	    run->work.stage->doc, "playbook_result", join_result(run, result));
	return error;
}

static void
prepare(struct run *run, const struct playbook *playbook)
{
	struct stage *stage = run->work.stage;
	char *name = xasprintf("NR_PLAYBOOK_NAME=%s", playbook->name);
	char *more[] = { name, NULL };

	variables_init(&run->work.variables, document_value(stage->doc),
	    playbook->variables, stage->config);
	playbook_record_init(&run->record);
	run->skipped = json_set_boolean(
	    json_set_boolean(jv_object(), "skipped", true), "success", false);
	run->work.turn = command_turn(stage, "playbook", ".junit.xml");
	run->work.environment =
	    command_environment(stage, run->work.workspace, more);
	free(name);
	if (run->only != NULL)
		take_outputs(run);
}

struct error *
playbook_run(struct stage *stage, const struct playbook *playbook,
    const char *workspace, const char *only)
{
	struct run run = {
		.work = {
			.stage = stage,
			.playbook = playbook,
			.workspace = workspace,
		},
		.only = only,
	};
	double started = clock_monotonic();
	struct slot_visit visit;
	struct error *error;

	prepare(&run, playbook);
	run.error = slot_visit_begin(&visit, workspace);
	if (run.error == NULL)
		run_phases(&run);
	run.error = error_first(
	    run.error, slot_visit_end(&visit, "the playbook's steps"));
	error = judge(&run);
	error = error_first(error, record(&run, error == NULL, started));
	playbook_record_release(&run.record);
	jv_free(run.skipped);
	variables_release(&run.work.variables);
	process_environment_free(run.work.environment);
	free(run.failure);
	return error;
}
