/* SPDX-License-Identifier: MIT */
#include "provenance.h"

#include "clock.h"
#include "json.h"
#include "memory.h"

/* Names for kinds of things, as SLSA wants them: nobody need find anything
 * there. */
static const char builder_id[] = "https://necrocode.dev/agent-runner";
static const char build_type[] = "https://necrocode.dev/agent-runner/task/v1";

/* A member that the document has; else the object as it was. */
static jv
copy_member(
    jv object, const char *name, const struct document *doc, const char *path)
{
	jv value = json_get(document_value(doc), path);

	if (jv_is_valid(value) && jv_get_kind(value) != JV_KIND_NULL)
		return json_set(object, name, value);
	jv_free(value);
	return object;
}

static jv
digest_of(const char *algorithm, const char *value)
{
	return json_set_string(jv_object(), algorithm, value);
}

/* Name, URI and digest: a subject, or a ResourceDescriptor. */
static jv
resource(jv artifact, bool is_subject)
{
	const char *uri = json_string(artifact, "uri");
	jv made =
	    json_set_string(jv_object(), "name", json_string(artifact, "name"));

	made = json_set(made, "digest",
	    digest_of("sha256", json_string(artifact, "sha256")));
	if (is_subject)
		return made;
	made = json_set_string(made, "uri", uri != NULL ? uri : "");
	return json_set_string(
	    made, "mediaType", json_string(artifact, "content_type"));
}

static bool
is_whole(jv artifact)
{
	return json_string(artifact, "name") != NULL &&
	    json_string(artifact, "sha256") != NULL &&
	    json_string(artifact, "content_type") != NULL;
}

static jv
select_resources(jv artifacts, bool diffs)
{
	size_t n = json_array_length(artifacts, NULL);
	jv selected = jv_array();

	for (size_t i = 0; i < n; i++) {
		jv artifact = json_element(artifacts, i);
		const char *type = json_string(artifact, "type");
		bool is_diff = type != NULL && strcmp(type, "diff") == 0;

		if (is_whole(artifact) && is_diff == diffs)
			selected = jv_array_append(
			    selected, resource(artifact, diffs));
		jv_free(artifact);
	}
	return selected;
}

static jv
subjects(const struct document *doc, jv artifacts)
{
	const char *commit = document_string(doc, "push_result.commit_hash");
	const char *branch = document_string(doc, "push_result.branch_name");
	jv all = select_resources(artifacts, true), subject;

	if (commit == NULL || branch == NULL)
		return all;
	subject = json_set_string(jv_object(), "name", branch);
	subject = json_set(subject, "digest", digest_of("gitCommit", commit));
	return jv_array_append(all, subject);
}

static jv
dependencies(const struct document *doc)
{
	const char *url = document_string(doc, "workspace.remote_url");
	const char *commit = document_string(doc, "workspace.base_commit");
	jv base;

	if (commit == NULL)
		return jv_array();
	base = json_set(jv_object(), "digest", digest_of("gitCommit", commit));
	if (url != NULL) {
		char *uri = xasprintf(
		    "git+%s@refs/heads/%s", url, document_base_branch(doc));

		base = json_set_string(base, "uri", uri);
		free(uri);
	}
	return jv_array_append(jv_array(), base);
}

static jv
build_definition(const struct document *doc)
{
	static const char *const members[] = { "task_id", "spec_name", "title",
		"description", "acceptance_criteria", "repo_url", "base_branch",
		"branch_name", "test_commands", "playbook_path" };
	jv definition = json_set_string(jv_object(), "buildType", build_type);
	jv given = jv_object(), own = jv_object();

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		given = copy_member(given, members[i], doc, members[i]);
	own = copy_member(own, "hostname", doc, "runner.hostname");
	own = copy_member(own, "llm_model", doc, "impl_result.llm_model");
	own =
	    copy_member(own, "timeout_seconds", doc, "runner.timeout_seconds");
	definition = json_set(definition, "externalParameters", given);
	definition = json_set(definition, "internalParameters", own);
	return json_set(definition, "resolvedDependencies", dependencies(doc));
}

static jv
run_details(const struct document *doc, jv artifacts)
{
	jv version =
	    json_set_string(jv_object(), "necrocode-agent-runner", VERSION);
	jv builder = json_set_string(jv_object(), "id", builder_id);
	jv metadata = jv_object(), details = jv_object();
	char now[CLOCK_TEXT_SIZE];

	clock_format(now, clock_now());
	metadata =
	    copy_member(metadata, "invocationId", doc, "runner.runner_id");
	metadata = copy_member(metadata, "startedOn", doc, "runner.started_at");
	metadata = json_set_string(metadata, "finishedOn", now);
	details =
	    json_set(details, "builder", json_set(builder, "version", version));
	details = json_set(details, "metadata", metadata);
	return json_set(
	    details, "byproducts", select_resources(artifacts, false));
}

jv
provenance_statement(const struct document *doc, jv artifacts)
{
	jv predicate =
	    json_set(jv_object(), "buildDefinition", build_definition(doc));
	jv statement = json_set_string(
	    jv_object(), "_type", "https://in-toto.io/Statement/v1");

	predicate =
	    json_set(predicate, "runDetails", run_details(doc, artifacts));
	statement = json_set(statement, "subject", subjects(doc, artifacts));
	statement = json_set_string(
	    statement, "predicateType", "https://slsa.dev/provenance/v1");
	return json_set(statement, "predicate", predicate);
}

jv
provenance_manifest(const struct document *doc, jv artifacts)
{
	jv manifest = jv_object();
	char now[CLOCK_TEXT_SIZE];

	clock_format(now, clock_now());
	manifest = copy_member(manifest, "task_id", doc, "task_id");
	manifest = copy_member(manifest, "spec_name", doc, "spec_name");
	manifest = copy_member(manifest, "runner_id", doc, "runner.runner_id");
	manifest = copy_member(manifest, "error", doc, "error");
	manifest = json_set_string(manifest, "created_at", now);
	return json_set(manifest, "artifacts", jv_copy(artifacts));
}
