/*
 * filter/derived.c -- columns that are made by expressions.
 *
 * Two schemas belong to the input's: one that the expressions meet, which gets
 * a column more with each, and the one that goes out and never changes. The
 * stage enters.
 */
#include <string.h>

#include "derived.h"

static int
derived_fail(struct leat_stage *st, const struct derived *d,
	const struct derived_column *column, int code,
	const struct leat_expr_error *err)
{
	uint32_t offset = column->offset, n_bytes = column->n_bytes;

	if (!n_bytes) {
		offset += err->offset;
		n_bytes = err->n_bytes;
	}
	return leat_stage_fail_at(
		st, code, d->option, offset, n_bytes, "%s", err->text);
}

int
leat__filter_derived_add(
	struct leat_stage *st, struct derived *d, const char *source)
{
	struct derived_column *column = &d->columns[d->n_columns];
	struct leat_expr_error err;
	int rc;

	leat_stage_needs(st)->side_bytes += LEAT_EXPR_SIDE_BYTES;
	rc = leat_expr_parse(st, source, &column->expr, &err);
	if (rc)
		return derived_fail(st, d, column, rc, &err);
	leat_stage_needs(st)->side_bytes += leat_expr_side_bytes(column->expr);
	leat_stage_needs(st)->side_bytes -= LEAT_EXPR_SIDE_BYTES;
	d->n_columns++;
	return LEAT_OK;
}

void
leat__filter_derived_settle(
	struct leat_stage *st, struct derived *d, size_t list_bytes)
{
	leat_stage_needs(st)->side_bytes =
		list_bytes + DERIVED_SCHEMA_BYTES(d->n_columns);
	for (uint32_t k = 0; k < d->n_columns; k++)
		leat_stage_needs(st)->side_bytes +=
			leat_expr_side_bytes(d->columns[k].expr);
}

void
leat__filter_derived_fini(struct derived *d)
{
	for (uint32_t k = 0; k < d->n_columns; k++)
		leat_expr_destroy(d->columns[k].expr);
}

/* ---- schemas ------------------------------------------------------------ */

