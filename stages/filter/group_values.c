/*
 * group.values -- what group will look at, made ready by all workers.
 *
 * It stands before group by itself. Columns that are wanted become vectors,
 * which the frame keeps. Without keys, values whose different ones are counted
 * are put into the frame once more, as short ones in the order of their hashes,
 * so that group goes through its set from one end to the other: behind the
 * vectors of the schema, one for each count, as far as there is room. There a
 * key of text stands as well, so that group need not look at the text.
 * Keeps: where a value does not convert or is long nothing is put there, and
 * group finds out by itself; no row is touched.
 * Source: Manegold, Boncz, Kersten, Optimizing main-memory join on modern
 * hardware, 2002 (radix clustering).
 */
#include <leat/stages.h>

#include "group.h"

#define VALUES_SIDE_BYTES 4096u
#define VALUES_PARTS      LEAT__GROUP_SET_PARTS
#define VALUES_PART_AT    (LEAT__GROUP_SHORT_PART_AT - LEAT__GROUP_SHORT_OWNER_AT)

struct values {
	struct leat__group_spec spec;
	uint8_t *parts; /* of each row alive */
	uint64_t seed;
};

static int
values_init(struct leat_stage *st, const void *opts)
{
	const struct leat_group_opts *o = opts;
	struct values *s = leat_stage_state(st);
	const char *by = o->by ? o->by : "";
	const char *results = o->results ? o->results : "";

	leat_stage_needs(st)->side_bytes =
		leat__group_spec_side_bytes(by, results) + VALUES_SIDE_BYTES +
		LEAT_TABLE_ROWS_MAX + sizeof(struct leat_schema) +
		(LEAT__GROUP_KEYS_MAX + LEAT__GROUP_RESULTS_MAX) *
			sizeof(struct leat_column);
	LEAT__TRY(leat__group_parse_names(
		st, "by", by, s->spec.keys, &s->spec.n_keys));
	return leat__group_parse_results(st, "results", results, &s->spec);
}

static int
values_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct values *s = leat_stage_state(st);
	void *memory;
	int rc = leat_stage_alloc(st, LEAT_TABLE_ROWS_MAX, &memory);

	(void)out;
	if (rc)
		return leat_stage_fail(st, rc, "no memory for rows");
	s->parts = memory;
	s->seed = leat_stage_hash_seed(st);
	return in->schema ? leat__group_bind(st, &s->spec, in->schema, NULL, 0)
			  : LEAT_OK;
}

/* What group does, which is all there is behind it. */
static uint32_t
values_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	const struct values *s = leat_stage_state(st);

	return leat__group_wants(&s->spec, schema, wanted);
}

/* ---- short values, by their hashes --------------------------------------- */

struct values_column {
	const struct leat_table *t;
	const struct leat_vector *v;
	uint64_t seed;
};

static inline struct leat_text
values_text(const struct values_column *c, uint32_t row, double *same)
{
	if (c->v->type == LEAT_TYPE_TEXT || c->v->type == LEAT_TYPE_BINARY)
		return leat_vector_text(c->v, row);
	*same = ((const double *)c->v->values)[row];
	if (c->v->type == LEAT_TYPE_FLOAT64)
		*same = leat__group_same_float(*same);
	return (struct leat_text){(const void *)same, sizeof(*same)};
}

/* Which part each value goes to, and how many do; false: one is not short. */
static bool
values_part(const struct values_column *c, uint32_t state, uint8_t *parts,
	uint32_t counts[VALUES_PARTS])
{
	for (uint32_t k = 0; k < c->t->n_rows; k++) {
		uint32_t row = leat_table_row(c->t, k);
		struct leat_text x;
		uint64_t hash;
		double same;

		if (!leat_vector_has(c->v, row))
			continue;
		x = values_text(c, row, &same);
		if (x.len > LEAT__GROUP_SHORT_MAX)
			return false;
		hash = leat__group_short_hash(
			leat__group_short_of(x, state), c->seed);
		parts[k] = (uint8_t)(hash >> LEAT__GROUP_SET_PART_AT);
		counts[parts[k]]++;
	}
	return true;
}

static void
values_put(const struct values_column *c, const uint8_t *parts,
	uint32_t counts[VALUES_PARTS], struct leat__group_short *out)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < VALUES_PARTS; k++) {
		uint32_t n_here = counts[k];

		counts[k] = n;
		n += n_here;
	}
	for (uint32_t k = 0; k < c->t->n_rows; k++) {
		uint32_t row = leat_table_row(c->t, k);
		double same;

		if (leat_vector_has(c->v, row))
			out[counts[parts[k]]++] =
				leat__group_short_of(values_text(c, row, &same),
					(uint32_t)parts[k] << VALUES_PART_AT);
	}
}

