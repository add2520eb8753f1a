/*
 * dedup -- the first row of each key passes, those that follow are dropped.
 *
 * Keys are kept whole, so that two rows are never taken for one. A key that
 * has no room ends the run: what has passed cannot be called back, and what
 * comes cannot wait without being out of order.
 * Keeps: rows pass in their order, and no two of one key.
 */
#include <leat/stages.h>

#include "group.h"

#define DEDUP_MEMORY      (64ull << 20)
#define DEDUP_FIRST_BYTES 16384u
#define DEDUP_CHUNKS      64u
#define DEDUP_SIDE_BYTES  65536u

struct dedup {
	struct leat__group_spec spec;
	struct leat__group_budget budget;
	struct leat__group_block block;
	struct leat__group_hash_table table;
	struct leat__group_bag bag;
	uint32_t by_all; /* every column is part of the key */
	uint32_t has_begun;
	uint32_t has_emitted;
};

static int
dedup_init(struct leat_stage *st, const void *opts)
{
	const struct leat_dedup_opts *o = opts;
	struct dedup *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	const char *by = o->by ? o->by : "";
	uint64_t memory = o->memory ? o->memory : DEDUP_MEMORY;

	needs->side_bytes = leat__group_spec_side_bytes(by, "");
	LEAT__TRY(leat__group_parse_names(
		st, "by", by, s->spec.keys, &s->spec.n_keys));
	s->by_all = !s->spec.n_keys;
	s->budget = (struct leat__group_budget){.st = st,
		.holds = "a row",
		.given_bytes = memory,
		.limit_bytes = memory};
	leat__group_hash_table_init(&s->table, &s->budget, 0);
	leat__group_bag_init(
		&s->bag, &s->budget, DEDUP_FIRST_BYTES, memory / DEDUP_CHUNKS);
	needs->side_bytes += memory + DEDUP_SIDE_BYTES +
		leat__group_block_side_bytes(
			s->by_all ? LEAT__GROUP_KEYS_MAX : s->spec.n_keys) +
		LEAT__GROUP_KEYS_MAX * sizeof(struct leat_column);
	return LEAT_OK;
}

/* All columns by their names. */
static int
dedup_take_all(struct leat_stage *st, struct dedup *s,
	const struct leat_schema *schema)
{
	if (schema->n_columns > LEAT__GROUP_KEYS_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"rows of %u columns are too many to compare, at most "
			"%u; name some by by=",
			schema->n_columns, LEAT__GROUP_KEYS_MAX);
	for (uint32_t k = 0; k < schema->n_columns; k++)
		s->spec.keys[k] = (struct leat__group_name){
			.text = schema->columns[k].name,
			.len = (uint32_t)strlen(schema->columns[k].name)};
	s->spec.n_keys = schema->n_columns;
	return LEAT_OK;
}

static int
dedup_bind(struct leat_stage *st, struct dedup *s,
	const struct leat_schema *schema)
{
	if (s->by_all && !s->has_begun)
		LEAT__TRY(dedup_take_all(st, s, schema));
	if (s->by_all && schema->n_columns != s->spec.n_keys)
		return leat_stage_fail(st, LEAT_EDATA,
			"%.64s: there are %u columns here, and were %u before",
			schema->origin ? schema->origin : "input",
			schema->n_columns, s->spec.n_keys);
	LEAT__TRY(leat__group_bind(st, &s->spec, schema, NULL, 0));
	if (s->has_begun)
		return LEAT_OK;
	s->has_begun = 1;
	return leat__group_block_init(st, &s->block, &s->spec, &s->budget);
}

static int
dedup_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	if (!in->schema)
		return LEAT_OK;
	return dedup_bind(st, leat_stage_state(st), in->schema);
}

/* Keep a key that is new; LEAT_EAGAIN: it is not. */
static int
dedup_add(struct leat_stage *st, struct dedup *s, uint64_t hash,
	struct leat_text key)
{
	uint8_t *at = NULL;

