/*
 * table/builder.c -- the open frame of a stage that makes tables row by row.
 *
 * Slot: head, selection, a vector for each column with room for max_rows, then
 * the bytes of text. Half of what the slot has is for vectors, the rest for
 * text; whichever is full first ends the frame. One that is sent with fewer
 * rows than it has room for is packed, so that a frame has no more bytes than
 * its rows need.
 * Keeps: what stands behind text_at belongs to the row in work alone, so a row
 * that does not fit leaves no trace but its place; a row is either in one
 * frame whole, or refused. Only the stage enters.
 */
#include <string.h>

#include "table/table.h"

#define BUILDER_FRAME_BYTES ((2u << 20) + 65536)
#define BUILDER_ROWS_MAX    8192u /* what a cache holds */

uint32_t
leat_builder_frame_bytes(void)
{
	return BUILDER_FRAME_BYTES;
}

uint64_t
leat_builder_side_bytes(uint64_t n_columns)
{
	return n_columns * sizeof(struct leat_vector_room) + 64;
}

void
leat_builder_enter(struct leat_builder *b, const struct leat_schema *schema,
	const struct leat_frame *in)
{
	LEAT_ASSERT(!b->frame || b->schema == schema);
	b->has_emitted = 0;
	b->schema = schema;
	if (in) {
		b->birth_ns = in->birth_ns;
		b->stamp = in->stamp;
	}
}

/* ---- frames --------------------------------------------------------------- */

/* Bytes that one row takes in all vectors, its selection entry too. */
static uint32_t
builder_row_bytes(const struct leat_schema *schema)
{
	uint32_t n = sizeof(uint32_t);

	for (uint32_t k = 0; k < schema->n_columns; k++)
		n += 1 +
			(uint32_t)leat__vector_bytes(
				schema->columns[k].type, 8) /
				8;
	return n;
}

/* Bytes of a vector's head, values and bits. */
static uint32_t
builder_vector_bytes(uint32_t type, uint32_t max_rows)
{
	uint64_t values = leat__round_up(
		leat__vector_bytes(type, max_rows), LEAT__CACHE_LINE);

	return (uint32_t)leat__round_up(
		LEAT__CACHE_LINE + values + (max_rows + 7) / 8,
		LEAT__CACHE_LINE);
}

static uint32_t
builder_max_rows(const struct leat_builder *b, uint32_t capacity)
{
	uint32_t fixed = LEAT__TABLE_HEAD_BYTES +
		b->schema->n_columns * 3 * LEAT__CACHE_LINE;
	uint32_t room = capacity > fixed ? (capacity - fixed) / 2 : 0;
	uint64_t n = room / builder_row_bytes(b->schema);

	return (uint32_t)leat__min_u64(n, BUILDER_ROWS_MAX);
}

/* Behind the vectors; 0 = they do not fit. */
static uint32_t
builder_place(struct leat_builder *b, uint32_t capacity)
{
	struct leat_frame *frame = b->frame;
	uint32_t at = leat__table_begin_rows(frame, b->schema, b->max_rows);

	for (uint32_t k = 0; k < b->schema->n_columns; k++) {
		const struct leat_column *c = &b->schema->columns[k];
		uint32_t n = builder_vector_bytes(c->type, b->max_rows);
		uint32_t values_at = at + LEAT__CACHE_LINE;

		if (n > capacity - at)
			return 0;
		leat__table_place_vector(
			frame, at, c->type, c->scale, b->max_rows);
		b->columns[k].values = frame->data + values_at;
		b->columns[k].valid = frame->data + values_at +
			leat__round_up(leat__vector_bytes(c->type, b->max_rows),
				LEAT__CACHE_LINE);
		memset(b->columns[k].valid, 0, (b->max_rows + 7) / 8);
		at += n;
	}
	return at;
}

