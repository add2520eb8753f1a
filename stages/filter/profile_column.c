/*
 * stages/filter/profile_column.c -- what is known of a column.
 *
 * Keeps: whether a column is one of numbers or of times is settled by all of
 * its values; what was measured as such before the first other one is not
 * shown.
 * Threads: the stage's own.
 */
#include "profile.h"

#include <math.h>
#include <stdio.h>

void
leat__profile_begin(
	struct leat__profile_column *c, const struct leat_column *declared)
{
	c->declared = declared;
	c->infer = leat_infer_begin();
	c->is_number = c->is_time = 1;
	c->shortest = UINT64_MAX;
}

/* ---- values -------------------------------------------------------------- */

static void
column_keep(struct leat__profile_value *to,
	const struct leat__profile_value *measure, struct leat_text x)
{
	to->number = measure->number;
	to->whole = measure->whole;
	to->is_whole = measure->is_whole;
	to->len = x.len;
	memcpy(to->text, x.data,
		x.len < LEAT__PROFILE_TEXT ? x.len : LEAT__PROFILE_TEXT);
}

static int
column_compare(const struct leat__profile_value *a,
	const struct leat__profile_value *b)
{
	if (a->is_whole && b->is_whole)
		return (a->whole > b->whole) - (a->whole < b->whole);
	return (a->number > b->number) - (a->number < b->number);
}

static void
column_measure(struct leat__profile_column *c, bool is_first,
	const struct leat__profile_value *measure, struct leat_text x)
{
	if (is_first || column_compare(measure, &c->least) < 0)
		column_keep(&c->least, measure, x);
	if (is_first || column_compare(measure, &c->greatest) > 0)
		column_keep(&c->greatest, measure, x);
}

static int
column_compare_text(const struct leat__profile_value *a, struct leat_text x)
{
	uint32_t n_a =
		a->len < LEAT__PROFILE_TEXT ? a->len : LEAT__PROFILE_TEXT;
	uint32_t n_x = x.len < LEAT__PROFILE_TEXT ? x.len : LEAT__PROFILE_TEXT;
	int order = memcmp(a->text, x.data, n_a < n_x ? n_a : n_x);

	return order ? order : (n_a > n_x) - (n_a < n_x);
}

static void
column_measure_text(
	struct leat__profile_column *c, bool is_first, struct leat_text x)
{
	static const struct leat__profile_value nothing = {.is_whole = 0};

	if (is_first || column_compare_text(&c->first_text, x) > 0)
		column_keep(&c->first_text, &nothing, x);
	if (is_first || column_compare_text(&c->last_text, x) < 0)
		column_keep(&c->last_text, &nothing, x);
	if (x.len < c->shortest)
		c->shortest = x.len;
	if (x.len > c->longest)
		c->longest = x.len;
}

/* Neumaier, as the sums of group. */
static void
column_sum(struct leat__profile_column *c, double x)
{
	double sum = c->sum + x;

	c->rest += fabs(c->sum) >= fabs(x) ? (c->sum - sum) + x
					   : (x - sum) + c->sum;
	c->sum = sum;
}

static bool
column_add_number(struct leat__profile_column *c, struct leat__group_bag *bag,
	bool is_first, struct leat_text x)
{
	struct leat__profile_value measure = {.is_whole = 0};

	if (leat_text_int64(x, &measure.whole) == LEAT_OK) {
		measure.is_whole = 1;
		measure.number = (double)measure.whole;
	} else if (leat_text_float64(x, &measure.number) != LEAT_OK) {
		c->is_number = 0;
		return true;
	}
	column_sum(c, measure.number);
	column_measure(c, is_first, &measure, x);
	return leat__group_quantile_add(&c->quantile, bag, measure.number);
}

static void
column_add_time(
	struct leat__profile_column *c, bool is_first, struct leat_text x)
{
	struct leat__profile_value measure = {.is_whole = 1};

