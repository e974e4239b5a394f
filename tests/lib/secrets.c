/* SPDX-License-Identifier: MIT */
/*
 * secrets NAME...: the secrets of the configuration, for tests. Prints the
 * length of each named one, then standard input, masked.
 */
#include "secret.h"

#include <unistd.h>

#include "memory.h"

int
main(int argc, char *argv[])
{
	struct config_options options = { 0 };
	struct config *config = NULL;
	struct secrets *secrets = NULL;
	struct error *error = config_load(&config, &options);
	int code = 0;

	if (error == NULL)
		error = secrets_load(&secrets, config);
	for (int i = 1; error == NULL && i < argc; i++) {
		const char *secret = secrets_get(secrets, argv[i]);

		if (secret == NULL)
			printf("%s none\n", argv[i]);
		else
			printf("%s %zu\n", argv[i], strlen(secret));
	}
	fflush(stdout);
	if (error == NULL)
		error =
		    mask_fd(secrets_mask(secrets), STDIN_FILENO, STDOUT_FILENO);
	if (error != NULL) {
		fprintf(stderr, "secrets: %s\n", error->message);
		code = error->exit_code;
	}
	error_free(error);
	secrets_free(secrets);
	config_free(config);
	return code;
}
