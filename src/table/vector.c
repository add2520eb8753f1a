/*
 * table/vector.c -- typed columns in Arrow's layout, kept in the frame.
 *
 * Vectors hang on a list in the slot, each with its key: the field it was made
 * from, or the number of one that came without text. One key may have several,
 * of different types: what is text becomes a type when somebody asks. One that
 * was made for some rows holds for every later selection, which only has fewer.
 * Only the frame's holder enters.
 */
#include <string.h>

#include "table/table.h"

static inline void *
vector_at(const struct leat_table *t, uint32_t offset)
{
	return t->frame->data + offset;
}

static uint32_t
vector_key(const struct leat_column *column)
{
	return column->field == LEAT_FIELD_NONE
		? column->vector | LEAT__VECTOR_OWN
		: column->field;
}

/* ---- room ---------------------------------------------------------------- */

uint32_t
leat_table_room(const struct leat_table *t)
{
	const uint8_t *start = leat_frame_start(t->frame);
	uint64_t used = (uint64_t)(t->frame->data - start) + t->head->free_at;
	uint32_t capacity = leat_frame_capacity_bytes(t->frame);

	used += LEAT__TABLE_SLACK_BYTES;
	return used < capacity ? capacity - (uint32_t)used : 0;
}

/* Take bytes from the slot, aligned to 64. 0 = no room. */
static uint32_t
vector_take(struct leat_table *t, uint64_t n_bytes)
{
	uint32_t at = t->head->free_at;
	uint64_t n = leat__round_up(n_bytes, LEAT__CACHE_LINE);

	if (n > leat_table_room(t))
		return 0;
	t->head->free_at = at + (uint32_t)n;
	t->frame->len_bytes = t->head->free_at;
	return at;
}

static void
vector_give_back(struct leat_table *t, uint32_t free_at)
{
	t->head->free_at = free_at;
	t->frame->len_bytes = free_at;
}

int
leat_table_add_text(struct leat_table *t, const void *data, size_t n_bytes,
	struct leat_piece *out)
{
	uint32_t at = t->head->free_at;

	if (n_bytes > leat_table_room(t) || n_bytes >= LEAT_PIECE_OWN)
		return LEAT_ELIMIT;
	*out = (struct leat_piece){at, (uint32_t)n_bytes | LEAT_PIECE_OWN};
	if (data && n_bytes)
		memcpy(vector_at(t, at), data, n_bytes);
	vector_give_back(t, at + (uint32_t)n_bytes);
	return LEAT_OK;
}

/* Behind text that was added, the next vector begins on a line again. */
static bool
vector_align(struct leat_table *t)
{
	uint32_t at =
		(uint32_t)leat__round_up(t->head->free_at, LEAT__CACHE_LINE);

	if (at - t->head->free_at > leat_table_room(t))
		return false;
	vector_give_back(t, at);
	return true;
}

/* ---- making -------------------------------------------------------------- */

size_t
leat__vector_bytes(uint32_t type, uint32_t n_rows)
{
	if (type == LEAT_TYPE_BOOL)
		return (n_rows + 7) / 8;
	return (size_t)n_rows *
		(type == LEAT_TYPE_DECIMAL ? sizeof(struct leat_decimal) : 8);
}

/* Hang one in that stands at `at`: its head, values, and bits. */
static struct leat__vector_head *
vector_place(struct leat_frame *frame, uint32_t at,
	const struct leat__vector_head *like, uint32_t n_rows)
{
	struct leat_table_head *head = leat__table_head(frame);
	struct leat__vector_head *v = (void *)(frame->data + at);

	*v = *like;
	v->next = head->vectors_at;
	v->values_at = at + LEAT__CACHE_LINE;
	v->valid_at = v->values_at +
		(uint32_t)leat__round_up(
			leat__vector_bytes(v->type, n_rows), LEAT__CACHE_LINE);
	head->vectors_at = at;
	return v;
}

void
leat__table_place_vector(struct leat_frame *frame, uint32_t at, uint32_t type,
	uint32_t scale, uint32_t max_rows)
{
	struct leat_table_head *head = leat__table_head(frame);
	const struct leat__vector_head like = {
		.key = head->n_vectors++ | LEAT__VECTOR_OWN,
		.type = type,
		.scale = scale};

	vector_place(frame, at, &like, max_rows);
}

/* A new vector: values zero, all rows valid or none. NULL = no room. */
static struct leat__vector_head *
vector_add(struct leat_table *t, const struct leat__vector_head *like,
	bool is_valid)
{
	uint64_t values =
		leat__round_up(leat__vector_bytes(like->type, t->n_rows_all),
			LEAT__CACHE_LINE);
	uint32_t bits = (t->n_rows_all + 7) / 8, at;
	struct leat__vector_head *v;

	if (!vector_align(t))
		return NULL;
	at = vector_take(t, LEAT__CACHE_LINE + values + bits);
	if (!at)
		return NULL;
	v = vector_place(t->frame, at, like, t->n_rows_all);
	memset(vector_at(t, v->values_at), 0, (size_t)values);
	memset(vector_at(t, v->valid_at), is_valid ? 0xff : 0, bits);
	return v;
}

