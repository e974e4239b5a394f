/* SPDX-License-Identifier: MIT */
#include "secret_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

extern char **environ;

enum { MAX_SECRET = 1 << 20, TOO_SHORT = 4, MAX_NAME = 256 };

/* Parts of names: '^' is where a name begins, '$' is where it ends. */
static const char *const patterns[] = { "TOKEN", "SECRET", "PASSW", "_PASS$",
	"_KEY$", "_KEYS$", "APIKEY", "CREDENTIAL", "_PAT$", "_DSN$",
	"CONNECTION_STRING", "PASSPHRASE", "SSHPASS$", "MYSQL_PWD$", NULL };

/* They hold the name, the place or the kind of a secret, not the secret. */
static const char *const exceptions[] = { "_ENV$", "_ENV_VAR$", "_DIR$",
	"_PATH$", "_NAME$", "_ID$", "_TYPE$", "_URL$", "_URI$", "_FILE$",
	"PUBLIC_KEY$", "MAX_TOKENS$", "^MASK_", "_MASK_", NULL };

static const char *const urls[] = { "DATABASE_URL$", NULL };

/* The name in capitals, between its signs of beginning and end. */
static void
frame(char framed[MAX_NAME], const char *name)
{
	size_t len = strlen(name);

	if (len > MAX_NAME - 3)
		len = MAX_NAME - 3;
	framed[0] = '^';
	for (size_t i = 0; i < len; i++)
		framed[i + 1] = name[i] >= 'a' && name[i] <= 'z'
		    ? (char)(name[i] - 'a' + 'A')
		    : name[i];
	framed[len + 1] = '$';
	framed[len + 2] = '\0';
}

static bool
has_one_of(const char *framed, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++)
		if (strstr(framed, list[i]) != NULL)
			return true;
	return false;
}

static bool
is_database_url(const char *name)
{
	char framed[MAX_NAME];

	frame(framed, name);
	return has_one_of(framed, urls);
}

bool
secret_name_matches(const char *name)
{
	char framed[MAX_NAME];

	frame(framed, name);
	if (has_one_of(framed, urls))
		return true;
	return has_one_of(framed, patterns) && !has_one_of(framed, exceptions);
}

static void
add(struct mask *mask, const char *name, const char *value, size_t len,
    secret_refused *refused)
{
	while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
		len--;
	if (!mask_add(mask, name, value, len) && len > 0 && len < TOO_SHORT &&
	    refused != NULL)
		refused(name);
}

/* The password of scheme://user:password@host; NULL: there is none. */
static const char *
url_password(const char *value, size_t *len)
{
	const char *start = strstr(value, "://");
	const char *end, *colon;

	for (const char *c = value; start != NULL && c < start; c++)
		if (strchr(" \t\r\n/", *c) != NULL)
			return NULL;
	if (start == NULL || start == value)
		return NULL;
	start += 3;
	/* The last @ before the path: a password may hold another one. */
	end = start + strcspn(start, "/?# \t\r\n");
	while (end > start && *end != '@')
		end--;
	colon = memchr(start, ':', (size_t)(end - start));
	if (end == start || colon == NULL || colon + 1 == end)
		return NULL;
	*len = (size_t)(end - colon - 1);
	return colon + 1;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A password is masked as it stands in the URL, and decoded. */
static void
add_password(struct mask *mask, const char *name, const char *text, size_t len,
    secret_refused *refused)
{
	char *decoded = xmalloc(len);
	size_t n = 0;

	add(mask, name, text, len, refused);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && len - i > 2 &&
		    hex_digit(text[i + 1]) >= 0 &&
		    hex_digit(text[i + 2]) >= 0) {
			decoded[n++] = (char)(hex_digit(text[i + 1]) * 16 +
			    hex_digit(text[i + 2]));
			i += 2;
		} else {
			decoded[n++] = text[i];
		}
	}
	if (n < len)
		add(mask, name, decoded, n, refused);
	free_secret(decoded, len);
}

/* Password=...; and its like in a connection string. */
static void
add_fields(struct mask *mask, const char *name, const char *value,
    secret_refused *refused)
{
	static const char *const keys[] = { "password", "pwd", "accountkey",
		"sharedaccesskey", "secret", NULL };

	for (const char *at = value; *at != '\0';) {
		size_t len = strcspn(at, ";");
		size_t key = strcspn(at, "=;");

		for (int i = 0; keys[i] != NULL && at[key] == '='; i++) {
			size_t n = strlen(keys[i]);

			if (key >= n &&
			    strncasecmp(at + key - n, keys[i], n) == 0) {
				add(mask, name, at + key + 1, len - key - 1,
				    refused);
				break;
			}
		}
		at += len + (at[len] == ';');
	}
}

