/* SPDX-License-Identifier: MIT */
#include "test_command.h"

#include <dirent.h>
#include <fnmatch.h>
#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "json.h"
#include "memory.h"

enum evidence {
	IS_THERE,
	HAS_TARGET, /* a make target of the name `text` */
	HAS_LINE,   /* a line that the extended regex `text` fits */
	HAS_SCRIPT, /* JSON: scripts.<text>, and not what npm init puts there */
};

struct row {
	const char *file; /* in the workspace; its last part is a pattern */
	enum evidence evidence;
	const char *text;
	const char *also; /* another file that must be there; NULL: none */
	const char *command;
};

/* A build directory in the workspace would end up in the commit. */
#define IN_TEMPORARY_DIRECTORY(commands) \
	"d=$(mktemp -d) && trap 'rm -rf \"$d\"' EXIT && " commands

#define PYTEST "python3 -m pytest"

static const struct row rows[] = {
	/* What the project itself calls its tests comes first. */
	{ "GNUmakefile", HAS_TARGET, "test", NULL, "make test" },
	{ "GNUmakefile", HAS_TARGET, "check", NULL, "make check" },
	{ "makefile", HAS_TARGET, "test", NULL, "make test" },
	{ "makefile", HAS_TARGET, "check", NULL, "make check" },
	{ "Makefile", HAS_TARGET, "test", NULL, "make test" },
	{ "Makefile", HAS_TARGET, "check", NULL, "make check" },
	{ "justfile", HAS_LINE, "^@?test( [^:]*)?:([^=]|$)", NULL,
	    "just test" },
	{ "Taskfile.y*ml", HAS_LINE, "^  test:", NULL, "task test" },
	{ "package.json", HAS_SCRIPT, "test", "pnpm-lock.yaml", "pnpm test" },
	{ "package.json", HAS_SCRIPT, "test", "yarn.lock", "yarn test" },
	{ "package.json", HAS_SCRIPT, "test", "bun.lock*", "bun run test" },
	{ "package.json", HAS_SCRIPT, "test", NULL, "npm test" },
	{ "composer.json", HAS_SCRIPT, "test", NULL, "composer test" },
	/* Tools that know by themselves where the tests are. */
	{ "Cargo.toml", IS_THERE, NULL, NULL, "cargo test" },
	{ "go.mod", IS_THERE, NULL, NULL, "go test ./..." },
	{ "mvnw", IS_THERE, NULL, "pom.xml", "./mvnw -B test" },
	{ "pom.xml", IS_THERE, NULL, NULL, "mvn -B test" },
	{ "gradlew", IS_THERE, NULL, NULL, "./gradlew test" },
	{ "build.gradle", IS_THERE, NULL, NULL, "gradle test" },
	{ "build.gradle.kts", IS_THERE, NULL, NULL, "gradle test" },
	{ "*.sln", IS_THERE, NULL, NULL, "dotnet test" },
	{ "*.slnx", IS_THERE, NULL, NULL, "dotnet test" },
	{ "*.[cfv][sb]proj", IS_THERE, NULL, NULL, "dotnet test" },
	{ "mix.exs", IS_THERE, NULL, NULL, "mix test" },
	{ "Package.swift", IS_THERE, NULL, NULL, "swift test" },
	{ "build.sbt", IS_THERE, NULL, NULL, "sbt test" },
	{ "stack.yaml", IS_THERE, NULL, NULL, "stack test" },
	{ "*.cabal", IS_THERE, NULL, NULL, "cabal test" },
	{ "dune-project", IS_THERE, NULL, NULL, "dune test" },
	{ "pubspec.yaml", IS_THERE, NULL, "test", "dart test" },
	{ "deno.json*", IS_THERE, NULL, NULL, "deno test" },
	{ "rebar.config", IS_THERE, NULL, NULL, "rebar3 eunit" },
	{ "build/meson-info", IS_THERE, NULL, "meson.build",
	    "meson test -C build" },
	{ "meson.build", IS_THERE, NULL, NULL,
	    IN_TEMPORARY_DIRECTORY(
		"meson setup \"$d\" && meson test -C \"$d\"") },
	{ "build/CTestTestfile.cmake", IS_THERE, NULL, NULL,
	    "cmake --build build && "
	    "ctest --test-dir build --output-on-failure" },
	{ "CMakeLists.txt", HAS_LINE,
	    "^[^#]*(enable_testing|include) *\\(( *CTest *)?\\)", NULL,
	    IN_TEMPORARY_DIRECTORY("cmake -S . -B \"$d\" && "
				   "cmake --build \"$d\" && ctest --test-dir "
				   "\"$d\" --output-on-failure") },
	/* Python */
	{ "manage.py", HAS_LINE, "django", NULL, "python3 manage.py test" },
	{ "pytest.ini", IS_THERE, NULL, NULL, PYTEST },
	{ "pyproject.toml", HAS_LINE, "^\\[tool\\.pytest", NULL, PYTEST },
	{ "setup.cfg", HAS_LINE, "^\\[tool:pytest\\]", NULL, PYTEST },
	{ "tox.ini", HAS_LINE, "^\\[pytest\\]", NULL, PYTEST },
	{ "tox.ini", HAS_LINE, "^\\[testenv", NULL, "tox" },
	{ "noxfile.py", IS_THERE, NULL, NULL, "nox" },
	{ "conftest.py", IS_THERE, NULL, NULL, PYTEST },
	{ "tests/test_*.py", IS_THERE, NULL, NULL, PYTEST },
	{ "tests/*_test.py", IS_THERE, NULL, NULL, PYTEST },
	{ "tests/conftest.py", IS_THERE, NULL, NULL, PYTEST },
	{ "test/test_*.py", IS_THERE, NULL, NULL, PYTEST },
	{ "test_*.py", IS_THERE, NULL, NULL, PYTEST },
	/* Ruby, PHP, Perl */
	{ ".rspec", IS_THERE, NULL, "Gemfile", "bundle exec rspec" },
	{ "spec/*_spec.rb", IS_THERE, NULL, "Gemfile", "bundle exec rspec" },
	{ "bin/rails", IS_THERE, NULL, "test", "bin/rails test" },
	{ "Rakefile", HAS_LINE, "(TestTask|:test|[\"']test[\"'])", "Gemfile",
	    "bundle exec rake test" },
	{ "Rakefile", HAS_LINE, "(TestTask|:test|[\"']test[\"'])", NULL,
	    "rake test" },
	{ ".rspec", IS_THERE, NULL, NULL, "rspec" },
	{ "phpunit.xml", IS_THERE, NULL, NULL, "vendor/bin/phpunit" },
	{ "phpunit.xml.dist", IS_THERE, NULL, NULL, "vendor/bin/phpunit" },
	{ "t/*.t", IS_THERE, NULL, "lib", "prove -lr t" },
	{ "t/*.t", IS_THERE, NULL, NULL, "prove -r t" },
	/* A tree that is not configured yet, and the shell */
	{ "Makefile.in", HAS_TARGET, "check", "configure",
	    "./configure && make check" },
	{ "tests/*.bats", IS_THERE, NULL, NULL, "bats tests" },
	{ "test/*.bats", IS_THERE, NULL, NULL, "bats test" },
	{ "*.bats", IS_THERE, NULL, NULL, "bats ." },
};

