/*
 * stages/filter/group_emit.c -- results from states, into rows.
 *
 * Keeps: a result that its type cannot hold is an error, never another number.
 * Threads: the stage's own.
 */
#include "group.h"

#include <math.h>

#define EMIT_SIGN (1ull << 63)

/* ---- keys ---------------------------------------------------------------- */

static const uint8_t *
emit_key(const uint8_t *at, uint32_t type, struct leat_builder *builder,
	uint32_t column)
{
	struct leat_decimal decimal;
	struct leat_text x;
	uint64_t word;
	double number;

	if (!*at++)
		return at;
	if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY) {
		memcpy(&x.len, at, sizeof(x.len));
		x.data = at + sizeof(x.len);
		leat_builder_text(builder, column, x);
		return x.data + x.len;
	}
	if (type == LEAT_TYPE_DECIMAL) {
		memcpy(&decimal, at, sizeof(decimal));
		leat_builder_decimal(builder, column, decimal);
		return at + sizeof(decimal);
	}
	memcpy(&word, at, sizeof(word));
	memcpy(&number, at, sizeof(number));
	if (type == LEAT_TYPE_FLOAT64)
		leat_builder_float64(builder, column, number);
	else if (type == LEAT_TYPE_BOOL)
		leat_builder_bool(builder, column, word != 0);
	else
		leat_builder_int64(builder, column, (int64_t)word);
	return at + sizeof(word);
}

static void
emit_keys(const struct leat__group_spec *spec, struct leat_text key,
	struct leat_builder *builder, uint32_t column)
{
	const uint8_t *at = key.data;

	if (spec->n_keys == 1 && spec->inputs[0].type == LEAT_TYPE_TEXT) {
		if (key.len != LEAT__GROUP_HASH_NULL)
			leat_builder_text(builder, column, key);
		return;
	}
	for (uint32_t k = 0; k < spec->n_keys; k++)
		at = emit_key(at, spec->inputs[k].type, builder, column + k);
}

/* ---- sums ---------------------------------------------------------------- */

static int
emit_fail_sum(struct leat_stage *st, const struct leat__group_result *result,
	const char *beyond, const char *hint)
{
	return leat_stage_fail(st, LEAT_EDATA,
		"%.64s: the sum of column '%.64s' is beyond %s%s",
		result->name.text, result->column.text, beyond, hint);
}

static leat__group_s128
emit_128(const struct leat__group_sum *sum)
{
	return (leat__group_s128)((leat__group_u128)sum->middle << 64 |
		sum->low);
}

static int
emit_sum_int64(struct leat_stage *st, const struct leat__group_result *result,
	const struct leat__group_sum *sum, struct leat_builder *builder,
	uint32_t column)
{
	leat__group_s128 value = emit_128(sum);

	if (value > INT64_MAX || value < INT64_MIN)
		return emit_fail_sum(st, result, "int64",
			"; make it a decimal or a float64 before, or ask for "
			"avg");
	leat_builder_int64(builder, column, (int64_t)value);
	return LEAT_OK;
}

/* Do 192 bits fit in 128 of which all digits fit a decimal? */
static bool
emit_fits_decimal(const struct leat__group_sum *sum)
{
	leat__group_s128 limit = (leat__group_s128)leat__group_exact_power(
		LEAT_DECIMAL_DIGITS_MAX);
	leat__group_s128 value = emit_128(sum);

	return sum->high == (int64_t)sum->middle >> 63 && value < limit &&
		value > -limit;
}

static int
emit_sum_decimal(struct leat_stage *st, const struct leat__group_result *result,
	const struct leat__group_sum *sum, struct leat_builder *builder,
	uint32_t column)
{
	struct leat_decimal value = {sum->low, (int64_t)sum->middle};

	if (!emit_fits_decimal(sum))
		return emit_fail_sum(st, result, "38 digits", "");
	leat_builder_decimal(builder, column, value);
	return LEAT_OK;
}

static double
emit_float_sum(const struct leat__group_float_sum *s)
{
	/* of infinities and NaN the rest says nothing */
	return isfinite(s->sum) ? s->sum + s->rest : s->sum;
}

static int
emit_sum(struct leat_stage *st, const struct leat__group_result *result,
	uint32_t kind, const uint8_t *state, struct leat_builder *builder,
	uint32_t column)
{
	const struct leat__group_sum *sum = (const void *)state;
	const struct leat__group_float_sum *floats = (const void *)state;

	if (!sum->n) /* all three begin with it */
		return LEAT_OK;
	if (kind == LEAT__STATE_SUM_INT64)
		return emit_sum_int64(st, result, sum, builder, column);
	if (kind == LEAT__STATE_SUM_DECIMAL)
		return emit_sum_decimal(st, result, sum, builder, column);
	leat_builder_float64(builder, column, emit_float_sum(floats));
	return LEAT_OK;
}