void
secret_add(struct mask *mask, const char *name, const char *value, size_t len,
    secret_refused *refused)
{
	size_t password_len;
	const char *password = NULL;

	if (memchr(value, '\0', len) == NULL)
		password = url_password(value, &password_len);
	if (password != NULL) {
		add_password(mask, name, password, password_len, refused);
		return;
	}
	if (is_database_url(name))
		return; /* a URL without a password is no secret */
	add(mask, name, value, len, refused);
	if (memchr(value, ';', len) != NULL)
		add_fields(mask, name, value, refused);
}

struct error *
secret_read_file(struct buffer *secret, const char *path)
{
	struct error *error;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(
		    ERROR_CONFIG, "cannot read the secret file '%s'", path);
	*secret = BUFFER_INIT(MAX_SECRET);
	error = buffer_read_fd(secret, fd, "it");
	close(fd);
	if (error == NULL)
		return NULL;
	buffer_release(secret);
	error->retryable = false;
	return error_prefix(error_retype(error, ERROR_CONFIG),
	    "cannot read the secret file '%s'", path);
}

struct error *
secret_add_file(struct mask *mask, const char *name, const char *path,
    secret_refused *refused)
{
	struct buffer secret = BUFFER_INIT(0);
	struct error *error = secret_read_file(&secret, path);

	if (error != NULL)
		return error;
	secret_add(mask, name, secret.data, secret.len, refused);
	buffer_release(&secret);
	return NULL;
}

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

struct error *
secret_add_directory(
    struct mask *mask, const char *path, secret_refused *refused)
{
	DIR *dir = opendir(path);
	struct error *error = NULL;
	struct dirent *entry;

	if (dir == NULL)
		return error_errno(ERROR_CONFIG,
		    "cannot read the secrets directory '%s'", path);
	while (error == NULL && (entry = readdir(dir)) != NULL) {
		char *file;

		/* Kubernetes keeps the files in ..data, and links to them. */
		if (entry->d_name[0] == '.')
			continue;
		file = xasprintf("%s/%s", path, entry->d_name);
		if (is_file(file))
			error =
			    secret_add_file(mask, entry->d_name, file, refused);
		free(file);
	}
	closedir(dir);
	return error;
}

/* A variable such as GOOGLE_APPLICATION_CREDENTIALS names a file. */
static struct error *
add_value(struct mask *mask, const char *name, const char *value,
    secret_refused *refused)
{
	if (value[0] == '/' && is_file(value) && access(value, R_OK) == 0)
		return secret_add_file(mask, name, value, refused);
	secret_add(mask, name, value, strlen(value), refused);
	return NULL;
}

struct error *
secret_add_variable(
    struct mask *mask, const char *name, bool *found, secret_refused *refused)
{
	const char *value = getenv(name);
	struct error *error = NULL;
	char *file_name;

	*found = true;
	if (value != NULL && *value != '\0')
		return add_value(mask, name, value, refused);
	file_name = xasprintf("%s_FILE", name);
	value = getenv(file_name);
	free(file_name);
	*found = value != NULL && *value != '\0';
	if (*found)
		error = secret_add_file(mask, name, value, refused);
	return error;
}

/* One entry of the environment, cut in name and value. */
static struct error *
add_entry(struct mask *mask, const char *entry, secret_refused *refused)
{
	static const char suffix[] = "_FILE";
	const char *value = strchr(entry, '=');
	size_t len, suffix_len = strlen(suffix), unused;
	struct error *error = NULL;
	char *name;

	if (value == NULL || value[1] == '\0')
		return NULL;
	len = (size_t)(value++ - entry);
	name = xstrndup(entry, len);
	if (secret_name_matches(name)) {
		error = add_value(mask, name, value, refused);
	} else if (len > suffix_len &&
	    strcmp(name + len - suffix_len, suffix) == 0) {
		name[len - suffix_len] = '\0';
		if (secret_name_matches(name))
			error = secret_add_file(mask, name, value, refused);
	} else if (url_password(value, &unused) != NULL) {
		secret_add(mask, name, value, strlen(value), refused);
	}
	free(name);
	return error;
}

struct error *
secret_add_environment(struct mask *mask, secret_refused *refused)
{
	struct error *error = NULL;

	for (char **entry = environ; error == NULL && *entry != NULL; entry++)
		error = add_entry(mask, *entry, refused);
	return error;
}