/* The path of a file that fits, relative to the workspace; NULL: none. */
static char *
find_file(const char *workspace, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	const char *name = slash != NULL ? slash + 1 : pattern;
	int dir_len = (int)(name - pattern);
	char *dir = xasprintf("%s/%.*s", workspace, dir_len, pattern);
	DIR *entries = opendir(dir);
	const struct dirent *entry;
	char *found = NULL;

	free(dir);
	if (entries == NULL)
		return NULL;
	/* cppcheck-suppress readdirCalled; no program of ours has threads */
	while (found == NULL && (entry = readdir(entries)) != NULL)
		if (fnmatch(name, entry->d_name, FNM_PERIOD) == 0)
			found = xasprintf(
			    "%.*s%s", dir_len, pattern, entry->d_name);
	closedir(entries);
	return found;
}

static bool
has_line(const char *text, const char *pattern)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB) !=
	    0)
		return false;
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

/* A rule "a test b: c" for the target; not "test := x", not a recipe. */
static bool
has_target(const char *text, const char *target)
{
	char *pattern =
	    xasprintf("^([^#:=\t]*[ ])?%s([ \t][^#:=]*)?::?([^:=]|$)", target);
	bool found = has_line(text, pattern);

	free(pattern);
	return found;
}

static bool
has_script(const char *text, size_t len, const char *name)
{
	char *path = xasprintf("scripts.%s", name);
	struct error *error;
	const char *script;
	bool found = false;
	jv value;

	error = json_parse(&value, text, len, "package.json");
	if (error == NULL) {
		jv scripts = json_get(value, path);

		script = json_string(value, path);
		/* composer.json also has lists of commands */
		found = jv_get_kind(scripts) == JV_KIND_ARRAY ||
		    (script != NULL && *script != '\0' &&
			strstr(script, "no test specified") == NULL);
		jv_free(scripts);
	}
	error_free(error);
	jv_free(value);
	free(path);
	return found;
}

static bool
has_evidence(const struct row *row, const char *workspace, const char *file)
{
	enum { MAX_BYTES = 1024 * 1024 };
	struct buffer text = BUFFER_INIT(MAX_BYTES);
	char *path = file_join(workspace, file);
	struct stat info;
	bool found = false;

	/* Not a pipe, which would have us wait for ever. Of a file that is
	 * too large, the beginning is enough. */
	if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
		error_free(file_read(&text, path));
	free(path);
	if (text.data == NULL)
		return false;
	if (row->evidence == HAS_TARGET)
		found = has_target(text.data, row->text);
	else if (row->evidence == HAS_LINE)
		found = has_line(text.data, row->text);
	else if (row->evidence == HAS_SCRIPT)
		found = has_script(text.data, text.len, row->text);
	buffer_release(&text);
	return found;
}

static char *
explain(const struct row *row, const char *file)
{
	if (row->evidence == HAS_TARGET)
		return xasprintf("%s has a target '%s'", file, row->text);
	if (row->evidence == HAS_SCRIPT)
		return xasprintf("%s has a script '%s'", file, row->text);
	if (row->also != NULL)
		return xasprintf("there are %s and %s", file, row->also);
	return xasprintf("there is %s", file);
}

static bool
fits(const struct row *row, const char *workspace, const char *file)
{
	char *also;

	if (file == NULL)
		return false;
	if (row->also != NULL) {
		also = find_file(workspace, row->also);
		free(also);
		if (also == NULL)
			return false;
	}
	return row->evidence == IS_THERE || has_evidence(row, workspace, file);
}

bool
test_command_detect(struct test_command *found, const char *workspace)
{
	*found = (struct test_command){ 0 };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *file = find_file(workspace, rows[i].file);

		if (fits(&rows[i], workspace, file)) {
			found->command = rows[i].command;
			found->why = explain(&rows[i], file);
		}
		free(file);
		if (found->command != NULL)
			return true;
	}
	return false;
}

void
test_command_release(struct test_command *found)
{
	free(found->why);
	*found = (struct test_command){ 0 };
}
