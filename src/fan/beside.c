/*
 * fan/beside.c -- rows, or items, of several ins side by side.
 *
 * Keeps: the columns are those of in 0, then of in 1, and so on; they are known
 * before the start if those of all ins are, else with the first table of the
 * last in of which they were not.
 * Threads: the one that steps the stage's task.
 */
#include "fan/beside.h"

#include <string.h>

#include "graph/graph.h"

#define BESIDE_SIDE_BYTES (1u << 20) /* of names and columns */

/* ---- columns -------------------------------------------------------------- */

static uint32_t
beside_n_columns(const struct leat__beside *b)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < b->n_ins; k++)
		if (b->schemas[k])
			n += b->schemas[k]->n_columns;
	return n;
}

static bool
beside_is_known(const struct leat__beside *b)
{
	for (uint32_t k = 0; k < b->n_ins; k++)
		if (!b->schemas[k])
			return false;
	return true;
}

static void
beside_names(const struct leat__beside *b, struct leat_text *names)
{
	for (uint32_t k = 0; k < b->n_ins; k++)
		for (uint32_t c = 0; c < b->schemas[k]->n_columns; c++) {
			const char *name = b->schemas[k]->columns[c].name;

			*names++ = (struct leat_text){
				(const uint8_t *)name, (uint32_t)strlen(name)};
		}
}

static int
beside_make_schema(struct leat_stage *st, struct leat__beside *b)
{
	uint32_t n = beside_n_columns(b);
	struct leat_schema *schema = NULL;
	struct leat_text *names;
	void *memory;
	int rc = leat_stage_alloc(st, n * sizeof(*names), &memory);

	if (!rc) {
		names = memory;
		beside_names(b, names);
		rc = leat__rows_schema(st, names, n, b->schemas[0], &schema);
		leat_stage_free(st, memory);
	}
	b->rows.schema = schema;
	return rc ? leat_stage_fail(st, rc,
			    "%s: %u columns in all; accepted: up to %u",
			    leat_stage_name(st), n, LEAT_TABLE_COLUMNS_MAX)
		  : LEAT_OK;
}

/* These are the columns of an in. */
static int
beside_set(struct leat_stage *st, struct leat__beside *b, uint32_t in,
	const struct leat_schema *schema)
{
	if (b->schemas[in] == schema)
		return LEAT_OK;
	if (b->schemas[in] && b->schemas[in]->n_columns != schema->n_columns)
		return leat_stage_fail(st, LEAT_EINVAL,
			"%s: '%s' gives %u columns, and gave %u before",
			leat_stage_name(st), st->ins[in]->from->name,
			schema->n_columns, b->schemas[in]->n_columns);
	b->schemas[in] = schema;
	return !b->rows.schema && beside_is_known(b) ? beside_make_schema(st, b)
						     : LEAT_OK;
}

/* ---- before the run ------------------------------------------------------- */

static int
beside_alloc(struct leat_stage *st, struct leat__beside *b)
{
	size_t n_bytes =
		b->n_ins * (sizeof(*b->schemas) + sizeof(*b->item_bytes));
	void *memory;
	int rc;

	leat_stage_needs(st)->side_bytes += BESIDE_SIDE_BYTES + 2 * n_bytes;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the ins");
	memset(memory, 0, n_bytes);
	b->schemas = memory;
	b->item_bytes = (uint32_t *)(void *)(b->schemas + b->n_ins);
	return LEAT_OK;
}

static int
beside_tables(
	struct leat_stage *st, struct leat__beside *b, struct leat_shape *out)
{
	leat_stage_needs(st)->frame_bytes = leat__rows_frame_bytes();
	for (uint32_t k = 0; k < b->n_ins; k++) {
		const struct leat_schema *schema =
			leat__link_shape(st->ins[k])->schema;

		if (schema)
			LEAT_TRY(beside_set(st, b, k, schema));
	}
	out->schema = b->rows.schema;
	return LEAT_OK;
}

