/*
 * fan/head.h -- the frame of one in that a stage which gathers works on.
 *
 * Keeps: a frame that was used up is released and the in is wanted again; one
 * that is not, when process is through, is held and no other of its in is
 * wanted. Until then it is the framework's, which has it if process fails.
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_HEAD_H
#define LEAT_SRC_FAN_HEAD_H

#include <leat/stage.h>
#include <leat/table.h>

struct leat__head {
	struct leat_frame *frame; /* NULL = none */
	uint32_t at;              /* the next of n rows alive, or items */
	uint32_t n;
	bool is_held;
	struct leat_table t; /* of a table */
};

/* In process, the first time that a frame is seen. */
static inline void
leat__head_take(struct leat__head *head, struct leat_frame *in)
{
	head->frame = in;
	head->at = 0;
	head->n = in->n_items;
	if (in->layout == LEAT_LAYOUT_TABLE)
		leat_table_open(in, &head->t);
}

static inline bool
leat__head_is_used_up(const struct leat__head *head)
{
	return head->at == head->n;
}

/* What is made of rows of several frames has the greatest of their stamps, so
 * that stamps never go back. */
struct leat__head_stamp {
	uint64_t stamp;
	int64_t birth_ns; /* of the last frame that came */
};

static inline void
leat__head_note(struct leat__head_stamp *stamp, const struct leat_frame *in)
{
	if (stamp->stamp < in->stamp)
		stamp->stamp = in->stamp;
	stamp->birth_ns = in->birth_ns;
}

static inline void
leat__head_mark(const struct leat__head_stamp *stamp, struct leat_frame *frame)
{
	frame->stamp = stamp->stamp;
	frame->birth_ns = stamp->birth_ns;
}

/* All of it was used: the in is wanted again. */
static inline void
leat__head_drop(struct leat_stage *st, struct leat__head *head, uint32_t in)
{
	leat_stage_release(st, head->frame);
	head->frame = NULL;
	head->is_held = false;
	leat_stage_want(st, in, true);
}

/* At the end of process: what is left of its frame stays. */
static inline void
leat__head_keep(struct leat_stage *st, struct leat__head *head, uint32_t in)
{
	if (!head->frame)
		return;
	head->is_held = true;
	leat_stage_want(st, in, false);
}

/* The row that is next. */
static inline uint32_t
leat__head_row(const struct leat__head *head)
{
	return leat_table_row(&head->t, head->at);
}

/* What the file is called that its rows are of, or else otherwise. */
static inline const char *
leat__head_file(const struct leat__head *head, const char *otherwise)
{
	const char *origin = head->t.schema->origin;

	return head->t.file ? head->t.file : origin ? origin : otherwise;
}

/* Release it if it is the stage's. */
static inline void
leat__head_fini(struct leat_stage *st, struct leat__head *head)
{
	if (head->is_held)
		leat_stage_release(st, head->frame);
	head->frame = NULL;
	head->is_held = false;
}

#endif
