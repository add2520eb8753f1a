/*
 * table/vector.c -- typed columns in Arrow's layout, kept in the frame.
 *
 * Vectors hang on a list in the slot, each with its key: the field it was made
 * from, or the number of one that came without text. One that was made for
 * some rows holds for every later selection, which only has fewer.
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

/* Take bytes from the slot, aligned to 64. 0 = no room. */
static uint32_t
vector_take(struct leat_table *t, uint64_t n_bytes)
{
	const uint8_t *start = leat_frame_start(t->frame);
	uint64_t before = (uint64_t)(t->frame->data - start);
	uint32_t at = t->head->free_at;
	uint64_t end = leat__round_up(at + n_bytes, LEAT__CACHE_LINE);

	if (before + end > leat_frame_capacity_bytes(t->frame))
		return 0;
	t->head->free_at = (uint32_t)end;
	t->frame->len_bytes = (uint32_t)end;
	return at;
}

static size_t
vector_values_bytes(uint32_t type, uint32_t n_rows)
{
	return type == LEAT_TYPE_BOOL ? (n_rows + 7) / 8 : (size_t)n_rows * 8;
}

/* A new vector: values zero, all rows valid or none. NULL = no room. */
static struct leat__vector_head *
vector_add(struct leat_table *t, uint32_t key, uint32_t type, bool is_valid)
{
	uint64_t values = leat__round_up(
		vector_values_bytes(type, t->n_rows_all), LEAT__CACHE_LINE);
	uint32_t bits = (t->n_rows_all + 7) / 8;
	uint32_t at = vector_take(t, LEAT__CACHE_LINE + values + bits);
	struct leat__vector_head *v = vector_at(t, at);

	if (!at)
		return NULL;
	*v = (struct leat__vector_head){
		.next = t->head->vectors_at,
		.key = key,
		.type = type,
		.values_at = at + LEAT__CACHE_LINE,
		.valid_at = at + LEAT__CACHE_LINE + (uint32_t)values,
	};
	memset(vector_at(t, v->values_at), 0, (size_t)values);
	memset(vector_at(t, v->valid_at), is_valid ? 0xff : 0, bits);
	t->head->vectors_at = at;
	return v;
}

static struct leat__vector_head *
vector_find_in(const struct leat_frame *frame, uint32_t key, uint32_t type)
{
	uint32_t at = leat__table_head(frame)->vectors_at;

	while (at) {
		struct leat__vector_head *v = (void *)(frame->data + at);

		if (v->key == key && (!type || v->type == type))
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
		.values = frame->data + v->values_at,
		.valid = frame->data + v->valid_at,
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
	return vector_find(t, vector_key(column), column->type, out);
}

int
leat_table_add_vector(struct leat_table *t, uint32_t type, void **values_out)
{
	struct leat__vector_head *v;

	if (type < LEAT_TYPE_INT64 || type > LEAT_TYPE_BOOL)
		return LEAT_EINVAL;
	v = vector_add(t, t->head->n_vectors | LEAT__VECTOR_OWN, type, true);
	if (!v)
		return LEAT_ELIMIT;
	t->head->n_vectors++;
	*values_out = vector_at(t, v->values_at);
	return LEAT_OK;
}

static int
vector_bool(struct leat_text x, uint8_t *bits, uint32_t row)
{
	bool is_true = x.len == 4 && !memcmp(x.data, "true", 4);

	if (!is_true && (x.len != 5 || memcmp(x.data, "false", 5)))
		return LEAT_EDATA;
	bits[row / 8] |= (uint8_t)(is_true << (row % 8));
	return LEAT_OK;
}

/* Convert one text into row `row` of the values. */
static int
vector_convert(struct leat_text x, uint32_t type, void *values, uint32_t row)
{
	if (type == LEAT_TYPE_INT64)
		return leat_text_int64(x, (int64_t *)values + row);
	if (type == LEAT_TYPE_FLOAT64)
		return leat_text_float64(x, (double *)values + row);
	return vector_bool(x, values, row);
}

static int
vector_fill(struct leat_table *t, uint32_t field, struct leat__vector_head *v,
	uint32_t *bad_row)
{
	void *values = vector_at(t, v->values_at);
	uint8_t *valid = vector_at(t, v->valid_at);

	for (uint32_t k = 0; k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);
		struct leat_text x = leat__table_field(t, field, row);

		if (leat__text_is_quoted(x, t->schema->quote))
			x = (struct leat_text){x.data + 1, x.len - 2};
		if (!x.len)
			continue;
		if (vector_convert(x, v->type, values, row) != LEAT_OK) {
			*bad_row = row;
			return LEAT_EDATA;
		}
		valid[row / 8] |= (uint8_t)(1u << (row % 8));
	}
	return LEAT_OK;
}

/* Make a vector from text; taken back if a row does not convert. */
static int
vector_make(struct leat_table *t, uint32_t field, uint32_t type,
	struct leat__vector_head **out, uint32_t *bad_row)
{
	uint32_t free_at = t->head->free_at;
	int rc;

	*out = vector_add(t, field, type, false);
	if (!*out)
		return LEAT_ELIMIT;
	rc = vector_fill(t, field, *out, bad_row);
	if (rc != LEAT_OK) {
		t->head->vectors_at = (*out)->next;
		t->head->free_at = free_at;
		t->frame->len_bytes = free_at;
	}
	return rc;
}

int
leat_table_vector(struct leat_table *t, uint32_t column, uint32_t type,
	struct leat_vector *out, uint32_t *bad_row)
{
	const struct leat_column *c = &t->schema->columns[column];
	struct leat__vector_head *v;

	if (type < LEAT_TYPE_INT64 || type > LEAT_TYPE_BOOL)
		return LEAT_EINVAL;
	if (vector_find(t, vector_key(c), type, out))
		return LEAT_OK;
	if (c->field == LEAT_FIELD_NONE)
		return LEAT_EINVAL;
	LEAT_TRY(vector_make(t, c->field, type, &v, bad_row));
	vector_open(t, t->frame, v, out);
	return LEAT_OK;
}
