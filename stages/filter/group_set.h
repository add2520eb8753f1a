/*
 * stages/filter/group_set.h -- sets of short values, without pointers.
 *
 * A value of up to 11 bytes and the number of its owner are 16 bytes, which
 * stand in the table itself: a search looks at one line of memory, and a value
 * that is kept takes no more than its slot.
 */
#ifndef LEAT_STAGES_GROUP_SET_H
#define LEAT_STAGES_GROUP_SET_H

#include "group_hash.h"

#define LEAT__GROUP_SHORT_MAX 11u

/* The bytes from the lowest on; above them 1 + their number, in the 12th; then
 * the owner. All zero = none. */
struct leat__group_short {
	uint64_t low;
	uint64_t high;
};

#define LEAT__GROUP_SHORT_LEN_AT   24u
#define LEAT__GROUP_SHORT_OWNER_AT 32u
#define LEAT__GROUP_SHORT_PART_AT  56u /* before it has an owner */

/* Up to eight bytes; reads no other. */
static inline uint64_t
leat__group_short_load(const uint8_t *data, uint32_t n)
{
	if (n >= 8)
		return leat__group_hash_load64(data);
	if (n >= 4)
		return leat__group_hash_load32(data) |
			leat__group_hash_load32(data + n - 4) << (n - 4) * 8;
	if (!n)
		return 0;
	return data[0] | (uint64_t)data[n / 2] << n / 2 * 8 |
		(uint64_t)data[n - 1] << (n - 1) * 8;
}

/* Of at most LEAT__GROUP_SHORT_MAX bytes. */
static inline struct leat__group_short
leat__group_short_of(struct leat_text x, uint32_t owner)
{
	struct leat__group_short value = {leat__group_short_load(x.data, x.len),
		(uint64_t)(x.len + 1) << LEAT__GROUP_SHORT_LEN_AT |
			(uint64_t)owner << LEAT__GROUP_SHORT_OWNER_AT};

	if (x.len > 8)
		value.high |= leat__group_hash_load32(x.data + x.len - 4) >>
			(12 - x.len) * 8;
	return value;
}

/* Unlike any value. */
static inline struct leat__group_short
leat__group_short_null(void)
{
	return (struct leat__group_short){
		0, (uint64_t)0xff << LEAT__GROUP_SHORT_LEN_AT};
}

static inline uint32_t
leat__group_short_owner(struct leat__group_short value)
{
	return (uint32_t)(value.high >> LEAT__GROUP_SHORT_OWNER_AT);
}

/* The same with an owner's number. */
static inline struct leat__group_short
leat__group_short_own(struct leat__group_short value, uint32_t owner)
{
	value.high = (uint32_t)value.high |
		(uint64_t)owner << LEAT__GROUP_SHORT_OWNER_AT;
	return value;
}

/* Its bytes, in order. @return how many */
uint32_t leat__group_short_put(
	struct leat__group_short value, uint8_t data[LEAT__GROUP_SHORT_MAX]);

static inline uint64_t
leat__group_short_hash(struct leat__group_short value, uint64_t seed)
{
	uint64_t x = leat__group_hash_mix(value.low ^ seed ^ LEAT__GROUP_HASH_B,
		value.high ^ seed >> 32 ^ LEAT__GROUP_HASH_A);

	return leat__group_hash_mix(x ^ seed, LEAT__GROUP_HASH_B);
}

#define LEAT__GROUP_SET_PARTS   256u
#define LEAT__GROUP_SET_PART_AT 56u   /* of a hash: which part */
#define LEAT__GROUP_SET_WHOLE   4096u /* values that make no parts */

/*
 * Slots in groups of eight, each with a tag: seven bits of the hash and one
 * that is set; 0 = free. A search looks at the eight tags of a group, which
 * stand together, and at slots whose tag is the same; it goes on with the next
 * group if none is free. Zeroed = empty, no memory.
 */
struct leat__group_set_part {
	struct leat__group_short *slots;
	uint64_t mask; /* groups - 1 */
	uint64_t n;
	uint64_t most; /* that it takes before it has to grow */
};

/*
 * One part, or of many values LEAT__GROUP_SET_PARTS, by the upper bits of the
 * hash: who adds values in that order goes through memory from one end to the
 * other, and what one part gives back when it grows the next one takes.
 */
struct leat__group_set {
	struct leat__group_budget *budget;
	struct leat__group_set_part one;
	struct leat__group_set_part *parts; /* NULL: all are in one */
	uint64_t seed;
};

