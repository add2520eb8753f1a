/*
 * stages/filter/group_set.c -- sets of short values, without pointers.
 *
 * Hashes are not kept: they are made again when the table grows, which reads
 * the old slots in their order and writes the new ones in two runs.
 * Keeps: at least one slot in eight is free, so that every search ends.
 * Threads: the stage's own.
 * Source: Kulukundis, Designing a fast, efficient, cache-friendly hash table,
 * 2017 (tags of seven bits, looked at together).
 */
#include "group_set.h"

#define SET_FIRST_GROUPS 2u

void
leat__group_set_init(struct leat__group_set *set,
	struct leat__group_budget *budget, uint64_t seed)
{
	*set = (struct leat__group_set){.budget = budget, .seed = seed};
}

static uint64_t
part_bytes(const struct leat__group_set_part *part)
{
	return (part->mask + 1) * 8 * (sizeof(*part->slots) + 1);
}

static void
part_fini(struct leat__group_budget *budget, struct leat__group_set_part *part)
{
	if (part->slots)
		leat__group_budget_give(budget, part->slots, part_bytes(part));
	*part = (struct leat__group_set_part){.slots = NULL};
}

#define SET_PARTS_BYTES                                                        \
	(LEAT__GROUP_SET_PARTS * sizeof(struct leat__group_set_part))

void
leat__group_set_fini(struct leat__group_set *set)
{
	part_fini(set->budget, &set->one);
	for (uint32_t k = 0; set->parts && k < LEAT__GROUP_SET_PARTS; k++)
		part_fini(set->budget, &set->parts[k]);
	leat__group_budget_give(set->budget, set->parts, SET_PARTS_BYTES);
	set->parts = NULL;
}

/* All that one part has into another, empty one. */
static void
set_move(struct leat__group_set *set, const struct leat__group_set_part *from,
	struct leat__group_set_part *to)
{
	uint64_t n_slots = from->slots ? (from->mask + 1) * 8 : 0;

	for (uint64_t k = 0; k < n_slots; k++) {
		struct leat__group_short value = from->slots[k];

		if (leat__group_set_tags(from)[k])
			leat__group_set_part_add(to,
				leat__group_short_hash(value, set->seed),
				value);
	}
}

/* Twice the slots. */
static bool
part_grow(struct leat__group_set *set, struct leat__group_set_part *part,
	uint64_t spare_bytes)
{
	uint64_t n_groups =
		part->slots ? (part->mask + 1) * 2 : SET_FIRST_GROUPS;
	struct leat__group_set_part grown = {
		.mask = n_groups - 1, .most = n_groups * 7};

	grown.slots = leat__group_budget_take(
		set->budget, part_bytes(&grown), spare_bytes);
	if (!grown.slots)
		return false;
	memset(leat__group_set_tags(&grown), 0, n_groups * 8);
	set_move(set, part, &grown);
	part_fini(set->budget, part);
	*part = grown;
	return true;
}

/* One part to many; false: no memory, and nothing has changed. */
static bool
set_part(struct leat__group_set *set, uint64_t spare_bytes)
{
	struct leat__group_set parted = {
		.budget = set->budget, .seed = set->seed};
	bool is_done;

	parted.parts = leat__group_budget_take(
		set->budget, SET_PARTS_BYTES, spare_bytes);
	is_done = parted.parts != NULL;
	if (is_done)
		memset(parted.parts, 0, SET_PARTS_BYTES);
	for (uint64_t k = 0; is_done && k < (set->one.mask + 1) * 8; k++) {
		struct leat__group_short value = set->one.slots[k];
		uint64_t hash = leat__group_short_hash(value, set->seed);

		if (!leat__group_set_tags(&set->one)[k])
			continue;
		is_done = leat__group_set_reserve(&parted, hash, spare_bytes);
		if (is_done)
			leat__group_set_add(&parted, hash, value);
	}
	leat__group_set_fini(is_done ? set : &parted);
	if (is_done)
		*set = parted;
	return is_done;
}

bool
leat__group_set_grow(
	struct leat__group_set *set, uint64_t hash, uint64_t spare_bytes)
{
	if (!set->parts && set->one.n >= LEAT__GROUP_SET_WHOLE)
		(void)set_part(set, spare_bytes);
	/* parts that are there may have room now */
	if (leat__group_set_part(set, hash)->n <
		leat__group_set_part(set, hash)->most)
		return true;
	return part_grow(set, leat__group_set_part(set, hash), spare_bytes);
}

uint32_t
leat__group_short_put(
	struct leat__group_short value, uint8_t data[LEAT__GROUP_SHORT_MAX])
{
	uint32_t n = (uint32_t)(value.high >> LEAT__GROUP_SHORT_LEN_AT & 0xff);

	for (uint32_t k = 0; k + 1 < n; k++)
		data[k] = (uint8_t)(k < 8 ? value.low >> k * 8
					  : value.high >> (k - 8) * 8);
	return n - 1;
}
