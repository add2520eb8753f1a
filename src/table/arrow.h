/*
 * table/arrow.h -- between a table's columns and Arrow's arrays.
 *
 * What goes out is copied into one block for each array, which knows nothing
 * of the graph. What comes in is copied into a frame, a column at a time.
 * Threads: any; a frame's only holder.
 */
#ifndef LEAT_SRC_TABLE_ARROW_H
#define LEAT_SRC_TABLE_ARROW_H

#include "env/env.h"
#include "table/table.h"
#include <leat/arrow.h>

/* How the values of an Arrow array stand in its buffers. */
enum leat__arrow_kind {
	LEAT__ARROW_NULL = 1,
	LEAT__ARROW_BITS,
	LEAT__ARROW_INT,   /* width bytes, signed or not */
	LEAT__ARROW_FLOAT, /* width bytes */
	LEAT__ARROW_TEXT,  /* offsets of width bytes */
	LEAT__ARROW_VIEWS,
	LEAT__ARROW_FIXED, /* width bytes each */
	LEAT__ARROW_DECIMAL
};

struct leat__arrow_type {
	uint32_t kind;
	uint32_t type; /* of a column, enum leat_type */
	uint32_t width;
	uint32_t is_unsigned;
	uint32_t scale;   /* of decimals */
	int64_t multiply; /* to get the column's unit */
	int64_t divide;   /* exactly, or it is an error */
};

/* Read a format. LEAT_OK, or LEAT_ENOTSUP. */
LEAT_MUST_CHECK int leat__arrow_parse(
	const char *format, struct leat__arrow_type *out);
/* The format of a column; buf has room for 16. */
const char *leat__arrow_format(const struct leat_column *column, char buf[16]);

/* A schema of its own memory. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__arrow_schema(const struct leat__env *env,
	const struct leat_schema *schema, struct ArrowSchema *out);
/* The rows alive. LEAT_OK, LEAT_ENOMEM, LEAT_EDATA with column and row,
 * LEAT_ELIMIT: no room to convert a column in the frame. */
LEAT_MUST_CHECK int leat__arrow_export(const struct leat__env *env,
	struct leat_table *t, struct ArrowArray *out, uint32_t *bad_column,
	uint32_t *bad_row);

/* One column of what came in. */
struct leat__arrow_column {
	const struct ArrowArray *array; /* of the values; of a dictionary */
	const struct ArrowArray *index; /* into the dictionary; NULL = none */
	struct leat__arrow_type type;   /* of the values */
	struct leat__arrow_type index_type;
};

/* Add n rows from `row` on as the next own vector. LEAT_OK; LEAT_ELIMIT: no
 * room; LEAT_EDATA with the row: its value does not fit the column's type. */
LEAT_MUST_CHECK int leat__arrow_import(struct leat_table *t,
	const struct leat__arrow_column *column, int64_t row, uint32_t n,
	int64_t *bad_row);

#endif