	if (leat__group_hash_table_find(&s->table, hash, 0, key))
		return LEAT_EAGAIN;
	if (leat__group_hash_table_reserve(&s->table, 0))
		at = leat__group_bag_take(&s->bag,
			LEAT__GROUP_HASH_KEY_HEAD +
				leat__group_hash_key_bytes(key),
			4, 0);
	if (!at)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%llu different keys fill %llu bytes; give more by "
			"memory=",
			(unsigned long long)s->table.n,
			(unsigned long long)s->budget.given_bytes);
	leat__group_hash_put_key(at, 0, &key);
	leat__group_hash_table_add(&s->table, hash, at);
	return LEAT_OK;
}

/* Rows of the block that are new, behind those that are kept already. */
static int
dedup_block(struct leat_stage *st, struct dedup *s, uint32_t *rows,
	uint32_t *n_kept)
{
	const struct leat__group_block *block = &s->block;

	for (uint32_t k = 0; k < block->n; k++)
		__builtin_prefetch(leat__group_hash_table_slot(
			&s->table, block->hashes[k]));
	for (uint32_t k = 0; k < block->n; k++)
		__builtin_prefetch(leat__group_hash_table_entry(
			&s->table, block->hashes[k]));
	for (uint32_t k = 0; k < block->n; k++) {
		int rc = dedup_add(st, s, block->hashes[k], block->keys[k]);

		if (rc == LEAT_OK)
			rows[(*n_kept)++] = block->rows[k];
		else if (rc == LEAT_EAGAIN)
			leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
		else
			return rc;
	}
	return LEAT_OK;
}

static int
dedup_process(struct leat_stage *st, struct leat_frame *in)
{
	struct dedup *s = leat_stage_state(st);
	struct leat_table t;
	uint32_t n_kept = 0;
	uint32_t *rows;
	int rc;

	leat_table_open(in, &t);
	rc = dedup_bind(st, s, t.schema);
	if (rc)
		return rc;
	LEAT__TRY(leat__group_block_open(st, &s->block, in));
	rows = leat_table_selection(&t);
	while ((rc = leat__group_block_read(st, &s->block)) == LEAT_OK)
		LEAT__TRY(dedup_block(st, s, rows, &n_kept));
	if (rc != LEAT_EOS)
		return rc;
	if (!n_kept && s->has_emitted) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	leat_table_open(in, &t);
	leat_table_select(&t, rows, n_kept);
	s->has_emitted = 1;
	return leat_stage_emit(st, 0, in);
}

static void
dedup_fini(struct leat_stage *st)
{
	struct dedup *s = leat_stage_state(st);

	if (!s->has_begun)
		return;
	leat__group_block_fini(st, &s->block);
	leat__group_hash_table_fini(&s->table);
	leat__group_bag_fini(&s->bag);
}

static const struct leat_option dedup_options[] = {
	{.name = "by",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REST,
		.offset = offsetof(struct leat_dedup_opts, by),
		.help = "columns of which one row is to be left; none: all"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_dedup_opts, memory),
		.min = 256 << 10,
		.max = 1ll << 40,
		.fallback = "64M",
		.unit = "bytes",
		.help = "for the keys that were seen"},
	{.name = NULL},
};

const struct leat_stage_ops leat_dedup_ops = {
	LEAT_STAGE_OPS_INIT("dedup"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_REJECTS,
	.summary = "the first row of each key",
	.help = "Rows whose values in the columns of by= were there before are "
		"dropped;\n"
		"without by= the whole row is compared. Values are equal as "
		"what they are:\n"
		"1.0 and 1 of a float64, null and null. Rows stay in their "
		"order.\n"
		"\n"
		"All keys that were seen are kept. When memory= does not hold "
		"them, the\n"
		"run fails: a row that has passed cannot be called back.\n"
		"\n"
		"    leat run 'read a.csv ! dedup origin,destination'\n",
	.state_bytes = sizeof(struct dedup),
	.opts_bytes = sizeof(struct leat_dedup_opts),
	.options = dedup_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = dedup_init,
	.negotiate = dedup_negotiate,
	.process = dedup_process,
	.fini = dedup_fini,
};
