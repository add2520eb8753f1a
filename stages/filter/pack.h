/*
 * stages/filter/pack.h -- rows of tables as bytes, to be kept, and tables of
 * them again: what stages that hold rows have in common.
 *
 * Where all columns are fields of a text a row is a piece of text and becomes
 * one again, so that every value is written as it stood. Where some are not,
 * it is a value after the other, and all become vectors.
 *
 *	leat__pack_enter(st, pack, &t);		once a table
 *	leat__pack_put(pack, &t, row, NULL, &buf);	a row, as bytes
 *
 *	while (leat__pack_add(st, pack, bytes, n) == 0)	rows of a new table
 *		... leat__pack_emit(st, pack), one a call
 *
 * Threads: the one that steps the stage's task.
 */
#ifndef LEAT_STAGES_FILTER_PACK_H
#define LEAT_STAGES_FILTER_PACK_H

#include <leat/table.h>

/* Where bytes go. */
struct leat__pack_buf {
	uint8_t *at;
	uint8_t *end;
	bool is_over; /* there was no room: what was written is worth nothing */
};

/* How the values of a column are kept, of vectors. */
struct leat__pack_kind {
	uint32_t type; /* of the bytes: TEXT where it stands as text */
	uint32_t scale;
	uint32_t has_pieces;       /* in the table that was entered, and */
	struct leat_vector vector; /* of it, unless it has fields */
};

struct leat__pack {
	const struct leat_column
		*extra;                 /* columns behind those of the input, */
	uint32_t n_extra;               /* of text: name and type; set first */
	uint32_t n_own;                 /* of the input */
	const struct leat_schema *from; /* of the table that was entered */
	struct leat_schema *to;         /* of what is made; NULL = not known */
	struct leat__pack_kind *kinds;  /* NULL: all columns are fields */
	uint32_t is_whole;              /* rows can be copied in one piece */
	uint32_t has_quotes;
	uint64_t stamp; /* greatest of the input */
	int64_t birth_ns;
	/* of the open frame */
	struct leat_frame *frame;
	uint32_t *ends;
	uint8_t *text;
	uint32_t text_offset;
	uint32_t at;
	uint32_t max_bytes;
	uint32_t n_rows;
	uint32_t max_rows;
	/* of vectors: rows to be, one behind the other */
	uint8_t *rows;
	uint32_t *cursors; /* in them, by row */
	uint64_t n_rows_before;
	uint64_t n_bytes_before;
	uint32_t has_emitted; /* ever */
};

/* Payload of the frames that are made of such input, for the needs. */
uint32_t leat__pack_frame_bytes(const struct leat_shape *in);

/* Side memory that it takes, for the needs. */
uint64_t leat__pack_side_bytes(void);

/* In negotiate of a stage that holds rows and emits them as they were: its
 * frames, and what goes out. LEAT_OK, or a code that has been said. */
LEAT_MUST_CHECK int leat__pack_negotiate(struct leat_stage *st,
	struct leat__pack *pack, const struct leat_shape *in,
	struct leat_shape *out);

/* In negotiate, if the schema is known, and else by the first table.
 * LEAT_OK, or a code after leat_stage_fail(). So do all below. */
LEAT_MUST_CHECK int leat__pack_bind(struct leat_stage *st,
	struct leat__pack *pack, const struct leat_schema *schema);

LEAT_MUST_CHECK int leat__pack_enter(
	struct leat_stage *st, struct leat__pack *pack, struct leat_table *t);

/* A row, and the values of the extra columns (NULL where there are none; no
 * data: null). LEAT_OK, also if there is no room (then is_over), or LEAT_EDATA,
 * for leat__pack_reject(). */
LEAT_MUST_CHECK int leat__pack_put(struct leat__pack *pack,
	const struct leat_table *t, uint32_t row, const struct leat_text *extra,
	struct leat__pack_buf *buf);

/* A text of no bytes that would become a null. LEAT_OK: go on without. */
LEAT_MUST_CHECK int leat__pack_reject(
	struct leat_stage *st, const struct leat_table *t, uint32_t row);

/* Of a column of JSON literals: is the value of a row a string? */
bool leat__pack_is_string(const struct leat_column *column,
	const struct leat_vector *pieces, uint32_t row);

/* 1: the row is in the open frame; 0: it is full; or a code. LEAT_ELIMIT: no
 * frame can hold the row. */
LEAT_MUST_CHECK int leat__pack_add(struct leat_stage *st,
	struct leat__pack *pack, const uint8_t *row, uint32_t n_bytes);

/* Emit the open frame. Without one and never before: a table of no row, so
 * that the columns arrive. */
LEAT_MUST_CHECK int leat__pack_emit(
	struct leat_stage *st, struct leat__pack *pack);

void leat__pack_fini(struct leat_stage *st, struct leat__pack *pack);

/* ---- bytes ---------------------------------------------------------------- */

static inline bool
leat__pack_has_room(struct leat__pack_buf *buf, size_t n_bytes)
{
	if ((size_t)(buf->end - buf->at) >= n_bytes)
		return true;
	buf->is_over = true;
	return false;
}

#endif
