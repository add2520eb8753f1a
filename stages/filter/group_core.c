/*
 * stages/filter/group_core.c -- rows find their groups, and change them.
 *
 * Of each batch first all slots are asked for, then all groups found or made,
 * then one state after the other is changed for all rows. When memory is full,
 * groups that are there go on; rows of others wait on the disk. So the rows of
 * a group are all here or all there, in their order, and its result does not
 * depend on how much memory there was.
 * Keeps: groups hang on a list in the order in which they appeared.
 * Threads: the stage's own.
 */
#include "group.h"

#define CORE_CHUNKS 64u /* a chunk of a bag is at most such a part */
#define CORE_RECENT_BYTES                                                      \
	(LEAT__GROUP_RECENT * sizeof(struct leat__group_recent))

void
leat__group_init(struct leat__groups *group,
	const struct leat__group_spec *spec, struct leat__group_budget *budget,
	uint64_t first_bytes)
{
	uint64_t most = budget->limit_bytes / CORE_CHUNKS;
	uint64_t first = first_bytes < most ? first_bytes : most;

	*group = (struct leat__groups){.spec = spec, .budget = budget};
	leat__group_bag_init(&group->bag, budget, first, most);
	leat__group_bag_init(&group->growth, budget, first, most);
	leat__group_bag_init(&group->values_bag, budget, first, most);
	leat__group_hash_table_init(&group->table, budget,
		(uint32_t)sizeof(struct leat__group_entry) + spec->state_bytes);
	leat__group_hash_table_init(&group->values, budget, 0);
	leat__group_set_init(
		&group->shorts, budget, leat_stage_hash_seed(budget->st));
}

void
leat__group_fini(struct leat__groups *group)
{
	if (!group->budget)
		return;
	leat__group_hash_table_fini(&group->values);
	leat__group_budget_give(
		group->budget, group->recent, CORE_RECENT_BYTES);
	group->recent = NULL;
	leat__group_bag_fini(&group->values_bag);
	leat__group_set_fini(&group->shorts);
	leat__group_wait_destroy(group->budget, group->wait);
	group->wait = NULL;
	leat__group_hash_table_fini(&group->table);
	leat__group_bag_fini(&group->bag);
	leat__group_bag_fini(&group->growth);
	group->first = group->last = NULL;
	group->n_groups = 0;
}

/* ---- finding groups ------------------------------------------------------ */

/*
 * While rows come: a quarter of all memory, and what each group is likely to
 * take beyond what all of them have taken.
 */
uint64_t
leat__group_spare_bytes(const struct leat__groups *group)
{
	uint64_t likely = (group->n_groups + 1ull) * group->spec->growth_bytes;
	uint64_t quarter = group->budget->limit_bytes / 4;

	if (!group->spec->growth_bytes || group->is_complete)
		return 0;
	return likely > group->growth.total_bytes
		? quarter + likely - group->growth.total_bytes
		: quarter;
}

/* A new group; NULL: no room. */
static struct leat__group_entry *
core_make(struct leat__groups *group, uint64_t hash, struct leat_text key)
{
	const struct leat__group_spec *spec = group->spec;
	uint64_t spare_bytes = leat__group_spare_bytes(group) +
		(spec->has_distinct ? group->budget->limit_bytes / 8 : 0);
	uint32_t key_at = group->table.key_at;
	struct leat__group_entry *entry;

	/* what waits on the disk is not to have a second group here */
	if (group->spill_rows && group->spill_rows->has_any)
		return NULL;
	if (!leat__group_hash_table_reserve(&group->table, spare_bytes))
		return NULL;
	entry = leat__group_bag_take(&group->bag,
		key_at + LEAT__GROUP_HASH_KEY_HEAD +
			leat__group_hash_key_bytes(key),
		8, spare_bytes);
	if (!entry ||
		!leat__group_state_begin(
			spec, &group->bag, (uint8_t *)(entry + 1), spare_bytes))
		return NULL;
	entry->next = NULL;
	entry->number = group->n_groups++;
	leat__group_hash_put_key((uint8_t *)entry + key_at, 0, &key);
	leat__group_hash_table_add(&group->table, hash, (uint8_t *)entry);
	if (group->last)
		group->last->next = entry;
	else
		group->first = entry;
	group->last = entry;
	return entry;
}

static int
core_spill(struct leat_stage *st, struct leat__groups *group,
	const struct leat__group_block *block, uint32_t k)
{
	struct leat__group_record_head head = {
		leat__group_hash_key(block->keys[k], 0), 0};
	uint8_t *record;

	if (!group->spill_rows || !group->n_groups)
		return leat__group_fail_memory(st, group->budget);
	head.n_bytes = leat__group_record_bytes(block, k);
	LEAT__TRY(leat__group_spill_add(group->spill_rows, &head, &record));
	leat__group_record_put(block, k, record);
	return LEAT_OK;
}

/* The group of a row, made if need be; NULL: no room. */
static struct leat__group_entry *
core_find_row(struct leat__groups *group, const struct leat__group_block *block,
	uint32_t k)
{
	void *entry = leat__group_hash_table_find(
		&group->table, block->hashes[k], 0, block->keys[k]);

	if (__builtin_expect(!entry, 0))
		entry = core_make(group, block->hashes[k], block->keys[k]);
	return entry;
}