static int
derived_schema(struct leat_stage *st, const struct derived *d,
	const struct leat_schema *from, struct leat_schema **out)
{
	size_t n = from->n_columns + d->n_columns;
	struct leat_column *columns;
	void *memory;
	int rc = leat_stage_alloc(
		st, sizeof(**out) + n * sizeof(struct leat_column), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	*out = memory;
	**out = *from;
	columns = (struct leat_column *)(void *)(*out + 1);
	memcpy(columns, from->columns,
		from->n_columns * sizeof(struct leat_column));
	(*out)->columns = columns;
	return LEAT_OK;
}

static struct leat_column *
derived_columns(struct leat_schema *schema)
{
	return (struct leat_column *)(void *)(schema + 1);
}

/* The working schema is as before the first expression. */
static void
derived_rewind(struct derived *d)
{
	d->work->n_columns = d->from->n_columns;
	d->work->n_vectors = d->from->n_vectors;
	memcpy(derived_columns(d->work), d->from->columns,
		d->from->n_columns * sizeof(struct leat_column));
}

/* The next vector is this column's. */
static void
derived_step(struct leat_schema *schema, const struct derived_column *column)
{
	struct leat_column *to = &derived_columns(schema)[column->place];
	uint32_t scale = 0;

	*to = (struct leat_column){
		.name = column->name,
		.type = leat_expr_type(column->expr, &scale),
		.field = LEAT_FIELD_NONE,
		.vector = schema->n_vectors++,
	};
	to->scale = scale;
	if (column->place == schema->n_columns)
		schema->n_columns++;
}

static int
derived_bind_columns(
	struct leat_stage *st, struct derived *d, struct leat_schema *to)
{
	for (uint32_t k = 0; k < d->n_columns; k++) {
		struct derived_column *column = &d->columns[k];
		struct leat_expr_error err;
		int32_t place = leat_schema_find(
			d->work, column->name, strlen(column->name));
		int rc = leat_expr_bind(column->expr, d->work, &err);

		if (rc)
			return derived_fail(st, d, column, rc, &err);
		column->place =
			place < 0 ? d->work->n_columns : (uint32_t)place;
		if (column->place == LEAT_TABLE_COLUMNS_MAX)
			return leat_stage_fail(st, LEAT_ELIMIT,
				"a table can have %d columns",
				LEAT_TABLE_COLUMNS_MAX);
		derived_step(d->work, column);
		derived_step(to, column);
	}
	return LEAT_OK;
}

static int
derived_bind(struct leat_stage *st, struct derived *d,
	const struct leat_schema *from)
{
	struct leat_schema *to = NULL;
	int rc;

	if (from == d->from)
		return LEAT_OK;
	leat_stage_free(st, d->work);
	d->work = NULL;
	rc = derived_schema(st, d, from, &d->work);
	if (!rc)
		rc = derived_schema(st, d, from, &to);
	d->from = from;
	if (!rc)
		rc = derived_bind_columns(st, d, to);
	if (rc) {
		d->from = NULL;
		return rc;
	}
	d->to = leat_stage_same_schema(st, to);
	if (d->to != to)
		leat_stage_free(st, to);
	return LEAT_OK;
}

int
leat__filter_derived_negotiate(struct leat_stage *st, struct derived *d,
	const struct leat_shape *in, struct leat_shape *out)
{
	struct leat_needs *needs = leat_stage_needs(st);
	uint32_t table_bytes = leat_table_frame_bytes(0);
	int rc;

	/* for a view, where a frame has no room */
	needs->frame_bytes =
		in->frame_bytes > table_bytes ? in->frame_bytes : table_bytes;
	if (out->base_bytes < in->frame_bytes)
		out->base_bytes = in->frame_bytes;
	if (!in->schema)
		return LEAT_OK;
	rc = derived_bind(st, d, in->schema);
	out->schema = d->to;
	return rc;
}

/* ---- tables ------------------------------------------------------------- */

/* Go on in a fresh frame, over the same rows. The input is let go. */
static int
derived_begin_view(
	struct leat_stage *st, struct leat_frame *in, struct leat_table *t)
{
	const struct leat_table old = *t;
	struct leat_frame *frame;
	uint32_t *rows;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	frame->stamp = in->stamp;
	frame->birth_ns = in->birth_ns;
	frame->flags = in->flags;
	rc = leat_table_begin_view(frame, in, t);
	if (rc) {
		leat_stage_release(st, frame);
		*t = old;
		return leat_stage_fail(st, rc,
			"a frame has no room for %u rows", old.n_rows_all);
	}
	rows = leat_table_selection(t);
	for (uint32_t k = 0; k < old.n_rows; k++)
		rows[k] = leat_table_row(&old, k);
	leat_table_select(t, rows, old.n_rows);
	return LEAT_OK;
}

static int
derived_column(struct leat_stage *st, struct derived_column *column,
	struct leat_frame *in, struct leat_table *t)
{
	int rc = leat_expr_eval(column->expr, t, NULL);

	if (rc != LEAT_ELIMIT)
		return rc;
	if (t->frame == in) {
		rc = derived_begin_view(st, in, t);
		if (!rc)
			rc = leat_expr_eval(column->expr, t, NULL);
	}
	if (rc != LEAT_ELIMIT)
		return rc;
	return leat_stage_fail(st, LEAT_ELIMIT,
		"the values of '%.64s' for %u rows do not fit into a frame of "
		"%u bytes; smaller chunks of the source have fewer rows",
		column->name, t->n_rows, leat_frame_capacity_bytes(t->frame));
}

int
leat__filter_derived_process(
	struct leat_stage *st, struct derived *d, struct leat_frame *in)
{
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = derived_bind(st, d, t.schema);
	if (rc)
		return rc;
	derived_rewind(d);
	leat_table_set_schema(&t, d->work);
	for (uint32_t k = 0; !rc && k < d->n_columns; k++) {
		rc = derived_column(st, &d->columns[k], in, &t);
		derived_step(d->work, &d->columns[k]);
	}
	leat_table_set_schema(&t, d->to);
	if (rc) {
		if (t.frame != in)
			leat_stage_release(st, t.frame);
		return rc;
	}
	if (t.frame != in)
		leat_stage_release(st, in);
	return leat_stage_emit(st, 0, t.frame);
}
