/*
 * stages/filter/group_distinct.c -- how many different values a group has.
 *
 * Values are kept whole, for all groups together, under the number of their
 * group and state: short ones in a set, the others in a table. What has no room
 * goes to the disk by its hash; a value that is in memory is found there, so
 * what is on the disk is none of those, and is counted partition by partition
 * when all rows have come.
 * Keeps: a state is the number of values that are in the table or were, each
 * counted once.
 * Threads: the stage's own.
 */
#include "group.h"

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

/* What waits on the disk is not to be counted here as well. */
static bool
distinct_may_add(const struct distinct *d)
{
	return !(d->spill && d->spill->has_any);
}

static int
distinct_spill(const struct distinct *d, uint64_t hash, uint32_t prefix,
	struct leat_text x, uint64_t *counter)
{
	struct distinct_record record = {
		.head = {hash, (sizeof(record) + x.len + 7) & ~(uint64_t)7},
		.counter = counter,
		.prefix = prefix,
		.len = x.len};
	uint8_t *at;

	if (!d->spill)
		return LEAT_ELIMIT;
	LEAT__TRY(leat__group_spill_add(d->spill, &record.head, &at));
	memcpy(at, &record, sizeof(record));
	if (x.len)
		memcpy(at + sizeof(record), x.data, x.len);
	return LEAT_OK;
}

/* Count a value if it is new. */
static int
distinct_add_long(const struct distinct *d, uint64_t hash, uint32_t prefix,
	struct leat_text x, uint64_t *counter)
{
	struct leat__groups *group = d->group;
	uint64_t spare_bytes;
	uint8_t *at;

	if (leat__group_hash_table_find(&group->values, hash, prefix, x))
		return LEAT_OK;
	spare_bytes = leat__group_spare_bytes(group);
	if (!distinct_may_add(d) ||
		!leat__group_hash_table_reserve(&group->values, spare_bytes))
		return distinct_spill(d, hash, prefix, x, counter);
	at = leat__group_bag_take(&group->values_bag,
		LEAT__GROUP_HASH_KEY_HEAD + x.len, 4, spare_bytes);
	if (!at)
		return distinct_spill(d, hash, prefix, x, counter);
	leat__group_hash_put_key(at, prefix, &x);
	leat__group_hash_table_add(&group->values, hash, at);
	++*counter;
	return LEAT_OK;
}

static int
distinct_add_short(const struct distinct *d, uint64_t hash,
	struct leat__group_short x, uint64_t *counter)
{
	struct leat__group_set *set = &d->group->shorts;
	uint8_t bytes[LEAT__GROUP_SHORT_MAX];
	struct leat_text text = {bytes, 0};

	if (leat__group_set_has(set, hash, x))
		return LEAT_OK;
	if (distinct_may_add(d) &&
		leat__group_set_reserve(
			set, hash, leat__group_spare_bytes(d->group))) {
		leat__group_set_add(set, hash, x);
		++*counter;
		return LEAT_OK;
	}
	text.len = leat__group_short_put(x, bytes);
	return distinct_spill(
		d, hash, leat__group_short_owner(x), text, counter);
}

/* ---- rows ---------------------------------------------------------------- */

/* A few rows at a time: what their searches look at is asked for early, and
 * there is still in the nearest cache when it is looked at. */
#define DISTINCT_AT_ONCE 64u

/* A value as bytes; floats that are equal as equal ones. */
static struct leat_text
distinct_text(const struct leat__group_block_column *column, uint32_t type,
	uint32_t at, double *same)
{
	if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY)
		return column->values.texts[at];
	if (type == LEAT_TYPE_DECIMAL)
		return (struct leat_text){
			(const void *)&column->values.decimals[at], 16};
	if (type != LEAT_TYPE_FLOAT64)
		return (struct leat_text){
			(const void *)&column->values.ints[at], 8};
	*same = leat__group_same_float(column->values.floats[at]);
	return (struct leat_text){(const void *)same, 8};
}

