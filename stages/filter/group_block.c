/*
 * stages/filter/group_block.c -- values of up to 512 rows, ready to be used.
 *
 * Columns are read as typed vectors that the frame keeps. Where one cannot be
 * made (a value does not convert, the frame has no room), values are read one
 * at a time, and a row whose value is none is rejected and left out.
 * Keeps: rows of a block are alive, in their order, and each was read in all
 * columns; texts stay where they are until the next block.
 * Threads: the stage's own.
 */
#include "group.h"

#include <stdio.h>

#define BLOCK_SCRATCH_BYTES 16384u
#define BLOCK_PRINT_BYTES   64u

/* ---- life ---------------------------------------------------------------- */

uint64_t
leat__group_block_side_bytes(uint32_t n_inputs)
{
	return (uint64_t)n_inputs *
		(sizeof(struct leat__group_block_column) +
			sizeof(struct leat_vector) + 1) +
		256;
}

int
leat__group_block_init(struct leat_stage *st, struct leat__group_block *block,
	const struct leat__group_spec *spec, struct leat__group_budget *budget)
{
	uint32_t n = spec->n_inputs ? spec->n_inputs : 1;
	uint8_t *at;
	void *memory;
	int rc = leat_stage_alloc(st,
		(uint64_t)n *
			(sizeof(*block->columns) + sizeof(*block->vectors) + 1),
		&memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for a block of rows");
	at = memory;
	block->spec = spec;
	block->budget = budget;
	block->columns = memory;
	at += n * sizeof(*block->columns);
	block->vectors = (struct leat_vector *)(void *)at;
	at += n * sizeof(*block->vectors);
	block->is_text = at;
	return LEAT_OK;
}

void
leat__group_block_fini(struct leat_stage *st, struct leat__group_block *block)
{
	if (block->scratch)
		leat__group_budget_give(
			block->budget, block->scratch, block->scratch_bytes);
	leat_stage_free(st, block->columns);
	block->scratch = NULL;
	block->columns = NULL;
}

int
leat__group_fail_memory(
	struct leat_stage *st, const struct leat__group_budget *budget)
{
	return leat_stage_fail(st, LEAT_ELIMIT,
		"%llu bytes of memory are not enough for %s; give more by "
		"memory=",
		(unsigned long long)budget->limit_bytes, budget->holds);
}

/* ---- scratch ------------------------------------------------------------- */

static uint8_t *
block_room(struct leat__group_block *block, uint64_t n_bytes)
{
	uint8_t *at = block->scratch + block->scratch_at;

	if (n_bytes > block->scratch_bytes - block->scratch_at)
		return NULL;
	block->scratch_at += (uint32_t)n_bytes;
	return at;
}

/* Twice the scratch; what is in it is lost. */
static int
block_grow(struct leat_stage *st, struct leat__group_block *block)
{
	uint32_t n_bytes = block->scratch_bytes ? block->scratch_bytes * 2
						: BLOCK_SCRATCH_BYTES;

	leat__group_budget_give(
		block->budget, block->scratch, block->scratch_bytes);
	block->scratch_bytes = 0;
	block->scratch = leat__group_budget_take(block->budget, n_bytes, 0);
	if (!block->scratch)
		return leat__group_fail_memory(st, block->budget);
	block->scratch_bytes = n_bytes;
	return LEAT_OK;
}

/* ---- rejecting ----------------------------------------------------------- */

/* The whole record as it stands in the source, if it does. */
static struct leat_text
block_record(const struct leat_table *t, uint32_t row)
{
	const struct leat_schema *schema = t->schema;
	struct leat_text record = {NULL, 0};

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		struct leat_text x;

		if (schema->columns[k].field == LEAT_FIELD_NONE)
			continue;
		x = leat_table_raw(t, k, row);
		if (!record.data || x.data < record.data) {
			uint32_t end = record.data
				? (uint32_t)(record.data - x.data) + record.len
				: x.len;

			record = (struct leat_text){x.data, end};
		}
		if (x.data + x.len > record.data + record.len)
			record.len = (uint32_t)(x.data - record.data) + x.len;
	}
	return record;
}

