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
			sizeof(struct leat_vector) + 2) +
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
			(sizeof(*block->columns) + sizeof(*block->vectors) + 2),
		&memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for a block of rows");
	at = memory;
	block->spec = spec;
	block->budget = budget;
	block->seed = leat_stage_hash_seed(st);
	block->columns = memory;
	at += n * sizeof(*block->columns);
	block->vectors = (struct leat_vector *)(void *)at;
	at += n * sizeof(*block->vectors);
	block->is_text = at;
	block->is_unread = at + n;
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
		(unsigned long long)budget->given_bytes, budget->holds);
}

/* ---- scratch ------------------------------------------------------------- */

uint8_t *
leat__group_block_room(struct leat__group_block *block, uint64_t n_bytes)
{
	uint32_t at = block->scratch_at;

	if (!block->scratch || n_bytes > block->scratch_bytes - at)
		return NULL;
	block->scratch_at += (uint32_t)n_bytes;
	return block->scratch + at;
}

/* Twice the scratch; what is in it is lost. */
int
leat__group_block_grow(struct leat_stage *st, struct leat__group_block *block)
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

int
leat__group_block_reject(struct leat_stage *st,
	const struct leat__group_block *block, uint32_t k, uint32_t input,
	int code, const char *reason)
{
	return leat_table_reject(st, &block->table,
		block->spec->inputs[input].column, block->rows[k], code,
		reason);
}

static int
block_reject_value(struct leat_stage *st, const struct leat__group_block *block,
	uint32_t row, uint32_t input, struct leat_text x)
{
	const struct leat__group_input *in = &block->spec->inputs[input];
	bool is_any =
		in->declared == LEAT_TYPE_TEXT && in->type == LEAT_TYPE_FLOAT64;
	char reason[256];

	snprintf(reason, sizeof(reason),
		"column '%.64s' has '%.*s', where %s is wanted", in->name->text,
		x.len > 60 ? 60 : (int)x.len, (const char *)x.data,
		is_any ? "a number" : leat_type_name(in->type));
	return leat_table_reject(
		st, &block->table, in->column, row, LEAT_EDATA, reason);
}

/* ---- from vectors -------------------------------------------------------- */

/* Do they stand behind each other, from the first bit of a byte on? They
 * ascend. */
static bool
block_is_run(const uint32_t *rows, uint32_t n)
{
	return rows[0] % 8 == 0 && rows[n - 1] - rows[0] == n - 1;
}

/* Bits to bytes. */
static void
block_spread(const uint8_t *bits, uint32_t n, uint8_t *out)
{
	for (uint32_t k = 0; k < n; k += 8) {
		if (bits[k / 8] == 0xff && n - k >= 8) {
			memset(out + k, 1, 8);
			continue;
		}
		for (uint32_t bit = 0; bit < 8 && k + bit < n; bit++)
			out[k + bit] = bits[k / 8] >> bit & 1;
	}
}

static void
block_read_words(const struct leat_vector *v, const uint32_t *rows, uint32_t n,
	struct leat__group_block_column *out)
{
	const int64_t *values = v->values;

	if (block_is_run(rows, n)) {
		memcpy(out->values.ints, values + rows[0], n * sizeof(*values));
		block_spread(v->valid + rows[0] / 8, n, out->has);
		return;
	}
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
	uint8_t *room = leat__group_block_room(block, n);

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
	room = leat__group_block_room(block, x->len);
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
			LEAT__TRY(leat__group_block_grow(st, block));
		else if (rc)
			LEAT__TRY(block_reject_value(
				st, block, block->rows[k], input, x));
		if (rc == LEAT_EDATA)
			block_drop(block, k);
		if (rc)
			return LEAT_EAGAIN;
	}
	return LEAT_OK;
}

/* ---- blocks -------------------------------------------------------------- */

/* The row is no longer alive. */
static void
block_deselect(struct leat_table *t, uint32_t row)
{
	uint32_t *rows = leat_table_selection(t);
	uint32_t n = 0;

	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t other = leat_table_row(t, k);

		rows[n] = other;
		n += other != row;
	}
	leat_table_select(t, rows, n);
}

/*
 * A JSON string where numbers are wanted: as text it might pass for one, so it
 * is rejected here.
 */
static int
block_reject_literal(struct leat_stage *st, struct leat__group_block *block,
	uint32_t input, uint32_t row)
{
	struct leat_text x = {(const uint8_t *)"\"...\"", 5};

	LEAT__TRY(block_reject_value(st, block, row, input, x));
	block_deselect(&block->table, row);
	return LEAT_OK;
}

static int
block_open_column(
	struct leat_stage *st, struct leat__group_block *block, uint32_t input)
{
	struct leat_table *t = &block->table;
	const struct leat__group_input *in = &block->spec->inputs[input];
	uint32_t flags = t->schema->columns[in->column].flags;
	uint32_t bad_row = 0;
	int rc;

	while ((rc = leat_table_vector(t, in->column, in->type,
			&block->vectors[input], &bad_row)) == LEAT_EDATA &&
		(flags & LEAT_COLUMN_LITERALS))
		LEAT__TRY(block_reject_literal(st, block, input, bad_row));
	block->is_text[input] = rc != LEAT_OK;
	return LEAT_OK;
}

int
leat__group_block_open(struct leat_stage *st, struct leat__group_block *block,
	struct leat_frame *frame)
{
	leat_table_open(frame, &block->table);
	block->next = 0;
	block->n = block->n_listed = 0;
	block->ready_keys = NULL;
	memset(block->is_unread, 0, block->spec->n_inputs);
	memset(block->is_ready, 0, sizeof(block->is_ready));
	for (uint32_t k = 0; k < block->spec->n_inputs; k++)
		LEAT__TRY(block_open_column(st, block, k));
	return LEAT_OK;
}

static int
block_read_columns(struct leat_stage *st, struct leat__group_block *block)
{
	int rc = LEAT_OK;

	block->scratch_at = 0;
	for (uint32_t k = 0; !rc && k < block->spec->n_inputs; k++) {
		if (block->is_unread[k])
			continue;
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
