/*
 * stages/filter/group_bind.c -- a spec meets the columns that there are.
 *
 * Each column is read once, however many results ask for it, and results that
 * can share a state do: sum and avg, quantiles of one column.
 * Keeps: inputs of keys come first, then the time, then those of results.
 * Threads: the one that builds the graph, later the stage's own.
 */
#include "group.h"

static int
bind_fail_unknown(struct leat_stage *st, const char *option,
	const struct leat__group_name *name, const struct leat_schema *schema)
{
	struct leat_text text = {(const uint8_t *)name->text, name->len};
	char said[LEAT_ERROR_TEXT_BYTES];

	leat_schema_unknown(schema, text, said, sizeof(said));
	return leat_stage_fail_at(st, LEAT_EINVAL, option, name->offset,
		name->n_bytes, "%s", said);
}

/* ---- inputs -------------------------------------------------------------- */

static bool
bind_counts(uint32_t function)
{
	return function == LEAT__GROUP_SUM || function == LEAT__GROUP_AVG ||
		function == LEAT__GROUP_STDDEV ||
		function == LEAT__GROUP_QUANTILE ||
		function == LEAT__GROUP_MEDIAN;
}

static int
bind_input(struct leat_stage *st, struct leat__group_spec *spec,
	const char *option, const struct leat__group_name *name, bool as_number,
	bool is_shared, uint32_t *input_out)
{
	const struct leat_schema *from = spec->from;
	int32_t at = leat_schema_find(from, name->text, name->len);
	struct leat__group_input input = {.name = name};

	if (at < 0)
		return bind_fail_unknown(st, option, name, from);
	input.column = (uint32_t)at;
	input.declared = input.type = from->columns[at].type;
	input.scale = from->columns[at].scale;
	input.flags = from->columns[at].flags & LEAT_COLUMN_JSON;
	if (as_number && input.type == LEAT_TYPE_TEXT)
		input.type = LEAT_TYPE_FLOAT64;
	if (as_number && input.type != LEAT_TYPE_INT64 &&
		input.type != LEAT_TYPE_FLOAT64 &&
		input.type != LEAT_TYPE_DECIMAL && input.type != LEAT_TYPE_BOOL)
		return leat_stage_fail_at(st, LEAT_EINVAL, option, name->offset,
			name->n_bytes,
			"column '%.64s' is %s, where a number is wanted",
			name->text, leat_type_name(input.type));
	*input_out = spec->n_inputs;
	for (uint32_t k = 0; is_shared && k < spec->n_inputs; k++)
		if (spec->inputs[k].column == input.column &&
			spec->inputs[k].type == input.type)
			*input_out = k;
	if (*input_out == spec->n_inputs)
		spec->inputs[spec->n_inputs++] = input;
	return LEAT_OK;
}

/* ---- results ------------------------------------------------------------- */

static uint32_t
bind_sum_kind(uint32_t type)
{
	if (type == LEAT_TYPE_FLOAT64)
		return LEAT__STATE_SUM_FLOAT64;
	return type == LEAT_TYPE_DECIMAL ? LEAT__STATE_SUM_DECIMAL
					 : LEAT__STATE_SUM_INT64;
}

static uint32_t
bind_kind(const struct leat__group_result *result, uint32_t type)
{
	static const uint32_t kinds[LEAT__GROUP_FUNCTION_N] = {
		[LEAT__GROUP_COUNT] = LEAT__STATE_VALUES,
		[LEAT__GROUP_MIN] = LEAT__STATE_MIN,
		[LEAT__GROUP_MAX] = LEAT__STATE_MAX,
		[LEAT__GROUP_STDDEV] = LEAT__STATE_MOMENTS,
		[LEAT__GROUP_DISTINCT] = LEAT__STATE_DISTINCT,
		[LEAT__GROUP_APPROX_DISTINCT] = LEAT__STATE_REGISTERS,
		[LEAT__GROUP_QUANTILE] = LEAT__STATE_QUANTILE,
		[LEAT__GROUP_MEDIAN] = LEAT__STATE_QUANTILE,
		[LEAT__GROUP_FIRST] = LEAT__STATE_FIRST,
		[LEAT__GROUP_LAST] = LEAT__STATE_LAST,
	};

	if (result->function == LEAT__GROUP_SUM ||
		result->function == LEAT__GROUP_AVG)
		return bind_sum_kind(type);
	return kinds[result->function];
}

