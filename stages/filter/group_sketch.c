/*
 * stages/filter/group_sketch.c -- summaries of values in little memory.
 *
 * Keeps: what a sketch answers depends on the values alone, not on their order
 * (but for Space-Saving), so that what was on the disk counts as what was not.
 * Threads: the stage's own.
 * Source: Ertl, New cardinality estimation algorithms for HyperLogLog
 * sketches, 2017 (section 4); Masson, Rim and Lee, DDSketch, 2019, with the
 * logarithm between powers of two replaced by a line.
 */
#include "group_sketch.h"

#include <math.h>
#include <stdlib.h>

/* ---- how many different values ------------------------------------------- */

#define REGISTERS_BITS 12u
#define REGISTERS_RANK (64u - REGISTERS_BITS) /* greatest, less one */

void
leat__group_registers_add(uint8_t *registers, uint64_t hash)
{
	uint64_t rest = hash << REGISTERS_BITS;
	uint32_t rank =
		rest ? (uint32_t)__builtin_clzll(rest) + 1 : REGISTERS_RANK + 1;
	uint8_t *at = &registers[hash >> (64 - REGISTERS_BITS)];

	if (*at < rank)
		*at = (uint8_t)rank;
}

/* x + x^2 + 2 x^4 + 4 x^8 + ... */
static double
registers_sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1.0)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

/* (1 - x - the sum of 2^-k (1 - x^(2^-k))^2) / 3 */
static double
registers_tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0.0 || x == 1.0)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

uint64_t
leat__group_registers_count(const uint8_t *registers)
{
	uint32_t n[REGISTERS_RANK + 2] = {0};
	double m = LEAT__GROUP_REGISTERS, z;

	for (uint32_t k = 0; k < LEAT__GROUP_REGISTERS; k++)
		n[registers[k]]++;
	z = m * registers_tau(1 - n[REGISTERS_RANK + 1] / m);
	for (uint32_t k = REGISTERS_RANK; k >= 1; k--)
		z = (z + n[k]) / 2;
	z += m * registers_sigma(n[0] / m);
	return (uint64_t)llround(m * m / (2 * M_LN2 * z));
}

/* ---- quantiles ----------------------------------------------------------- */

#define QUANTILE_SIGN    (1ull << 63)
#define QUANTILE_NAN     0x7ff8000000000000u
#define QUANTILE_BUCKETS 128u
#define QUANTILE_SHIFT   45u /* bits of a double below its bucket */

struct leat__group_quantile_page {
	uint64_t exponent; /* and sign: the upper 12 bits */
	uint64_t *counts;  /* QUANTILE_BUCKETS */
};

/* Bits whose order is that of the values. */
static uint64_t
quantile_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (isnan(value))
		bits = QUANTILE_NAN;
	return bits & QUANTILE_SIGN ? ~bits : bits | QUANTILE_SIGN;
}

static double
quantile_value(uint64_t bits)
{
	double value;

	bits = bits & QUANTILE_SIGN ? bits ^ QUANTILE_SIGN : ~bits;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t
quantile_page_bytes(uint32_t room)
{
	return room * sizeof(struct leat__group_quantile_page);
}

/* Room for one more page. */
static bool
quantile_grow_pages(
	struct leat__group_quantile *quantile, struct leat__group_bag *bag)
{
	uint32_t room = quantile->room ? quantile->room * 2 : 4;
	struct leat__group_quantile_page *pages;

	if (quantile->n_pages < quantile->room)
		return true;
	pages = leat__group_bag_take(bag, quantile_page_bytes(room), 8, 0);
	if (!pages)
		return false;
	if (quantile->n_pages)
		memcpy(pages, quantile->pages,
			quantile_page_bytes(quantile->n_pages));
	leat__group_bag_give(
		bag, quantile->pages, quantile_page_bytes(quantile->room));
	quantile->pages = pages;
	quantile->room = room;
	return true;
}

static bool
quantile_add_page(struct leat__group_quantile *quantile,
	struct leat__group_bag *bag, uint32_t at, uint64_t exponent)
{
	uint64_t n_bytes = QUANTILE_BUCKETS * sizeof(uint64_t);
	uint64_t *counts;

	if (!quantile_grow_pages(quantile, bag))
		return false;
	counts = leat__group_bag_take(bag, n_bytes, 8, 0);
	if (!counts)
		return false;
	memset(counts, 0, n_bytes);
	memmove(quantile->pages + at + 1, quantile->pages + at,
		quantile_page_bytes(quantile->n_pages - at));
	quantile->pages[at] =
		(struct leat__group_quantile_page){exponent, counts};
	quantile->n_pages++;
	return true;
}

static bool
quantile_count(struct leat__group_quantile *quantile,
	struct leat__group_bag *bag, uint64_t bits)
{
	uint64_t exponent = bits >> 52;
	uint32_t low = 0, high = quantile->n_pages;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (quantile->pages[middle].exponent < exponent)
			low = middle + 1;
		else
			high = middle;
	}
	if ((low == quantile->n_pages ||
		    quantile->pages[low].exponent != exponent) &&
		!quantile_add_page(quantile, bag, low, exponent))
		return false;
	quantile->pages[low]
		.counts[(bits >> QUANTILE_SHIFT) % QUANTILE_BUCKETS]++;
	return true;
}