/* LEAT_ELIMIT: this one is read by group itself. */
static int
values_of_state(struct values *s, struct leat_table *t, uint32_t state,
	const struct leat_vector *v)
{
	struct values_column c = {t, v, s->seed};
	uint32_t counts[VALUES_PARTS] = {0};
	struct leat_vector_room room;

	if (v->type == LEAT_TYPE_BOOL || v->type == LEAT_TYPE_DECIMAL ||
		!values_part(&c, state, s->parts, counts))
		return LEAT_ELIMIT;
	LEAT__TRY(leat_table_add_vector(t, LEAT__GROUP_READY_TYPE, 0, &room));
	values_put(&c, s->parts, counts, room.values);
	return LEAT_OK;
}

/* ---- a key of text --------------------------------------------------------- */

/* Of one to eight bytes of the source, which has as many behind it. */
static inline bool
values_is_plain(const struct leat_vector *v, struct leat_piece piece)
{
	return piece.len - 1 < 8 && v->text;
}

static inline struct leat__group_short
values_plain(const struct leat_vector *v, struct leat_piece piece)
{
	uint64_t low = leat__group_hash_load64(v->text + piece.at);

	return (struct leat__group_short){
		low & ~(uint64_t)0 >> (64 - 8 * piece.len),
		(uint64_t)(piece.len + 1) << LEAT__GROUP_SHORT_LEN_AT};
}

static void
values_keys(struct leat_table *t, const struct leat_vector *v)
{
	struct leat_vector_room room;
	struct leat__group_short *out;

	if (leat_table_add_vector(t, LEAT__GROUP_READY_TYPE, 0, &room))
		return;
	out = room.values;
	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_piece piece =
			((const struct leat_piece *)v->values)[row];
		struct leat_text x;

		if (!leat_vector_has(v, row)) {
			out[row] = leat__group_short_null();
			continue;
		}
		if (values_is_plain(v, piece)) {
			out[row] = values_plain(v, piece);
			continue;
		}
		x = leat_vector_text(v, row);
		if (x.len <= LEAT__GROUP_SHORT_MAX)
			out[row] = leat__group_short_of(x, 0);
	}
}

/* ---- the stage ------------------------------------------------------------ */

/* Do all values of all columns convert, and have room? */
static bool
values_convert(const struct leat__group_spec *spec, struct leat_table *t)
{
	struct leat_vector v;
	uint32_t bad_row;
	bool is_good = true;

	for (uint32_t k = 0; k < spec->n_inputs; k++)
		is_good &=
			leat_table_vector(t, spec->inputs[k].column,
				spec->inputs[k].type, &v, &bad_row) == LEAT_OK;
	return is_good;
}

static int
values_process(struct leat_stage *st, struct leat_frame *in)
{
	struct values *s = leat_stage_state(st);
	const struct leat__group_spec *spec = &s->spec;
	struct leat_vector v;
	struct leat_table t;
	uint32_t bad_row;
	int rc = LEAT_OK;

	leat_table_open(in, &t);
	LEAT__TRY(leat__group_bind(st, &s->spec, t.schema, NULL, 0));
	if (!values_convert(spec, &t))
		return leat_stage_emit(st, 0, in);
	if (leat__group_has_ready_keys(spec) &&
		!leat_table_vector(&t, spec->inputs[0].column, LEAT_TYPE_TEXT,
			&v, &bad_row))
		values_keys(&t, &v);
	if (spec->n_keys)
		return leat_stage_emit(st, 0, in);
	for (uint32_t k = 0; !rc && k < spec->n_states; k++) {
		const struct leat__group_input *input =
			&spec->inputs[spec->states[k].input];

		if (spec->states[k].kind != LEAT__STATE_DISTINCT)
			continue;
		rc = leat_table_vector(
			&t, input->column, input->type, &v, &bad_row);
		if (!rc)
			rc = values_of_state(s, &t, k, &v);
	}
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option values_options[] = {
	{.name = "results",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REST,
		.offset = offsetof(struct leat_group_opts, results),
		.help = "those of group"},
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_group_opts, by),
		.help = "that of group"},
	{.name = NULL},
};

const struct leat_stage_ops leat_group_values_ops = {
	LEAT_STAGE_OPS_INIT("group.values"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS,
	.summary = "what group will look at; comes by itself before it",
	.help = "Makes ready what group looks at, with all workers: typed "
		"values, keys of text.\n"
		"Its options are those of group; nobody has to write it.\n",
	.state_bytes = sizeof(struct values),
	.opts_bytes = sizeof(struct leat_group_opts),
	.options = values_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = values_init,
	.negotiate = values_negotiate,
	.process = values_process,
	.wants = values_wants,
};
