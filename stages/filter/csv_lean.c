/*
 * stages/filter/csv_lean.c -- tables of which only the first fields are
 * indexed, up to the last that anybody looks at.
 *
 * All that stands behind these is one more field, which no column is: so rows,
 * places and the bytes of a record are found as in any table.
 * Keeps: such a table has the columns that are wanted, in their order.
 * Threads: the one that builds the graph, later any.
 */
#include <string.h>

#include "csv_lean.h"

/* At most so much of all fields, and so many: else finding them one by one
 * costs more than the index of all. */
#define LEAN_SHARE    2
#define LEAN_KEPT_MAX 32

uint64_t
csv_lean_bytes(const struct leat_schema *from)
{
	return sizeof(struct leat_schema) +
		from->n_columns * (sizeof(struct leat_column) + 1) + 128;
}

/* Fields up to the last that is wanted; 0: a column is none of them. */
static uint32_t
lean_count(const struct leat_schema *from, const bool *wanted)
{
	uint32_t n_kept = 0;

	for (uint32_t k = 0; k < from->n_columns; k++) {
		uint32_t field = from->columns[k].field;

		if (field == LEAT_FIELD_NONE)
			return 0;
		if (wanted[k] && field >= n_kept)
			n_kept = field + 1;
	}
	return n_kept;
}

static void
lean_fill(struct csv_lean *lean, const bool *wanted)
{
	const struct leat_schema *from = lean->from;
	struct leat_column *columns = (struct leat_column *)(lean->to + 1);
	uint32_t n = 0;

	for (uint32_t k = 0; k < from->n_columns; k++)
		if (wanted[k])
			columns[n++] = from->columns[k];
	*lean->to = *from;
	lean->to->columns = columns;
	lean->to->n_columns = n;
	lean->to->n_fields = lean->n_kept + 1;
}

int
csv_lean_make(struct leat_stage *st, const struct leat_schema *from,
	struct csv_lean *lean)
{
	void *memory;
	bool *wanted;
	int rc = leat_stage_alloc(
		st, (size_t)csv_lean_bytes(from) - 128, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	wanted = (bool *)((struct leat_column *)((struct leat_schema *)memory +
				  1) +
		from->n_columns);
	leat_stage_columns_wanted(st, from, wanted);
	lean->n_kept = lean_count(from, wanted);
	if (!lean->n_kept || lean->n_kept > LEAN_KEPT_MAX ||
		(uint64_t)LEAN_SHARE * lean->n_kept > from->n_fields) {
		leat_stage_free(st, memory);
		return LEAT_OK;
	}
	lean->from = from;
	lean->to = memory;
	lean_fill(lean, wanted);
	return LEAT_OK;
}

void
csv_lean_ends(const struct csv_lean *lean, uint32_t *ends, uint32_t n_rows)
{
	uint32_t n_fields = lean->from->n_fields, n_kept = lean->n_kept;
	const uint32_t *from = ends;

	for (uint32_t row = 0; row < n_rows; row++) {
		memmove(ends, from, n_kept * sizeof(*ends));
		ends[n_kept] = from[n_fields - 1];
		ends += n_kept + 1;
		from += n_fields;
	}
}