static uint32_t
distinct_prefix(
	const struct leat__groups *group, uint32_t state, const uint8_t *states)
{
	const struct leat__group_entry *entry =
		(const void *)(states - sizeof(struct leat__group_entry));

	return entry->number * group->spec->n_states + state;
}

/* Short values that are looked for together. */
struct distinct_shorts {
	uint32_t n;
	struct leat__group_short values[DISTINCT_AT_ONCE];
	uint64_t hashes[DISTINCT_AT_ONCE];
	uint64_t *counters[DISTINCT_AT_ONCE];
};

static int
distinct_add_shorts(
	const struct distinct *d, const struct distinct_shorts *shorts)
{
	for (uint32_t k = 0; k < shorts->n; k++)
		__builtin_prefetch(leat__group_set_then(
			&d->group->shorts, shorts->hashes[k]));
	for (uint32_t k = 0; k < shorts->n; k++)
		LEAT__TRY(distinct_add_short(d, shorts->hashes[k],
			shorts->values[k], shorts->counters[k]));
	return LEAT_OK;
}

static void
distinct_note(const struct distinct *d, struct distinct_shorts *shorts,
	struct leat__group_short value, uint64_t *counter)
{
	struct leat__group_set *set = &d->group->shorts;
	uint64_t hash = leat__group_short_hash(value, set->seed);
	uint32_t n = shorts->n++;

	shorts->values[n] = value;
	shorts->hashes[n] = hash;
	shorts->counters[n] = counter;
	__builtin_prefetch(leat__group_set_first(set, hash));
}

/* Some rows of a batch, at most DISTINCT_AT_ONCE. */
static int
distinct_rows(const struct distinct *d, uint32_t state,
	const struct leat__group_batch *batch, uint32_t from, uint32_t n,
	const struct leat__group_block_column *column)
{
	const struct leat__group_spec *spec = d->group->spec;
	uint32_t offset = spec->states[state].offset;
	uint32_t type = spec->inputs[spec->states[state].input].type;
	struct distinct_shorts shorts;

	shorts.n = 0;
	for (uint32_t k = from; k < from + n; k++) {
		uint8_t *states = batch->states[k];
		uint32_t prefix = distinct_prefix(d->group, state, states);
		void *counter = states + offset;
		struct leat_text x;
		double same;

		if (!column->has[batch->at[k]])
			continue;
		x = distinct_text(column, type, batch->at[k], &same);
		if (x.len <= LEAT__GROUP_SHORT_MAX)
			distinct_note(d, &shorts,
				leat__group_short_of(x, prefix), counter);
		else
			LEAT__TRY(distinct_add_long(d,
				leat__group_hash_key(
					x, d->group->shorts.seed ^ prefix),
				prefix, x, counter));
	}
	return distinct_add_shorts(d, &shorts);
}

/* ---- what was made ready --------------------------------------------------- */

/* All that wait of a part go into it. */
static int
distinct_let_in(const struct distinct *d, uint32_t part)
{
	struct leat__groups *group = d->group;
	struct leat__group_wait *wait = group->wait;
	const struct leat__group_short *values =
		leat__group_wait_values(wait, part);
	uint8_t *states = (uint8_t *)(group->first + 1);
	uint32_t n = wait->n[part];
	struct distinct_shorts shorts;

	wait->n[part] = 0;
	for (uint32_t k = 0; k < n;) {
		for (shorts.n = 0; shorts.n < DISTINCT_AT_ONCE && k < n; k++) {
			uint32_t state = leat__group_short_owner(values[k]);

			distinct_note(d, &shorts, values[k],
				(void *)(states +
					group->spec->states[state].offset));
		}
		LEAT__TRY(distinct_add_shorts(d, &shorts));
	}
	return LEAT_OK;
}

static int
distinct_let_all_in(const struct distinct *d)
{
	for (uint32_t k = 0; d->group->wait && k < LEAT__GROUP_SET_PARTS; k++)
		LEAT__TRY(distinct_let_in(d, k));
	return LEAT_OK;
}

