/*
 * added.c -- what added.h promises.
 *
 * Room is asked for before anything is added: as much as all values of the
 * source column take, so that a decoded part always fits.
 */
#include <string.h>

#include "added.h"

#define ADDED_VECTOR_BYTES 256 /* of a column, besides its values */
#define ADDED_SCHEMAS_MAX  8   /* that may come one after the other */

/* ---- names and schemas -------------------------------------------------- */

int
leat__added_name(struct leat_stage *st, struct added *a, const char *name,
	size_t n_bytes, uint32_t offset)
{
	char *to = a->text + a->n_text;

	if (!n_bytes)
		return leat_stage_fail_at(st, LEAT_EINVAL, a->names_option,
			offset, 1, "a column name is missing here");
	if (a->n == ADDED_COLUMNS_MAX ||
		n_bytes + 1 > ADDED_NAMES_BYTES - a->n_text)
		return leat_stage_fail_at(st, LEAT_ELIMIT, a->names_option,
			offset, n_bytes, "at most %d columns in %d bytes",
			ADDED_COLUMNS_MAX, ADDED_NAMES_BYTES);
	memcpy(to, name, n_bytes);
	to[n_bytes] = '\0';
	for (uint32_t k = 0; k < a->n; k++)
		if (strcmp(a->names[k], to) == 0)
			return leat_stage_fail_at(st, LEAT_EINVAL,
				a->names_option, offset, n_bytes,
				"'%.64s' is in the list already", to);
	a->offsets[a->n] = offset;
	a->names[a->n++] = to;
	a->n_text += (uint32_t)n_bytes + 1;
	return LEAT_OK;
}

static int
added_fail_source(struct leat_stage *st, const struct added *a,
	const struct leat_schema *from)
{
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(from, a->source, said, sizeof(said));
	return leat_stage_fail_at(st, LEAT_EINVAL, a->option, 0, 0, "%s", said);
}

static int
added_check(struct leat_stage *st, const struct added *a,
	const struct leat_schema *from)
{
	for (uint32_t k = 0; k < a->n; k++)
		if (leat_schema_find(from, a->names[k], strlen(a->names[k])) >=
			0)
			return leat_stage_fail_at(st, LEAT_EINVAL,
				a->names_option, a->offsets[k],
				strlen(a->names[k]),
				"there is a column '%.64s' already",
				a->names[k]);
	if (from->n_columns + a->n > LEAT_TABLE_COLUMNS_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%u columns; at most %u", from->n_columns + a->n,
			LEAT_TABLE_COLUMNS_MAX);
	return LEAT_OK;
}

static void
added_fill(const struct added *a, const struct leat_schema *from,
	struct leat_schema *to, struct leat_column *columns)
{
	const struct leat_column *source = &from->columns[a->column];
	bool is_literal = a->keeps_literals &&
		(source->flags & LEAT_COLUMN_JSON) &&
		source->field == LEAT_FIELD_NONE;

	memcpy(columns, from->columns, from->n_columns * sizeof(*columns));
	for (uint32_t k = 0; k < a->n; k++)
		columns[from->n_columns + k] = (struct leat_column){
			.name = a->names[k],
			.type = LEAT_TYPE_TEXT,
			.field = LEAT_FIELD_NONE,
			.vector = from->n_vectors + k,
			.flags = is_literal ? LEAT_COLUMN_LITERALS : 0,
		};
	*to = *from;
	to->columns = columns;
	to->n_columns = from->n_columns + a->n;
	to->n_vectors = from->n_vectors + a->n;
}

static int
added_bind(
	struct leat_stage *st, struct added *a, const struct leat_schema *from)
{
	size_t n_bytes = sizeof(struct leat_schema) +
		(from->n_columns + a->n) * sizeof(struct leat_column);
	int32_t column;
	void *memory;
	int rc;

	if (from == a->from)
		return LEAT_OK;
	column = leat_schema_find(
		from, (const char *)a->source.data, a->source.len);
	if (column < 0)
		return added_fail_source(st, a, from);
	rc = added_check(st, a, from);
	if (rc)
		return rc;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	a->column = (uint32_t)column;
	a->from = from;
	a->to = memory;
	added_fill(a, from, a->to, (struct leat_column *)(a->to + 1));
	return LEAT_OK;
}

int
leat__added_negotiate(struct leat_stage *st, struct added *a,
	const struct leat_shape *in, struct leat_shape *out)
{
	struct leat_needs *needs = leat_stage_needs(st);
	uint32_t n_columns = in->schema ? in->schema->n_columns
					: LEAT_TABLE_COLUMNS_MAX - a->n;
	/* as many rows as there can be, and all of their text once more */
	uint64_t n_bytes = (uint64_t)in->frame_bytes + in->base_bytes +
		(uint64_t)LEAT_TABLE_ROWS_MAX * 4 +
		a->n * (ADDED_VECTOR_BYTES + LEAT_TABLE_ROWS_MAX * 65ull / 8);

	needs->side_bytes = ADDED_SCHEMAS_MAX *
		(sizeof(struct leat_schema) +
			(n_columns + a->n) * sizeof(struct leat_column) + 64);
	needs->frame_bytes =
		(uint32_t)(n_bytes < LEAT_SLOT_BYTES_MAX ? n_bytes
							 : LEAT_SLOT_BYTES_MAX);
	out->frame_bytes = needs->frame_bytes > in->frame_bytes
		? needs->frame_bytes
		: in->frame_bytes;
	if (out->base_bytes < in->frame_bytes)
		out->base_bytes = in->frame_bytes;
	out->schema = NULL;
	if (in->schema) {
		int rc = added_bind(st, a, in->schema);

		if (rc)
			return rc;
		out->schema = a->to;
	}
	return LEAT_OK;
}

