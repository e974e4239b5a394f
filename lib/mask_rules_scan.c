/* SPDX-License-Identifier: MIT */
#include "mask_rules_scan.h"

#include "mask_finder.h"
#include "memory.h"

enum {
	WORDS = MASK_MAX_SETS,
	LINES,
	FIRST_QUOTED = MASK_MAX_SETS + 4,
	FIRST_MEMBERS = FIRST_QUOTED + 2 * (MASK_MAX_DEPTH + 1),
};

struct pass {
	struct mask_rules_scan *scan;
	const struct mask_view *view;
	struct mask_matcher matcher;
	size_t frontier;
	size_t resume;
};

/* Swallows with the same terminator have the same place. */
static unsigned
place_of(const struct mask_swallow *swallow)
{
	switch (swallow->kind) {
	case SWALLOW_SET:
		return swallow->set;
	case SWALLOW_QUOTED:
		return (unsigned)FIRST_QUOTED + 2U * swallow->depth +
		    (swallow->quote == '"');
	case SWALLOW_MEMBERS:
		return (unsigned)FIRST_MEMBERS + swallow->depth;
	case SWALLOW_UNQUOTED:
		return WORDS;
	case SWALLOW_LINE:
		return LINES;
	case SWALLOW_USERINFO:
		return MASK_MAX_SETS + 2;
	case SWALLOW_PEM:
		break;
	}
	return MASK_MAX_SETS + 3;
}

static void
hold(struct pass *pass, size_t at)
{
	if (at < pass->frontier)
		pass->frontier = at;
}

static void
go_on(struct pass *pass, struct mask_swallow *swallow)
{
	hold(pass,
	    mask_swallow(
		swallow, pass->scan->rules, pass->view, &pass->scan->spans));
}

static void
begin(struct pass *pass, const struct mask_swallow *swallow)
{
	unsigned place = place_of(swallow);
	struct mask_swallow *slot = &pass->scan->swallows[place];
	bool used = (pass->scan->used >> place & 1) != 0;

	/* It is in the middle of one that ends where it will end. */
	if (used && swallow->start >= slot->start && swallow->start < slot->at)
		return;
	/* Anchors are looked at again when one before them was undecided. */
	if (used && slot->open && swallow->start < slot->start) {
		struct mask_swallow earlier = *swallow;

		go_on(pass, &earlier);
		if (earlier.open)
			*slot = earlier;
		return;
	}
	pass->scan->used |= UINT64_C(1) << place;
	*slot = *swallow;
	go_on(pass, slot);
}

static void
decide(struct pass *pass, const struct mask_anchor *anchor, size_t start)
{
	struct mask_match match;

	switch (mask_match(&pass->matcher, anchor, start, &match)) {
	case MASK_NO:
		return;
	case MASK_UNDECIDED:
		hold(pass, match.hold);
		if (start < pass->resume)
			pass->resume = start;
		return;
	case MASK_YES:
		break;
	}
	if (match.end == 0)
		begin(pass,
		    &(struct mask_swallow){
			.kind = match.kind,
			.set = match.set,
			.quote = match.quote,
			.depth = match.depth,
			.value = match.value,
			.start = match.start,
			.at = match.start,
			.open = true,
		    });
	else if (match.quotes > 0)
		mask_spans_add_number(&pass->scan->spans, match.start,
		    match.end, match.value, match.quotes);
	else
		mask_spans_add(
		    &pass->scan->spans, match.start, match.end, match.value);
}

static void
found(void *context, struct mask_hit *hits, size_t n)
{
	struct pass *pass = context;

	n = mask_glance(pass->view, hits, n);
	for (size_t i = 0; i < n; i++)
		decide(pass, hits[i].anchor, hits[i].start);
}

size_t
mask_rules_scan(
    struct mask_rules_scan *scan, const char *text, size_t len, bool at_end)
{
	const struct mask_view view = { text, len, at_end };
	struct pass pass = {
		.scan = scan,
		.view = &view,
		.matcher = { .rules = scan->rules,
		    .view = &view,
		    .word = &scan->swallows[WORDS],
		    .line = &scan->swallows[LINES] },
		.frontier = len,
		.resume = len > MASK_MAX_ANCHOR ? len - MASK_MAX_ANCHOR : 0,
	};

	if (scan->rules->n == 0)
		return len;
	for (unsigned i = 0; i < MASK_MAX_SWALLOWS; i++)
		if ((scan->used >> i & 1) != 0 && scan->swallows[i].open)
			go_on(&pass, &scan->swallows[i]);
	mask_finder_scan(scan->rules, text, scan->resume, len, found, &pass);
	if (pass.resume > scan->resume)
		scan->resume = pass.resume;
	mask_spans_finish(&scan->spans);
	return at_end ? len : pass.frontier;
}

void
mask_rules_scan_forget(struct mask_rules_scan *scan, size_t end)
{
	struct mask_spans *spans = &scan->spans;
	size_t kept = 0;

	for (size_t i = 0; i < spans->n; i++)
		if (spans->items[i].end > end)
			spans->items[kept++] = spans->items[i];
	spans->n = kept;
	spans->floor = end;
}

static size_t
less(size_t at, size_t dropped)
{
	return at > dropped ? at - dropped : 0;
}

void
mask_rules_scan_shift(struct mask_rules_scan *scan, size_t dropped)
{
	scan->resume = less(scan->resume, dropped);
	scan->spans.floor = less(scan->spans.floor, dropped);
	for (unsigned i = 0; i < MASK_MAX_SWALLOWS; i++) {
		struct mask_swallow *swallow = &scan->swallows[i];

		if ((scan->used >> i & 1) == 0)
			continue;
		swallow->start = less(swallow->start, dropped);
		swallow->at = less(swallow->at, dropped);
		swallow->limit = less(swallow->limit, dropped);
	}
	for (size_t i = 0; i < scan->spans.n; i++) {
		struct mask_span *span = &scan->spans.items[i];

		span->start = less(span->start, dropped);
		span->end = less(span->end, dropped);
		span->first_end = less(span->first_end, dropped);
	}
}

void
mask_rules_scan_reset(struct mask_rules_scan *scan)
{
	memset(scan->swallows, 0, sizeof scan->swallows);
	scan->resume = 0;
	scan->used = 0;
	scan->spans.floor = 0;
	mask_spans_clear(&scan->spans);
}

void
mask_rules_scan_release(struct mask_rules_scan *scan)
{
	mask_spans_release(&scan->spans);
}
