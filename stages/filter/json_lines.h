/*
 * stages/filter/json_lines.h -- lines to rows, for json_parse.c.
 */
#ifndef LEAT_STAGES_FILTER_JSON_LINES_H
#define LEAT_STAGES_FILTER_JSON_LINES_H

#include "json.h"

/* What reads lines. Its state between frames is the shape. */
struct json_reader {
	const char *file; /* of the frame in hand */
	uint64_t max_record;
	uint64_t line;         /* number of the next one, from 1 */
	struct json_walk walk; /* of the table in work, row is the next one */
	struct json_shape shape;
	uint32_t *ends;
	uint32_t max_ends;
	uint32_t slow_bytes; /* to be walked at once, see json_lines.c */
	uint32_t good;       /* where the last line that was walked begins */
};

/* Lines to make rows from. */
struct json_piece {
	struct leat_frame *base; /* holds the text */
	const uint8_t *text;     /* where a line begins */
	uint32_t n;              /* bytes, up to behind a newline */
	uint32_t max_rows;       /* to be made, if there are columns */
	uint64_t offset;         /* of text in the source */
};

/* A line that is wrong, and where it begins in the source. */
struct json_line {
	struct leat_text text; /* without its newline */
	uint64_t offset;
};

/* ---- json_lines.c ------------------------------------------------------- */

/*
 * Make rows of the lines of a piece, as far as there is room: *done_out bytes
 * are dealt with. Lines that are wrong are rejected. LEAT_OK or a code.
 */
int leat__json_lines_take(struct leat_stage *st, struct json_reader *s,
	const struct json_piece *p, uint32_t *done_out);
/* It is longer than a line may be. */
int leat__json_reject_long(struct leat_stage *st, const struct json_reader *s,
	struct json_line line);

/* ---- json_strict.c ------------------------------------------------------ */

/* Reject those of the rows just made that have a value which is not of its
 * column's type. LEAT_OK or a code. */
int leat__json_check_values(struct leat_stage *st, const struct json_reader *s,
	struct leat_table *t);

#endif
