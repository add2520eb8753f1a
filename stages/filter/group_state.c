/*
 * stages/filter/group_state.c -- what is kept of a group, and how it grows.
 *
 * One kind of state at a time runs over all rows of a batch. Nulls are left
 * out. Integers and decimals are summed in 192 bits, which no number of rows
 * that a machine can read overflows; doubles with what rounding took kept
 * beside, so that the order of magnitude of the rows does not matter.
 * Keeps: a state depends on its group's rows and their order, on nothing else.
 * Threads: the stage's own.
 * Source: Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation
 * endlicher Summen, 1974; Welford, Note on a method for calculating corrected
 * sums of squares and products, 1962.
 */
#include "group.h"

#include <math.h>

#define STATE_SIGN (1ull << 63)

/* A state of text has a room of 1 << room_bits bytes, at least so many. */
#define STATE_ROOM_BITS   4u
#define STATE_GROWTH_TEXT 32u

uint32_t
leat__group_state_bytes(uint32_t kind)
{
	static const uint32_t bytes[LEAT__STATE_N] = {
		[LEAT__STATE_ROWS] = sizeof(uint64_t),
		[LEAT__STATE_VALUES] = sizeof(uint64_t),
		[LEAT__STATE_SUM_INT64] = sizeof(struct leat__group_sum),
		[LEAT__STATE_SUM_FLOAT64] =
			sizeof(struct leat__group_float_sum),
		[LEAT__STATE_SUM_DECIMAL] = sizeof(struct leat__group_sum),
		[LEAT__STATE_MOMENTS] = sizeof(struct leat__group_moments),
		[LEAT__STATE_MIN] = sizeof(struct leat__group_cell),
		[LEAT__STATE_MAX] = sizeof(struct leat__group_cell),
		[LEAT__STATE_FIRST] = sizeof(struct leat__group_cell),
		[LEAT__STATE_LAST] = sizeof(struct leat__group_cell),
		[LEAT__STATE_DISTINCT] = sizeof(uint64_t),
		[LEAT__STATE_REGISTERS] = sizeof(uint8_t *),
		[LEAT__STATE_QUANTILE] = sizeof(struct leat__group_quantile),
	};

	return bytes[kind];
}

/* All values of a quantile while they are kept; a text of some length. */
uint32_t
leat__group_state_growth(uint32_t kind, uint32_t type)
{
	if (kind == LEAT__STATE_QUANTILE)
		return LEAT__GROUP_QUANTILE_EXACT * (uint32_t)sizeof(double);
	if (kind >= LEAT__STATE_MIN && kind <= LEAT__STATE_LAST &&
		(type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY))
		return STATE_GROWTH_TEXT;
	return 0;
}

bool
leat__group_state_begin(const struct leat__group_spec *spec,
	struct leat__group_bag *bag, uint8_t *states, uint64_t spare_bytes)
{
	memset(states, 0, spec->state_bytes);
	for (uint32_t k = 0; k < spec->n_states; k++) {
		uint8_t *registers;

		if (spec->states[k].kind != LEAT__STATE_REGISTERS)
			continue;
		registers = leat__group_bag_take(
			bag, LEAT__GROUP_REGISTERS, 8, spare_bytes);
		if (!registers)
			return false;
		memset(registers, 0, LEAT__GROUP_REGISTERS);
		memcpy(states + spec->states[k].offset, &registers,
			sizeof(registers));
	}
	return true;
}

/* ---- counts and sums ----------------------------------------------------- */

static void
state_count_rows(const struct leat__group_batch *batch, uint32_t offset)
{
	for (uint32_t k = 0; k < batch->n; k++)
		++*(uint64_t *)(void *)(batch->states[k] + offset);
}

static void
state_count_values(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++)
		*(uint64_t *)(void *)(batch->states[k] + offset) +=
			column->has[batch->at[k]];
}

/* Add a number of 128 bits to one of 192. */
static inline void
state_add(struct leat__group_sum *sum, uint64_t low, int64_t high)
{
	bool carry = __builtin_add_overflow(sum->low, low, &sum->low);
	uint64_t sign = (uint64_t)(high >> 63);
	bool carry_high = __builtin_add_overflow(
		sum->middle, (uint64_t)high, &sum->middle);

	carry_high |= __builtin_add_overflow(
		sum->middle, (uint64_t)carry, &sum->middle);
	sum->high = (int64_t)((uint64_t)sum->high + sign + carry_high);
	sum->n++;
}

