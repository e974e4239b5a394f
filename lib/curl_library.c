/* SPDX-License-Identifier: MIT */
#include "curl_library.h"

#include <dlfcn.h>

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

struct error *
curl_library_load(const struct curl_library **library)
{
	static bool done;
	void *handle;

	*library = &loaded.library;
	if (done)
		return NULL;
	handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
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
