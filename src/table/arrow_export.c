/*
 * table/arrow_export.c -- the rows alive of a table as an Arrow array.
 *
 * One block holds all of it: children, buffers, values. It is measured first,
 * then filled, and knows nothing of the frame, which may go.
 * Keeps: a buffer is as long as was measured; every buffer begins at a
 * multiple of 64.
 * Threads: the frame's only holder; the result any.
 */
#include <string.h>

#include "base/atomic.h"
#include "table/arrow.h"

#define ARROW_BUFFERS_MAX 3

/* In front of what is handed out. */
struct arrow_block {
	const struct leat__env *env;
	uint32_t n_holds; /* atomic: the array and its children */
};

struct arrow_child {
	struct ArrowArray array;
	const void *buffers[ARROW_BUFFERS_MAX];
};

/* What is exported, and where to. */
struct arrow_export {
	struct leat_table *t;
	struct arrow_block *block;
	uint8_t *at; /* in it, free */
	uint8_t *end;
};

/* ---- giving back -------------------------------------------------------------- */

static void
block_drop(struct arrow_block *block)
{
	/* acq_rel: what others did with the block is over before it is freed */
	if (leat__sub_acq_rel(&block->n_holds, 1u) == 1)
		block->env->free(block->env, block);
}

static void
array_release_child(struct ArrowArray *array)
{
	array->release = NULL;
	block_drop(array->private_data);
}

static void
array_release(struct ArrowArray *array)
{
	struct arrow_block *block = array->private_data;

	for (int64_t k = 0; k < array->n_children; k++)
		if (array->children[k]->release)
			array->children[k]->release(array->children[k]);
	array->release = NULL;
	block_drop(block);
}

/* ---- values -------------------------------------------------------------------- */

static bool
column_is_text(const struct leat_column *column)
{
	return column->type == LEAT_TYPE_TEXT;
}

/* A row's text; no data: null. Only of TEXT. */
static struct leat_text
text_of(const struct leat_table *t, uint32_t column, uint32_t row,
	uint8_t *scratch)
{
	struct leat_text x = leat_table_text(t, column, row, scratch);

	if (!x.len && t->schema->columns[column].field != LEAT_FIELD_NONE)
		x.data = NULL;
	return x;
}

/* Bytes that a text takes at most. */
static uint32_t
text_bytes(const struct leat_table *t, uint32_t column, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[column];

	if (c->field != LEAT_FIELD_NONE)
		return leat__table_field(t, c->field, row).len;
	return leat_table_text(t, column, row, NULL).len;
}

static size_t
values_bytes(const struct leat_table *t, uint32_t column)
{
	const struct leat_column *c = &t->schema->columns[column];
	size_t n_bytes = 0;
	struct leat_vector v;

	if (c->type == LEAT_TYPE_DATE)
		return t->n_rows * sizeof(int32_t);
	if (!column_is_text(c) && c->type != LEAT_TYPE_BINARY)
		return leat__vector_bytes(c->type, t->n_rows);
	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);

		if (column_is_text(c))
			n_bytes += text_bytes(t, column, row);
		else if (leat__table_vector_find(t, c, &v) &&
			leat_vector_has(&v, row))
			n_bytes += leat_vector_text(&v, row).len;
	}
	return n_bytes;
}

/* Of all buffers of a column, with what rounding takes. */
static size_t
column_bytes(const struct leat_table *t, uint32_t column)
{
	return values_bytes(t, column) + (t->n_rows + 7) / 8 +
		(t->n_rows + 1) * sizeof(int32_t) +
		ARROW_BUFFERS_MAX * (size_t)LEAT__CACHE_LINE;
}

static void *
export_take(struct arrow_export *e, size_t n_bytes)
{
	uint8_t *at = e->at;

	e->at += leat__round_up(n_bytes, LEAT__CACHE_LINE);
	LEAT_INVARIANT(e->at <= e->end);
	return at;
}

static void
bits_set(uint8_t *bits, uint32_t k)
{
	bits[k / 8] |= (uint8_t)(1u << (k % 8));
}

/* Offsets and bytes of text or binary; scratch lies behind what is written. */
static void
export_text(struct arrow_export *e, uint32_t column,
	const struct leat_vector *v, struct arrow_child *child)
{
	uint32_t n = e->t->n_rows;
	uint8_t *valid = (uint8_t *)(uintptr_t)child->buffers[0];
	int32_t *offsets = export_take(e, (n + 1) * sizeof(int32_t));
	uint8_t *bytes = e->at, *at = bytes;

	for (uint32_t k = 0; k < n; k++) {
		uint32_t row = leat_table_row(e->t, k);
		struct leat_text x = {NULL, 0};

		offsets[k] = (int32_t)(at - bytes);
		if (!v)
			x = text_of(e->t, column, row, at);
		else if (leat_vector_has(v, row))
			x = leat_vector_text(v, row);
		if (!x.data) {
			child->array.null_count++;
			continue;
		}
		bits_set(valid, k);
		if (x.data != at && x.len)
			memcpy(at, x.data, x.len);
		at += x.len;
	}
	offsets[n] = (int32_t)(at - bytes);
	export_take(e, (size_t)(at - bytes));
	child->buffers[1] = offsets;
	child->buffers[2] = bytes;
	child->array.n_buffers = 3;
}

