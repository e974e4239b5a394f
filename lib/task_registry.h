/* SPDX-License-Identifier: MIT */
/*
 * The Task Registry of task_registry_url, where whoever follows a task is told
 * that a runner has begun it, and how it ended. NecroCode's, over HTTP:
 *
 *   PUT  /tasks/ID/status     {status, metadata, updated_at}
 *   POST /tasks/ID/events     {event_type, data, timestamp}
 *   POST /tasks/ID/artifacts  {type, uri, size_bytes, metadata, created_at}
 *
 * status: in_progress, done, failed; event_type: TaskStarted, TaskCompleted,
 * TaskFailed; times are seconds since 1970. Or a file of this machine, to
 * which each of these bodies is appended, under a lock, as one line:
 *
 *   {"task_id","kind":"status"|"event"|"artifact","body":{...}}
 *
 * All of it is masked. What cannot be told is one warning, and changes nothing
 * about the task.
 */
#ifndef TASK_REGISTRY_H
#define TASK_REGISTRY_H

#include "stage.h"

#define TASK_REGISTRY_KEYS "task_registry_url", "task_registry_api_key_env"

/* One short attempt: a registry that is down holds up no task. */
void task_registry_tell_start(const struct stage *stage);

/* The document's artifacts, then how it ended: whoever sees that finds the
 * artifacts. With retries, until `ends` (on clock_monotonic()). */
void task_registry_tell_end(const struct stage *stage, double ends);

#endif