/* ---- frames ------------------------------------------------------------- */

/* Bytes that the columns and any part of their values can take. */
static uint64_t
added_most(const struct added *a, const struct added_frame *f)
{
	const struct leat_piece *pieces = f->source.values;
	uint64_t n = (uint64_t)a->n *
		(ADDED_VECTOR_BYTES + f->t.n_rows_all * 65ull / 8);

	for (uint32_t k = 0; k < f->t.n_rows; k++) {
		uint32_t row = leat_table_row(&f->t, k);

		if (leat_vector_has(&f->source, row))
			n += pieces[row].len & ~LEAT_PIECE_OWN;
	}
	return n;
}

static int
added_open_fresh(struct leat_stage *st, const struct added *a,
	struct leat_frame *in, struct added_frame *f)
{
	struct leat_table of = f->t;
	uint32_t *rows;
	int rc = leat_stage_acquire(st, &f->fresh);

	if (rc)
		return rc;
	rc = leat_table_begin_view(f->fresh, in, &f->t);
	if (rc || leat_table_room(&f->t) < added_most(a, f))
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%u rows with these columns do not fit into a frame",
			f->t.n_rows_all);
	f->fresh->birth_ns = in->birth_ns;
	f->fresh->stamp = in->stamp;
	rows = leat_table_selection(&f->t);
	for (uint32_t k = 0; k < of.n_rows; k++)
		rows[k] = leat_table_row(&of, k);
	leat_table_select(&f->t, rows, of.n_rows);
	return LEAT_OK;
}

int
leat__added_begin(struct leat_stage *st, struct added *a, struct leat_frame *in,
	struct added_frame *f)
{
	uint32_t bad_row;
	int rc;

	f->fresh = NULL;
	f->n_kept = 0;
	leat_table_open(in, &f->t);
	rc = added_bind(st, a, f->t.schema);
	if (rc)
		return rc;
	rc = leat_table_vector(
		&f->t, a->column, LEAT_TYPE_TEXT, &f->source, &bad_row);
	if (rc)
		return leat_stage_fail(st, rc == LEAT_EINVAL ? rc : LEAT_ELIMIT,
			rc == LEAT_EINVAL
				? "column '%s' is no text; cast it to string"
				: "the text of column '%s' does not fit into a "
				  "frame",
			a->from->columns[a->column].name);
	if (leat_table_room(&f->t) < added_most(a, f)) {
		rc = added_open_fresh(st, a, in, f);
		if (rc)
			return rc;
	}
	for (uint32_t k = 0; k < a->n; k++) {
		rc = leat_table_add_vector(
			&f->t, LEAT_TYPE_TEXT, 0, &f->rooms[k]);
		if (rc)
			return leat_stage_fail(
				st, rc, "no room for column '%s'", a->names[k]);
		memset(f->rooms[k].valid, 0, (f->t.n_rows_all + 7) / 8);
	}
	return LEAT_OK;
}

static struct leat_piece *
added_set(struct added_frame *f, uint32_t k, uint32_t row)
{
	f->rooms[k].valid[row / 8] |= (uint8_t)(1u << (row % 8));
	return (struct leat_piece *)f->rooms[k].values + row;
}

uint8_t *
leat__added_put_own(
	struct added_frame *f, uint32_t k, uint32_t row, uint32_t n_bytes)
{
	struct leat_piece *piece = added_set(f, k, row);

	/* asked for in leat__added_begin() */
	if (leat_table_add_text(&f->t, NULL, n_bytes, piece) != LEAT_OK)
		__builtin_trap();
	return f->t.frame->data + piece->at;
}

void
leat__added_set_len(
	struct added_frame *f, uint32_t k, uint32_t row, uint32_t n_bytes)
{
	added_set(f, k, row)->len = n_bytes | LEAT_PIECE_OWN;
}

void
leat__added_put(
	struct added_frame *f, uint32_t k, uint32_t row, struct leat_text part)
{
	struct leat_piece from =
		((const struct leat_piece *)f->source.values)[row];
	struct leat_text all = leat_vector_text(&f->source, row);
	uint8_t *to;

	if (!(from.len & LEAT_PIECE_OWN) || f->source.own == f->t.frame->data) {
		*added_set(f, k, row) = (struct leat_piece){
			from.at + (uint32_t)(part.data - all.data),
			part.len | (from.len & LEAT_PIECE_OWN)};
		return;
	}
	to = leat__added_put_own(f, k, row, part.len);
	if (part.len)
		memcpy(to, part.data, part.len);
}

void
leat__added_keep(struct added_frame *f, uint32_t row)
{
	leat_table_selection(&f->t)[f->n_kept++] = row;
}

int
leat__added_reject(struct leat_stage *st, const struct added *a,
	const struct added_frame *f, uint32_t row, const char *what)
{
	return leat_table_reject(st, &f->t, a->column, row, LEAT_EDATA, what);
}

int
leat__added_end(struct leat_stage *st, const struct added *a,
	struct leat_frame *in, struct added_frame *f)
{
	struct leat_frame *out = f->fresh ? f->fresh : in;
	int rc;

	leat_table_set_schema(&f->t, a->to);
	leat_table_select(&f->t, leat_table_selection(&f->t), f->n_kept);
	rc = leat_stage_emit(st, 0, out);
	if (!rc && f->fresh)
		leat_stage_release(st, in);
	return rc;
}

void
leat__added_abandon(struct leat_stage *st, struct added_frame *f)
{
	leat_stage_release(st, f->fresh);
	f->fresh = NULL;
}