int
leat__group_block_reject(struct leat_stage *st,
	const struct leat__group_block *block, uint32_t k, uint32_t input,
	int code, const char *reason)
{
	const struct leat_table *t = &block->table;
	uint32_t row = block->rows[k];
	struct leat_position p =
		leat_table_position(t, block->spec->inputs[input].column, row);
	struct leat_text record = block_record(t, row);
	struct leat_reject reject = {.reason = reason,
		.origin = t->schema->origin,
		.line = p.line,
		.column = p.column,
		.offset = p.offset,
		.data = record.data,
		.n_bytes = record.len};

	return leat_stage_reject(st, code, &reject);
}

static int
block_reject_value(struct leat_stage *st, const struct leat__group_block *block,
	uint32_t k, uint32_t input, struct leat_text x)
{
	const struct leat__group_input *in = &block->spec->inputs[input];
	char reason[256];

	snprintf(reason, sizeof(reason),
		"column '%.64s' has '%.*s', where a %s is wanted",
		in->name->text, x.len > 60 ? 60 : (int)x.len,
		(const char *)x.data,
		in->declared == LEAT_TYPE_TEXT && in->type == LEAT_TYPE_FLOAT64
			? "number"
			: leat_type_name(in->type));
	return leat__group_block_reject(
		st, block, k, input, LEAT_EDATA, reason);
}

/* ---- from vectors -------------------------------------------------------- */

static void
block_read_words(const struct leat_vector *v, const uint32_t *rows, uint32_t n,
	struct leat__group_block_column *out)
{
	const int64_t *values = v->values;

	for (uint32_t k = 0; k < n; k++) {
		out->values.ints[k] = values[rows[k]];
		out->has[k] = leat_vector_has(v, rows[k]);
	}
}

static void
block_read_texts(const struct leat_vector *v, const uint32_t *rows, uint32_t n,
	struct leat__group_block_column *out)
{
	for (uint32_t k = 0; k < n; k++) {
		out->has[k] = leat_vector_has(v, rows[k]);
		out->values.texts[k] = leat_vector_text(v, rows[k]);
	}
}

static void
block_read_bools(const struct leat_vector *v, const uint32_t *rows, uint32_t n,
	struct leat__group_block_column *out)
{
	const uint8_t *bits = v->values;

	for (uint32_t k = 0; k < n; k++) {
		out->values.ints[k] = bits[rows[k] / 8] >> (rows[k] % 8) & 1;
		out->has[k] = leat_vector_has(v, rows[k]);
	}
}

static void
block_read_decimals(const struct leat_vector *v, const uint32_t *rows,
	uint32_t n, struct leat__group_block_column *out)
{
	const struct leat_decimal *values = v->values;

	for (uint32_t k = 0; k < n; k++) {
		out->values.decimals[k] = values[rows[k]];
		out->has[k] = leat_vector_has(v, rows[k]);
	}
}

static void
block_read_vector(struct leat__group_block *block, uint32_t input)
{
	const struct leat_vector *v = &block->vectors[input];
	struct leat__group_block_column *out = &block->columns[input];

	if (v->type == LEAT_TYPE_TEXT || v->type == LEAT_TYPE_BINARY)
		block_read_texts(v, block->rows, block->n, out);
	else if (v->type == LEAT_TYPE_BOOL)
		block_read_bools(v, block->rows, block->n, out);
	else if (v->type == LEAT_TYPE_DECIMAL)
		block_read_decimals(v, block->rows, block->n, out);
	else
		block_read_words(v, block->rows, block->n, out);
}

/* ---- one value at a time ------------------------------------------------- */

static struct leat_text
block_trim(struct leat_text x)
{
	while (x.len && (x.data[0] == ' ' || x.data[0] == '\t')) {
		x.data++;
		x.len--;
	}
	while (x.len && (x.data[x.len - 1] == ' ' || x.data[x.len - 1] == '\t'))
		x.len--;
	return x;
}

