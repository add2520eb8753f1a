/*
 * stages/filter/group_hash.h -- memory within a limit, and a hash table in it.
 *
 * Shared by the stages that keep keys: group, window, dedup, profile.
 */
#ifndef LEAT_STAGES_GROUP_HASH_H
#define LEAT_STAGES_GROUP_HASH_H

#include <stdbool.h>
#include <string.h>

#include <leat/stage.h>
#include <leat/table.h>

/* Hand on what is not LEAT_OK, LEAT_MORE too. */
#define LEAT__TRY(expr)                                                        \
	do {                                                                   \
		int leat__rc = (expr);                                         \
		if (leat__rc != LEAT_OK)                                       \
			return leat__rc;                                       \
	} while (0)

__extension__ typedef unsigned __int128 leat__group_u128;
__extension__ typedef __int128 leat__group_s128;

/* ---- memory -------------------------------------------------------------- */

/* What a stage's option memory= allows, and how much of it is in use. */
struct leat__group_budget {
	struct leat_stage *st;
	const char *holds;    /* for messages: "one group and its values" */
	uint64_t given_bytes; /* memory= */
	uint64_t limit_bytes; /* of it, what keepers of groups may use */
	uint64_t used_bytes;
};

/* Side memory, or NULL: over the limit less `spare_bytes`, or none there. */
void *leat__group_budget_take(struct leat__group_budget *budget,
	uint64_t n_bytes, uint64_t spare_bytes);
/* Give back what was taken with this size; NULL is accepted. */
void leat__group_budget_give(
	struct leat__group_budget *budget, void *memory, uint64_t n_bytes);

struct leat__group_bag_chunk;

#define LEAT__GROUP_BAG_CLASSES 12u
#define LEAT__GROUP_BAG_LEAST   4u /* the first class is of 1 << 4 bytes */

/* Many small pieces that are given back together; those whose size is a power
 * of two, and that are aligned to 8, also one by one, to be taken again. */
struct leat__group_bag {
	struct leat__group_budget *budget;
	struct leat__group_bag_chunk *chunks;
	uint8_t *at;
	uint8_t *end;
	uint64_t next_bytes;  /* of the next chunk */
	uint64_t most_bytes;  /* of any chunk but for one large piece */
	uint64_t total_bytes; /* of all chunks */
	void *free[LEAT__GROUP_BAG_CLASSES];
};

void leat__group_bag_init(struct leat__group_bag *bag,
	struct leat__group_budget *budget, uint64_t first_bytes,
	uint64_t most_bytes);
/* NULL: as leat__group_budget_take(). Aligned to `align`, a power of two <= 16.
 */
void *leat__group_bag_take(struct leat__group_bag *bag, uint64_t n_bytes,
	uint32_t align, uint64_t spare_bytes);
/* Give one piece back, of 16 bytes at least. */
void leat__group_bag_give(
	struct leat__group_bag *bag, void *piece, uint64_t n_bytes);
/* Give all pieces back. */
void leat__group_bag_fini(struct leat__group_bag *bag);

/* ---- hashes -------------------------------------------------------------- */

#define LEAT__GROUP_HASH_NULL UINT32_MAX /* len of the key that is null */

