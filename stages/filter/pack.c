/*
 * stages/filter/pack.c -- rows of tables as bytes, and tables of them again:
 * columns, and what is held of each.
 *
 * Tables that are made of fields have one field more, which is empty: a value
 * that ends in CR does not end a line so.
 * Threads: the one that steps the stage's task.
 */
#include "pack_bytes.h"

/* ---- what is needed ------------------------------------------------------- */

uint32_t
leat__pack_frame_bytes(const struct leat_shape *in)
{
	uint32_t least = leat_table_frame_bytes(PACK_TEXT_BYTES);

	return in->frame_bytes > least ? in->frame_bytes : least;
}

uint64_t
leat__pack_side_bytes(void)
{
	return 4096 + (uint64_t)PACK_TEXT_BYTES +
		PACK_ROWS_ENOUGH * sizeof(uint32_t) +
		LEAT_TABLE_COLUMNS_MAX *
		(sizeof(struct leat_column) + sizeof(struct leat__pack_kind));
}

/* ---- columns -------------------------------------------------------------- */

static bool
pack_has_own(const struct leat_schema *schema)
{
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (schema->columns[k].field == LEAT_FIELD_NONE)
			return true;
	return schema->n_columns == 0;
}

static int
pack_make_schema(struct leat_stage *st, struct leat__pack *pack,
	const struct leat_schema *from, bool is_fields)
{
	uint32_t n = from->n_columns + pack->n_extra;
	struct leat_column *columns;
	void *memory;
	int rc = leat_stage_alloc(
		st, sizeof(*pack->to) + n * sizeof(*columns), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	pack->to = memory;
	columns = (struct leat_column *)(void *)(pack->to + 1);
	for (uint32_t k = 0; k < n; k++) {
		columns[k] = k < from->n_columns
			? from->columns[k]
			: pack->extra[k - from->n_columns];
		columns[k].field = is_fields ? k : LEAT_FIELD_NONE;
		columns[k].vector = k;
	}
	*pack->to = *from;
	pack->n_own = from->n_columns;
	pack->to->n_columns = n;
	pack->to->columns = columns;
	pack->to->n_fields = is_fields ? n + 1 : 1;
	pack->to->n_vectors = is_fields ? 0 : n;
	pack->to->origin = leat_stage_name(st);
	pack->to->head = NULL;
	pack->to->flags |= LEAT_SCHEMA_OWN_TEXT;
	return LEAT_OK;
}

static int
pack_make_kinds(struct leat_stage *st, struct leat__pack *pack)
{
	size_t n_bytes = pack->to->n_columns * sizeof(*pack->kinds);
	void *memory;
	size_t n_cursors = PACK_ROWS_ENOUGH * sizeof(*pack->cursors);
	int rc = leat_stage_alloc(
		st, n_bytes + n_cursors + PACK_TEXT_BYTES, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	memset(memory, 0, n_bytes);
	pack->kinds = memory;
	for (uint32_t k = pack->n_own; k < pack->to->n_columns; k++)
		pack->kinds[k].type = LEAT_TYPE_TEXT;
	pack->cursors = (uint32_t *)(void *)((uint8_t *)memory + n_bytes);
	pack->rows = (uint8_t *)(pack->cursors + PACK_ROWS_ENOUGH);
	return LEAT_OK;
}

static int
pack_fail_columns(struct leat_stage *st, const struct leat__pack *pack,
	const struct leat_schema *schema)
{
	char was[160], is[160];

	leat_schema_names(pack->to, was, sizeof(was));
	leat_schema_names(schema, is, sizeof(is));
	return leat_stage_fail(st, LEAT_EINVAL,
		"%s: the columns were %s and now are %s; select makes them "
		"alike",
		leat_stage_name(st), was, is);
}

/* Can a row be copied from the beginning of its first field? */
static bool
pack_is_whole(const struct leat__pack *pack, const struct leat_schema *from)
{
	if (pack->kinds || pack->n_extra || from->n_fields < from->n_columns ||
		from->separator != pack->to->separator ||
		from->quote != pack->to->quote)
		return false;
	for (uint32_t k = 0; k < from->n_columns; k++)
		if (from->columns[k].field != k)
			return false;
	return true;
}

int
leat__pack_bind(struct leat_stage *st, struct leat__pack *pack,
	const struct leat_schema *schema)
{
	bool is_fields = !pack_has_own(schema);
	int rc = LEAT_OK;

	if (schema == pack->from)
		return LEAT_OK;
	if (!pack->to) {
		rc = pack_make_schema(st, pack, schema, is_fields);
		if (!rc && !is_fields)
			rc = pack_make_kinds(st, pack);
		if (rc)
			return rc;
	}
	if (schema->n_columns != pack->n_own)
		return pack_fail_columns(st, pack, schema);
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (strcmp(schema->columns[k].name,
			    pack->to->columns[k].name) != 0)
			return pack_fail_columns(st, pack, schema);
	pack->is_whole = pack_is_whole(pack, schema);
	pack->from = schema;
	return rc;
}

/* The type that its values have: of the first table, if it was one. */
static int
pack_enter_kind(struct leat_stage *st, struct leat__pack *pack,
	struct leat_table *t, uint32_t column)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat__pack_kind *kind = &pack->kinds[column];
	bool is_own = c->field == LEAT_FIELD_NONE;
	uint32_t bad_row;
	int rc = LEAT_EINVAL;

	if (is_own)
		rc = leat_table_vector(
			t, column, LEAT_TYPE_TEXT, &kind->vector, &bad_row);
	kind->has_pieces = rc == LEAT_OK;
	if (!kind->type) {
		kind->type = is_own && rc ? c->type : LEAT_TYPE_TEXT;
		kind->scale = c->scale;
	}
	if (kind->type == LEAT_TYPE_TEXT)
		return LEAT_OK;
	rc = leat_table_vector(t, column, kind->type, &kind->vector, &bad_row);
	if (rc || kind->scale != c->scale)
		return leat_stage_fail(st, rc ? rc : LEAT_EDATA,
			"%s: column '%s' was %s before and is not any more; "
			"cast makes it one",
			leat_stage_name(st), c->name,
			leat_type_name(kind->type));
	return LEAT_OK;
}

int
leat__pack_enter(
	struct leat_stage *st, struct leat__pack *pack, struct leat_table *t)
{
	int rc = leat__pack_bind(st, pack, t->schema);

	for (uint32_t k = 0; !rc && pack->kinds && k < t->schema->n_columns;
		k++)
		rc = pack_enter_kind(st, pack, t, k);
	if (t->has_quotes > pack->has_quotes)
		pack->has_quotes = t->has_quotes;
	if (pack->stamp < t->frame->stamp)
		pack->stamp = t->frame->stamp;
	pack->birth_ns = t->frame->birth_ns;
	return rc;
}

/* ---- rows that are not taken ---------------------------------------------- */

int
leat__pack_reject(
	struct leat_stage *st, const struct leat_table *t, uint32_t row)
{
	return leat_table_reject(st, t, 0, row, LEAT_EDATA,
		"a text of no bytes, which among fields cannot be told from a "
		"null");
}

int
leat__pack_negotiate(struct leat_stage *st, struct leat__pack *pack,
	const struct leat_shape *in, struct leat_shape *out)
{
	struct leat_needs *needs = leat_stage_needs(st);
	int rc = LEAT_OK;

	needs->frame_bytes = leat__pack_frame_bytes(in);
	if (in->schema)
		rc = leat__pack_bind(st, pack, in->schema);
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_TABLE,
		.frame_bytes = needs->frame_bytes,
		.schema = pack->to,
		.origin = in->origin,
	};
	return rc;
}
