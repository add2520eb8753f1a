/*
 * stages/filter/group_hash.c -- memory within a limit, and a hash table in it.
 *
 * Keeps: used_bytes of a budget is what its holders have not given back, and
 * never more than the limit; at least one slot in sixteen of a table is free,
 * so that every search ends.
 * Threads: the stage's own.
 */
#include "group_hash.h"

/* ---- memory -------------------------------------------------------------- */

#define BUDGET_HEAD 64u /* what the library keeps of a block, at most */

void *
leat__group_budget_take(struct leat__group_budget *budget, uint64_t n_bytes,
	uint64_t spare_bytes)
{
	uint64_t total = n_bytes + spare_bytes + BUDGET_HEAD;
	void *memory = NULL;

	if (total > budget->limit_bytes ||
		budget->used_bytes > budget->limit_bytes - total)
		return NULL;
	if (leat_stage_alloc(budget->st, n_bytes, &memory) != LEAT_OK)
		return NULL;
	budget->used_bytes += n_bytes + BUDGET_HEAD;
	return memory;
}

void
leat__group_budget_give(
	struct leat__group_budget *budget, void *memory, uint64_t n_bytes)
{
	if (!memory)
		return;
	leat_stage_free(budget->st, memory);
	budget->used_bytes -= n_bytes + BUDGET_HEAD;
}

struct leat__group_bag_chunk {
	struct leat__group_bag_chunk *next;
	uint64_t n_bytes;
};

void
leat__group_bag_init(struct leat__group_bag *bag,
	struct leat__group_budget *budget, uint64_t first_bytes,
	uint64_t most_bytes)
{
	*bag = (struct leat__group_bag){.budget = budget,
		.next_bytes = first_bytes,
		.most_bytes = most_bytes};
}

static uint8_t *
bag_align(uint8_t *at, uint32_t align)
{
	return at + (-(uintptr_t)at & (align - 1));
}

/* A new chunk for at least so much; near the limit a small one. */
static bool
bag_grow(struct leat__group_bag *bag, uint64_t n_bytes, uint64_t spare_bytes)
{
	uint64_t least = sizeof(struct leat__group_bag_chunk) + n_bytes;
	uint64_t size = bag->next_bytes > least ? bag->next_bytes : least;
	struct leat__group_bag_chunk *chunk;

	while (!(chunk = leat__group_budget_take(
			 bag->budget, size, spare_bytes))) {
		if (size == least)
			return false;
		size = size / 2 > least ? size / 2 : least;
	}
	*chunk = (struct leat__group_bag_chunk){bag->chunks, size};
	bag->chunks = chunk;
	bag->total_bytes += size;
	bag->at = (uint8_t *)(chunk + 1);
	bag->end = (uint8_t *)chunk + size;
	if (bag->next_bytes * 2 <= bag->most_bytes)
		bag->next_bytes *= 2;
	return true;
}

/* Where free pieces of this size hang; NULL: they are not kept. */
static void **
bag_class(struct leat__group_bag *bag, uint64_t n_bytes)
{
	uint32_t bits = n_bytes ? (uint32_t)__builtin_ctzll(n_bytes) : 0;

	if (n_bytes != 1ull << bits || bits < LEAT__GROUP_BAG_LEAST ||
		bits >= LEAT__GROUP_BAG_LEAST + LEAT__GROUP_BAG_CLASSES)
		return NULL;
	return &bag->free[bits - LEAT__GROUP_BAG_LEAST];
}

void
leat__group_bag_give(struct leat__group_bag *bag, void *piece, uint64_t n_bytes)
{
	void **free = bag_class(bag, n_bytes);

	if (!free || !piece)
		return;
	memcpy(piece, free, sizeof(*free));
	*free = piece;
}

void *
leat__group_bag_take(struct leat__group_bag *bag, uint64_t n_bytes,
	uint32_t align, uint64_t spare_bytes)
{
	void **free = bag_class(bag, n_bytes);
	uint8_t *at = bag_align(bag->at, align);

	if (free && *free) {
		at = *free;
		memcpy(free, at, sizeof(*free));
		return at;
	}
	if (!bag->at || n_bytes > (uint64_t)(bag->end - bag->at) ||
		at > bag->end - n_bytes) {
		if (!bag_grow(bag, n_bytes + align, spare_bytes))
			return NULL;
		at = bag_align(bag->at, align);
	}
	bag->at = at + n_bytes;
	return at;
}

void
leat__group_bag_fini(struct leat__group_bag *bag)
{
	struct leat__group_bag_chunk *chunk = bag->chunks;

	while (chunk) {
		struct leat__group_bag_chunk *next = chunk->next;

		leat__group_budget_give(bag->budget, chunk, chunk->n_bytes);
		chunk = next;
	}
	bag->chunks = NULL;
	bag->at = bag->end = NULL;
	bag->total_bytes = 0;
	memset(bag->free, 0, sizeof(bag->free));
}

