/*
 * stages/filter/group_distinct.c -- how many different values a group has.
 *
 * Values are kept whole, in one table for all groups, under the number of
 * their group and state. What has no room goes to the disk by its hash; a
 * value that is in memory is found there, so what is on the disk is none of
 * those, and is counted partition by partition when all rows have come.
 * Keeps: a state is the number of values that are in the table or were, each
 * counted once.
 * Threads: the stage's own.
 */
#include "group.h"

#include <math.h>

#define DISTINCT_NUMBER_MAX UINT32_MAX

/* A value on the disk: its head, what it belongs to, and its bytes. */
struct distinct_record {
	struct leat__group_record_head head;
	uint64_t *counter; /* of its group, which is in memory */
	uint32_t prefix;
	uint32_t len;
};

struct distinct {
	struct leat_stage *st;
	struct leat__groups *group;
	struct leat__group_spill *spill; /* for what has no room */
};

/* Count a value if it is new. */
static int
distinct_add(const struct distinct *d, uint64_t hash, uint32_t prefix,
	struct leat_text x, uint64_t *counter)
{
	struct leat__groups *group = d->group;
	struct distinct_record record;
	uint64_t spare_bytes;
	uint8_t *at;

	if (leat__group_hash_table_find(&group->values, hash, prefix, x))
		return LEAT_OK;
	spare_bytes = leat__group_spare_bytes(group);
	/* what waits on the disk is not to be counted here as well */
	if (!(d->spill && d->spill->has_any) &&
		leat__group_hash_table_reserve(&group->values, spare_bytes)) {
		at = leat__group_bag_take(&group->values_bag,
			LEAT__GROUP_HASH_KEY_HEAD + x.len, 4, spare_bytes);
		if (at) {
			leat__group_hash_put_key(at, prefix, &x);
			leat__group_hash_table_add(&group->values, hash, at);
			++*counter;
			return LEAT_OK;
		}
	}
	if (!d->spill)
		return LEAT_ELIMIT;
	record = (struct distinct_record){
		.head = {hash, (sizeof(record) + x.len + 7) & ~(uint64_t)7},
		.counter = counter,
		.prefix = prefix,
		.len = x.len};
	LEAT__TRY(leat__group_spill_add(d->spill, &record.head, &at));
	memcpy(at, &record, sizeof(record));
	if (x.len)
		memcpy(at + sizeof(record), x.data, x.len);
	return LEAT_OK;
}

/* ---- rows ---------------------------------------------------------------- */

/* Values of a batch as bytes; floats that are equal as equal ones. */
static void
distinct_texts(const struct leat__group_batch *batch,
	const struct leat__group_block_column *column, uint32_t type,
	struct leat_text *texts, double *floats)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		uint32_t at = batch->at[k];

		if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY) {
			texts[k] = column->values.texts[at];
		} else if (type == LEAT_TYPE_DECIMAL) {
			texts[k] = (struct leat_text){
				(const void *)&column->values.decimals[at], 16};
		} else if (type == LEAT_TYPE_FLOAT64) {
			double x = column->values.floats[at];

			floats[k] = isnan(x) ? (double)NAN : x + 0.0;
			texts[k] =
				(struct leat_text){(const void *)&floats[k], 8};
		} else {
			texts[k] = (struct leat_text){
				(const void *)&column->values.ints[at], 8};
		}
	}
}

static uint32_t
distinct_prefix(
	const struct leat__groups *group, uint32_t state, const uint8_t *states)
{
	const struct leat__group_entry *entry =
		(const void *)(states - sizeof(struct leat__group_entry));

	return entry->number * group->spec->n_states + state;
}