static int
beside_items(
	struct leat_stage *st, struct leat__beside *b, struct leat_shape *out)
{
	for (uint32_t k = 0; k < b->n_ins; k++) {
		b->item_bytes[k] = leat__link_shape(st->ins[k])->item_bytes;
		if (!b->item_bytes[k])
			return leat_stage_fail(st, LEAT_EINVAL,
				"%s: '%s' gives items of no fixed size",
				leat_stage_name(st), st->ins[k]->from->name);
		b->items.item_bytes += b->item_bytes[k];
	}
	leat_stage_needs(st)->frame_bytes = (uint32_t)leat__max_u64(
		LEAT__ITEMS_FRAME_BYTES, b->items.item_bytes);
	out->item_bytes = b->items.item_bytes;
	return LEAT_OK;
}

int
leat__beside_negotiate(
	struct leat_stage *st, struct leat__beside *b, struct leat_shape *out)
{
	b->layout = out->layout;
	b->n_ins = st->n_ins;
	LEAT_TRY(beside_alloc(st, b));
	/* it makes frames, and passes none on */
	st->ops.out_layout = out->layout;
	out->base_bytes = 0;
	out->schema = NULL;
	out->sample = NULL;
	out->sample_bytes = out->sample_is_all = 0;
	LEAT_TRY(b->layout == LEAT_LAYOUT_TABLE ? beside_tables(st, b, out)
						: beside_items(st, b, out));
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	return LEAT_OK;
}

/* ---- rows ------------------------------------------------------------------ */

int
leat__beside_learn(struct leat_stage *st, struct leat__beside *b, uint32_t in,
	const struct leat__head *head)
{
	if (b->layout == LEAT_LAYOUT_TABLE)
		return beside_set(st, b, in, head->t.schema);
	return LEAT_OK;
}

void
leat__beside_note(struct leat__beside *b, const struct leat_frame *in)
{
	leat__head_note(b->layout == LEAT_LAYOUT_TABLE ? &b->rows.stamp
						       : &b->items.stamp,
		in);
}

void
leat__beside_enter(struct leat__beside *b)
{
	leat__rows_enter(&b->rows);
	leat__items_enter(&b->items);
}

static int
beside_put_row(struct leat_stage *st, struct leat__beside *b,
	struct leat__head *const *heads)
{
	int rc = 0;

	while (rc == 0) {
		rc = leat__rows_begin(st, &b->rows);
		if (rc)
			return rc;
		for (uint32_t k = 0; k < b->n_ins; k++)
			if (heads[k])
				leat__rows_put(&b->rows, &heads[k]->t,
					leat__head_row(heads[k]));
			else
				leat__rows_put_nulls(
					&b->rows, b->schemas[k]->n_columns);
		rc = leat__rows_end(st, &b->rows);
	}
	return rc < 0 ? rc : LEAT_OK;
}

static int
beside_put_item(struct leat_stage *st, struct leat__beside *b,
	struct leat__head *const *heads)
{
	int rc = leat__items_begin(st, &b->items);
	uint8_t *to;

	if (rc)
		return rc;
	to = leat__items_end(&b->items);
	for (uint32_t k = 0; k < b->n_ins; k++) {
		uint32_t n = b->item_bytes[k];

		memcpy(to, heads[k]->frame->data + (size_t)heads[k]->at * n, n);
		to += n;
	}
	leat__items_add(&b->items, 1);
	return LEAT_OK;
}

int
leat__beside_put(struct leat_stage *st, struct leat__beside *b,
	struct leat__head *const *heads)
{
	if (b->layout == LEAT_LAYOUT_ITEMS)
		return beside_put_item(st, b, heads);
	if (!b->rows.schema)
		return leat_stage_fail(st, LEAT_EINVAL,
			"%s: the columns of an in that has brought nothing yet "
			"are not known; name them, or put no nulls",
			leat_stage_name(st));
	return beside_put_row(st, b, heads);
}

int
leat__beside_flush(struct leat_stage *st, struct leat__beside *b)
{
	return b->layout == LEAT_LAYOUT_TABLE
		? leat__rows_flush(st, &b->rows)
		: leat__items_flush(st, &b->items);
}

void
leat__beside_fini(struct leat_stage *st, struct leat__beside *b)
{
	leat__rows_fini(st, &b->rows);
	leat__items_fini(st, &b->items);
	leat_stage_free(st, b->schemas);
	b->schemas = NULL;
	leat_stage_free(st, (void *)(uintptr_t)b->rows.schema);
	b->rows.schema = NULL;
}