/* Of 64 bit numbers, 128 bits are enough. */
static void
state_sum_ints(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		uint32_t at = batch->at[k];
		struct leat__group_sum *sum =
			(void *)(batch->states[k] + offset);
		uint64_t value = (uint64_t)column->values.ints[at];
		uint64_t sign = (uint64_t)((int64_t)value >> 63);

		if (!column->has[at])
			continue;
		sum->middle += sign +
			__builtin_add_overflow(sum->low, value, &sum->low);
		sum->n++;
	}
}

static void
state_sum_decimals(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		struct leat_decimal x = column->values.decimals[batch->at[k]];

		if (column->has[batch->at[k]])
			state_add((void *)(batch->states[k] + offset), x.low,
				x.high);
	}
}

static void
state_sum_floats(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		struct leat__group_float_sum *s =
			(void *)(batch->states[k] + offset);
		double x = column->values.floats[batch->at[k]];
		double sum = s->sum + x;

		if (!column->has[batch->at[k]])
			continue;
		s->rest += fabs(s->sum) >= fabs(x) ? (s->sum - sum) + x
						   : (x - sum) + s->sum;
		s->sum = sum;
		s->n++;
	}
}

/* Row `at` of a column of numbers as a double. */
static double
state_number(const struct leat__group_block_column *column,
	const struct leat__group_input *input, uint32_t at)
{
	if (input->type == LEAT_TYPE_FLOAT64)
		return column->values.floats[at];
	if (input->type == LEAT_TYPE_DECIMAL)
		return leat__group_exact_decimal(
			column->values.decimals[at], input->scale);
	return (double)column->values.ints[at];
}

static void
state_moments(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column,
	const struct leat__group_input *input)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		struct leat__group_moments *m =
			(void *)(batch->states[k] + offset);
		double x, before;

		if (!column->has[batch->at[k]])
			continue;
		x = state_number(column, input, batch->at[k]);
		before = x - m->mean;
		m->n++;
		m->mean += before / (double)m->n;
		m->squares += before * (x - m->mean);
	}
}

/* ---- one value that is kept ---------------------------------------------- */

/* Upper and lower half of a number so that their order is that of values. */
static struct leat__group_cell
state_cell(const struct leat__group_block_column *column, uint32_t type,
	uint32_t at)
{
	struct leat__group_cell cell = {.has = 1};

	if (type == LEAT_TYPE_DECIMAL) {
		cell.low = column->values.decimals[at].low;
		cell.high =
			(uint64_t)column->values.decimals[at].high ^ STATE_SIGN;
	} else {
		cell.high = (uint64_t)column->values.ints[at] ^ STATE_SIGN;
	}
	return cell;
}

/* Is a < b? NaN is above all. */
static bool
state_is_less_float(double a, double b)
{
	return a < b || (isnan(b) && !isnan(a));
}

static bool
state_is_less(const struct leat__group_cell *a,
	const struct leat__group_cell *b, uint32_t type)
{
	if (type == LEAT_TYPE_FLOAT64) {
		uint64_t x = a->high ^ STATE_SIGN, y = b->high ^ STATE_SIGN;
		double left, right;

		memcpy(&left, &x, sizeof(left));
		memcpy(&right, &y, sizeof(right));
		return state_is_less_float(left, right);
	}
	return a->high < b->high || (a->high == b->high && a->low < b->low);
}

/* Does a value take the place of the one that is there? */
static bool
state_wins(uint32_t kind, bool is_less, bool is_greater)
{
	return kind == LEAT__STATE_MIN    ? is_less
		: kind == LEAT__STATE_MAX ? is_greater
					  : kind == LEAT__STATE_LAST;
}

static void
state_keep_numbers(const struct leat__group_state *state, uint32_t type,
	const struct leat__group_batch *batch,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		struct leat__group_cell *cell =
			(void *)(batch->states[k] + state->offset);
		struct leat__group_cell x;

		if (!column->has[batch->at[k]])
			continue;
		x = state_cell(column, type, batch->at[k]);
		if (!cell->has ||
			state_wins(state->kind, state_is_less(&x, cell, type),
				state_is_less(cell, &x, type)))
			*cell = x;
	}
}

static int
state_compare_texts(struct leat_text a, struct leat_text b)
{
	uint32_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.data, b.data, n) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool
state_keep_text(struct leat__group_cell *cell, struct leat__group_bag *bag,
	struct leat_text x)
{
	uint32_t bits = STATE_ROOM_BITS;