/* ---- hashes -------------------------------------------------------------- */

uint64_t
leat__group_hash_long(const uint8_t *data, uint32_t len, uint64_t seed)
{
	const uint8_t *end = data + len;
	uint64_t x = seed ^ LEAT__GROUP_HASH_A;
	uint64_t other = (seed >> 32 | seed << 32) ^ LEAT__GROUP_HASH_B;

	for (; end - data > 16; data += 16)
		x = leat__group_hash_mix(leat__group_hash_load64(data) ^ other,
			leat__group_hash_load64(data + 8) ^ x);
	x = leat__group_hash_mix(leat__group_hash_load64(end - 16) ^ other,
		leat__group_hash_load64(end - 8) ^ x);
	return leat__group_hash_mix(
		x ^ LEAT__GROUP_HASH_A, len ^ LEAT__GROUP_HASH_B);
}

/* ---- the table ----------------------------------------------------------- */

#define TABLE_FIRST_SLOTS 16u

void
leat__group_hash_table_init(struct leat__group_hash_table *table,
	struct leat__group_budget *budget, uint32_t key_at)
{
	*table = (struct leat__group_hash_table){
		.budget = budget, .key_at = key_at};
}

static uint64_t
table_bytes(const struct leat__group_hash_table *table)
{
	return (table->mask + 1) * sizeof(*table->slots);
}

void
leat__group_hash_table_fini(struct leat__group_hash_table *table)
{
	if (table->slots)
		leat__group_budget_give(
			table->budget, table->slots, table_bytes(table));
	table->slots = NULL;
	table->mask = table->n = 0;
}

void
leat__group_hash_put_key(
	uint8_t *at, uint32_t prefix, const struct leat_text *key)
{
	uint32_t head[2] = {prefix, key->len};

	memcpy(at, head, sizeof(head));
	if (leat__group_hash_key_bytes(*key))
		memcpy(at + LEAT__GROUP_HASH_KEY_HEAD, key->data, key->len);
}

struct leat_text
leat__group_hash_get_key(const uint8_t *at, uint32_t *prefix_out)
{
	uint32_t head[2];

	memcpy(head, at, sizeof(head));
	if (prefix_out)
		*prefix_out = head[0];
	return (struct leat_text){at + LEAT__GROUP_HASH_KEY_HEAD, head[1]};
}

static void
table_place(struct leat__group_hash_table *table, uint64_t hash, uint8_t *entry)
{
	uint64_t at = hash & table->mask;

	while (table->slots[at].entry)
		at = (at + 1) & table->mask;
	table->slots[at] = (struct leat__group_hash_slot){hash, entry};
}

static bool
table_grow(struct leat__group_hash_table *table, uint64_t spare_bytes)
{
	struct leat__group_hash_table old = *table;
	uint64_t n_slots =
		table->slots ? (table->mask + 1) * 2 : TABLE_FIRST_SLOTS;

	table->slots = leat__group_budget_take(
		table->budget, n_slots * sizeof(*table->slots), spare_bytes);
	if (!table->slots) {
		table->slots = old.slots;
		return false;
	}
	memset(table->slots, 0, n_slots * sizeof(*table->slots));
	table->mask = n_slots - 1;
	for (uint64_t k = 0; old.slots && k <= old.mask; k++)
		if (old.slots[k].entry)
			table_place(
				table, old.slots[k].hash, old.slots[k].entry);
	leat__group_hash_table_fini(&old);
	return true;
}

bool
leat__group_hash_table_reserve(
	struct leat__group_hash_table *table, uint64_t spare_bytes)
{
	uint64_t n_slots = table->slots ? table->mask + 1 : 0;

	if (table->n + 1 <= n_slots / 4 * 3)
		return true;
	if (table_grow(table, spare_bytes))
		return true;
	return table->n + 1 <= n_slots - n_slots / 16;
}

void
leat__group_hash_table_add(
	struct leat__group_hash_table *table, uint64_t hash, uint8_t *entry)
{
	table_place(table, hash, entry);
	table->n++;
}

/* What was pushed on by the one taken out moves back. */
void
leat__group_hash_table_remove(struct leat__group_hash_table *table,
	uint64_t hash, const uint8_t *entry)
{
	struct leat__group_hash_slot *slots = table->slots;
	uint64_t mask = table->mask;
	uint64_t hole = hash & mask, at;

	while (slots[hole].entry != entry)
		hole = (hole + 1) & mask;
	for (at = (hole + 1) & mask; slots[at].entry; at = (at + 1) & mask) {
		uint64_t home = slots[at].hash & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		slots[hole] = slots[at];
		hole = at;
	}
	slots[hole].entry = NULL;
	table->n--;
}