static int
block_hex_digit(uint8_t c)
{
	if ((uint8_t)(c - '0') < 10)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte, in place. */
static int
block_binary(uint8_t *data, struct leat_text *x)
{
	if (x->len % 2)
		return LEAT_EDATA;
	for (uint32_t k = 0; k < x->len; k += 2) {
		int upper = block_hex_digit(x->data[k]);
		int lower = block_hex_digit(x->data[k + 1]);

		if (upper < 0 || lower < 0)
			return LEAT_EDATA;
		data[k / 2] = (uint8_t)(upper << 4 | lower);
	}
	*x = (struct leat_text){data, x->len / 2};
	return LEAT_OK;
}

/* Text to a value of row k. */
static int
block_convert(const struct leat__group_input *input, uint32_t k,
	struct leat_text x, struct leat__group_block_column *out)
{
	bool is_true = false;
	int rc;

	switch (input->type) {
	case LEAT_TYPE_INT64:
		return leat_text_int64(x, &out->values.ints[k]);
	case LEAT_TYPE_FLOAT64:
		return leat_text_float64(x, &out->values.floats[k]);
	case LEAT_TYPE_DECIMAL:
		return leat_text_decimal(
			x, input->scale, &out->values.decimals[k]);
	case LEAT_TYPE_DATE:
		return leat_text_date(x, &out->values.ints[k]);
	case LEAT_TYPE_TIMESTAMP:
		return leat_text_timestamp(x, &out->values.ints[k]);
	default:
		rc = leat_text_bool(x, &is_true);
		out->values.ints[k] = is_true;
		return rc;
	}
}

static bool
block_is_bytes(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

/*
 * Row k of a column. LEAT_EDATA with the text; LEAT_ELIMIT: no room in the
 * scratch.
 */
static int
block_read_one(struct leat__group_block *block, uint32_t input, uint32_t k,
	struct leat_text *x)
{
	const struct leat__group_input *in = &block->spec->inputs[input];
	struct leat__group_block_column *out = &block->columns[input];
	const struct leat_table *t = &block->table;
	uint32_t row = block->rows[k];
	uint32_t n = leat_table_text_bytes(t, in->column, row);
	uint8_t *room = block_room(block, n);

	if (n && !room)
		return LEAT_ELIMIT;
	*x = leat_table_text(t, in->column, row, room);
	out->has[k] = x->data &&
		(x->len ||
			t->schema->columns[in->column].field ==
				LEAT_FIELD_NONE);
	if (!out->has[k])
		return LEAT_OK;
	if (!block_is_bytes(in->type)) {
		struct leat_text trimmed = block_trim(*x);

		out->has[k] = trimmed.len > 0;
		return trimmed.len
			? block_convert(in, k, trimmed, out) == LEAT_OK
				? LEAT_OK
				: LEAT_EDATA
			: LEAT_OK;
	}
	out->values.texts[k] = *x;
	if (in->type == LEAT_TYPE_TEXT)
		return LEAT_OK;
	room = block_room(block, x->len);
	if (x->len && !room)
		return LEAT_ELIMIT;
	return block_binary(room, &out->values.texts[k]);
}

/* Take row k out; all columns are to be read again. */
static void
block_drop(struct leat__group_block *block, uint32_t k)
{
	block->n--;
	block->n_listed--;
	memmove(&block->rows[k], &block->rows[k + 1],
		(block->n_listed - k) * sizeof(block->rows[0]));
}

/* LEAT_OK, LEAT_EAGAIN: from the first column on, or a code. */
static int
block_read_text(
	struct leat_stage *st, struct leat__group_block *block, uint32_t input)
{
	for (uint32_t k = 0; k < block->n; k++) {
		struct leat_text x;
		int rc = block_read_one(block, input, k, &x);

		if (rc == LEAT_ELIMIT && k) {
			block->n = k;
			return LEAT_OK;
		}
		if (rc == LEAT_ELIMIT)
			LEAT__TRY(block_grow(st, block));
		else if (rc)
			LEAT__TRY(block_reject_value(st, block, k, input, x));
		if (rc == LEAT_EDATA)
			block_drop(block, k);
		if (rc)
			return LEAT_EAGAIN;
	}
	return LEAT_OK;
}

/* ---- blocks -------------------------------------------------------------- */

void
leat__group_block_open(
	struct leat__group_block *block, struct leat_frame *frame)
{
	leat_table_open(frame, &block->table);
	block->next = 0;
	block->n = block->n_listed = 0;
	for (uint32_t k = 0; k < block->spec->n_inputs; k++) {
		const struct leat__group_input *input = &block->spec->inputs[k];
		uint32_t bad_row;

		block->is_text[k] =
			leat_table_vector(&block->table, input->column,
				input->type, &block->vectors[k],
				&bad_row) != LEAT_OK;
	}
}

static int
block_read_columns(struct leat_stage *st, struct leat__group_block *block)
{
	int rc = LEAT_OK;

	block->scratch_at = 0;
	for (uint32_t k = 0; !rc && k < block->spec->n_inputs; k++) {
		if (block->is_text[k])
			rc = block_read_text(st, block, k);
		else
			block_read_vector(block, k);
	}
	return rc;
}

/* List the rows to be read: those left over, or the next of the frame. */
static void
block_list(struct leat__group_block *block)
{
	const struct leat_table *t = &block->table;
	uint32_t n = block->n_listed - block->n;

	if (n) {
		memmove(block->rows, block->rows + block->n,
			n * sizeof(block->rows[0]));
	} else {
		n = t->n_rows - block->next;
		if (n > LEAT__GROUP_BLOCK)
			n = LEAT__GROUP_BLOCK;
		for (uint32_t k = 0; k < n; k++)
			block->rows[k] = leat_table_row(t, block->next + k);
		block->next += n;
	}
	block->n = block->n_listed = n;
}

int
leat__group_block_read(struct leat_stage *st, struct leat__group_block *block)
{
	int rc;

	do {
		block_list(block);
		if (!block->n)
			return LEAT_EOS;
		while ((rc = block_read_columns(st, block)) == LEAT_EAGAIN)
			;
	} while (!rc && !block->n);
	return rc ? rc : leat__group_block_make_keys(st, block);
}

/* ---- keys ---------------------------------------------------------------- */

/* A key of several columns: for each 0, or 1 and the value; of texts the
 * length before the bytes. */
static uint64_t
block_key_bytes(const struct leat__group_block *block, uint32_t k)
{
	uint64_t n = 0;

	for (uint32_t c = 0; c < block->spec->n_keys; c++) {
		const struct leat__group_block_column *column =
			&block->columns[c];
		uint32_t type = block->spec->inputs[c].type;

		n++;
		if (!column->has[k])
			continue;
		if (block_is_bytes(type))
			n += sizeof(uint32_t) + column->values.texts[k].len;
		else
			n += type == LEAT_TYPE_DECIMAL ? 16 : 8;
	}
	return n;
}

/* Equal numbers have equal bits. */
static double
block_same_float(double x)
{
	return x != x ? __builtin_nan("") : x + 0.0;
}

static uint8_t *
block_put_key(const struct leat__group_block_column *column, uint32_t type,
	uint32_t k, uint8_t *at)
{
	*at++ = column->has[k];
	if (!column->has[k])
		return at;
	if (block_is_bytes(type)) {
		struct leat_text x = column->values.texts[k];

		memcpy(at, &x.len, sizeof(x.len));
		if (x.len)
			memcpy(at + sizeof(x.len), x.data, x.len);
		return at + sizeof(x.len) + x.len;
	}
	if (type == LEAT_TYPE_DECIMAL) {
		memcpy(at, &column->values.decimals[k], 16);
		return at + 16;
	}
	if (type == LEAT_TYPE_FLOAT64) {
		double x = block_same_float(column->values.floats[k]);

		memcpy(at, &x, sizeof(x));
	} else {
		memcpy(at, &column->values.ints[k], sizeof(int64_t));
	}
	return at + 8;
}

/* One column of text is its own key. */
static void
block_text_keys(struct leat__group_block *block)
{
	const struct leat__group_block_column *column = &block->columns[0];

	for (uint32_t k = 0; k < block->n; k++) {
		struct leat_text key = column->values.texts[k];

		if (!column->has[k])
			key = (struct leat_text){NULL, LEAT__GROUP_HASH_NULL};
		block->keys[k] = key;
		block->hashes[k] = leat__group_hash_key(key, 0);
	}
}

int
leat__group_block_make_keys(
	struct leat_stage *st, struct leat__group_block *block)
{
	const struct leat__group_spec *spec = block->spec;
	uint32_t k = 0;

	if (spec->n_keys == 1 && spec->inputs[0].type == LEAT_TYPE_TEXT) {
		block_text_keys(block);
		return LEAT_OK;
	}
	for (; k < block->n; k++) {
		uint64_t n = block_key_bytes(block, k);
		uint8_t *at = block_room(block, n);

		if (n && !at)
			break;
		block->keys[k] = (struct leat_text){at, (uint32_t)n};
		for (uint32_t c = 0; c < spec->n_keys; c++)
			at = block_put_key(&block->columns[c],
				spec->inputs[c].type, k, at);
		block->hashes[k] = leat__group_hash_key(block->keys[k], 0);
	}
	if (k == block->n)
		return LEAT_OK;
	block->n = k;
	if (k)
		return LEAT_OK;
	LEAT__TRY(block_grow(st, block));
	return leat__group_block_read(st, block);
}
