/*
 * fan/join_key.c -- join by=key: rows of in 0 with those of in 1 that have the
 * same key; both are sorted by it.
 *
 * Rows of in 1 with the key that in 0 is at are held as text in side memory, so
 * that each row of in 0 can meet all of them. A null meets nothing, wherever it
 * stands.
 * Keeps: of each in there is one frame at most, and an in without one is
 * wanted; every key in the group is the same, and none of in 0 that is before
 * it is still to come. Threads: the one that steps the stage's task.
 * Source: merge join, Blasgen and Eswaran, IBM Systems Journal 16, 1977.
 */
#include "fan/join_key.h"

#include <inttypes.h>
#include <string.h>

#include "fan/merge_key.h"
#include "graph/graph.h"

#define JOIN_MEMORY_BYTES (64u << 20)
#define JOIN_SAVED_BYTES  256u       /* of a text of a frame that has gone */
#define JOIN_SIDE_BYTES   (1u << 20) /* columns and their names */
#define JOIN_TEXT_PARTS   4u         /* the last of them is for field ends */

/* ---- before the run ------------------------------------------------------- */

static size_t
join_memory(const struct leat__join_key *j)
{
	uint64_t n = j->opts->memory_bytes ? j->opts->memory_bytes
					   : JOIN_MEMORY_BYTES;

	return (size_t)(n & ~UINT64_C(15));
}

int
leat__join_key_init(struct leat_stage *st, struct leat__join_key *j,
	const struct leat_join_opts *opts)
{
	struct leat_needs *needs = leat_stage_needs(st);

	j->opts = opts;
	if (opts->missing || opts->hold)
		return leat_stage_fail_at(st, LEAT_EINVAL, "by", 0, 0,
			"join: missing= and hold= are for by=stamp; by=key has "
			"kind=");
	if (leat_stage_n_ins(st) != 2)
		return leat_stage_fail(st, LEAT_EINVAL,
			"join: by=key joins two branches, here are %u",
			leat_stage_n_ins(st));
	if (!opts->on || !*opts->on)
		return leat_stage_fail_at(st, LEAT_EINVAL, "on", 0, 0,
			"join: by=key wants to know which, like on=id");
	needs->holds = 1; /* the open frame */
	needs->frame_bytes = leat__rows_frame_bytes();
	needs->side_bytes = leat__key_bytes(opts->on) + join_memory(j) +
		4 * (uint64_t)JOIN_SIDE_BYTES;
	return leat__key_parse(st, &j->spec, "on", opts->on);
}

static int
join_alloc(struct leat_stage *st, struct leat__join_key *j)
{
	uint32_t n = j->spec.n;
	size_t n_values = n * sizeof(struct leat__key_value);
	size_t n_bytes = 5 * n_values + 2 * n * JOIN_SAVED_BYTES;
	uint8_t *at;
	void *memory;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the key");
	at = memset(memory, 0, n_bytes);
	j->group_key = memory;
	for (uint32_t k = 0; k < 2; k++) {
		at += n_values;
		j->ins[k].now = (struct leat__key_value *)(void *)at;
		at += n_values;
		j->ins[k].before = (struct leat__key_value *)(void *)at;
	}
	at += n_values;
	j->ins[0].saved = at;
	j->ins[1].saved = at + n * JOIN_SAVED_BYTES;
	rc = leat_stage_alloc(st, join_memory(j), &memory);
	if (rc)
		return leat_stage_fail(st, rc,
			"join: no memory for %zu bytes; memory=N takes less",
			join_memory(j));
	j->group.text = memory;
	return LEAT_OK;
}

/* ---- columns --------------------------------------------------------------- */

static bool
join_is_key(const struct leat__join_key *j, uint32_t in, uint32_t column)
{
	for (uint32_t k = 0; k < j->spec.n; k++)
		if (j->ins[in].columns[k] == column)
			return true;
	return false;
}

static bool
join_takes(const struct leat__join_key *j)
{
	return j->opts->kind != LEAT_LOOKUP_ANTI && j->ins[1].schema;
}

/* A schema of text for the columns of an in, or of both but the second's keys;
 * types are those that the text is to be read as. */