int
leat_table_add_vector(struct leat_table *t, uint32_t type, uint32_t scale,
	struct leat_vector_room *out)
{
	const struct leat__vector_head like = {
		.key = t->head->n_vectors | LEAT__VECTOR_OWN,
		.type = type,
		.scale = scale};
	struct leat__vector_head *v;

	if (type < LEAT_TYPE_TEXT || type >= LEAT_TYPE_N ||
		scale > LEAT_DECIMAL_DIGITS_MAX)
		return LEAT_EINVAL;
	v = vector_add(t, &like, true);
	if (!v)
		return LEAT_ELIMIT;
	t->head->n_vectors++;
	*out = (struct leat_vector_room){
		vector_at(t, v->values_at), vector_at(t, v->valid_at)};
	return LEAT_OK;
}

/* ---- finding ------------------------------------------------------------- */

static struct leat__vector_head *
vector_find_in(const struct leat_frame *frame, uint32_t key, uint32_t type)
{
	uint32_t at = leat__table_head(frame)->vectors_at;

	while (at) {
		struct leat__vector_head *v = (void *)(frame->data + at);

		if (v->key == key && v->type == type)
			return v;
		at = v->next;
	}
	return NULL;
}

static void
vector_open(const struct leat_table *t, const struct leat_frame *frame,
	const struct leat__vector_head *v, struct leat_vector *out)
{
	*out = (struct leat_vector){
		.type = v->type,
		.n_rows = t->n_rows_all,
		.scale = v->scale,
		.values = frame->data + v->values_at,
		.valid = frame->data + v->valid_at,
		.text = t->text,
		.own = frame->data,
	};
}

/* Also in the tables that it is a view of, which nobody writes to any more. */
static bool
vector_find(const struct leat_table *t, uint32_t key, uint32_t type,
	struct leat_vector *out)
{
	const struct leat_frame *frame = t->frame;
	const struct leat__vector_head *v = vector_find_in(frame, key, type);

	while (!v && leat__table_head(frame)->is_view) {
		frame = leat_frame_base(frame);
		v = vector_find_in(frame, key, type);
	}
	if (v)
		vector_open(t, frame, v, out);
	return v != NULL;
}

bool
leat__table_vector_find(const struct leat_table *t,
	const struct leat_column *column, struct leat_vector *out)
{
	uint32_t key = vector_key(column);

	return vector_find(t, key, LEAT_TYPE_TEXT, out) ||
		vector_find(t, key, column->type, out);
}

/* ---- from text ----------------------------------------------------------- */

static int
vector_bool(struct leat_text x, uint8_t *bits, uint32_t row)
{
	bool is_true;

	LEAT_TRY(leat_text_bool(x, &is_true));
	bits[row / 8] |= (uint8_t)(is_true << (row % 8));
	return LEAT_OK;
}

