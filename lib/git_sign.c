/* SPDX-License-Identifier: MIT */
/*
 * Signed commits, as git-commit(1) -S makes them: by gpg, gpgsm or ssh-keygen
 * as the user's and the system's configuration of git says. The slot's own
 * counts for nothing here: an agent could name a program in it.
 */
#include "git_internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "process.h"

enum {
	MAX_SIGNATURE_BYTES = 64 * 1024,
	SIGN_SECONDS = 60,
	MAX_ARGUMENTS = 10,
};

struct signing {
	const struct git *git;
	git_config *config; /* the user's and the system's */
	char *format, *key, *program;
	char *text_path, *out_path, *error_path;
	char *ssh_path;                /* where ssh-keygen puts what it makes */
	char *key_path, *own_key_path; /* the second: of a file of ours */
	char *signature;
};

static char *
setting(git_config *config, const char *name)
{
	git_buf value = { 0 };
	char *text = NULL;

	if (git_config_get_string_buf(&value, config, name) == 0)
		text = xstrdup(value.ptr);
	git_buf_dispose(&value);
	return text;
}

static char *
program_of(const struct signing *signing)
{
	char *name = xasprintf("gpg.%s.program", signing->format);
	char *program = setting(signing->config, name);

	free(name);
	if (program == NULL && strcmp(signing->format, "openpgp") == 0)
		program = setting(signing->config, "gpg.program");
	if (program != NULL)
		return program;
	return xstrdup(strcmp(signing->format, "openpgp") == 0 ? "gpg"
		: strcmp(signing->format, "x509") == 0         ? "gpgsm"
							       : "ssh-keygen");
}

static struct error *
read_settings(struct signing *signing, const git_signature *committer)
{
	int code = git_config_open_default(&signing->config);

	if (code < 0)
		return git_failure(ERROR_CONFIG, code,
		    "cannot sign: cannot read the user's configuration of git");
	signing->format = setting(signing->config, "gpg.format");
	if (signing->format == NULL)
		signing->format = xstrdup("openpgp");
	signing->program = program_of(signing);
	signing->key = setting(signing->config, "user.signingkey");
	if (strcmp(signing->format, "openpgp") != 0 &&
	    strcmp(signing->format, "x509") != 0 &&
	    strcmp(signing->format, "ssh") != 0)
		return error_new(ERROR_CONFIG,
		    "cannot sign: gpg.format is '%s'; openpgp, x509 and ssh "
		    "are known",
		    signing->format);
	if (signing->key == NULL && strcmp(signing->format, "ssh") == 0)
		return error_new(ERROR_CONFIG,
		    "cannot sign: user.signingkey is not set; set it with: "
		    "git config --global user.signingkey FILE");
	if (signing->key == NULL)
		signing->key =
		    xasprintf("%s <%s>", committer->name, committer->email);
	return NULL;
}

/* The key itself, which ssh-keygen wants in a file, or a file's name. */
static struct error *
find_key_file(struct signing *signing)
{
	const char *key = signing->key, *home = getenv("HOME");

	if (strncmp(key, "key::", 5) == 0)
		key += 5;
	else if (strncmp(key, "ssh-", 4) != 0) {
		signing->key_path =
		    key[0] == '~' && key[1] == '/' && home != NULL
		    ? file_join(home, key + 2)
		    : xstrdup(key);
		return NULL;
	}
	signing->own_key_path = xasprintf("%s.pub", signing->text_path);
	signing->key_path = xstrdup(signing->own_key_path);
	return file_replace(signing->key_path, key, strlen(key), 0600);
}

/* Each of them allocated. */
static struct error *
fill_arguments(struct signing *signing, char *argv[])
{
	const char *const gpg[] = { signing->program, "--status-fd=2", "-bsau",
		signing->key, NULL };
	const char *const ssh[] = { signing->program, "-Y", "sign", "-n", "git",
		"-f", NULL };
	bool is_ssh = strcmp(signing->format, "ssh") == 0;
	const char *const *words = is_ssh ? ssh : gpg;
	struct error *err = is_ssh ? find_key_file(signing) : NULL;
	size_t n = 0;

	for (; *words != NULL; words++)
		argv[n++] = xstrdup(*words);
	if (is_ssh) {
		argv[n++] = xstrdup(signing->key_path);
		argv[n++] = xstrdup(signing->text_path);
	}
	argv[n] = NULL;
	return err;
}

/* The last line that the program said on standard error. */
static struct error *
signer_failed(
    const struct signing *signing, enum error_type type, const char *how)
{
	struct buffer text = BUFFER_INIT(MAX_SIGNATURE_BYTES);
	struct error *err;
	char *line;

	error_free(file_read(&text, signing->error_path));
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	line = text.len > 0 ? strrchr(text.data, '\n') : NULL;
	line = line != NULL ? line + 1 : text.data;
	err = error_new(type,
	    "cannot sign the commit with '%s' and the key '%s': %s%s%s",
	    signing->program, signing->key, how, line != NULL ? ": " : "",
	    line != NULL ? line : "");
	buffer_release(&text);
	return err;
}