/* The sum over n, rounded once where 127 bits hold the divisor. */
static double
emit_decimal_avg(const struct leat__group_sum *sum, uint32_t scale)
{
	leat__group_u128 power = leat__group_exact_power(scale), divisor;
	leat__group_s128 value = emit_128(sum);

	if (sum->high != (int64_t)sum->middle >> 63)
		return (ldexp((double)sum->high, 128) +
			       ldexp((double)sum->middle, 64) +
			       (double)sum->low) /
			(double)sum->n / (double)power;
	if (__builtin_mul_overflow(power, sum->n, &divisor) || divisor >> 127)
		return leat__group_exact_ratio(value, power) / (double)sum->n;
	return leat__group_exact_ratio(value, divisor);
}

static void
emit_avg(const struct leat__group_input *input, uint32_t kind,
	const uint8_t *state, struct leat_builder *builder, uint32_t column)
{
	const struct leat__group_sum *sum = (const void *)state;
	double value;

	if (!sum->n)
		return;
	if (kind == LEAT__STATE_SUM_INT64)
		value = leat__group_exact_ratio(emit_128(sum), sum->n);
	else if (kind == LEAT__STATE_SUM_DECIMAL)
		value = emit_decimal_avg(sum, input->scale);
	else
		value = emit_float_sum((const void *)state) / (double)sum->n;
	leat_builder_float64(builder, column, value);
}

static void
emit_stddev(const uint8_t *state, struct leat_builder *builder, uint32_t column)
{
	const struct leat__group_moments *m = (const void *)state;

	if (m->n > 1)
		leat_builder_float64(
			builder, column, sqrt(m->squares / (double)(m->n - 1)));
}

/* ---- values -------------------------------------------------------------- */

static void
emit_cell(const uint8_t *state, uint32_t type, struct leat_builder *builder,
	uint32_t column)
{
	const struct leat__group_cell *cell = (const void *)state;
	uint64_t word = cell->high ^ EMIT_SIGN;
	double number;

	if (!cell->has)
		return;
	memcpy(&number, &word, sizeof(number));
	if (type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY)
		leat_builder_text(builder, column,
			(struct leat_text){cell->text, cell->len});
	else if (type == LEAT_TYPE_DECIMAL)
		leat_builder_decimal(builder, column,
			(struct leat_decimal){cell->low, (int64_t)word});
	else if (type == LEAT_TYPE_FLOAT64)
		leat_builder_float64(builder, column, number);
	else if (type == LEAT_TYPE_BOOL)
		leat_builder_bool(builder, column, word != 0);
	else
		leat_builder_int64(builder, column, (int64_t)word);
}

static void
emit_sketch(const struct leat__group_result *result, uint32_t kind,
	uint8_t *state, struct leat_builder *builder, uint32_t column)
{
	struct leat__group_quantile *quantile = (void *)state;
	uint8_t *registers;

	if (kind == LEAT__STATE_REGISTERS) {
		memcpy(&registers, state, sizeof(registers));
		leat_builder_int64(builder, column,
			(int64_t)leat__group_registers_count(registers));
	} else if (quantile->n) {
		leat_builder_float64(builder, column,
			leat__group_quantile_get(quantile, result->q));
	}
}

static int
emit_result(struct leat_stage *st, const struct leat__group_spec *spec,
	const struct leat__group_result *result, uint8_t *states,
	struct leat_builder *builder, uint32_t column)
{
	const struct leat__group_state *state = &spec->states[result->state];
	uint8_t *at = states + state->offset;
	uint64_t count;

	switch (result->function) {
	case LEAT__GROUP_COUNT:
	case LEAT__GROUP_DISTINCT:
		memcpy(&count, at, sizeof(count));
		leat_builder_int64(builder, column, (int64_t)count);
		return LEAT_OK;
	case LEAT__GROUP_SUM:
		return emit_sum(st, result, state->kind, at, builder, column);
	case LEAT__GROUP_AVG:
		emit_avg(&spec->inputs[state->input], state->kind, at, builder,
			column);
		return LEAT_OK;
	case LEAT__GROUP_STDDEV:
		emit_stddev(at, builder, column);
		return LEAT_OK;
	case LEAT__GROUP_APPROX_DISTINCT:
	case LEAT__GROUP_QUANTILE:
	case LEAT__GROUP_MEDIAN:
		emit_sketch(result, state->kind, at, builder, column);
		return LEAT_OK;
	default:
		emit_cell(at, result->type, builder, column);
		return LEAT_OK;
	}
}

int
leat__group_emit(struct leat_stage *st, const struct leat__groups *group,
	const struct leat__group_entry *entry, struct leat_builder *builder,
	uint32_t column)
{
	const struct leat__group_spec *spec = group->spec;
	const uint8_t *key = (const uint8_t *)entry + group->table.key_at;
	uint8_t *states = (uint8_t *)(entry + 1);

	emit_keys(spec, leat__group_hash_get_key(key, NULL), builder, column);
	column += spec->n_keys;
	for (uint32_t k = 0; k < spec->n_results; k++)
		LEAT__TRY(emit_result(st, spec, &spec->results[k], states,
			builder, column + k));
	return LEAT_OK;
}
