/* SPDX-License-Identifier: MIT */
#include "slot_remote.h"

#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "git.h"
#include "log.h"
#include "memory.h"
#include "slot_state.h"

enum { MAX_BYTES = 4096 };

static void
add_server(struct buffer *servers, const char *url)
{
	char *server = url != NULL ? git_url_server(url) : NULL;

	if (server != NULL)
		buffer_appendf(servers, "%s\n", server);
	free(server);
}

static bool
has_line(const struct buffer *text, const char *line)
{
	size_t len = strlen(line);
	const char *at = text->data;

	while ((at = strstr(at, line)) != NULL) {
		if ((at == text->data || at[-1] == '\n') && at[len] == '\n')
			return true;
		at += len;
	}
	return false;
}

static struct error *
check(const struct buffer *known, const char *path, const char *url)
{
	char *server = url != NULL ? git_url_server(url) : NULL;
	struct error *err = NULL;

	if (server != NULL && !has_line(known, server))
		err = error_new(ERROR_SECURITY,
		    "cannot use the token for '%s', which only the slot's "
		    "configuration names: the slot's remote was on another "
		    "server before (%.*s); if it has moved, give repo_url or "
		    "git_token_hosts, or remove '%s'",
		    url, (int)strcspn(known->data, "\n"), known->data, path);
	free(server);
	return err;
}

struct error *
slot_remote_check(const char *work_tree, const char *url, const char *push_url)
{
	char *path = slot_state_path(work_tree, "remote");
	struct buffer known = BUFFER_INIT(MAX_BYTES);
	struct error *err = file_read(&known, path);

	if (err == NULL && known.len > 0) {
		err = check(&known, path, url);
		if (err == NULL)
			err = check(&known, path, push_url);
	} else if (err != NULL && access(path, F_OK) == 0) {
		/* Not as if there had been none. */
		err = error_prefix(err, "cannot use the token for '%s'", url);
	} else {
		error_free(err);
		buffer_clear(&known);
		add_server(&known, url);
		add_server(&known, push_url);
		if (known.len == 0)
			buffer_append_string(&known, "none\n");
		err = slot_state_write(path, known.data, known.len);
		if (err != NULL)
			log_info("remote_not_noted", "%s", err->message);
		error_free(err);
		err = NULL;
	}
	buffer_release(&known);
	free(path);
	return err;
}