	if (leat_text_timestamp(x, &measure.whole) == LEAT_OK)
		column_measure(c, is_first, &measure, x);
	else
		c->is_time = 0;
}

bool
leat__profile_add(struct leat__profile_column *c, struct leat__group_bag *bag,
	struct leat_text x)
{
	uint64_t hash = leat__group_hash_bytes(x.data, x.len, 0);
	bool is_first = c->shortest == UINT64_MAX;
	bool had_number = c->is_number;

	leat_infer_value(&c->infer, x);
	leat__group_registers_add(c->registers, hash);
	leat__group_frequent_add(&c->frequent, hash, x);
	if (c->is_number && !column_add_number(c, bag, is_first, x))
		return false;
	/* only the first value can be the first of another kind */
	if (!c->is_number && had_number && !is_first)
		c->is_time = 0;
	if (!c->is_number && c->is_time)
		column_add_time(c, is_first, x);
	column_measure_text(c, is_first, x);
	return true;
}

/* ---- answers ------------------------------------------------------------- */

const char *
leat__profile_type(const struct leat__profile_column *c)
{
	const struct leat_column *declared = c->declared;

	if (declared->field == LEAT_FIELD_NONE ||
		declared->type == LEAT_TYPE_DECIMAL ||
		declared->type == LEAT_TYPE_BINARY)
		return leat_type_name(declared->type);
	return leat_type_name(leat_infer_type(&c->infer));
}

/* While all different values are among the frequent ones, they are counted. */
uint64_t
leat__profile_distinct(const struct leat__profile_column *c)
{
	const struct leat__group_frequent *f = &c->frequent;

	for (uint32_t k = 0; k < f->n; k++)
		if (f->items[k].surplus)
			return leat__group_registers_count(c->registers);
	return f->n;
}

static struct leat_text
column_text(const struct leat__profile_value *value)
{
	uint32_t n = value->len < LEAT__PROFILE_TEXT ? value->len
						     : LEAT__PROFILE_TEXT;

	/* not in the middle of a character */
	while (n < value->len && n && (value->text[n - 1] & 0xc0) == 0x80)
		n--;
	if (n < value->len && n && value->text[n - 1] >= 0xc0)
		n--;
	return (struct leat_text){value->text, n};
}

struct leat_text
leat__profile_least(const struct leat__profile_column *c)
{
	bool by_value = c->is_number || c->is_time;

	return column_text(by_value ? &c->least : &c->first_text);
}

struct leat_text
leat__profile_greatest(const struct leat__profile_column *c)
{
	bool by_value = c->is_number || c->is_time;

	return column_text(by_value ? &c->greatest : &c->last_text);
}

/* Of one that may not come that often: at least half of its count is sure. */
static bool
column_is_frequent(const struct leat__group_frequent_item *item)
{
	return item->surplus <= item->count / 2;
}

void
leat__profile_top(const struct leat__profile_column *c, char *buf)
{
	size_t at = 0;

	buf[0] = '\0';
	for (uint32_t k = 0; k < LEAT__PROFILE_TOP; k++) {
		const struct leat__group_frequent_item *item =
			leat__group_frequent_get(&c->frequent, k);
		uint32_t n;

		if (!item || !column_is_frequent(item))
			return;
		n = item->len < LEAT__GROUP_FREQUENT_TEXT
			? item->len
			: LEAT__GROUP_FREQUENT_TEXT;
		while (n < item->len && n && (item->text[n - 1] & 0xc0) == 0x80)
			n--;
		if (n < item->len && n && item->text[n - 1] >= 0xc0)
			n--;
		at += (size_t)snprintf(buf + at, LEAT__PROFILE_TOP_BYTES - at,
			"%s%.*s%s %s%llu", at ? ", " : "", (int)n,
			(const char *)item->text, n < item->len ? "..." : "",
			item->surplus ? "~" : "",
			(unsigned long long)item->count);
	}
}