static int
builder_open(struct leat_stage *st, struct leat_builder *b)
{
	void *memory = b->columns;
	uint32_t capacity;

	if (!memory)
		LEAT_TRY(leat_stage_alloc(st,
			b->schema->n_columns * sizeof(*b->columns), &memory));
	b->columns = memory;
	LEAT_TRY(leat_stage_acquire(st, &b->frame));
	capacity = leat_frame_capacity_bytes(b->frame);
	b->max_rows = builder_max_rows(b, capacity);
	b->text_at = b->max_rows ? builder_place(b, capacity) : 0;
	if (!b->text_at)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%u columns do not fit into a frame",
			b->schema->n_columns);
	b->end = capacity - LEAT__TABLE_SLACK_BYTES;
	b->n_rows = 0;
	b->is_full = 0;
	return LEAT_OK;
}

/* ---- packing -------------------------------------------------------------- */

/* Where text begins, behind the last vector. */
static uint32_t
builder_text_from(const struct leat_builder *b)
{
	uint32_t last = b->schema->n_columns - 1;
	const uint8_t *values = b->columns[last].values;

	return (uint32_t)(values - b->frame->data) - LEAT__CACHE_LINE +
		builder_vector_bytes(
			b->schema->columns[last].type, b->max_rows);
}

/* Text of a column stands so many bytes before where it stood. */
static void
builder_move_pieces(
	const struct leat_builder *b, struct leat_piece *pieces, uint32_t by)
{
	for (uint32_t k = 0; k < b->n_rows; k++)
		pieces[k].at -= by;
}

/* A vector's head, values and bits, for the rows that there are. */
static uint32_t
builder_pack_vector(struct leat_builder *b, uint32_t k, uint32_t at)
{
	const struct leat_column *c = &b->schema->columns[k];
	struct leat_vector_room *room = &b->columns[k];
	size_t n_values = leat__vector_bytes(c->type, b->n_rows);
	uint8_t *values = b->frame->data + at + LEAT__CACHE_LINE;
	uint8_t *valid = values + leat__round_up(n_values, LEAT__CACHE_LINE);

	leat__table_place_vector(b->frame, at, c->type, c->scale, b->n_rows);
	memmove(values, room->values, n_values);
	memmove(valid, room->valid, (b->n_rows + 7) / 8);
	room->values = values;
	room->valid = valid;
	return at + builder_vector_bytes(c->type, b->n_rows);
}

/*
 * Everything goes down to where it stands in a slot for the rows that there
 * are. No place is above the one before, and all are moved in their order, so
 * nothing is written over that is still to be moved.
 */
static void
builder_pack(struct leat_builder *b)
{
	const struct leat_schema *schema = b->schema;
	uint32_t from = builder_text_from(b), at;

	at = leat__table_begin_rows(b->frame, schema, b->n_rows);
	for (uint32_t k = 0; k < schema->n_columns; k++)
		at = builder_pack_vector(b, k, at);
	memmove(b->frame->data + at, b->frame->data + from, b->text_at - from);
	b->text_at -= from - at;
	for (uint32_t k = 0; k < schema->n_columns; k++)
		if (schema->columns[k].type == LEAT_TYPE_TEXT ||
			schema->columns[k].type == LEAT_TYPE_BINARY)
			builder_move_pieces(
				b, (void *)b->columns[k].values, from - at);
}

static int
builder_emit(struct leat_stage *st, struct leat_builder *b)
{
	struct leat_frame *frame = b->frame;
	struct leat_table_head *head = leat__table_head(frame);

	if (b->n_rows < b->max_rows && b->schema->n_columns)
		builder_pack(b);
	head->n_rows = head->n_rows_all = b->n_rows;
	head->free_at = (uint32_t)leat__min_u64(
		leat__round_up(b->text_at, LEAT__CACHE_LINE), b->end);
	frame->n_items = b->n_rows;
	frame->len_bytes = head->free_at;
	frame->stamp = b->stamp;
	frame->birth_ns = b->birth_ns;
	LEAT_TRY(leat_stage_emit(st, 0, frame));
	b->frame = NULL;
	b->is_full = 0;
	b->has_emitted = 1;
	b->has_ever_emitted = 1;
	return LEAT_OK;
}

/* ---- rows ------------------------------------------------------------------ */