/* From all values to buckets. */
static bool
quantile_leave_exact(
	struct leat__group_quantile *quantile, struct leat__group_bag *bag)
{
	double *values = quantile->exact;
	uint32_t room = quantile->room;

	quantile->exact = NULL;
	quantile->room = 0;
	for (uint64_t k = 0; k < quantile->n; k++)
		if (!quantile_count(quantile, bag, quantile_bits(values[k])))
			return false;
	leat__group_bag_give(bag, values, room * sizeof(*values));
	return true;
}

static bool
quantile_add_exact(struct leat__group_quantile *quantile,
	struct leat__group_bag *bag, double value)
{
	uint32_t room = quantile->room ? quantile->room * 2 : 4;
	double *values;

	if (quantile->n == quantile->room) {
		values =
			leat__group_bag_take(bag, room * sizeof(*values), 8, 0);
		if (!values)
			return false;
		if (quantile->n)
			memcpy(values, quantile->exact,
				quantile->n * sizeof(*values));
		leat__group_bag_give(
			bag, quantile->exact, quantile->room * sizeof(*values));
		quantile->exact = values;
		quantile->room = room;
	}
	quantile->exact[quantile->n++] = value;
	return true;
}

bool
leat__group_quantile_add(struct leat__group_quantile *quantile,
	struct leat__group_bag *bag, double value)
{
	uint64_t bits = quantile_bits(value);

	if (!quantile->n || bits < quantile->least)
		quantile->least = bits;
	if (!quantile->n || bits > quantile->greatest)
		quantile->greatest = bits;
	if (value != rint(value))
		quantile->has_fractions = 1;
	if (quantile->n < LEAT__GROUP_QUANTILE_EXACT)
		return quantile_add_exact(quantile, bag, value);
	if (quantile->exact && !quantile_leave_exact(quantile, bag))
		return false;
	quantile->n++;
	return quantile_count(quantile, bag, bits);
}

static int
quantile_compare(const void *a, const void *b)
{
	uint64_t x = quantile_bits(*(const double *)a);
	uint64_t y = quantile_bits(*(const double *)b);

	return (x > y) - (x < y);
}

#define QUANTILE_ZERO_ABOVE 0x800u /* exponents of 0 and subnormal numbers */
#define QUANTILE_ZERO_BELOW 0x7ffu
#define QUANTILE_ABOVE      0xfffu /* of infinity and NaN */
#define QUANTILE_BELOW      0x000u

/* A whole number between two that have one between them, near their middle. */
static double
quantile_whole(double low, double high)
{
	double middle = rint(low / 2 + high / 2);

	if (middle < low)
		return ceil(low);
	return middle > high ? floor(high) : middle;
}

/* The middle of a bucket, between the least and the greatest value. */
static double
quantile_middle(const struct leat__group_quantile *quantile, uint64_t exponent,
	uint64_t bucket)
{
	uint64_t low = exponent << 52 | bucket << QUANTILE_SHIFT;
	uint64_t high = low + (1ull << QUANTILE_SHIFT) - 1;

	if (exponent == QUANTILE_ZERO_ABOVE || exponent == QUANTILE_ZERO_BELOW)
		return 0;
	if (low < quantile->least)
		low = quantile->least;
	if (high > quantile->greatest)
		high = quantile->greatest;
	if (low == high || exponent == QUANTILE_ABOVE)
		return quantile_value(low);
	if (exponent == QUANTILE_BELOW)
		return quantile_value(high);
	if (!quantile->has_fractions)
		return quantile_whole(
			quantile_value(low), quantile_value(high));
	return quantile_value(low) / 2 + quantile_value(high) / 2;
}

/* The value at a rank, from 0. */
static double
quantile_at(const struct leat__group_quantile *quantile, uint64_t rank)
{
	if (quantile->exact)
		return quantile->exact[rank];
	if (!rank)
		return quantile_value(quantile->least);
	if (rank == quantile->n - 1)
		return quantile_value(quantile->greatest);
	for (uint32_t p = 0; p < quantile->n_pages; p++) {
		const struct leat__group_quantile_page *page =
			&quantile->pages[p];

		for (uint32_t k = 0; k < QUANTILE_BUCKETS; k++) {
			if (rank < page->counts[k])
				return quantile_middle(
					quantile, page->exponent, k);
			rank -= page->counts[k];
		}
	}
	return quantile_value(quantile->greatest);
}

