/*
 * stages/filter/sort_order.h -- records in memory, and their order.
 *
 * A record is a key and a row, see keys.h and pack.h. Entries say where records
 * are, and carry 8 bytes of the key. Threads: any, one at a time.
 */
#ifndef LEAT_STAGES_FILTER_SORT_ORDER_H
#define LEAT_STAGES_FILTER_SORT_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Stands before the bytes of its key, then those of its row. */
struct leat__sort_head {
	uint32_t n_key;
	uint32_t n_row;
};

struct leat__sort_entry {
	uint64_t prefix; /* of the key, as a number; see leat__sort_prefix() */
	uint64_t at;     /* of the record, from the base */
};

/* A record, opened. */
struct leat__sort_record {
	const uint8_t *key;
	const uint8_t *row;
	uint32_t n_key;
	uint32_t n_row;
};

static inline struct leat__sort_record
leat__sort_open(const uint8_t *at)
{
	struct leat__sort_head head;

	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	return (struct leat__sort_record){
		at, at + head.n_key, head.n_key, head.n_row};
}

static inline size_t
leat__sort_bytes(const struct leat__sort_record *r)
{
	return sizeof(struct leat__sort_head) + r->n_key + (size_t)r->n_row;
}

/* The 8 bytes of a key from a place on, zeros behind its end. */
static inline uint64_t
leat__sort_prefix(const uint8_t *key, uint32_t n_key, uint32_t from)
{
	uint64_t value = 0;
	uint32_t n = n_key > from ? n_key - from : 0;

	memcpy(&value, key + (n ? from : 0), n < 8 ? n : 8);
	return __builtin_bswap64(value);
}

/* Put entries whose prefixes are those from 0 on in the order of their keys;
 * equal ones by where they are. */
void leat__sort_order(
	struct leat__sort_entry *entries, size_t n, const uint8_t *base);

/* By where they are alone. */
void leat__sort_by_place(struct leat__sort_entry *entries, size_t n);

#endif
