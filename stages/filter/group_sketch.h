/*
 * stages/filter/group_sketch.h -- summaries of values in little memory.
 *
 * How many different ones (HyperLogLog), quantiles (a histogram whose buckets
 * grow with the values), and which come most often (Space-Saving).
 */
#ifndef LEAT_STAGES_GROUP_SKETCH_H
#define LEAT_STAGES_GROUP_SKETCH_H

#include "group_hash.h"

/* ---- how many different values ------------------------------------------- */

#define LEAT__GROUP_REGISTERS 4096u /* standard error 1.04 / 64 = 1.6 % */

/* Zeroed registers = no value. */
void leat__group_registers_add(uint8_t *registers, uint64_t hash);
uint64_t leat__group_registers_count(const uint8_t *registers);

/* ---- quantiles ----------------------------------------------------------- */

#define LEAT__GROUP_QUANTILE_EXACT 256u /* values up to which all are kept */

struct leat__group_quantile_page;

/*
 * Exact while all values are kept. Beyond, 128 buckets for each power of two:
 * what is returned is within 1/256 of the value at that rank, however values
 * come and in whatever order; of whole numbers up to 256 it is exact, and of
 * others within 1/2 more. NaN is above all others, and what is no normal number
 * is 0. Zeroed = no value.
 */
struct leat__group_quantile {
	uint64_t n;
	double *exact; /* n values, or NULL when pages count them */
	struct leat__group_quantile_page *pages; /* by rising exponents */
	uint32_t n_pages;
	uint32_t has_fractions; /* not all values are whole numbers */
	uint32_t room;          /* of exact, or of pages */
	uint64_t least;         /* values in the order of their bits */
	uint64_t greatest;
};

/* false: no memory within the limit. */
bool leat__group_quantile_add(struct leat__group_quantile *quantile,
	struct leat__group_bag *bag, double value);
/* q from 0 to 1; linear between ranks; n is not 0. Sorts exact values. */
double leat__group_quantile_get(
	struct leat__group_quantile *quantile, double q);

/* ---- what comes most often ----------------------------------------------- */

#define LEAT__GROUP_FREQUENT      256u /* values that are counted at a time */
#define LEAT__GROUP_FREQUENT_TEXT 64u  /* bytes kept of one */

struct leat__group_frequent_item {
	uint64_t hash;
	uint64_t count;   /* at least as often as it came */
	uint64_t surplus; /* at most so much too much */
	uint32_t len;     /* of the whole value */
	uint8_t text[LEAT__GROUP_FREQUENT_TEXT];
};

/*
 * Space-Saving: whoever comes more often than one time in LEAT__GROUP_FREQUENT
 * is among the items. Values are told apart by their hash. Zeroed = no value.
 * Source: Metwally, Agrawal and El Abbadi, Efficient computation of frequent
 * and top-k elements in data streams, 2005.
 */
struct leat__group_frequent {
	uint32_t n;
	uint16_t heap[LEAT__GROUP_FREQUENT];      /* items, the rarest first */
	uint16_t place[LEAT__GROUP_FREQUENT];     /* of an item in the heap */
	uint16_t slots[LEAT__GROUP_FREQUENT * 4]; /* item + 1, by its hash */
	struct leat__group_frequent_item items[LEAT__GROUP_FREQUENT];
};

void leat__group_frequent_add(struct leat__group_frequent *frequent,
	uint64_t hash, struct leat_text x);
/* The k-th most frequent item, or NULL. */
const struct leat__group_frequent_item *leat__group_frequent_get(
	const struct leat__group_frequent *frequent, uint32_t k);

#endif
