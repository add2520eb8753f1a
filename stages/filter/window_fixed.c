/*
 * stages/filter/window_fixed.c -- windows of one size, beside each other or
 * overlapping.
 *
 * Window k reaches from k * step to k * step + size, by time or by numbers of
 * rows. Rows that stand together and fall into the same windows are added
 * together.
 * Keeps: open windows are in the order of their starts, and each of them has
 * a row; what a row falls into does not depend on how rows came in frames.
 * Threads: the stage's own.
 */
#include "window.h"

/* Rounded down, also below 0. */
static int64_t
fixed_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The first and the last window that a time is in. */
struct fixed_range {
	int64_t first;
	int64_t last;
};

static struct fixed_range
fixed_range(const struct leat__windows *w, int64_t time)
{
	return (struct fixed_range){fixed_divide(time - w->size, w->step) + 1,
		fixed_divide(time, w->step)};
}

/* The window that begins there; NULL: no memory. */
static struct leat__window *
fixed_find(struct leat__windows *w, int64_t start)
{
	struct leat__window *at = w->nearest ? w->nearest : w->open.last;
	struct leat__window *window;

	while (at && at->start > start)
		at = at->before;
	if (!at && w->open.first && w->open.first->start <= start)
		at = w->open.first;
	while (at && at->next && at->next->start <= start)
		at = at->next;
	if (at && at->start == start)
		return w->nearest = at;
	window = leat__window_make(w, start, start + w->size, NULL);
	if (!window)
		return NULL;
	leat__window_link(&w->open, at, window);
	return w->nearest = window;
}

/* n rows of the same windows, of which at least one is open. */
static int
fixed_add(struct leat_stage *st, struct leat__windows *w, uint32_t from,
	uint32_t n)
{
	struct fixed_range range = fixed_range(w, w->times[from]);

	for (int64_t k = range.first; k <= range.last; k++) {
		struct leat__window *window;

		if (k * w->step + w->size <= w->watermark)
			continue;
		window = fixed_find(w, k * w->step);
		if (!window)
			return leat__group_fail_memory(st, &w->budget);
		LEAT__TRY(leat__group_add(
			st, &window->group, &w->block, from, n));
	}
	leat_stage_count(st, LEAT_COUNT_FOLDED, n);
	return LEAT_OK;
}

static bool
fixed_has_time(const struct leat__windows *w, uint32_t k)
{
	return w->by_rows || w->block.columns[w->spec.n_keys].has[k];
}

static bool
fixed_is_late(const struct leat__windows *w, int64_t time)
{
	int64_t last = fixed_range(w, time).last;

	return last * w->step + w->size <= w->watermark;
}

/* Rows from k on that go where row k goes, which is a window still open. */
static uint32_t
fixed_run(struct leat__windows *w, uint32_t k)
{
	struct fixed_range range = fixed_range(w, w->times[k]);
	uint32_t n = 0;

	while (k + n < w->block.n && fixed_has_time(w, k + n)) {
		struct fixed_range next = fixed_range(w, w->times[k + n]);

		if (next.first != range.first || next.last != range.last)
			break;
		leat__window_see(w, w->times[k + n]);
		n++;
	}
	return n;
}

int
leat__window_add_fixed(struct leat_stage *st, struct leat__windows *w)
{
	for (uint32_t k = 0; k < w->block.n;) {
		int64_t before = w->watermark, after;
		uint32_t n;

		if (!fixed_has_time(w, k)) {
			LEAT__TRY(leat__window_reject_empty(st, w, k++));
			continue;
		}
		if (fixed_is_late(w, w->times[k])) {
			LEAT__TRY(leat__window_reject_late(st, w, k++));
			continue;
		}
		/* rows of the run do not move it beyond an end of theirs */
		n = fixed_run(w, k);
		after = w->watermark;
		w->watermark = before;
		LEAT__TRY(fixed_add(st, w, k, n));
		w->watermark = after;
		while (w->open.first && w->open.first->end <= w->watermark)
			leat__window_close_first(w);
		k += n;
	}
	return LEAT_OK;
}