static int
join_make_schema(struct leat_stage *st, const struct leat__join_key *j,
	uint32_t first, uint32_t last, struct leat_schema **schema_out)
{
	uint32_t n = 0, n_max = 0;
	struct leat_text *names;
	uint32_t *types;
	void *memory;
	int rc;

	for (uint32_t in = first; in <= last; in++)
		n_max += j->ins[in].schema->n_columns;
	rc = leat_stage_alloc(
		st, n_max * (sizeof(*names) + 2 * sizeof(*types)), &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	names = memory;
	types = (uint32_t *)(void *)(names + n_max);
	for (uint32_t in = first; in <= last; in++) {
		const struct leat_schema *from = j->ins[in].schema;

		for (uint32_t k = 0; k < from->n_columns; k++) {
			const char *name = from->columns[k].name;

			if (in > first && join_is_key(j, in, k))
				continue;
			types[2 * n] = from->columns[k].type;
			types[2 * n + 1] = from->columns[k].scale;
			names[n++] = (struct leat_text){
				(const uint8_t *)name, (uint32_t)strlen(name)};
		}
	}
	rc = leat__rows_schema(st, names, n, j->ins[first].schema, schema_out);
	for (uint32_t k = 0; !rc && k < n; k++) {
		struct leat_column *columns =
			(struct leat_column *)(uintptr_t)(*schema_out)->columns;

		columns[k].type = types[2 * k];
		columns[k].scale = types[2 * k + 1];
	}
	leat_stage_free(st, memory);
	return rc ? leat_stage_fail(st, rc, "no memory for the columns") : rc;
}

/* Of the group: the same fields, but the keys are left out. */
static int
join_make_view(struct leat_stage *st, struct leat__join_key *j)
{
	const struct leat_schema *all = j->group_schema;
	struct leat_column *columns;
	void *memory;
	int rc = leat_stage_alloc(
		st, sizeof(*all) + all->n_columns * sizeof(*columns), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	j->group_view = memory;
	columns = (struct leat_column *)(void *)(j->group_view + 1);
	*j->group_view = *all;
	j->group_view->columns = columns;
	j->group_view->n_columns = 0;
	for (uint32_t k = 0; k < all->n_columns; k++)
		if (!join_is_key(j, 1, k))
			columns[j->group_view->n_columns++] = all->columns[k];
	return LEAT_OK;
}

/* The group: text in front, then the ends of its fields. */
static int
join_make_group(struct leat_stage *st, struct leat__join_key *j)
{
	size_t n_memory = join_memory(j);
	size_t n_ends = n_memory / JOIN_TEXT_PARTS;
	uint32_t n_fields;
	int rc = join_make_schema(st, j, 1, 1, &j->group_schema);

	if (!rc)
		rc = join_make_view(st, j);
	if (rc)
		return rc;
	/* the text of both is one dialect */
	j->group_schema->separator = j->group_view->separator =
		j->ins[0].schema->n_fields ? j->ins[0].schema->separator : ',';
	j->group_schema->quote = j->group_view->quote =
		j->ins[0].schema->n_fields ? j->ins[0].schema->quote : '"';
	n_fields = j->group_schema->n_fields;
	j->group.schema = j->group_schema;
	j->group.max_bytes =
		(uint32_t)leat__min_u64(n_memory - n_ends, UINT32_MAX);
	j->group.ends = (uint32_t *)(void *)(j->group.text +
		(n_memory - n_ends) / 4 * 4);
	j->max_group = (uint32_t)leat__min_u64(
		n_ends / (n_fields * sizeof(uint32_t)), UINT32_MAX);
	return LEAT_OK;
}

/* A key is one type on both ins: then they are sorted in one way. */
static int
join_check_types(struct leat_stage *st, struct leat__join_key *j)
{
	for (uint32_t k = 0; k < j->spec.n; k++) {
		const struct leat_column *a =
			&j->ins[0].schema->columns[j->ins[0].columns[k]];
		const struct leat_column *b =
			&j->ins[1].schema->columns[j->ins[1].columns[k]];

		if (a->type != b->type)
			return leat_stage_fail_at(st, LEAT_EINVAL, "on",
				j->spec.columns[k].offset,
				j->spec.columns[k].n_bytes,
				"join: column '%s' is %s from '%s' and %s from "
				"'%s'; it must be of one type; cast makes it "
				"so",
				a->name, leat_type_name(a->type),
				st->ins[0]->from->name, leat_type_name(b->type),
				st->ins[1]->from->name);
	}
	return LEAT_OK;
}

/* What can be made once the columns of both are known. */
static int
join_settle(struct leat_stage *st, struct leat__join_key *j)
{
	struct leat_schema *schema;
	bool is_known = j->ins[1].schema || j->ins[1].is_ended;

	if (j->rows.schema || !j->ins[0].schema || !is_known)
		return LEAT_OK;
	if (j->ins[1].schema) {
		LEAT_TRY(join_check_types(st, j));
		LEAT_TRY(join_make_group(st, j));
	}
	LEAT_TRY(join_make_schema(st, j, 0, join_takes(j), &schema));
	j->rows.schema = schema;
	return LEAT_OK;
}

static int
join_bind(struct leat_stage *st, struct leat__join_key *j, uint32_t in,
	const struct leat_schema *schema)
{
	struct leat__join_in *own = &j->ins[in];

	if (own->schema == schema)
		return LEAT_OK;
	if (own->schema && !leat__merge_is_alike(own->schema, schema))
		return leat_stage_fail(st, LEAT_EINVAL,
			"join: the columns of '%s' change; union makes them "
			"alike",
			st->ins[in]->from->name);
	if (own->schema) { /* replicas have one each */
		own->schema = schema;
		return LEAT_OK;
	}
	LEAT_TRY(leat__key_bind(st, &j->spec, "on", schema, own->columns));
	for (uint32_t k = 0; k < j->spec.n; k++)
		if (schema->columns[own->columns[k]].type == LEAT_TYPE_TEXT)
			j->spec.columns[k].is_text = true;
	own->schema = schema;
	return join_settle(st, j);
}

int
leat__join_key_negotiate(
	struct leat_stage *st, struct leat__join_key *j, struct leat_shape *out)
{
	LEAT_TRY(join_alloc(st, j));
	for (uint32_t k = 0; k < 2; k++) {
		const struct leat_shape *from = leat__link_shape(st->ins[k]);

		if (from->layout != LEAT_LAYOUT_TABLE)
			return leat_stage_fail(st, LEAT_EINVAL,
				"join: by=key is for tables, and '%s' gives %s",
				st->ins[k]->from->name,
				leat__layout_name(from->layout));
		if (from->schema)
			LEAT_TRY(join_bind(st, j, k, from->schema));
	}
	/* it makes frames, and passes none on */
	st->ops.out_layout = out->layout;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = 0;
	out->schema = j->rows.schema;
	out->sample = NULL;
	out->sample_bytes = out->sample_is_all = 0;
	return LEAT_OK;
}

/* ---- rows of an in --------------------------------------------------------- */

static bool
join_is_null(const struct leat__join_key *j, const struct leat__key_value *now)
{
	for (uint32_t k = 0; k < j->spec.n; k++) {
		uint64_t flip = j->spec.columns[k].is_desc ? UINT64_MAX : 0;

		if ((now[k].bits.stamp ^ flip) == 0 &&
			(now[k].bits.sub ^ flip) == 1)
			return true;
	}
	return false;
}

static int
join_fail_order(
	struct leat_stage *st, const struct leat__join_key *j, uint32_t in)
{
	const struct leat__join_in *own = &j->ins[in];
	const struct leat_table *t = &own->head.t;
	uint32_t row = leat__head_row(&own->head), column = own->columns[0];
	struct leat_position p = leat_table_position(t, column, row);
	struct leat_text x = {NULL, 0};
	uint8_t printed[64];

	if (leat_table_text_bytes(t, column, row) <= sizeof(printed))
		x = leat_table_text(t, column, row, printed);
	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	leat_stage_fail(st, LEAT_EDATA,
		"join: in %u ('%s') is not sorted by '%s': %s:%" PRIu64
		":%" PRIu64 " has '%.*s' after a key that goes behind it; sort "
		"%s puts it in order",
		in, st->ins[in]->from->name, j->opts->on,
		leat__head_file(&own->head, "its input"), p.line, p.column,
		x.len > 60 ? 60 : (int)x.len,
		x.data ? (const char *)x.data : "", j->opts->on);
	return leat_stage_locate(st, leat__head_file(&own->head, NULL), p.line,
		p.column, p.offset);
}

/* The key of the row that is next. */
static int
join_look(struct leat_stage *st, struct leat__join_key *j, uint32_t in)
{
	struct leat__join_in *own = &j->ins[in];
	uint32_t row = leat__head_row(&own->head);

	j->spec.has_read = true;
	for (uint32_t k = 0; k < j->spec.n; k++)
		leat__key_read(&j->spec.columns[k], &own->head.t,
			own->columns[k], row, &own->now[k]);
	own->is_null = join_is_null(j, own->now);
	if (!own->is_null && own->has_before &&
		leat__key_compare(&j->spec, own->now, own->before) < 0)
		return join_fail_order(st, j, in);
	return LEAT_OK;
}

/* On to the next row of an in. */
static int
join_step(struct leat_stage *st, struct leat__join_key *j, uint32_t in)
{
	struct leat__join_in *own = &j->ins[in];
	struct leat__key_value *now = own->now;

	if (!own->is_null) {
		own->now = own->before;
		own->before = now;
		own->has_before = true;
		own->is_saved = false;
	}
	own->head.at++;
	if (!leat__head_is_used_up(&own->head))
		return join_look(st, j, in);
	for (uint32_t k = 0; own->has_before && !own->is_saved && k < j->spec.n;
		k++)
		leat__key_save(&own->before[k],
			own->saved + k * JOIN_SAVED_BYTES, JOIN_SAVED_BYTES);
	own->is_saved = true;
	if (own->head.is_held)
		leat__head_drop(st, &own->head, in);
	else
		own->is_spent = true;
	return LEAT_OK;
}

static inline bool
join_has_row(const struct leat__join_in *own)
{
	return own->head.frame && !own->is_spent;
}

/* Past a row that is in nothing that is made. */
static int
join_drop(struct leat_stage *st, struct leat__join_key *j, uint32_t in)
{
	leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
	return join_step(st, j, in);
}

/* ---- the group -------------------------------------------------------------- */

static void
join_group_table(const struct leat__join_key *j,
	const struct leat_schema *schema, struct leat_table *t)
{
	*t = (struct leat_table){
		.schema = schema,
		.text = j->group.text,
		.fields = j->group.ends,
		.n_rows = j->group.n_rows,
		.n_rows_all = j->group.n_rows,
		.has_quotes = j->group.has_quotes,
	};
}

static void
join_group_end(struct leat_stage *st, struct leat__join_key *j)
{
	leat_stage_count(st, LEAT_COUNT_FOLDED, j->n_group);
	j->n_group = 0;
	j->group.n_rows = j->group.n_ends = j->group.at = 0;
	j->group.has_quotes = 0;
}

static int
join_group_full(struct leat_stage *st, const struct leat__join_key *j)
{
	return leat_stage_fail(st, LEAT_ELIMIT,
		"join: the rows of '%s' that have one key, %" PRIu64
		" of them and more, take more than %zu bytes; memory=N with a "
		"greater N holds them",
		st->ins[1]->from->name, j->n_group, join_memory(j));
}

/* The next row of in 1 belongs to the group, or is its first. */
static int
join_group_add(struct leat_stage *st, struct leat__join_key *j)
{
	struct leat__join_in *own = &j->ins[1];
	struct leat__rows *group = &j->group;
	bool is_first = j->n_group == 0;
	struct leat_table t;

	if (is_first || j->opts->kind != LEAT_LOOKUP_ANTI) {
		group->row_at = group->at;
		group->row_ends = group->n_ends;
		group->is_over = false;
		if (group->n_rows == j->max_group)
			return join_group_full(st, j);
		leat__rows_put(group, &own->head.t, leat__head_row(&own->head));
		leat__rows_put_nulls(group, 1);
		if (group->is_over)
			return join_group_full(st, j);
		group->text[group->at - 1] = '\n';
		group->n_rows++;
	}
	j->n_group++;
	join_group_table(j, j->group_schema, &t);
	for (uint32_t k = 0; is_first && k < j->spec.n; k++)
		leat__key_read(&j->spec.columns[k], &t, own->columns[k], 0,
			&j->group_key[k]);
	return join_step(st, j, 1);
}

/* ---- what is made ------------------------------------------------------------ */

/* The row of in 0, with one of the group, or with nulls. LEAT_OK; LEAT_MORE, to
 * be returned by the stage; or a code. */
static int
join_make(struct leat_stage *st, struct leat__join_key *j, bool is_met)
{
	struct leat__head *head = &j->ins[0].head;
	struct leat_table t;
	int n_made = 0;

	while (n_made == 0) {
		int rc = leat__rows_begin(st, &j->rows);

		if (rc)
			return rc;
		leat__rows_put(&j->rows, &head->t, leat__head_row(head));
		if (is_met) {
			join_group_table(j, j->group_view, &t);
			leat__rows_put(&j->rows, &t, j->pair);
		} else if (join_takes(j)) {
			leat__rows_put_nulls(
				&j->rows, j->group_view->n_columns);
		}
		n_made = leat__rows_end(st, &j->rows);
	}
	return n_made < 0 ? n_made : LEAT_OK;
}

/* The row of in 0 meets none. */
static int
join_alone(struct leat_stage *st, struct leat__join_key *j)
{
	int rc;

	if (j->opts->kind == LEAT_LOOKUP_INNER)
		return join_drop(st, j, 0);
	rc = join_make(st, j, false);
	return rc ? rc : join_step(st, j, 0);
}

/* The row of in 0 meets the group, all of which is there. */
static int
join_pairs(struct leat_stage *st, struct leat__join_key *j)
{
	uint32_t n = j->group.n_rows;

	if (j->opts->kind == LEAT_LOOKUP_ANTI)
		return join_drop(st, j, 0);
	for (; j->pair < n; j->pair++) {
		int rc = join_make(st, j, true);

		if (rc)
			return rc;
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		if (!j->pair)
			leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
	}
	j->pair = 0;
	return join_step(st, j, 0);
}

/* ---- in step ----------------------------------------------------------------- */

#define JOIN_WAITS 2 /* for a row of in 0 or 1 */

/* In 0 is at the group's key, or behind it. */
static int
join_at_group(struct leat_stage *st, struct leat__join_key *j)
{
	struct leat__join_in *a = &j->ins[0], *b = &j->ins[1];

	if (leat__key_compare(&j->spec, a->now, j->group_key) != 0) {
		join_group_end(st, j);
		return LEAT_OK;
	}
	if (!join_has_row(b))
		return b->is_ended ? join_pairs(st, j) : JOIN_WAITS;
	if (b->is_null)
		return join_drop(st, j, 1);
	if (leat__key_compare(&j->spec, b->now, j->group_key) == 0)
		return join_group_add(st, j);
	return join_pairs(st, j);
}

/* One row of one in further. */
static int
join_one(struct leat_stage *st, struct leat__join_key *j)
{
	struct leat__join_in *a = &j->ins[0], *b = &j->ins[1];
	int order;

	if (!join_has_row(a) && !a->is_ended)
		return JOIN_WAITS;
	if (!join_has_row(a))
		return join_has_row(b) ? join_drop(st, j, 1) : JOIN_WAITS;
	if (!j->rows.schema)
		return JOIN_WAITS;
	if (a->is_null)
		return join_alone(st, j);
	if (j->n_group)
		return join_at_group(st, j);
	if (!join_has_row(b))
		return b->is_ended ? join_alone(st, j) : JOIN_WAITS;
	if (b->is_null)
		return join_drop(st, j, 1);
	order = leat__key_compare(&j->spec, a->now, b->now);
	if (order < 0)
		return join_alone(st, j);
	return order ? join_drop(st, j, 1) : join_group_add(st, j);
}

/* As long as it is known what comes next. */
static int
join_run(struct leat_stage *st, struct leat__join_key *j)
{
	int rc;

	do
		rc = join_one(st, j);
	while (!rc);
	return rc == JOIN_WAITS ? LEAT_OK : rc;
}

/* ---- the stage --------------------------------------------------------------- */

int
leat__join_key_process(
	struct leat_stage *st, struct leat__join_key *j, struct leat_frame *in)
{
	uint32_t from = leat_stage_in(st);
	struct leat__head *head = &j->ins[from].head;
	struct leat_table t;
	int rc = LEAT_OK;

	leat__rows_enter(&j->rows);
	if (!head->frame) {
		leat_table_open(in, &t);
		LEAT_TRY(join_bind(st, j, from, t.schema));
		if (in->n_items == 0) {
			leat_stage_release(st, in);
			return LEAT_OK;
		}
		leat__head_take(head, in);
		leat__head_note(&j->rows.stamp, in);
		rc = join_look(st, j, from);
	}
	if (!rc)
		rc = join_run(st, j);
	if (rc)
		return rc;
	if (!j->ins[from].is_spent) {
		leat__head_keep(st, head, from);
		return LEAT_OK;
	}
	j->ins[from].is_spent = false;
	leat__head_drop(st, head, from);
	return LEAT_OK;
}

int
leat__join_key_end_in(
	struct leat_stage *st, struct leat__join_key *j, uint32_t in)
{
	leat__rows_enter(&j->rows);
	j->ins[in].is_ended = true;
	LEAT_TRY(join_settle(st, j));
	return join_run(st, j);
}

int
leat__join_key_flush(struct leat_stage *st, struct leat__join_key *j)
{
	leat__rows_enter(&j->rows);
	return leat__rows_flush(st, &j->rows);
}

int
leat__join_key_finish(struct leat_stage *st, struct leat__join_key *j)
{
	join_group_end(st, j);
	return leat__join_key_flush(st, j);
}

void
leat__join_key_fini(struct leat_stage *st, struct leat__join_key *j)
{
	for (uint32_t k = 0; k < 2; k++)
		leat__head_fini(st, &j->ins[k].head);
	leat__rows_fini(st, &j->rows);
	leat__key_fini(st, &j->spec);
}
