/* SPDX-License-Identifier: MIT */
#include "curl_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

#include "memory.h"

static const char *const names[] = {
#define CURL_NAME(name) #name,
	CURL_FUNCTIONS(CURL_NAME)
};

enum { n_functions = sizeof names / sizeof names[0] };

static union {
	struct curl_library library;
	void *functions[n_functions];
} loaded;

_Static_assert(sizeof(struct curl_library) == n_functions * sizeof(void *),
    "a member is a pointer to a function, and POSIX gives it a void pointer's "
    "size");

/*
 * libcurl brings GnuTLS for LDAP and RTMP, which nobody here speaks; without
 * being told so it makes itself ready at once, which costs a megabyte. Bound
 * lazily it is as in any program that is linked with it: each library says
 * for itself whether all is bound at once. Otherwise Kerberos would be, too.
 */
static void *
load(void)
{
	static const char name[] = "GNUTLS_NO_IMPLICIT_INIT";
	bool given = getenv(name) != NULL;
	void *handle;

	setenv(name, "1", 0);
	handle = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
	if (!given)
		unsetenv(name);
	return handle;
}

struct error *
curl_library_load(const struct curl_library **library)
{
	static bool done;
	void *handle;

	*library = &loaded.library;
	if (done)
		return NULL;
	handle = load();
	if (handle == NULL)
		return error_new(ERROR_IO,
		    "cannot load libcurl: %s; install libcurl4", dlerror());
	for (size_t i = 0; i < n_functions; i++) {
		loaded.functions[i] = dlsym(handle, names[i]);
		if (loaded.functions[i] == NULL)
			return error_new(ERROR_IO,
			    "cannot use libcurl: it lacks %s", names[i]);
	}
	if (loaded.library.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_new(ERROR_IO, "cannot start libcurl");
	done = true;
	return NULL;
}
