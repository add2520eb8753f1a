/*
 * table/whole.c -- may a table's payload be believed?
 *
 * Of a frame that another process filled, or that was read from somewhere:
 * every distance, count and list in its slot is looked at once, before anybody
 * follows it. Header and base are the caller's own, and the base of a view has
 * been looked at before.
 * Keeps: after true, no function of leat/table.h reads outside of the slots of
 * the frame and its bases, whatever the bytes of fields and values are.
 * Threads: the frame's holder; nobody writes to it meanwhile.
 */
#include "table/table.h"

struct whole {
	const struct leat_frame *frame;
	struct leat_table_head head;
	uint32_t len;     /* of the payload */
	uint64_t text_at; /* what pieces of the source may reach, from text */
};

static bool
is_within(const struct whole *w, uint64_t at, uint64_t n_bytes)
{
	return at >= LEAT__TABLE_HEAD_BYTES && at <= w->len &&
		n_bytes <= w->len - at;
}

static bool
head_is_right(const struct whole *w, const struct leat_schema *schema)
{
	const struct leat_table_head *h = &w->head;

	return h->schema == schema && h->n_rows == w->frame->n_items &&
		h->n_rows <= h->n_rows_all &&
		(h->is_selected || h->n_rows == h->n_rows_all) &&
		h->free_at <= w->len && h->select_at % sizeof(uint32_t) == 0 &&
		is_within(w, h->select_at,
			(uint64_t)h->n_rows_all * sizeof(uint32_t));
}

/* Rows alive, each once, in their order. */
static bool
selection_is_right(const struct whole *w)
{
	const uint32_t *rows =
		(const void *)(w->frame->data + w->head.select_at);

	if (!w->head.is_selected)
		return true;
	for (uint32_t k = 0; k < w->head.n_rows; k++)
		if (rows[k] >= w->head.n_rows_all ||
			(k && rows[k] <= rows[k - 1]))
			return false;
	return true;
}

/* ---- where the text is ---------------------------------------------------- */

/* Fields end one behind the other, inside of the text. */
static bool
fields_are_right(const struct whole *w)
{
	const struct leat_table_head *h = &w->head;
	uint64_t n = (uint64_t)h->n_rows_all * h->schema->n_fields;
	const uint32_t *ends =
		(const void *)(w->frame->data + LEAT__TABLE_HEAD_BYTES);
	uint32_t from = h->first;

	if (n * sizeof(uint32_t) > h->select_at - LEAT__TABLE_HEAD_BYTES)
		return false;
	for (uint64_t k = 0; k < n; k++) {
		if (ends[k] < from || ends[k] > h->text_bytes)
			return false;
		from = ends[k] + 1;
	}
	return true;
}

static bool
text_is_right(struct whole *w)
{
	const struct leat_table_head *h = &w->head;
	const struct leat_frame *base = leat_frame_base(w->frame);
	/* digits are read in eights, also the last ones */
	uint64_t room = leat_frame_capacity_bytes(w->frame) -
		(uint64_t)(w->frame->data - leat_frame_start(w->frame)) -
		LEAT__TABLE_SLACK_BYTES;

	if (!h->has_text)
		return true;
	if (h->has_base) {
		if (!base)
			return false;
		room = leat_frame_capacity_bytes(base);
	}
	w->text_at = h->text_bytes;
	return h->text_at <= room && h->text_bytes <= room - h->text_at &&
		h->first <= h->text_bytes && fields_are_right(w);
}

/* A view has the text of its base, whose payload is believed. */
static bool
view_is_right(struct whole *w)
{
	const struct leat_frame *base = leat_frame_base(w->frame);
	const struct leat_table_head *from;

	if (!base || base->layout != LEAT_LAYOUT_TABLE)
		return false;
	from = leat__table_head(base);
	w->text_at = from->text_bytes;
	return from->n_rows_all == w->head.n_rows_all &&
		from->schema->n_fields == w->head.schema->n_fields &&
		from->has_text == w->head.has_text &&
		from->first == w->head.first &&
		from->text_bytes == w->head.text_bytes;
}

/* ---- vectors ---------------------------------------------------------------- */

static bool
piece_is_right(const struct whole *w, struct leat_piece piece)
{
	uint32_t len = piece.len & ~LEAT_PIECE_OWN;

	if (piece.len & LEAT_PIECE_OWN)
		return is_within(w, piece.at, len);
	/* what stands right before a value of JSON is looked at */
	return (piece.at || !len || w->head.schema->n_fields) &&
		piece.at <= w->text_at && len <= w->text_at - piece.at;
}

static bool
pieces_are_right(const struct whole *w, const struct leat__vector_head *v)
{
	const uint8_t *data = w->frame->data;
	const struct leat_piece *pieces = (const void *)(data + v->values_at);
	const uint32_t *rows = (const void *)(data + w->head.select_at);

	for (uint32_t k = 0; k < w->head.n_rows; k++) {
		uint32_t row = w->head.is_selected ? rows[k] : k;

		if ((data[v->valid_at + row / 8] >> (row % 8)) & 1 &&
			!piece_is_right(w, pieces[row]))
			return false;
	}
	return true;
}

static bool
vector_is_right(const struct whole *w, const struct leat__vector_head *v)
{
	uint32_t n_rows = w->head.n_rows_all;

	if (v->type < LEAT_TYPE_TEXT || v->type >= LEAT_TYPE_N ||
		v->scale > LEAT_DECIMAL_DIGITS_MAX || v->values_at % 8 ||
		!is_within(
			w, v->values_at, leat__vector_bytes(v->type, n_rows)) ||
		!is_within(w, v->valid_at, (n_rows + 7) / 8))
		return false;
	if (v->type != LEAT_TYPE_TEXT && v->type != LEAT_TYPE_BINARY)
		return true;
	return pieces_are_right(w, v);
}

/* Each was made after the next of the list, and stands behind it. */
static bool
vectors_are_right(const struct whole *w)
{
	uint32_t before = w->len, at = w->head.vectors_at;

	while (at) {
		struct leat__vector_head v;

		if (at >= before || at % 8 || !is_within(w, at, sizeof(v)))
			return false;
		v = *(const struct leat__vector_head *)(const void
				*)(w->frame->data + at);
		if (!vector_is_right(w, &v))
			return false;
		before = at;
		at = v.next;
	}
	return true;
}

/* Every column without a field has its vector. */
static bool
columns_are_there(const struct whole *w, struct leat_frame *frame)
{
	const struct leat_schema *schema = w->head.schema;
	struct leat_vector vector;
	struct leat_table t;

	leat_table_open(frame, &t);
	if (!w->head.has_text && schema->n_fields)
		return false;
	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const struct leat_column *column = &schema->columns[k];

		if (column->field == LEAT_FIELD_NONE
				? !leat__table_vector_find(&t, column, &vector)
				: column->field >= schema->n_fields)
			return false;
	}
	return true;
}

bool
leat_table_is_whole(struct leat_frame *frame, const struct leat_schema *schema,
	bool has_values)
{
	struct whole w = {.frame = frame, .len = frame->len_bytes};

	if (frame->layout != LEAT_LAYOUT_TABLE ||
		frame->len_bytes < LEAT__TABLE_HEAD_BYTES)
		return false;
	w.head = *leat__table_head(frame);
	return head_is_right(&w, schema) && selection_is_right(&w) &&
		(w.head.is_view ? view_is_right(&w) : text_is_right(&w)) &&
		vectors_are_right(&w) &&
		(!has_values || columns_are_there(&w, frame));
}
