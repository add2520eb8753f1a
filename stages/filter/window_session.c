/*
 * stages/filter/window_session.c -- windows that last as long as rows of a key
 * follow each other.
 *
 * Rows are dealt with in the order of their times: one that others may still
 * come before waits in a heap until the watermark has reached it. So a session
 * only ever grows at its end, two never become one, and the one that grew last
 * ends last: the list of open ones is in the order of their ends.
 * Keeps: a key has one open session at most.
 * Threads: the stage's own.
 */
#include "window.h"

#define SESSION_WAITING_FIRST 64u

/* ---- sessions ------------------------------------------------------------ */

static void
session_close_until(struct leat__windows *w, int64_t time)
{
	while (w->open.first && w->open.first->end <= time) {
		struct leat__window *first = w->open.first;

		leat__group_hash_table_remove(
			&w->sessions, first->hash, (const uint8_t *)first);
		leat__window_close_first(w);
	}
}

static struct leat__window *
session_begin(struct leat__windows *w, const struct leat__group_block *block,
	uint32_t k, int64_t time)
{
	struct leat__window *window;

	if (!leat__group_hash_table_reserve(&w->sessions, 0))
		return NULL;
	window = leat__window_make(w, time, time + w->size, &block->keys[k]);
	if (!window)
		return NULL;
	window->hash = block->hashes[k];
	leat__group_hash_table_add(
		&w->sessions, window->hash, (uint8_t *)window);
	leat__window_link(&w->open, w->open.last, window);
	return window;
}

/* Row k of a block, none that comes later being earlier. */
static int
session_add(struct leat_stage *st, struct leat__windows *w,
	struct leat__group_block *block, uint32_t k, int64_t time)
{
	struct leat__window *window;

	session_close_until(w, time);
	window = (struct leat__window *)(void *)leat__group_hash_table_find(
		&w->sessions, block->hashes[k], 0, block->keys[k]);
	if (!window)
		window = session_begin(w, block, k, time);
	if (!window)
		return leat__group_fail_memory(st, &w->budget);
	window->end = time + w->size;
	if (window->next) {
		leat__window_unlink(&w->open, window);
		leat__window_link(&w->open, w->open.last, window);
	}
	return leat__group_add(st, &window->group, block, k, 1);
}

/* ---- rows that wait ------------------------------------------------------ */

static bool
waiting_is_before(const struct leat__window_waiting *a,
	const struct leat__window_waiting *b)
{
	return a->time < b->time ||
		(a->time == b->time && a->number < b->number);
}

static bool
waiting_grow(struct leat__windows *w)
{
	uint64_t room =
		w->waiting_room ? w->waiting_room * 2 : SESSION_WAITING_FIRST;
	struct leat__window_waiting *waiting;

	if (w->n_waiting < w->waiting_room)
		return true;
	waiting =
		leat__group_budget_take(&w->budget, room * sizeof(*waiting), 0);
	if (!waiting)
		return false;
	if (w->n_waiting)
		memcpy(waiting, w->waiting, w->n_waiting * sizeof(*waiting));
	leat__group_budget_give(
		&w->budget, w->waiting, w->waiting_room * sizeof(*waiting));
	w->waiting = waiting;
	w->waiting_room = room;
	return true;
}

static int
waiting_put(struct leat_stage *st, struct leat__windows *w, uint32_t k)
{
	uint64_t n_bytes = leat__group_record_bytes(&w->block, k);
	struct leat__window_waiting row = {
		.time = w->times[k], .number = w->waiting_number++};
	uint64_t at;

	if (!waiting_grow(w))
		return leat__group_fail_memory(st, &w->budget);
	row.record = leat__group_budget_take(&w->budget, n_bytes, 0);
	if (!row.record)
		return leat__group_fail_memory(st, &w->budget);
	leat__group_record_put(&w->block, k, row.record);
	at = w->n_waiting++;
	while (at && waiting_is_before(&row, &w->waiting[(at - 1) / 2])) {
		w->waiting[at] = w->waiting[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	w->waiting[at] = row;
	return LEAT_OK;
}

static void
waiting_free(struct leat__windows *w, uint8_t *record)
{
	struct leat__group_record_head head;

	memcpy(&head, record, sizeof(head));
	leat__group_budget_give(&w->budget, record, head.n_bytes);
}

/* Take the first out; the heap stays one. */
static struct leat__window_waiting
waiting_take(struct leat__windows *w)
{
	struct leat__window_waiting *heap = w->waiting;
	struct leat__window_waiting first = heap[0];
	struct leat__window_waiting moved = heap[--w->n_waiting];
	uint64_t n = w->n_waiting, at = 0, child;

	while ((child = at * 2 + 1) < n) {
		if (child + 1 < n &&
			waiting_is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!waiting_is_before(&heap[child], &moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
	return first;
}

/* Rows that wait, up to a time. */
static int
waiting_release(struct leat_stage *st, struct leat__windows *w, int64_t time)
{
	while (w->n_waiting && w->waiting[0].time <= time) {
		struct leat__window_waiting row = waiting_take(w);
		int rc;

		w->one.n = 0;
		leat__group_record_get(&w->one, row.record);
		rc = session_add(st, w, &w->one, 0, row.time);
		waiting_free(w, row.record);
		if (rc)
			return rc;
	}
	return LEAT_OK;
}

/* ---- all of it ----------------------------------------------------------- */

static int
session_row(struct leat_stage *st, struct leat__windows *w, uint32_t k)
{
	if (!w->block.columns[w->spec.n_keys].has[k])
		return leat__window_reject_empty(st, w, k);
	if (w->times[k] < w->watermark)
		return leat__window_reject_late(st, w, k);
	leat__window_see(w, w->times[k]);
	leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
	if (!w->lateness)
		return session_add(st, w, &w->block, k, w->times[k]);
	LEAT__TRY(waiting_put(st, w, k));
	return waiting_release(st, w, w->watermark);
}

int
leat__window_add_sessions(struct leat_stage *st, struct leat__windows *w)
{
	for (uint32_t k = 0; k < w->block.n; k++)
		LEAT__TRY(session_row(st, w, k));
	session_close_until(w, w->watermark);
	return LEAT_OK;
}

int
leat__window_end_sessions(struct leat_stage *st, struct leat__windows *w)
{
	return waiting_release(st, w, INT64_MAX);
}

void
leat__window_fini_sessions(struct leat__windows *w)
{
	while (w->n_waiting)
		waiting_free(w, w->waiting[--w->n_waiting].record);
	if (w->waiting)
		leat__group_budget_give(&w->budget, w->waiting,
			w->waiting_room * sizeof(*w->waiting));
	leat__group_hash_table_fini(&w->sessions);
}