int
leat_builder_begin_row(struct leat_stage *st, struct leat_builder *b)
{
	if (b->frame && (b->is_full || b->n_rows == b->max_rows)) {
		if (b->has_emitted)
			return LEAT_MORE;
		LEAT_TRY(builder_emit(st, b));
	}
	if (!b->frame)
		LEAT_TRY(builder_open(st, b));
	b->at = b->text_at;
	return LEAT_OK;
}

static inline void
builder_set(struct leat_builder *b, uint32_t column)
{
	b->columns[column].valid[b->n_rows / 8] |=
		(uint8_t)(1u << (b->n_rows % 8));
}

void
leat_builder_int64(struct leat_builder *b, uint32_t column, int64_t value)
{
	((int64_t *)b->columns[column].values)[b->n_rows] = value;
	builder_set(b, column);
}

void
leat_builder_float64(struct leat_builder *b, uint32_t column, double value)
{
	((double *)b->columns[column].values)[b->n_rows] = value;
	builder_set(b, column);
}

void
leat_builder_bool(struct leat_builder *b, uint32_t column, bool value)
{
	uint8_t *bits = b->columns[column].values;
	uint32_t shift = b->n_rows % 8;

	bits += b->n_rows / 8;
	*bits = (uint8_t)((*bits & ~(1u << shift)) |
		((uint32_t)value << shift));
	builder_set(b, column);
}

void
leat_builder_decimal(
	struct leat_builder *b, uint32_t column, struct leat_decimal value)
{
	((struct leat_decimal *)b->columns[column].values)[b->n_rows] = value;
	builder_set(b, column);
}

void
leat_builder_text(
	struct leat_builder *b, uint32_t column, struct leat_text value)
{
	struct leat_piece *piece =
		(struct leat_piece *)b->columns[column].values + b->n_rows;

	if (value.len > b->end - b->at) {
		b->is_full = 1;
		return;
	}
	if (value.len)
		memcpy(b->frame->data + b->at, value.data, value.len);
	*piece = (struct leat_piece){b->at, value.len | LEAT_PIECE_OWN};
	b->at += value.len;
	builder_set(b, column);
}

void
leat_builder_copy(struct leat_builder *b, uint32_t column,
	const struct leat_vector *v, uint32_t row)
{
	if (!leat_vector_has(v, row))
		return;
	switch (v->type) {
	case LEAT_TYPE_TEXT:
	case LEAT_TYPE_BINARY:
		leat_builder_text(b, column, leat_vector_text(v, row));
		return;
	case LEAT_TYPE_BOOL:
		leat_builder_bool(b, column,
			((const uint8_t *)v->values)[row / 8] >> (row % 8) & 1);
		return;
	case LEAT_TYPE_DECIMAL:
		leat_builder_decimal(b, column,
			((const struct leat_decimal *)v->values)[row]);
		return;
	default: /* eight bytes, whatever they say */
		leat_builder_int64(
			b, column, ((const int64_t *)v->values)[row]);
		return;
	}
}

/* Take the bits of the row in work back. */
static void
builder_clear_row(struct leat_builder *b)
{
	for (uint32_t k = 0; k < b->schema->n_columns; k++)
		b->columns[k].valid[b->n_rows / 8] &=
			(uint8_t) ~(1u << (b->n_rows % 8));
}

int
leat_builder_end_row(struct leat_stage *st, struct leat_builder *b)
{
	if (!b->is_full) {
		b->text_at = b->at;
		b->n_rows++;
		return 1;
	}
	if (!b->n_rows)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"a row has more text than a frame of %u bytes can hold",
			b->end);
	builder_clear_row(b);
	return 0;
}

int
leat_builder_flush(
	struct leat_stage *st, struct leat_builder *b, bool is_needed)
{
	if (!b->frame && is_needed && !b->has_ever_emitted)
		LEAT_TRY(builder_open(st, b));
	if (!b->frame)
		return LEAT_OK;
	if (b->n_rows || (is_needed && !b->has_ever_emitted))
		return builder_emit(st, b);
	leat_stage_release(st, b->frame);
	b->frame = NULL;
	return LEAT_OK;
}
