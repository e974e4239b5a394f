/* SPDX-License-Identifier: MIT */
/*
 * Where a repository is: git's URLs and its short forms (git-fetch(1)).
 */
#include "git_internal.h"

#include <ctype.h>
#include <strings.h>

#include "file.h"
#include "http_url.h"
#include "memory.h"

static bool
take_prefix(const char **text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncasecmp(*text, prefix, len) != 0)
		return false;
	*text += len;
	return true;
}

/* Would git or ssh read it as an option, or a shell as something else? */
static bool
is_plain(const char *text)
{
	if (text == NULL)
		return true;
	if (*text == '-' || *text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text) || *text == ' ')
			return false;
	return true;
}

/* [user[:password]@]host[:port], len bytes of it. */
static void
parse_authority(struct git_url *url, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	char *at = strrchr(copy, '@'), *host = copy, *colon;

	if (at != NULL) {
		*at = '\0';
		host = at + 1;
		colon = strchr(copy, ':');
		if (colon != NULL)
			*colon = '\0';
		url->had_credentials =
		    colon != NULL || url->scheme != GIT_SCHEME_SSH;
		if (url->scheme == GIT_SCHEME_SSH)
			url->user = xstrdup(copy);
	}
	/* An IPv6 address holds colons, in brackets. */
	colon = strrchr(host, ':');
	if (colon != NULL && strchr(colon, ']') == NULL) {
		*colon = '\0';
		if (colon[1] != '\0')
			url->port = xstrdup(colon + 1);
	}
	url->host = xstrdup(host);
	free(copy);
}

static void
parse_rest(struct git_url *url, const char *scheme, const char *rest)
{
	size_t len = strcspn(rest, "/");

	parse_authority(url, rest, len);
	url->path = xstrdup(rest + len);
	url->text = xasprintf("%s://%s%s%s%s%s%s", scheme,
	    url->user != NULL ? url->user : "", url->user != NULL ? "@" : "",
	    url->host, url->port != NULL ? ":" : "",
	    url->port != NULL ? url->port : "", url->path);
}

/* [user@]host:path, with no slash before the colon. */
static bool
is_short_ssh(const char *text)
{
	size_t colon = strcspn(text, ":");

	return colon > 0 && text[colon] == ':' &&
	    memchr(text, '/', colon) == NULL;
}

static void
parse_short_ssh(struct git_url *url, const char *text)
{
	size_t colon = strcspn(text, ":");

	url->scheme = GIT_SCHEME_SSH;
	parse_authority(url, text, colon);
	url->path = xstrdup(text + colon + 1);
	url->text = xasprintf("%s%s%s:%s", url->user != NULL ? url->user : "",
	    url->user != NULL ? "@" : "", url->host, url->path);
}

static void
parse_path(struct git_url *url, const char *path, const char *directory)
{
	url->scheme = GIT_SCHEME_PATH;
	url->path =
	    *path == '/' ? xstrdup(path) : xasprintf("%s/%s", directory, path);
	url->text = xstrdup(url->path);
}

/* "SCHEME" of SCHEME://; NULL: none. The caller frees. */
static char *
scheme_of(const char *text)
{
	const char *end = strstr(text, "://");
	char *scheme;

	if (end == NULL)
		return NULL;
	scheme = xstrndup(text, (size_t)(end - text));
	for (char *at = scheme; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at) &&
		    strchr("+-.", *at) == NULL) {
			free(scheme);
			return NULL;
		}
		*at = (char)tolower((unsigned char)*at);
	}
	return scheme;
}

static bool
parse(struct git_url *url, const char *text, const char *directory)
{
	char *scheme = scheme_of(text);
	const char *rest = text;
	bool known = true;

	if (scheme != NULL)
		rest = strstr(text, "://") + 3;
	if (scheme == NULL && !is_short_ssh(text)) {
		parse_path(url, text, directory);
	} else if (scheme == NULL) {
		parse_short_ssh(url, text);
	} else if (strcmp(scheme, "file") == 0) {
		take_prefix(&rest, "localhost");
		known = *rest == '/';
		parse_path(url, rest, directory);
		http_url_decode(url->path);
	} else {
		url->secure = strcmp(scheme, "https") == 0;
		if (url->secure || strcmp(scheme, "http") == 0)
			url->scheme = GIT_SCHEME_HTTP;
		else if (strcmp(scheme, "ssh") == 0 ||
		    strcmp(scheme, "git+ssh") == 0)
			url->scheme = GIT_SCHEME_SSH;
		else if (strcmp(scheme, "git") == 0)
			url->scheme = GIT_SCHEME_GIT;
		else
			known = false;
		parse_rest(url, scheme, rest);
		if (url->scheme != GIT_SCHEME_HTTP)
			http_url_decode(url->path);
	}
	free(scheme);
	return known;
}