static uint32_t
bind_result_type(uint32_t function, uint32_t type)
{
	switch (function) {
	case LEAT__GROUP_COUNT:
	case LEAT__GROUP_DISTINCT:
	case LEAT__GROUP_APPROX_DISTINCT:
		return LEAT_TYPE_INT64;
	case LEAT__GROUP_SUM:
		return type == LEAT_TYPE_BOOL ? LEAT_TYPE_INT64 : type;
	case LEAT__GROUP_MIN:
	case LEAT__GROUP_MAX:
	case LEAT__GROUP_FIRST:
	case LEAT__GROUP_LAST:
		return type;
	default:
		return LEAT_TYPE_FLOAT64;
	}
}

/* The state of this kind over this input; made if there is none. */
static uint32_t
bind_state(struct leat__group_spec *spec, uint32_t kind, uint32_t input)
{
	struct leat__group_state *state = spec->states;

	for (uint32_t k = 0; k < spec->n_states; k++)
		if (state[k].kind == kind && state[k].input == input)
			return k;
	state[spec->n_states] =
		(struct leat__group_state){kind, input, spec->state_bytes};
	spec->state_bytes += leat__group_state_bytes(kind);
	spec->has_distinct |= kind == LEAT__STATE_DISTINCT;
	if (kind != LEAT__STATE_ROWS)
		spec->growth_bytes += leat__group_state_growth(
			kind, spec->inputs[input].type);
	return spec->n_states++;
}

static int
bind_result(struct leat_stage *st, struct leat__group_spec *spec,
	struct leat__group_result *result)
{
	uint32_t input = 0, type = LEAT_TYPE_INT64;

	result->scale = result->flags = 0;
	if (!result->column.len) {
		result->type = type;
		result->state = bind_state(spec, LEAT__STATE_ROWS, 0);
		return LEAT_OK;
	}
	LEAT__TRY(bind_input(st, spec, "results", &result->column,
		bind_counts(result->function), true, &input));
	type = spec->inputs[input].type;
	result->type = bind_result_type(result->function, type);
	if (result->type == LEAT_TYPE_TEXT)
		result->flags = spec->inputs[input].flags;
	if (result->type == LEAT_TYPE_DECIMAL)
		result->scale = spec->inputs[input].scale;
	result->state = bind_state(spec, bind_kind(result, type), input);
	return LEAT_OK;
}

/* ---- the schema of what comes out ---------------------------------------- */

static int
bind_add_column(struct leat_stage *st, struct leat_schema *to,
	const struct leat__group_name *name, const char *option,
	const struct leat_column *column)
{
	struct leat_column *columns = (struct leat_column *)(void *)(to + 1);
	uint32_t n = to->n_columns;

	for (uint32_t k = 0; k < n; k++)
		if (strcmp(columns[k].name, column->name) == 0)
			return leat_stage_fail_at(st, LEAT_EINVAL, option,
				name->offset, name->n_bytes,
				"two columns would be called '%.64s'; give "
				"one another name, like other=count()",
				column->name);
	columns[n] = *column;
	columns[n].field = LEAT_FIELD_NONE;
	columns[n].vector = n;
	to->n_columns = to->n_vectors = n + 1;
	return LEAT_OK;
}

static int
bind_columns(struct leat_stage *st, struct leat__group_spec *spec)
{
	for (uint32_t k = 0; k < spec->n_keys; k++) {
		const struct leat__group_input *input = &spec->inputs[k];
		struct leat_column column = {.name = spec->keys[k].text,
			.type = input->type,
			.scale = input->scale,
			.flags = input->flags};

		LEAT__TRY(bind_add_column(
			st, spec->to, &spec->keys[k], "by", &column));
	}
	for (uint32_t k = 0; k < spec->n_results; k++) {
		const struct leat__group_result *result = &spec->results[k];
		struct leat_column column = {.name = result->name.text,
			.type = result->type,
			.scale = result->scale,
			.flags = result->flags};

		LEAT__TRY(bind_add_column(
			st, spec->to, &result->name, "results", &column));
	}
	return LEAT_OK;
}