static int
distinct_rows(const struct distinct *d, uint32_t state,
	const struct leat__group_batch *batch,
	const struct leat__group_block_column *column,
	const struct leat_text *texts)
{
	const struct leat__groups *group = d->group;
	uint32_t offset = group->spec->states[state].offset;
	uint64_t hashes[LEAT__GROUP_BLOCK];
	uint32_t prefixes[LEAT__GROUP_BLOCK];

	for (uint32_t k = 0; k < batch->n; k++) {
		if (!column->has[batch->at[k]])
			continue;
		prefixes[k] = distinct_prefix(group, state, batch->states[k]);
		hashes[k] = leat__group_hash_key(texts[k], prefixes[k]);
		__builtin_prefetch(
			leat__group_hash_table_slot(&group->values, hashes[k]));
	}
	for (uint32_t k = 0; k < batch->n; k++)
		if (column->has[batch->at[k]])
			__builtin_prefetch(leat__group_hash_table_entry(
				&group->values, hashes[k]));
	for (uint32_t k = 0; k < batch->n; k++)
		if (column->has[batch->at[k]])
			LEAT__TRY(distinct_add(d, hashes[k], prefixes[k],
				texts[k], (void *)(batch->states[k] + offset)));
	return LEAT_OK;
}

int
leat__group_distinct_update(struct leat_stage *st, struct leat__groups *group,
	uint32_t state, const struct leat__group_batch *batch,
	const struct leat__group_block_column *column)
{
	const struct leat__group_spec *spec = group->spec;
	uint32_t type = spec->inputs[spec->states[state].input].type;
	struct distinct d = {st, group, group->spill_values};
	struct leat_text texts[LEAT__GROUP_BLOCK];
	double floats[LEAT__GROUP_BLOCK];

	if (group->n_groups > DISTINCT_NUMBER_MAX / spec->n_states)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"distinct is counted for at most %u groups",
			DISTINCT_NUMBER_MAX / spec->n_states);
	distinct_texts(batch, column, type, texts, floats);
	return distinct_rows(&d, state, batch, column, texts);
}

/* ---- the end ------------------------------------------------------------- */

static void
distinct_forget(struct leat__groups *group)
{
	leat__group_hash_table_fini(&group->values);
	leat__group_bag_fini(&group->values_bag);
}

/* One partition; what has no room goes to the next level. */
static int
distinct_read(const struct distinct *d, struct leat__group_spill_reader *reader)
{
	int rc = LEAT_OK;

	while (!rc && (rc = leat__group_spill_refill(reader)) == LEAT_OK) {
		const uint8_t *at;

		while (!rc && (at = leat__group_spill_next(reader))) {
			struct distinct_record record;
			struct leat_text x;

			memcpy(&record, at, sizeof(record));
			x = (struct leat_text){at + sizeof(record), record.len};
			rc = distinct_add(d, record.head.hash, record.prefix, x,
				record.counter);
		}
	}
	return rc == LEAT_EOS ? LEAT_OK : rc;
}

static int
distinct_finish(const struct distinct *d, struct leat__group_spill *spill)
{
	struct leat__group_spill_reader reader;
	struct leat__group_spill next;
	int rc;

	if (spill->level + 1 == LEAT__GROUP_SPILL_LEVELS)
		return leat__group_fail_memory(d->st, d->group->budget);
	rc = leat__group_spill_flush(spill);
	while (!rc &&
		(rc = leat__group_spill_open_next(spill, &reader)) == LEAT_OK) {
		struct distinct below = {d->st, d->group, &next};

		distinct_forget(d->group);
		leat__group_spill_init(&next, spill->disk, spill->level + 1);
		rc = distinct_read(&below, &reader);
		leat__group_spill_close(&reader);
		if (!rc && next.has_any)
			rc = distinct_finish(d, &next);
		leat__group_spill_fini(&next);
	}
	return rc == LEAT_EOS ? LEAT_OK : rc;
}

int
leat__group_finish(struct leat_stage *st, struct leat__groups *group)
{
	struct distinct d = {st, group, group->spill_values};
	int rc = LEAT_OK;

	group->is_complete = true;
	if (group->spill_values && group->spill_values->has_any) {
		struct leat__group_spill_disk *disk = group->spill_values->disk;

		rc = distinct_finish(&d, group->spill_values);
		leat__group_spill_fini(group->spill_values);
		leat__group_spill_init(group->spill_values, disk, 0);
	}
	distinct_forget(group);
	return rc;
}
