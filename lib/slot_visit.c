/* SPDX-License-Identifier: MIT */
#include "slot_visit.h"

#include "log.h"
#include "memory.h"
#include "slot_record.h"

struct error *
slot_visit_begin(struct slot_visit *visit, const char *workspace)
{
	struct error *error;

	*visit = (struct slot_visit){ .workspace = workspace };
	/* One that is there is of a stage that was killed, and stays. */
	visit->kept = !slot_record_exists(workspace);
	error = slot_guard_note(&visit->guard, workspace);
	if (error == NULL && visit->kept)
		slot_record_keep(visit->guard, &(struct slot_branches){ 0 });
	return error;
}

struct error *
slot_visit_end(struct slot_visit *visit, const char *who)
{
	char *changed = NULL;
	struct error *error = slot_guard_restore(visit->guard, &changed);

	if (changed[0] != '\0')
		log_warn("settings_restored",
		    "%s changed settings of the repository, which are put "
		    "back: %s",
		    who, changed);
	free(changed);
	if (visit->kept)
		slot_record_remove(visit->workspace);
	slot_guard_free(visit->guard);
	visit->guard = NULL;
	return error;
}