static void
export_value(
	const struct leat_vector *v, uint32_t row, void *values, uint32_t k)
{
	switch (v->type) {
	case LEAT_TYPE_BOOL:
		if (((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1)
			bits_set(values, k);
		return;
	case LEAT_TYPE_DATE:
		((int32_t *)values)[k] =
			(int32_t)((const int64_t *)v->values)[row];
		return;
	case LEAT_TYPE_DECIMAL:
		((struct leat_decimal *)values)[k] =
			((const struct leat_decimal *)v->values)[row];
		return;
	default: /* eight bytes, whatever they say */
		((int64_t *)values)[k] = ((const int64_t *)v->values)[row];
		return;
	}
}

static void
export_fixed(struct arrow_export *e, const struct leat_vector *v,
	struct arrow_child *child)
{
	uint32_t n = e->t->n_rows;
	uint8_t *valid = (uint8_t *)(uintptr_t)child->buffers[0];
	void *values = export_take(e,
		v->type == LEAT_TYPE_DATE ? n * sizeof(int32_t)
					  : leat__vector_bytes(v->type, n));

	for (uint32_t k = 0; k < n; k++) {
		uint32_t row = leat_table_row(e->t, k);

		if (!leat_vector_has(v, row)) {
			child->array.null_count++;
			continue;
		}
		bits_set(valid, k);
		export_value(v, row, values, k);
	}
	child->buffers[1] = values;
	child->array.n_buffers = 2;
}

static int
export_column(struct arrow_export *e, uint32_t column,
	struct arrow_child *child, uint32_t *bad_row)
{
	const struct leat_column *c = &e->t->schema->columns[column];
	struct leat_vector v;

	child->array = (struct ArrowArray){.length = e->t->n_rows,
		.buffers = child->buffers,
		.release = array_release_child,
		.private_data = e->block};
	child->buffers[0] = export_take(e, (e->t->n_rows + 7) / 8);
	if (column_is_text(c)) {
		export_text(e, column, NULL, child);
		return LEAT_OK;
	}
	LEAT_TRY(leat_table_vector(e->t, column, c->type, &v, bad_row));
	if (c->type == LEAT_TYPE_BINARY)
		export_text(e, column, &v, child);
	else
		export_fixed(e, &v, child);
	return LEAT_OK;
}

/* ---- all of it ------------------------------------------------------------------ */

/* Convert what is still text first: then it can be measured. */
static int
export_convert(struct leat_table *t, uint32_t *bad_column, uint32_t *bad_row)
{
	for (uint32_t k = 0; k < t->schema->n_columns; k++) {
		struct leat_vector v;

		*bad_column = k;
		if (!column_is_text(&t->schema->columns[k]))
			LEAT_TRY(leat_table_vector(
				t, k, t->schema->columns[k].type, &v, bad_row));
	}
	return LEAT_OK;
}

static size_t
export_bytes(const struct leat_table *t)
{
	size_t n_bytes = sizeof(struct arrow_block) + 4 * LEAT__CACHE_LINE +
		sizeof(void *);

	for (uint32_t k = 0; k < t->schema->n_columns; k++)
		n_bytes += column_bytes(t, k) + sizeof(struct arrow_child) +
			sizeof(struct ArrowArray *);
	return n_bytes;
}

static int
export_fill(struct arrow_export *e, struct ArrowArray *out,
	uint32_t *bad_column, uint32_t *bad_row)
{
	uint32_t n = e->t->schema->n_columns;
	struct arrow_child *children = export_take(e, n * sizeof(*children));
	struct ArrowArray **pointers = export_take(e, n * sizeof(*pointers));
	const void **buffers = export_take(e, sizeof(void *));

	for (uint32_t k = 0; k < n; k++) {
		*bad_column = k;
		LEAT_TRY(export_column(e, k, &children[k], bad_row));
		pointers[k] = &children[k].array;
	}
	e->block->n_holds = 1 + n;
	*out = (struct ArrowArray){.length = e->t->n_rows,
		.n_buffers = 1,
		.buffers = buffers,
		.n_children = n,
		.children = pointers,
		.release = array_release,
		.private_data = e->block};
	return LEAT_OK;
}

int
leat__arrow_export(const struct leat__env *env, struct leat_table *t,
	struct ArrowArray *out, uint32_t *bad_column, uint32_t *bad_row)
{
	struct arrow_export e = {.t = t};
	size_t n_bytes;
	int rc;

	LEAT_TRY(export_convert(t, bad_column, bad_row));
	n_bytes = export_bytes(t);
	e.block = env->alloc(env, n_bytes); /* zeroed */
	if (!e.block)
		return LEAT_ENOMEM;
	e.block->env = env;
	e.end = (uint8_t *)e.block + n_bytes;
	e.at = (uint8_t *)leat__round_up(
		(uintptr_t)(e.block + 1), LEAT__CACHE_LINE);
	rc = export_fill(&e, out, bad_column, bad_row);
	if (rc)
		env->free(env, e.block);
	return rc;
}
