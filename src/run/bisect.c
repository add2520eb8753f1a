/*
 * run/bisect.c -- a frame that a stage fails with because of its data is tried
 * in halves, until only the records are left that are wrong.
 *
 * The frame stays in hand; each range of it is a copy of its own, one at a
 * time, so the stage may keep it, write it or pass it on. The plan has a slot
 * for it. Of n records with k wrong ones there are at most 2 n calls, and about
 * 2 k log2(n).
 * Keeps: ranges are tried in the order of the records; each record is passed
 * on, rejected, or (where the stage wants no more) filtered, once.
 * Threads: the one that steps the task.
 */
#include <string.h>

#include "run/bisect.h"
#include <leat/table.h>

/* ---- ranges ------------------------------------------------------------- */

static void
bisect_push(struct leat__bisect *b, uint32_t from, uint32_t n, uint64_t n_tried)
{
	LEAT_INVARIANT(b->n < LEAT__BISECT_RANGES);
	b->ranges[b->n++] = (struct leat__bisect_range){from, n, n_tried};
}

/* The first half is tried first. */
static void
bisect_halve(struct leat__bisect *b, const struct leat__bisect_range *range,
	uint64_t n_tried)
{
	uint32_t n = range->n - range->n / 2;

	bisect_push(b, range->from + n, range->n - n, n_tried);
	bisect_push(b, range->from, n, n_tried);
}

/* ---- a range as a frame of its own -------------------------------------- */

static void
narrow_rows(struct leat_frame *frame, const struct leat__bisect_range *range)
{
	struct leat_row *rows = leat_frame_rows(frame).rows;

	memmove(rows, rows + range->from, range->n * sizeof(*rows));
	frame->n_items = range->n;
	/* where the text lies behind the rows it stays there */
	if (leat_frame_base(frame))
		frame->len_bytes = range->n * (uint32_t)sizeof(*rows);
}

static void
narrow_items(struct leat_frame *frame, const struct leat__bisect_range *range)
{
	uint32_t n_bytes = leat_frame_item_bytes(frame);

	memmove(frame->data, frame->data + (size_t)range->from * n_bytes,
		(size_t)range->n * n_bytes);
	frame->n_items = range->n;
	frame->len_bytes = range->n * n_bytes;
}

static void
narrow_table(struct leat_frame *frame, const struct leat__bisect_range *range)
{
	struct leat_table t;
	uint32_t *rows;

	leat_table_open(frame, &t);
	rows = leat_table_selection(&t);
	for (uint32_t k = 0; k < range->n; k++)
		rows[k] = leat_table_row(&t, range->from + k);
	leat_table_select(&t, rows, range->n);
}

static int
bisect_cut(struct leat__task *task, struct leat__node *node)
{
	struct leat__bisect *b = node->bisect;
	struct leat_stage *st = node->stage;
	struct leat_frame *piece = leat__frame_copy(
		&task->lane->cache, node->inbox[node->inbox_at]);

	if (!piece)
		return leat_stage_fail(st, LEAT_EBUG,
			"no frame for a part of one that stage '%s' failed "
			"with",
			st->name);
	leat__bump(&st->counters.copied_bytes, piece->len_bytes);
	if (piece->layout == LEAT_LAYOUT_TABLE)
		narrow_table(piece, &b->at);
	else if (piece->layout == LEAT_LAYOUT_ROWS)
		narrow_rows(piece, &b->at);
	else
		narrow_items(piece, &b->at);
	b->piece = piece;
	b->is_begun = false;
	return LEAT_OK;
}

/* ---- a record that is wrong --------------------------------------------- */

static int
bisect_reject_row(struct leat_stage *st, struct leat_frame *frame, uint32_t k,
	int code, const char *reason)
{
	struct leat_table t;

	leat_table_open(frame, &t);
	if (!t.schema->n_columns)
		return leat_stage_reject(
			st, code, &(struct leat_reject){.reason = reason});
	return leat_table_reject(
		st, &t, 0, leat_table_row(&t, k), code, reason);
}

static void
bisect_find_bytes(
	struct leat_frame *frame, uint32_t k, struct leat_reject *reject)
{
	uint32_t n_bytes = leat_frame_item_bytes(frame);

