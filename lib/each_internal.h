/* SPDX-License-Identifier: MIT */
/* What the files of each.h share. */
#ifndef EACH_INTERNAL_H
#define EACH_INTERNAL_H

#include <sys/types.h>

#include "each.h"
#include "error.h"
#include "json_peek.h"
#include "lines.h"
#include "log_line.h"
#include "outlet.h"
#include "places.h"

/* --- A document in a file without a name, and what is known of it --- */

enum {
	DOCUMENT_SPEC,
	DOCUMENT_TASK,
	DOCUMENT_SUCCESS,
	DOCUMENT_ERROR,
	DOCUMENT_EACH,
	DOCUMENT_MEMBERS
};

/* It has pointers into itself, and stays where it was opened. */
struct each_document {
	int fd; /* -1: none */
	struct json_peek peek;
	struct json_peek_member members[DOCUMENT_MEMBERS];
};

struct error *each_document_open(struct each_document *doc);
/* The same without a file. */
void each_document_watch(struct each_document *doc);
struct error *each_document_write(
    struct each_document *doc, const char *bytes, size_t len);
/* Reads what a command has written. True: it is one whole object. */
bool each_document_look(struct each_document *doc);
/* The file alone goes, what is known of it stays. */
void each_document_close(struct each_document *doc);
void each_document_release(struct each_document *doc);

/* Decoded, or NULL; the caller frees. */
char *each_document_string(const struct each_document *doc, size_t member);
/* Does it carry an error, or success that is false? */
bool each_document_failed(const struct each_document *doc);
/* The error's type (the caller frees; NULL) and exit code, 0: unknown. */
int each_document_error(const struct each_document *doc, char **type);

/* --- The log --- */

struct each_log {
	struct outlet outlet;
	struct buffer rendered;
	const struct mask *mask;
	enum log_level level;
	bool pretty, colour;
	bool status, status_shown; /* a line of it, on a terminal */
};

void each_log_open(struct each_log *log, const struct mask *mask,
    enum log_level level, bool quiet);
/* A line of a command's; `name` is its task's. */
void each_log_line(struct each_log *log, struct log_reader *reader,
    const char *name, const char *text, size_t len, size_t n_cut);
/* An event of nr-each's own; consumes the fields. */
void each_log_event(struct each_log *log, enum log_level level,
    const char *event, jv fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void each_log_status(struct each_log *log, const char *text);
void each_log_end(struct each_log *log);

/* --- A task --- */

struct each_piece {
	char *text; /* NULL: of the file, from there */
	size_t from, len;
};

/* The line that is to be written, and how far that is. */
struct each_result {
	int fd;
	struct each_piece pieces[2 * DOCUMENT_MEMBERS + 2];
	size_t n, at, done;
};

struct each_task {
	struct each_task *next;
	size_t line, order; /* order: among those that get a result */
	struct each_document given, made;
	char *name; /* its task_id, or "line 3" */
	struct each_log *log;

	pid_t pid;  /* 0: it does not run */
	int place;  /* -1: none is needed */
	int output; /* its standard error; -1: it has ended */
	struct lines lines;
	struct log_reader reader;
	struct log_field field;
	double ready_at, started_at, ended_at;
	bool exited;
	int status;
	double drained_at; /* when what holds its standard error has to go */

	int exit_code;       /* -1: it did not run */
	struct error *error; /* NULL, or what nr-each says of it */
	int failure;         /* exit code of its error; 0: it succeeded */
	struct each_result result;
};

struct each_task *each_task_new(struct each_log *log, size_t line);
void each_task_free(struct each_task *task);
/* What it is called, once its document is known. */
void each_task_set_name(struct each_task *task);
double each_task_waited(const struct each_task *task);

/* Starts the command; the error is of this task alone. */
struct error *each_task_start(struct each_task *task, char **argv);
/* Reads what there is of its standard error. */
void each_task_read(struct each_task *task);
/* Has it exited, and is it known how? */
bool each_task_look(struct each_task *task);
/* Signals all of its group. */
void each_task_signal(const struct each_task *task, int signal_number);
/* It has exited: ends what is left of it, and finds out how it went.
 * `cancelled`: the signal, if that is why. */
void each_task_finish(struct each_task *task, int cancelled);
/* Something of nr-each's own has gone wrong with it; takes the error over. */
void each_task_fail(struct each_task *task, struct error *error);

/* --- Results --- */

struct each_output {
	bool keep_order;
	struct each_task *head; /* finished, to be written in this order */
	size_t next_order;
	bool is_file, is_locked;
	int reading_fd;
	off_t line_start;
	char *bytes;
	size_t at, len;
	struct error *error;
};

void each_output_open(
    struct each_output *output, bool keep_order, int reading_fd);
void each_output_add(struct each_output *output, struct each_task *task);
/* Is there something that can be written now? */
bool each_output_wants(const struct each_output *output);
/* After poll() said that there is room; returns how many tasks are over. */
size_t each_output_write(struct each_output *output);
void each_output_close(struct each_output *output);

/* --- Tasks that are done --- */

struct each_done {
	unsigned char *digests; /* an open hash table */
	size_t n, capacity;
};

struct error *each_done_read(struct each_done *done, const char *path,
    bool with_failed, size_t *n_broken);
bool each_done_has(
    const struct each_done *done, const struct each_document *doc);
void each_done_release(struct each_done *done);

/* --- Lines of standard input --- */

struct each_input {
	struct each_log *log;
	char *bytes;
	size_t at, len, n_lines;
	struct each_task *task; /* whose line is being read */
	struct error *broken;   /* why it cannot be kept */
	bool has_ended;
	struct error *error;
};

void each_input_open(struct each_input *input, struct each_log *log);
/* A task whose line is complete, blank lines left out; NULL: there is none
 * in what was read. If its document cannot be used it has failed. */
struct each_task *each_input_next(struct each_input *input);
/* After poll() said that there is something. */
void each_input_read(struct each_input *input);
void each_input_close(struct each_input *input);

/* --- All of it --- */

struct each {
	const struct each_options *options;
	struct each_log log;
	struct each_input input;
	struct each_output output;
	struct each_done done;
	struct places places;
	bool limited;
	struct each_task *ready;   /* waits for a place */
	struct each_task *running; /* a list */
	size_t n_running, n_known, next_order;
	size_t n_succeeded, n_failed, n_skipped;
	size_t first_failure; /* its line; 0: none failed */
	int exit_code;        /* of that */
	int signals, n_signals, cancelled;
	bool stopping;
	double started;
	struct error *error;
	struct pollfd *fds;
};

void each_catch_signals(struct each *each);
void each_read_signals(struct each *each);
void each_signal_all(struct each *each, int signal_number);
/* Nothing new starts. */
void each_stop(struct each *each);
/* Takes the results of those that are over. */
void each_collect(struct each *each);
/* As many as can be started are. Then standard input is waited for, if
 * each_wants_input(), or a place. */
void each_start_tasks(struct each *each);
bool each_wants_input(const struct each *each);

#endif