	if (!cell->room_bits || x.len > 1ull << cell->room_bits) {
		while (x.len > 1ull << bits)
			bits++;
		if (cell->room_bits)
			leat__group_bag_give(
				bag, cell->text, 1ull << cell->room_bits);
		cell->room_bits = 0;
		cell->text = leat__group_bag_take(bag, 1ull << bits, 8, 0);
		if (!cell->text)
			return false;
		cell->room_bits = (uint16_t)bits;
	}
	if (x.len)
		memcpy(cell->text, x.data, x.len);
	cell->len = x.len;
	cell->has = 1;
	return true;
}

static bool
state_keep_texts(const struct leat__group_state *state,
	struct leat__group_bag *bag, const struct leat__group_batch *batch,
	const struct leat__group_block_column *column)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		struct leat__group_cell *cell =
			(void *)(batch->states[k] + state->offset);
		struct leat_text x = column->values.texts[batch->at[k]];
		int order;

		if (!column->has[batch->at[k]])
			continue;
		order = cell->has
			? state_compare_texts(
				  x, (struct leat_text){cell->text, cell->len})
			: 0;
		if ((!cell->has ||
			    state_wins(state->kind, order<0, order> 0)) &&
			!state_keep_text(cell, bag, x))
			return false;
	}
	return true;
}

/* ---- sketches ------------------------------------------------------------ */

static uint64_t
state_hash(const struct leat__group_block_column *column, uint32_t type,
	uint32_t at)
{
	double x;

	switch (type) {
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		return leat__group_hash_key(column->values.texts[at], 0);
	case LEAT_TYPE_DECIMAL:
		return leat__group_hash_bytes(
			(const void *)&column->values.decimals[at], 16, 0);
	case LEAT_TYPE_FLOAT64:
		x = column->values.floats[at];
		x = isnan(x) ? (double)NAN : x + 0.0;
		return leat__group_hash_bytes((const void *)&x, 8, 0);
	default:
		return leat__group_hash_bytes(
			(const void *)&column->values.ints[at], 8, 0);
	}
}

static void
state_registers(const struct leat__group_batch *batch, uint32_t offset,
	const struct leat__group_block_column *column, uint32_t type)
{
	for (uint32_t k = 0; k < batch->n; k++) {
		uint8_t *registers;

		if (!column->has[batch->at[k]])
			continue;
		memcpy(&registers, batch->states[k] + offset,
			sizeof(registers));
		leat__group_registers_add(
			registers, state_hash(column, type, batch->at[k]));
	}
}

static bool
state_quantiles(const struct leat__group_batch *batch, uint32_t offset,
	struct leat__group_bag *bag,
	const struct leat__group_block_column *column,
	const struct leat__group_input *input)
{
	for (uint32_t k = 0; k < batch->n; k++)
		if (column->has[batch->at[k]] &&
			!leat__group_quantile_add(
				(void *)(batch->states[k] + offset), bag,
				state_number(column, input, batch->at[k])))
			return false;
	return true;
}

/* ---- all of them --------------------------------------------------------- */

bool
leat__group_state_update(struct leat__groups *group,
	const struct leat__group_state *state,
	const struct leat__group_batch *batch,
	const struct leat__group_block_column *column)
{
	const struct leat__group_input *input =
		&group->spec->inputs[state->input];
	uint32_t offset = state->offset;

	switch (state->kind) {
	case LEAT__STATE_ROWS:
		state_count_rows(batch, offset);
		return true;
	case LEAT__STATE_VALUES:
		state_count_values(batch, offset, column);
		return true;
	case LEAT__STATE_SUM_INT64:
		state_sum_ints(batch, offset, column);
		return true;
	case LEAT__STATE_SUM_FLOAT64:
		state_sum_floats(batch, offset, column);
		return true;
	case LEAT__STATE_SUM_DECIMAL:
		state_sum_decimals(batch, offset, column);
		return true;
	case LEAT__STATE_MOMENTS:
		state_moments(batch, offset, column, input);
		return true;
	case LEAT__STATE_REGISTERS:
		state_registers(batch, offset, column, input->type);
		return true;
	case LEAT__STATE_QUANTILE:
		return state_quantiles(
			batch, offset, &group->growth, column, input);
	default:
		break;
	}
	if (input->type == LEAT_TYPE_TEXT || input->type == LEAT_TYPE_BINARY)
		return state_keep_texts(state, &group->growth, batch, column);
	state_keep_numbers(state, input->type, batch, column);
	return true;
}