	if (frame->layout == LEAT_LAYOUT_ROWS) {
		struct leat_rows rows = leat_frame_rows(frame);

		reject->data = rows.text + rows.rows[k].offset;
		reject->n_bytes = rows.rows[k].len;
	} else if (frame->layout == LEAT_LAYOUT_ITEMS) {
		reject->data = frame->data + (size_t)k * n_bytes;
		reject->n_bytes = n_bytes;
	} else {
		reject->data = frame->data;
		reject->n_bytes = frame->len_bytes;
		reject->n_records = frame->n_items;
	}
}

static int
bisect_reject(
	struct leat_stage *st, struct leat_frame *frame, uint32_t k, int code)
{
	char reason[LEAT_ERROR_TEXT_BYTES];
	struct leat_reject reject = {.reason = reason};

	strcpy(reason,
		st->error.code == code ? st->error.text : leat_err_text(code));
	if (frame->layout == LEAT_LAYOUT_TABLE)
		return bisect_reject_row(st, frame, k, code, reason);
	bisect_find_bytes(frame, k, &reject);
	return leat_stage_reject(st, code, &reject);
}

/* ---- steps -------------------------------------------------------------- */

/* Is all as it was before the call, and is it the data? */
static bool
bisect_helps(const struct leat_stage *st, int rc, bool is_more)
{
	return leat_err_class(rc) == LEAT_CLASS_DATA && !is_more &&
		leat__stage_is_as_before(st);
}

/* The frame is through. */
static int
bisect_end(struct leat__task *task, struct leat__node *node, int rc)
{
	leat__frame_release(&task->lane->cache, node->inbox[node->inbox_at]);
	leat__node_pop(node);
	return rc;
}

int
leat__bisect_begin(
	struct leat__task *task, struct leat__node *node, int rc, bool is_more)
{
	struct leat_frame *frame = node->inbox[node->inbox_at];
	struct leat__bisect_range all = {0, frame->n_items, 0};
	struct leat_stage *st = node->stage;

	if (!frame->n_items || !bisect_helps(st, rc, is_more))
		return rc;
	if (frame->n_items > 1 && frame->layout != LEAT_LAYOUT_BYTES) {
		bisect_halve(node->bisect, &all, leat__stage_n_attempts(st));
		return LEAT_MORE;
	}
	LEAT_TRY(bisect_reject(st, frame, 0, rc));
	return bisect_end(task, node, LEAT_OK);
}

/* It wants no more: so of the ranges that it has not seen. */
static void
bisect_filter_rest(struct leat__node *node)
{
	struct leat__bisect *b = node->bisect;

	while (b->n)
		leat_stage_count(
			node->stage, LEAT_COUNT_FILTERED, b->ranges[--b->n].n);
}

static int
bisect_failed(struct leat__task *task, struct leat__node *node, int rc)
{
	struct leat__bisect *b = node->bisect;
	struct leat_stage *st = node->stage;

	if (!bisect_helps(st, rc, b->is_begun))
		return rc;
	if (b->at.n > 1)
		bisect_halve(b, &b->at, leat__stage_n_attempts(st));
	else
		LEAT_TRY(bisect_reject(st, b->piece, 0, rc));
	leat__bisect_drop(node, &task->lane->cache);
	return LEAT_OK;
}

int
leat__bisect_step(struct leat__task *task, struct leat__node *node)
{
	struct leat__bisect *b = node->bisect;
	struct leat_stage *st = node->stage;
	int rc;

	if (!b->piece) {
		b->at = b->ranges[--b->n];
		LEAT_TRY(bisect_cut(task, node));
	}
	st->n_tried = b->at.n_tried;
	rc = leat__node_call(node, b->piece, b->is_begun);
	if (rc == LEAT_OK || rc == LEAT_EOS)
		b->piece = NULL;
	else if (rc == LEAT_MORE)
		b->is_begun = true;
	else if (rc != LEAT_EAGAIN)
		rc = bisect_failed(task, node, rc);
	st->n_tried = 0;
	if (rc == LEAT_EOS)
		bisect_filter_rest(node);
	if ((rc == LEAT_OK || rc == LEAT_EOS) && !b->n)
		return bisect_end(task, node, rc);
	return rc == LEAT_OK ? LEAT_MORE : rc;
}

void
leat__bisect_drop(struct leat__node *node, struct leat__cache *cache)
{
	if (!node->bisect || !node->bisect->piece)
		return;
	leat__frame_release(cache, node->bisect->piece);
	node->bisect->piece = NULL;
}