/* Of a set that is large. */
static int
distinct_wait(const struct distinct *d, uint32_t state,
	const struct leat__group_short *values, uint32_t n)
{
	struct leat__group_wait *wait = d->group->wait;

	for (uint32_t k = 0; k < n && values[k].high; k++) {
		uint32_t part =
			(uint32_t)(values[k].high >> LEAT__GROUP_SHORT_PART_AT);

		if (leat__group_wait_add(wait, part,
			    leat__group_short_own(values[k], state)))
			LEAT__TRY(distinct_let_in(d, part));
	}
	return LEAT_OK;
}

int
leat__group_distinct_ready(struct leat_stage *st, struct leat__groups *group,
	uint32_t state, const struct leat__group_short *values, uint32_t n)
{
	struct distinct d = {st, group, group->spill_values};
	uint8_t *states = (uint8_t *)(group->first + 1);
	void *counter = states + group->spec->states[state].offset;
	struct distinct_shorts shorts;

	if (!group->wait && group->shorts.parts && !group->has_no_wait) {
		group->wait = leat__group_wait_create(
			group->budget, leat__group_spare_bytes(group));
		group->has_no_wait = !group->wait;
	}
	if (group->wait)
		return distinct_wait(&d, state, values, n);
	for (uint32_t k = 0; k < n && values[k].high;) {
		for (shorts.n = 0;
			shorts.n < DISTINCT_AT_ONCE && k < n && values[k].high;
			k++)
			distinct_note(&d, &shorts,
				leat__group_short_own(values[k], state),
				counter);
		LEAT__TRY(distinct_add_shorts(&d, &shorts));
	}
	return LEAT_OK;
}

/* ---- rows, as they come --------------------------------------------------- */

int
leat__group_distinct_update(struct leat_stage *st, struct leat__groups *group,
	uint32_t state, const struct leat__group_batch *batch,
	const struct leat__group_block_column *column)
{
	uint32_t n_states = group->spec->n_states;
	struct distinct d = {st, group, group->spill_values};

	if (group->n_groups > DISTINCT_NUMBER_MAX / n_states)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"distinct is counted for at most %u groups",
			DISTINCT_NUMBER_MAX / n_states);
	for (uint32_t k = 0; k < batch->n; k += DISTINCT_AT_ONCE) {
		uint32_t n = batch->n - k;

		if (n > DISTINCT_AT_ONCE)
			n = DISTINCT_AT_ONCE;
		LEAT__TRY(distinct_rows(&d, state, batch, k, n, column));
	}
	return LEAT_OK;
}

/* ---- the end ------------------------------------------------------------- */

static void
distinct_forget(struct leat__groups *group)
{
	leat__group_hash_table_fini(&group->values);
	leat__group_bag_fini(&group->values_bag);
	leat__group_set_fini(&group->shorts);
	leat__group_wait_destroy(group->budget, group->wait);
	group->wait = NULL;
}

/* One that comes back from the disk. */
static int
distinct_add_again(const struct distinct *d,
	const struct distinct_record *record, struct leat_text x)
{
	if (x.len <= LEAT__GROUP_SHORT_MAX)
		return distinct_add_short(d, record->head.hash,
			leat__group_short_of(x, record->prefix),
			record->counter);
	return distinct_add_long(
		d, record->head.hash, record->prefix, x, record->counter);
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
			rc = distinct_add_again(d, &record, x);
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
	int rc;

	group->is_complete = true;
	rc = distinct_let_all_in(&d);
	if (!rc && group->spill_values && group->spill_values->has_any) {
		struct leat__group_spill_disk *disk = group->spill_values->disk;

		rc = distinct_finish(&d, group->spill_values);
		leat__group_spill_fini(group->spill_values);
		leat__group_spill_init(group->spill_values, disk, 0);
	}
	distinct_forget(group);
	return rc;
}
