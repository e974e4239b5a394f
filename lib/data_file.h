/* SPDX-License-Identifier: MIT */
/*
 * Files that come with the toolkit, from share/, and those that a person has
 * put in their place.
 */
#ifndef DATA_FILE_H
#define DATA_FILE_H

/*
 * The first that is there of $XDG_CONFIG_HOME/necrocode/<own> (NULL: not
 * looked for) and <name> below the toolkit's data: $NR_DATA_DIR, or beside
 * the program as it was installed or built. NULL: there is none. The caller
 * frees.
 */
char *data_file_find(const char *own, const char *name);

/* The directories in which data_file_find() looks, NULL-terminated; free
 * with json_strings_free(). `own` and `name` are of directories here. */
char **data_file_directories(const char *own, const char *name);

#endif