/* A product of 128 bits, its halves mixed. */
static inline uint64_t
leat__group_hash_mix(uint64_t a, uint64_t b)
{
	leat__group_u128 product = (leat__group_u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
leat__group_hash_load64(const uint8_t *data)
{
	uint64_t x;

	memcpy(&x, data, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

static inline uint64_t
leat__group_hash_load32(const uint8_t *data)
{
	uint32_t x;

	memcpy(&x, data, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap32(x);
#endif
	return x;
}

#define LEAT__GROUP_HASH_A 0xa0761d6478bd642fu
#define LEAT__GROUP_HASH_B 0xe7037ed1a0b428dbu

uint64_t leat__group_hash_long(
	const uint8_t *data, uint32_t len, uint64_t seed);

/*
 * 64 well mixed bits of some bytes; with one seed the same on every machine.
 * Who does not know the seed cannot make either factor of a product zero.
 * Source: Wang Yi, wyhash: reads of up to 16 bytes that may overlap, and one
 * product of 128 bits.
 */
static inline uint64_t
leat__group_hash_bytes(const uint8_t *data, uint32_t len, uint64_t seed)
{
	uint64_t a = 0, b = 0;

	if (len > 16)
		return leat__group_hash_long(data, len, seed);
	if (len >= 8) {
		a = leat__group_hash_load64(data);
		b = leat__group_hash_load64(data + len - 8);
	} else if (len >= 4) {
		a = leat__group_hash_load32(data);
		b = leat__group_hash_load32(data + len - 4);
	} else if (len) {
		a = (uint64_t)data[0] << 16 | (uint64_t)data[len / 2] << 8 |
			data[len - 1];
	}
	a = leat__group_hash_mix(
		a ^ seed >> 32 ^ seed << 32 ^ LEAT__GROUP_HASH_B,
		b ^ seed ^ LEAT__GROUP_HASH_A);
	return leat__group_hash_mix(
		a ^ LEAT__GROUP_HASH_A, len ^ LEAT__GROUP_HASH_B);
}

/* Of a key, which may be null. */
static inline uint64_t
leat__group_hash_key(struct leat_text key, uint64_t seed)
{
	if (key.len == LEAT__GROUP_HASH_NULL)
		return leat__group_hash_mix(
			seed ^ LEAT__GROUP_HASH_A, LEAT__GROUP_HASH_B);
	return leat__group_hash_bytes(key.data, key.len, seed);
}

/* ---- the table ----------------------------------------------------------- */

struct leat__group_hash_slot {
	uint64_t hash;
	uint8_t *entry; /* NULL = free */
};

/*
 * Entries by their key. An entry begins with key_at bytes of its owner; then
 * follow a uint32_t prefix, a uint32_t length and the bytes of the key: two
 * keys are equal if all three are. It stands in memory of the owner, aligned
 * to 4 at least. Open addressing, linear probing. Zeroed = empty, no memory.
 */
struct leat__group_hash_table {
	struct leat__group_budget *budget;
	struct leat__group_hash_slot *slots;
	uint64_t mask; /* slots - 1 */
	uint64_t n;
	uint32_t key_at;
};

#define LEAT__GROUP_HASH_KEY_HEAD 8u /* bytes of prefix and length */

void leat__group_hash_table_init(struct leat__group_hash_table *table,
	struct leat__group_budget *budget, uint32_t key_at);
void leat__group_hash_table_fini(struct leat__group_hash_table *table);

static inline uint64_t
leat__group_hash_key_bytes(struct leat_text key)
{
	return key.len == LEAT__GROUP_HASH_NULL ? 0 : key.len;
}

/* Put prefix, length and bytes into an entry. */
void leat__group_hash_put_key(
	uint8_t *at, uint32_t prefix, const struct leat_text *key);
/* The key of an entry. */
struct leat_text leat__group_hash_get_key(
	const uint8_t *at, uint32_t *prefix_out);

/* Make room for one more; false: there is none within the limit. */
bool leat__group_hash_table_reserve(
	struct leat__group_hash_table *table, uint64_t spare_bytes);
/* Add an entry that is not there, after room was made. */
void leat__group_hash_table_add(
	struct leat__group_hash_table *table, uint64_t hash, uint8_t *entry);
/* Take out an entry that is there. */
void leat__group_hash_table_remove(struct leat__group_hash_table *table,
	uint64_t hash, const uint8_t *entry);

/*
 * What a search will look at, to be asked for early: the slot, and when that
 * has come the entry. NULL: nothing. (gcc drops calls of functions that do no
 * more than prefetch, so that is left to the caller.)
 */
static inline const void *
leat__group_hash_table_slot(
	const struct leat__group_hash_table *table, uint64_t hash)
{
	return table->slots ? &table->slots[hash & table->mask] : NULL;
}

static inline const void *
leat__group_hash_table_entry(
	const struct leat__group_hash_table *table, uint64_t hash)
{
	return table->slots ? table->slots[hash & table->mask].entry : NULL;
}

static inline bool
leat__group_hash_bytes_equal(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	if (len >= 8 && len <= 16)
		return leat__group_hash_load64(a) ==
			leat__group_hash_load64(b) &&
			leat__group_hash_load64(a + len - 8) ==
			leat__group_hash_load64(b + len - 8);
	if (len >= 4 && len < 8)
		return leat__group_hash_load32(a) ==
			leat__group_hash_load32(b) &&
			leat__group_hash_load32(a + len - 4) ==
			leat__group_hash_load32(b + len - 4);
	if (len < 4) {
		for (uint32_t k = 0; k < len; k++)
			if (a[k] != b[k])
				return false;
		return true;
	}
	return memcmp(a, b, len) == 0;
}

static inline bool
leat__group_hash_key_is(
	const uint8_t *at, uint32_t prefix, struct leat_text key)
{
	uint32_t head[2];

	memcpy(head, at, sizeof(head));
	return head[0] == prefix && head[1] == key.len &&
		(key.len == LEAT__GROUP_HASH_NULL ||
			leat__group_hash_bytes_equal(
				at + LEAT__GROUP_HASH_KEY_HEAD, key.data,
				key.len));
}

/* The entry with this key, or NULL. */
static inline uint8_t *
leat__group_hash_table_find(const struct leat__group_hash_table *table,
	uint64_t hash, uint32_t prefix, struct leat_text key)
{
	uint64_t at = hash & table->mask;

	if (!table->slots)
		return NULL;
	for (; table->slots[at].entry; at = (at + 1) & table->mask)
		if (table->slots[at].hash == hash &&
			leat__group_hash_key_is(
				table->slots[at].entry + table->key_at, prefix,
				key))
			return table->slots[at].entry;
	return NULL;
}

#endif
