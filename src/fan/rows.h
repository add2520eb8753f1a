/*
 * fan/rows.h -- a table made of rows of other tables.
 *
 * Their text is copied; a typed value becomes text. The open frame is one that
 * the stage holds, and one at most is emitted in a call.
 *
 *	leat__rows_enter(rows);
 *	while (... a row ...) {
 *		if ((rc = leat__rows_begin(st, rows)))
 *			return rc;
 *		leat__rows_put(rows, t, row);	once, or several side by side
 *		if ((rc = leat__rows_end(st, rows)) < 0)
 *			return rc;
 *		... rc is 1: the row is there; 0: begin it again
 *	}
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_SRC_FAN_ROWS_H
#define LEAT_SRC_FAN_ROWS_H

#include "fan/head.h"

struct leat__rows {
	const struct leat_schema *schema; /* of what is made */
	struct leat__head_stamp stamp;    /* of what it is made of */
	struct leat_frame *frame;         /* NULL = none open */
	uint32_t *ends;                   /* of its fields */
	uint32_t n_ends;
	uint32_t max_rows;
	uint32_t n_rows;
	uint8_t *text;
	uint32_t text_offset; /* in the slot */
	uint32_t at;          /* bytes of text */
	uint32_t max_bytes;   /* of it */
	uint32_t row_at;      /* where the row in work begins */
	uint32_t row_ends;
	uint32_t has_quotes;
	bool is_over; /* the row in work does not fit */
	bool is_full; /* no other row is to be begun here */
	bool has_emitted;
	uint64_t n_rows_before; /* in frames emitted before */
	uint64_t n_bytes_before;
};

/* Payload of the frames, for the needs; the stage holds one. */
uint32_t leat__rows_frame_bytes(void);

/* A schema for n_columns names, with the dialect of the first; in the stage's
 * side memory. Rows have one field more, which is empty: a value that ends in
 * CR does not end a line so. */
LEAT_MUST_CHECK int leat__rows_schema(struct leat_stage *st,
	const struct leat_text *names, uint32_t n_columns,
	const struct leat_schema *like, struct leat_schema **schema_out);
/* Most side memory that takes, of names of so many bytes in all. */
uint64_t leat__rows_schema_bytes(uint64_t n_columns, uint64_t n_bytes);

/* At the beginning of each callback that emits. */
static inline void
leat__rows_enter(struct leat__rows *rows)
{
	rows->has_emitted = false;
}

/* LEAT_OK; LEAT_MORE, to be returned by the stage; or a code. */
LEAT_MUST_CHECK int leat__rows_begin(
	struct leat_stage *st, struct leat__rows *rows);
/* The columns of a row, behind those that were put before. */
void leat__rows_put(
	struct leat__rows *rows, const struct leat_table *t, uint32_t row);
/* So many columns of nulls. */
void leat__rows_put_nulls(struct leat__rows *rows, uint32_t n_columns);
/* 1: the row is complete; 0: begin it again; LEAT_ELIMIT: it is too long for
 * any frame. */
LEAT_MUST_CHECK int leat__rows_end(
	struct leat_stage *st, struct leat__rows *rows);
/* For flush: emit what is there. LEAT_OK or a code. */
LEAT_MUST_CHECK int leat__rows_flush(
	struct leat_stage *st, struct leat__rows *rows);
/* For fini. */
void leat__rows_fini(struct leat_stage *st, struct leat__rows *rows);

#endif