void leat__group_set_init(struct leat__group_set *set,
	struct leat__group_budget *budget, uint64_t seed);
void leat__group_set_fini(struct leat__group_set *set);
/* Make room for one more; false: there is none within the limit. */
bool leat__group_set_grow(
	struct leat__group_set *set, uint64_t hash, uint64_t spare_bytes);

static inline struct leat__group_set_part *
leat__group_set_part(struct leat__group_set *set, uint64_t hash)
{
	return set->parts ? &set->parts[hash >> LEAT__GROUP_SET_PART_AT]
			  : &set->one;
}

static inline bool
leat__group_set_reserve(
	struct leat__group_set *set, uint64_t hash, uint64_t spare_bytes)
{
	const struct leat__group_set_part *part =
		leat__group_set_part(set, hash);

	return part->n < part->most ||
		leat__group_set_grow(set, hash, spare_bytes);
}

#define LEAT__GROUP_SET_EACH 0x0101010101010101u

static inline uint8_t *
leat__group_set_tags(const struct leat__group_set_part *part)
{
	return (uint8_t *)(part->slots + (part->mask + 1) * 8);
}

static inline uint8_t
leat__group_set_tag(uint64_t hash)
{
	return (uint8_t)(hash >> (LEAT__GROUP_SET_PART_AT - 7) | 0x80);
}

/* The high bit of each byte that is 0; above the first also of some others. */
static inline uint64_t
leat__group_set_zeros(uint64_t x)
{
	return (x - LEAT__GROUP_SET_EACH) & ~x & LEAT__GROUP_SET_EACH << 7;
}

/* What a search will look at, to be asked for early: its tags, and when those
 * have come the slot. NULL: nothing. */
static inline const void *
leat__group_set_first(struct leat__group_set *set, uint64_t hash)
{
	const struct leat__group_set_part *part =
		leat__group_set_part(set, hash);

	return part->slots
		? leat__group_set_tags(part) + (hash & part->mask) * 8
		: NULL;
}

static inline const void *
leat__group_set_then(struct leat__group_set *set, uint64_t hash)
{
	const struct leat__group_set_part *part =
		leat__group_set_part(set, hash);
	uint64_t at = hash & part->mask, tags, found;

	if (!part->slots)
		return NULL;
	tags = leat__group_hash_load64(leat__group_set_tags(part) + at * 8);
	found = leat__group_set_zeros(
		tags ^ leat__group_set_tag(hash) * LEAT__GROUP_SET_EACH);
	if (!found)
		found = leat__group_set_zeros(tags);
	return &part->slots[at * 8 +
		(found ? (uint64_t)__builtin_ctzll(found) / 8 : 0)];
}

/* Is it there? */
static inline bool
leat__group_set_has(struct leat__group_set *set, uint64_t hash,
	struct leat__group_short value)
{
	const struct leat__group_set_part *part =
		leat__group_set_part(set, hash);
	uint64_t tag = leat__group_set_tag(hash) * LEAT__GROUP_SET_EACH;

	for (uint64_t at = hash & part->mask; part->slots;
		at = (at + 1) & part->mask) {
		uint64_t tags = leat__group_hash_load64(
			leat__group_set_tags(part) + at * 8);
		uint64_t found = leat__group_set_zeros(tags ^ tag);

		for (; found; found &= found - 1) {
			const struct leat__group_short *slot =
				&part->slots[at * 8 +
					(uint64_t)__builtin_ctzll(found) / 8];

			if (!((slot->low ^ value.low) |
				    (slot->high ^ value.high)))
				return true;
		}
		if (leat__group_set_zeros(tags))
			return false;
	}
	return false;
}

/* Add a value that is not there to a part that has room. */
static inline void
leat__group_set_part_add(struct leat__group_set_part *part, uint64_t hash,
	struct leat__group_short value)
{
	uint8_t *tags = leat__group_set_tags(part);
	uint64_t at = hash & part->mask, free;

	while (!(free = leat__group_set_zeros(
			 leat__group_hash_load64(tags + at * 8))))
		at = (at + 1) & part->mask;
	at = at * 8 + (uint64_t)__builtin_ctzll(free) / 8;
	tags[at] = leat__group_set_tag(hash);
	part->slots[at] = value;
	part->n++;
}

static inline void
leat__group_set_add(struct leat__group_set *set, uint64_t hash,
	struct leat__group_short value)
{
	leat__group_set_part_add(leat__group_set_part(set, hash), hash, value);
}

#endif