static int
core_note(struct leat_stage *st, struct leat__groups *group,
	const struct leat__group_block *block, uint32_t k,
	struct leat__group_entry *entry, struct leat__group_batch *batch)
{
	if (__builtin_expect(!entry, 0))
		return core_spill(st, group, block, k);
	batch->at[batch->n] = (uint16_t)k;
	batch->states[batch->n++] = (uint8_t *)(entry + 1);
	return LEAT_OK;
}

static int
core_find(struct leat_stage *st, struct leat__groups *group,
	const struct leat__group_block *block, uint32_t from, uint32_t n,
	struct leat__group_batch *batch)
{
	for (uint32_t k = from; k < from + n; k++)
		__builtin_prefetch(leat__group_hash_table_slot(
			&group->table, block->hashes[k]));
	for (uint32_t k = from; k < from + n; k++)
		__builtin_prefetch(leat__group_hash_table_entry(
			&group->table, block->hashes[k]));
	for (uint32_t k = from; k < from + n; k++)
		LEAT__TRY(core_note(st, group, block, k,
			core_find_row(group, block, k), batch));
	return LEAT_OK;
}

/* Where a key is kept that was there of late; one product is enough, for those
 * that meet there only push each other out. */
static inline struct leat__group_recent *
core_recent(const struct leat__groups *group, struct leat__group_short key)
{
	uint64_t x = (key.low ^ key.high << 40) * LEAT__GROUP_HASH_A;

	return &group->recent[x >> (64 - LEAT__GROUP_RECENT_BITS)];
}

/* By keys that were made ready: text is looked at only of those that were not
 * there of late. */
static int
core_find_ready(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block, uint32_t from, uint32_t n,
	struct leat__group_batch *batch)
{
	for (uint32_t k = from; k < from + n; k++) {
		struct leat__group_short key =
			block->ready_keys[block->rows[k]];
		struct leat__group_recent *recent = core_recent(group, key);

		if ((recent->key.low ^ key.low) |
			(recent->key.high ^ key.high) | !key.high) {
			leat__group_block_make_key(block, k);
			recent->key = key;
			recent->entry = core_find_row(group, block, k);
			if (!recent->entry)
				recent->key.high = 0;
		}
		LEAT__TRY(core_note(st, group, block, k, recent->entry, batch));
	}
	return LEAT_OK;
}

/* ---- changing them ------------------------------------------------------- */

int
leat__group_add(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block, uint32_t from, uint32_t n)
{
	const struct leat__group_spec *spec = group->spec;
	struct leat__group_batch batch;
	int rc;

	batch.n = 0;
	rc = block->ready_keys
		? core_find_ready(st, group, block, from, n, &batch)
		: core_find(st, group, block, from, n, &batch);
	if (rc)
		return rc;
	for (uint32_t k = 0; k < spec->n_states; k++) {
		const struct leat__group_state *state = &spec->states[k];
		const struct leat__group_block_column *column =
			&block->columns[state->input];

		if (block->is_ready[k])
			continue;
		if (state->kind == LEAT__STATE_DISTINCT)
			rc = leat__group_distinct_update(
				st, group, k, &batch, column);
		else
			rc = leat__group_state_update(
				     group, state, &batch, column)
				? LEAT_OK
				: LEAT_ELIMIT;
		if (rc == LEAT_ELIMIT)
			rc = leat__group_fail_memory(st, group->budget);
		if (rc)
			return rc;
	}
	return LEAT_OK;
}

/* With one key: where those are kept that were there of late. */
static void
core_ready_keys(struct leat__groups *group, struct leat__group_block *block)
{
	if (!group->recent && !group->n_groups) {
		group->recent = leat__group_budget_take(group->budget,
			CORE_RECENT_BYTES, group->budget->limit_bytes / 2);
		if (group->recent)
			memset(group->recent, 0, CORE_RECENT_BYTES);
	}
	if (group->recent)
		leat__group_block_set_ready_keys(
			block, leat__group_block_ready(block, 0));
}

/* Without keys: values whose different ones are counted. */
static int
core_ready_values(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block)
{
	const struct leat__group_spec *spec = group->spec;
	uint32_t n = 0;
	int rc = LEAT_OK;

	LEAT__TRY(leat__group_add_empty(st, group));
	for (uint32_t k = 0; !rc && k < spec->n_states; k++) {
		const struct leat__group_short *values;

		if (spec->states[k].kind != LEAT__STATE_DISTINCT)
			continue;
		values = leat__group_block_ready(block, n++);
		if (!values)
			break;
		rc = leat__group_distinct_ready(
			st, group, k, values, block->table.n_rows_all);
		leat__group_block_set_ready(block, k);
	}
	return rc == LEAT_ELIMIT ? leat__group_fail_memory(st, group->budget)
				 : rc;
}

int
leat__group_add_ready(struct leat_stage *st, struct leat__groups *group,
	struct leat__group_block *block)
{
	const struct leat__group_spec *spec = group->spec;

	if (!block->table.n_rows)
		return LEAT_OK;
	if (leat__group_has_ready_keys(spec))
		core_ready_keys(group, block);
	else if (!spec->n_keys && spec->has_distinct)
		return core_ready_values(st, group, block);
	return LEAT_OK;
}

int
leat__group_add_empty(struct leat_stage *st, struct leat__groups *group)
{
	struct leat_text key = {(const uint8_t *)"", 0};
	uint64_t hash = leat__group_hash_key(key, leat_stage_hash_seed(st));

	if (group->spec->n_keys || group->n_groups)
		return LEAT_OK;
	return core_make(group, hash, key)
		? LEAT_OK
		: leat__group_fail_memory(st, group->budget);
}