static int
bind_schema(struct leat_stage *st, struct leat__group_spec *spec,
	const struct leat_column *before, uint32_t n_before)
{
	static const struct leat__group_name nowhere = {.text = ""};
	uint32_t n = n_before + spec->n_keys + spec->n_results;
	void *memory;
	int rc = leat_stage_alloc(st,
		sizeof(struct leat_schema) + n * sizeof(struct leat_column),
		&memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	spec->to = memory;
	*spec->to = (struct leat_schema){
		.columns = (struct leat_column *)(void *)(spec->to + 1),
		.origin = spec->from ? spec->from->origin : NULL};
	for (uint32_t k = 0; k < n_before; k++)
		LEAT__TRY(bind_add_column(
			st, spec->to, &nowhere, "results", &before[k]));
	return bind_columns(st, spec);
}

static int
bind_time(struct leat_stage *st, struct leat__group_spec *spec)
{
	struct leat__group_input *input;
	uint32_t at;

	LEAT__TRY(bind_input(st, spec, "time", &spec->time, false, false, &at));
	input = &spec->inputs[at];
	if (input->type == LEAT_TYPE_TEXT)
		input->type = LEAT_TYPE_TIMESTAMP;
	if (input->type != LEAT_TYPE_TIMESTAMP && input->type != LEAT_TYPE_DATE)
		return leat_stage_fail_at(st, LEAT_EINVAL, "time",
			spec->time.offset, spec->time.n_bytes,
			"column '%.64s' is %s, where a timestamp or a date "
			"is wanted",
			spec->time.text, leat_type_name(input->type));
	return LEAT_OK;
}

/* ---- all of it ----------------------------------------------------------- */

static int
bind_first(struct leat_stage *st, struct leat__group_spec *spec)
{
	uint32_t input;

	for (uint32_t k = 0; k < spec->n_keys; k++)
		LEAT__TRY(bind_input(
			st, spec, "by", &spec->keys[k], false, false, &input));
	if (spec->time.len)
		LEAT__TRY(bind_time(st, spec));
	for (uint32_t k = 0; k < spec->n_results; k++)
		LEAT__TRY(bind_result(st, spec, &spec->results[k]));
	return LEAT_OK;
}

/* Another schema: the columns again, of the same types. */
static int
bind_again(struct leat_stage *st, struct leat__group_spec *spec,
	const struct leat_schema *from)
{
	for (uint32_t k = 0; k < spec->n_inputs; k++) {
		struct leat__group_input *input = &spec->inputs[k];
		const char *name = input->name->text;
		int32_t at = leat_schema_find(from, name, input->name->len);

		if (at < 0 || from->columns[at].type != input->declared ||
			from->columns[at].scale != input->scale)
			return leat_stage_fail(st, LEAT_EDATA,
				"%.64s: column '%.64s' is %s here, and was %s "
				"before",
				from->origin ? from->origin : "input", name,
				at < 0 ? "missing"
				       : leat_type_name(from->columns[at].type),
				leat_type_name(input->declared));
		input->column = (uint32_t)at;
	}
	spec->from = from;
	return LEAT_OK;
}

int
leat__group_bind(struct leat_stage *st, struct leat__group_spec *spec,
	const struct leat_schema *from, const struct leat_column *before,
	uint32_t n_before)
{
	if (from && spec->from == from)
		return LEAT_OK;
	if (spec->from)
		return bind_again(st, spec, from);
	spec->from = from;
	LEAT__TRY(bind_first(st, spec));
	return bind_schema(st, spec, before, n_before);
}

bool
leat__group_needs_no_column(const struct leat__group_spec *spec)
{
	for (uint32_t k = 0; k < spec->n_results; k++)
		if (spec->results[k].column.len)
			return false;
	return !spec->n_keys && !spec->time.len;
}

/* ---- what it looks at ----------------------------------------------------- */

/* false: the column is not there. */
static bool
wants_name(const struct leat__group_name *name,
	const struct leat_schema *schema, bool *wanted)
{
	int32_t column = leat_schema_find(schema, name->text, name->len);

	if (name->len && column >= 0)
		wanted[column] = true;
	return !name->len || column >= 0;
}

uint32_t
leat__group_wants(const struct leat__group_spec *spec,
	const struct leat_schema *schema, bool *wanted)
{
	bool is_there = wants_name(&spec->time, schema, wanted);

	for (uint32_t k = 0; k < spec->n_keys; k++)
		is_there &= wants_name(&spec->keys[k], schema, wanted);
	for (uint32_t k = 0; k < spec->n_results; k++)
		is_there &=
			wants_name(&spec->results[k].column, schema, wanted);
	return is_there ? LEAT_WANTS_THESE : LEAT_WANTS_ALL;
}