/* The variables of gpg and ssh-agent. */
static char *const passed[] = {
	(char[]){ "GNUPGHOME" },
	(char[]){ "SSH_AUTH_SOCK" },
	(char[]){ "GPG_AGENT_INFO" },
	NULL,
};

static struct error *
run_signer(struct signing *signing)
{
	char *argv[MAX_ARGUMENTS] = { NULL }, *how;
	char **environment = process_environment(passed, NULL, NULL);
	struct process_options options = {
		.argv = argv,
		.environment = environment,
		.stdin_path = signing->text_path,
		.stdout_path = signing->out_path,
		.stderr_path = signing->error_path,
		.timeout_seconds = git_seconds_left(signing->git, SIGN_SECONDS),
	};
	struct process_result result = { 0 };
	struct error *err = fill_arguments(signing, argv);

	if (err == NULL)
		err = process_run(&result, &options);
	if (err == NULL &&
	    (result.end != PROCESS_EXITED || result.exit_code != 0)) {
		how = process_describe(&result, &options);
		err = signer_failed(signing,
		    result.end == PROCESS_TIMED_OUT &&
			    options.timeout_seconds < SIGN_SECONDS
			? ERROR_TIMEOUT
			: ERROR_CONFIG,
		    how);
		free(how);
	}
	process_environment_free(environment);
	for (char **argument = argv; *argument != NULL; argument++)
		free(*argument);
	return err;
}

static struct error *
read_signature(struct signing *signing)
{
	struct buffer text = BUFFER_INIT(MAX_SIGNATURE_BYTES);
	bool ssh = strcmp(signing->format, "ssh") == 0;
	struct error *err =
	    file_read(&text, ssh ? signing->ssh_path : signing->out_path);

	if (err == NULL && text.len == 0)
		err = signer_failed(
		    signing, ERROR_CONFIG, "it made no signature");
	if (err == NULL)
		signing->signature = buffer_take(&text);
	buffer_release(&text);
	return err;
}

static void
name_files(struct signing *signing)
{
	const char *directory = signing->git->sign_directory;

	signing->text_path = file_join(directory, "commit-to-sign");
	signing->out_path = file_join(directory, "commit-signature");
	signing->error_path = file_join(directory, "commit-sign.log");
	signing->ssh_path = file_join(directory, "commit-to-sign.sig");
	/* ssh-keygen does not write over one that a killed run has left. */
	unlink(signing->ssh_path);
}

static void
release(struct signing *signing)
{
	char *const paths[] = { signing->text_path, signing->out_path,
		signing->error_path, signing->ssh_path, signing->own_key_path };

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		if (paths[i] != NULL)
			unlink(paths[i]);
		free(paths[i]);
	}
	git_config_free(signing->config);
	free(signing->format);
	free(signing->key);
	free(signing->program);
	free(signing->key_path);
	free(signing->signature);
}

static struct error *
sign(char **signature, const struct git *git, const git_buf *text,
    const git_signature *committer)
{
	struct signing signing = { .git = git };
	struct error *err = read_settings(&signing, committer);

	*signature = NULL;
	if (err == NULL) {
		name_files(&signing);
		err = file_replace(
		    signing.text_path, text->ptr, text->size, 0600);
	}
	if (err == NULL)
		err = run_signer(&signing);
	if (err == NULL)
		err = read_signature(&signing);
	if (err == NULL) {
		*signature = signing.signature;
		signing.signature = NULL;
	}
	release(&signing);
	return err;
}

void
git_sign_commits(struct git *git, const char *directory)
{
	free(git->sign_directory);
	git->sign_directory = xstrdup(directory);
}

struct error *
git_create_commit(
    const struct git *git, git_oid *id, const struct git_new_commit *commit)
{
	git_repository *repository = git->repository;
	git_buf text = { 0 };
	char *signature = NULL;
	struct error *err = NULL;
	const git_commit *parents[] = { commit->parent };
	size_t n = commit->parent != NULL ? 1 : 0;
	int code;

	if (git->sign_directory == NULL) {
		code = git_commit_create(id, repository, NULL, commit->author,
		    commit->committer, commit->encoding, commit->message,
		    commit->tree, n, parents);
	} else {
		code = git_commit_create_buffer(&text, repository,
		    commit->author, commit->committer, commit->encoding,
		    commit->message, commit->tree, n, parents);
		if (code == 0)
			err = sign(&signature, git, &text, commit->committer);
		if (code == 0 && err == NULL)
			code = git_commit_create_with_signature(
			    id, repository, text.ptr, signature, NULL);
	}
	git_buf_dispose(&text);
	free(signature);
	if (code < 0)
		err = git_failure(
		    ERROR_WORKSPACE, code, "cannot commit in '%s'", git->path);
	return err;
}