double
leat__group_quantile_get(struct leat__group_quantile *quantile, double q)
{
	double place = q * (double)(quantile->n - 1);
	uint64_t rank = (uint64_t)place;
	double part = place - (double)rank;
	double low, high;

	if (quantile->exact)
		qsort(quantile->exact, quantile->n, sizeof(double),
			quantile_compare);
	low = quantile_at(quantile, rank);
	if (part == 0 || rank + 1 >= quantile->n)
		return low;
	high = quantile_at(quantile, rank + 1);
	return low == high ? low : low * (1 - part) + high * part;
}

/* ---- what comes most often ----------------------------------------------- */

#define FREQUENT_SLOTS (LEAT__GROUP_FREQUENT * 4)

static uint32_t
frequent_slot(const struct leat__group_frequent *f, uint64_t hash)
{
	uint32_t at = (uint32_t)hash % FREQUENT_SLOTS;

	while (f->slots[at] && f->items[f->slots[at] - 1].hash != hash)
		at = (at + 1) % FREQUENT_SLOTS;
	return at;
}

static void
frequent_forget(struct leat__group_frequent *f, uint64_t hash)
{
	uint32_t hole = frequent_slot(f, hash);
	uint32_t at = (hole + 1) % FREQUENT_SLOTS;

	for (; f->slots[at]; at = (at + 1) % FREQUENT_SLOTS) {
		uint32_t home = (uint32_t)f->items[f->slots[at] - 1].hash;

		if ((at - home) % FREQUENT_SLOTS < (at - hole) % FREQUENT_SLOTS)
			continue;
		f->slots[hole] = f->slots[at];
		hole = at;
	}
	f->slots[hole] = 0;
}

static uint64_t
frequent_count(const struct leat__group_frequent *f, uint32_t place)
{
	return f->items[f->heap[place]].count;
}

static void
frequent_swap(struct leat__group_frequent *f, uint32_t a, uint32_t b)
{
	uint16_t item = f->heap[a];

	f->heap[a] = f->heap[b];
	f->heap[b] = item;
	f->place[f->heap[a]] = (uint16_t)a;
	f->place[f->heap[b]] = (uint16_t)b;
}

/* An item's count has grown: down to where it belongs. */
static void
frequent_sink(struct leat__group_frequent *f, uint32_t place)
{
	for (;;) {
		uint32_t child = place * 2 + 1;

		if (child >= f->n)
			return;
		if (child + 1 < f->n &&
			frequent_count(f, child + 1) < frequent_count(f, child))
			child++;
		if (frequent_count(f, place) <= frequent_count(f, child))
			return;
		frequent_swap(f, place, child);
		place = child;
	}
}

/* A new item has count 1, the least there is: up as far as that goes. */
static void
frequent_rise(struct leat__group_frequent *f, uint32_t place)
{
	while (place &&
		frequent_count(f, place) < frequent_count(f, (place - 1) / 2)) {
		frequent_swap(f, place, (place - 1) / 2);
		place = (place - 1) / 2;
	}
}

static void
frequent_set(struct leat__group_frequent *f, uint32_t item, uint64_t hash,
	struct leat_text x)
{
	struct leat__group_frequent_item *to = &f->items[item];
	uint32_t n = x.len < LEAT__GROUP_FREQUENT_TEXT
		? x.len
		: LEAT__GROUP_FREQUENT_TEXT;

	to->surplus = to->count;
	to->count++;
	to->hash = hash;
	to->len = x.len;
	memcpy(to->text, x.data, n);
	f->slots[frequent_slot(f, hash)] = (uint16_t)(item + 1);
}

void
leat__group_frequent_add(struct leat__group_frequent *frequent, uint64_t hash,
	struct leat_text x)
{
	struct leat__group_frequent *f = frequent;
	uint32_t item = f->slots[frequent_slot(f, hash)];

	if (item) {
		f->items[item - 1].count++;
		frequent_sink(f, f->place[item - 1]);
	} else if (f->n < LEAT__GROUP_FREQUENT) {
		item = f->n++;
		f->heap[item] = f->place[item] = (uint16_t)item;
		frequent_set(f, item, hash, x);
		frequent_rise(f, item);
	} else {
		item = f->heap[0];
		frequent_forget(f, f->items[item].hash);
		frequent_set(f, item, hash, x);
		frequent_sink(f, 0);
	}
}

/* Does item a come before b? Equal ones by which was there first. */
static bool
frequent_is_before(const struct leat__group_frequent *f, uint32_t a, uint32_t b)
{
	uint64_t x = f->items[a].count, y = f->items[b].count;

	return x > y || (x == y && a < b);
}

const struct leat__group_frequent_item *
leat__group_frequent_get(
	const struct leat__group_frequent *frequent, uint32_t k)
{
	for (uint32_t item = 0; item < frequent->n; item++) {
		uint32_t n_before = 0;

		for (uint32_t other = 0; other < frequent->n; other++)
			n_before += frequent_is_before(frequent, other, item);
		if (n_before == k)
			return &frequent->items[item];
	}
	return NULL;
}