static int
vector_hex_digit(uint8_t c)
{
	if ((uint8_t)(c - '0') < 10)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte. */
static int
vector_binary(struct leat_table *t, struct leat_text x, struct leat_piece *out)
{
	uint8_t *bytes;

	if (x.len % 2)
		return LEAT_EDATA;
	LEAT_TRY(leat_table_add_text(t, NULL, x.len / 2, out));
	bytes = vector_at(t, out->at);
	for (uint32_t k = 0; k < x.len; k += 2) {
		int upper = vector_hex_digit(x.data[k]);
		int lower = vector_hex_digit(x.data[k + 1]);

		if (upper < 0 || lower < 0)
			return LEAT_EDATA;
		bytes[k / 2] = (uint8_t)(upper << 4 | lower);
	}
	return LEAT_OK;
}

/* Convert one text into row `row` of the values. */
static int
vector_convert(struct leat_table *t, const struct leat__vector_head *v,
	struct leat_text x, uint32_t row)
{
	void *values = vector_at(t, v->values_at);

	switch (v->type) {
	case LEAT_TYPE_INT64:
		return leat_text_int64(x, (int64_t *)values + row);
	case LEAT_TYPE_FLOAT64:
		return leat_text_float64(x, (double *)values + row);
	case LEAT_TYPE_DECIMAL:
		return leat_text_decimal(
			x, v->scale, (struct leat_decimal *)values + row);
	case LEAT_TYPE_DATE:
		return leat_text_date(x, (int64_t *)values + row);
	case LEAT_TYPE_TIMESTAMP:
		return leat_text_timestamp(x, (int64_t *)values + row);
	case LEAT_TYPE_BINARY:
		return vector_binary(t, x, (struct leat_piece *)values + row);
	default:
		return vector_bool(x, values, row);
	}
}

/* A field as a piece of the source; decoded in the slot if it must be. */
static int
vector_piece(struct leat_table *t, const struct leat_column *column,
	uint32_t row, struct leat_piece *out)
{
	struct leat_text x = leat__table_field(t, column->field, row);
	uint32_t quote = t->has_quotes ? t->schema->quote : 0;
	struct leat_text text;

	if (leat__text_needs_scratch(x, quote)) {
		LEAT_TRY(leat_table_add_text(t, NULL, x.len, out));
		text = leat__text_decode(x, quote, vector_at(t, out->at));
		out->len = text.len | LEAT_PIECE_OWN;
		vector_give_back(t, out->at + text.len);
		return LEAT_OK;
	}
	*out = leat_table_piece(t, leat__text_decode(x, quote, NULL));
	return LEAT_OK;
}

/* What a row's text is; no data: null. */
static struct leat_text
vector_source(const struct leat_table *t, const struct leat_column *column,
	const struct leat_vector *pieces, uint32_t row)
{
	struct leat_text x = {NULL, 0};

	if (column->field == LEAT_FIELD_NONE)
		return leat_vector_has(pieces, row)
			? leat_vector_text(pieces, row)
			: x;
	x = leat__table_field(t, column->field, row);
	if (leat__text_is_quoted(x, t->schema->quote))
		x = (struct leat_text){x.data + 1, x.len - 2};
	return x;
}

/* Is it a JSON string where the column has numbers, or true and false? */
static bool
vector_is_string(const struct leat_column *column,
	const struct leat_vector *pieces, uint32_t row, uint32_t type)
{
	return column->type == type && leat__column_is_strict(column) &&
		leat__vector_is_string(pieces, row);
}

static bool
vector_has_pieces(uint32_t type)
{
	return type == LEAT_TYPE_TEXT || type == LEAT_TYPE_BINARY;
}

static int
vector_fill(struct leat_table *t, const struct leat_column *column,
	const struct leat_vector *pieces, const struct leat__vector_head *v,
	uint32_t *bad_row)
{
	uint8_t *valid = vector_at(t, v->valid_at);
	struct leat_piece *texts = vector_at(t, v->values_at);

	for (uint32_t k = 0; k < t->n_rows; k++) {
		struct leat_text x;
		uint32_t row;
		int rc;

		if (column->field != LEAT_FIELD_NONE)
			k = leat__vector_fill_plain(
				t, column->field, v->type, texts, valid, k);
		if (k == t->n_rows)
			break;
		row = leat_table_row(t, k);
		x = vector_source(t, column, pieces, row);

		if (!x.data || (!x.len && column->field != LEAT_FIELD_NONE))
			continue;
		rc = v->type == LEAT_TYPE_TEXT
			? vector_piece(t, column, row, &texts[row])
			: vector_convert(t, v, x, row);
		if (vector_is_string(column, pieces, row, v->type))
			rc = LEAT_EDATA;
		if (rc != LEAT_OK) {
			*bad_row = row;
			return rc == LEAT_ELIMIT && vector_has_pieces(v->type)
				? LEAT_ELIMIT
				: LEAT_EDATA;
		}
		valid[row / 8] |= (uint8_t)(1u << (row % 8));
	}
	return LEAT_OK;
}

/* Make a vector from text; taken back if a row does not convert. */
static int
vector_make(struct leat_table *t, const struct leat_column *column,
	const struct leat_vector *pieces, uint32_t type,
	struct leat_vector *out, uint32_t *bad_row)
{
	const struct leat__vector_head like = {.key = vector_key(column),
		.type = type,
		.scale = type == LEAT_TYPE_DECIMAL ? column->scale : 0};
	uint32_t free_at = t->head->free_at;
	struct leat__vector_head *v = vector_add(t, &like, false);
	int rc;

	if (!v) {
		vector_give_back(t, free_at);
		return LEAT_ELIMIT;
	}
	rc = vector_fill(t, column, pieces, v, bad_row);
	if (rc == LEAT_OK) {
		vector_open(t, t->frame, v, out);
		return LEAT_OK;
	}
	t->head->vectors_at = v->next;
	vector_give_back(t, free_at);
	return rc;
}

int
leat_table_vector(struct leat_table *t, uint32_t column, uint32_t type,
	struct leat_vector *out, uint32_t *bad_row)
{
	const struct leat_column *c = &t->schema->columns[column];
	uint32_t key = vector_key(c);
	struct leat_vector pieces;

	if (type < LEAT_TYPE_TEXT || type >= LEAT_TYPE_N)
		return LEAT_EINVAL;
	if (vector_find(t, key, type, out))
		return LEAT_OK;
	if (c->field == LEAT_FIELD_NONE &&
		!vector_find(t, key, LEAT_TYPE_TEXT, &pieces))
		return LEAT_EINVAL;
	return vector_make(t, c, &pieces, type, out, bad_row);
}