struct error *
git_url_parse(struct git_url *url, const char *text, const char *directory,
    enum error_type type)
{
	*url = (struct git_url){ 0 };
	if (parse(url, text, directory) && is_plain(url->user) &&
	    is_plain(url->host) && is_plain(url->port) &&
	    url->path[0] != '\0' &&
	    (url->scheme == GIT_SCHEME_PATH || url->host[0] != '\0') &&
	    (url->scheme == GIT_SCHEME_PATH || is_plain(url->path)))
		return NULL;
	return error_new(type,
	    "cannot use '%s' as the URL of a git repository; what can be used "
	    "is https://, http://, ssh://, host:path, git://, file:// and "
	    "paths",
	    url->text);
}

void
git_url_release(struct git_url *url)
{
	free(url->text);
	free(url->user);
	free(url->host);
	free(url->port);
	free(url->path);
	*url = (struct git_url){ 0 };
}

static const char *
usual_port(const struct git_url *url)
{
	return url->secure ? "443" : "80";
}

bool
git_url_same_server(const struct git_url *a, const struct git_url *b)
{
	const char *a_port = a->port != NULL ? a->port : usual_port(a);
	const char *b_port = b->port != NULL ? b->port : usual_port(a);

	return a->scheme == b->scheme && a->secure == b->secure &&
	    strcasecmp(a->host, b->host) == 0 && strcmp(a_port, b_port) == 0;
}

char *
git_url_address(const struct git_url *url)
{
	size_t len = strlen(url->host);

	if (len > 2 && url->host[0] == '[' && url->host[len - 1] == ']')
		return xstrndup(url->host + 1, len - 2);
	return xstrdup(url->host);
}

bool
git_url_is_of(const char *text, char *const *hosts)
{
	struct git_url url;
	struct error *err = git_url_parse(&url, text, "/", ERROR_WORKSPACE);
	bool found = false;

	for (; err == NULL && url.host != NULL && *hosts != NULL; hosts++) {
		size_t len = strlen(url.host);

		if (strncasecmp(*hosts, url.host, len) != 0)
			continue;
		found = found || (*hosts)[len] == '\0' ||
		    ((*hosts)[len] == ':' && url.port != NULL &&
			strcmp(*hosts + len + 1, url.port) == 0);
	}
	error_free(err);
	git_url_release(&url);
	return found;
}

static void
lower_case(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

char *
git_url_server(const char *text)
{
	struct git_url url;
	struct error *err = git_url_parse(&url, text, "/", ERROR_WORKSPACE);
	char *server = NULL;

	if (err == NULL && url.scheme == GIT_SCHEME_HTTP) {
		server = xasprintf("http%s://%s:%s", url.secure ? "s" : "",
		    url.host, url.port != NULL ? url.port : usual_port(&url));
		lower_case(server);
	}
	error_free(err);
	git_url_release(&url);
	return server;
}

struct error *
git_check_url(char **checked, const char *text)
{
	struct git_url url;
	struct error *err = NULL;
	char *here = NULL;

	*checked = NULL;
	here = file_resolve(".");
	err = git_url_parse(
	    &url, text, here != NULL ? here : "/", ERROR_WORKSPACE);
	if (err == NULL && url.had_credentials)
		err = error_new(ERROR_SECURITY,
		    "cannot use repo_url '%s': it came with credentials in "
		    "it; take them out and give the token as a secret "
		    "(GIT_TOKEN)",
		    url.text);
	if (err == NULL)
		*checked = xstrdup(url.text);
	git_url_release(&url);
	free(here);
	return err;
}

/* "/owner/repository.git/", less what is not of the name. */
static char *
project_of(const char *path)
{
	size_t len;

	path += strspn(path, "/~");
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len > 4 && strncmp(path + len - 4, ".git", 4) == 0)
		len -= 4;
	return xstrndup(path, len);
}

/* As it is written everywhere: in lower case, without the usual port. */
static char *
forge_server(const struct git_url *url)
{
	bool http = url->scheme == GIT_SCHEME_HTTP;
	bool port = http && url->port != NULL &&
	    strcmp(url->port, usual_port(url)) != 0;
	char *server =
	    xasprintf("%s://%s%s%s", http && !url->secure ? "http" : "https",
		url->host, port ? ":" : "", port ? url->port : "");

	lower_case(server);
	return server;
}

struct error *
git_url_forge(char **server, char **project, const char *text)
{
	struct git_url url;
	struct error *err = git_url_parse(&url, text, "/", ERROR_CONFIG);

	*server = *project = NULL;
	if (err == NULL && url.scheme != GIT_SCHEME_PATH) {
		*project = project_of(url.path);
		*server = forge_server(&url);
	}
	if (err == NULL &&
	    (*project == NULL || strchr(*project, '/') == NULL)) {
		err = error_new(ERROR_CONFIG,
		    "'%s' is no repository of a forge, whose URL ends with "
		    "OWNER/REPOSITORY",
		    url.text);
		free(*server);
		free(*project);
		*server = *project = NULL;
	}
	git_url_release(&url);
	return err;
}
