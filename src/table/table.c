/*
 * table/table.c -- table frames: begin, open, select.
 *
 * Slot: head, field ends, selection, own text, vectors; all found by their
 * distance from frame->data, and frame->len_bytes covers all that is used.
 * Invariant: n_items of the frame = rows alive, before and after every call.
 * Only the frame's holder enters.
 */
#include <string.h>

#include "table/table.h"

#define TABLE_TEXT_SLACK 128 /* a scan reads 64 bytes on */

static inline uint32_t
table_round_up(uint32_t n)
{
	return (uint32_t)leat__round_up(n, LEAT__CACHE_LINE);
}

uint32_t
leat_table_frame_bytes(uint32_t text_bytes)
{
	uint64_t n_bytes = (uint64_t)LEAT__TABLE_HEAD_BYTES +
		(LEAT__TABLE_FIELDS_MAX + 1) * 2 * sizeof(uint32_t) +
		LEAT__TABLE_VECTOR_BYTES + TABLE_TEXT_SLACK + text_bytes;

	return (uint32_t)leat__min_u64(n_bytes, LEAT_SLOT_BYTES_MAX);
}

/* Where fields and text of a frame are found, whose view it may be. */
static const struct leat_frame *
table_root(const struct leat_frame *frame)
{
	while (leat__table_head(frame)->is_view)
		frame = leat_frame_base(frame);
	return frame;
}

static void
table_open_text(const struct leat_frame *root, struct leat_table *t)
{
	const struct leat_table_head *head = leat__table_head(root);
	const uint8_t *text = root->data;

	if (head->has_base)
		text = leat_frame_start(leat_frame_base(root));
	t->text = text + head->text_at;
	t->fields = (const uint32_t *)(const void *)(root->data +
		LEAT__TABLE_HEAD_BYTES);
}

void
leat_table_open(struct leat_frame *frame, struct leat_table *t)
{
	struct leat_table_head *head = leat__table_head(frame);

	*t = (struct leat_table){
		.schema = head->schema,
		.frame = frame,
		.head = head,
		.n_rows = head->n_rows,
		.n_rows_all = head->n_rows_all,
		.first = head->first,
		.text_bytes = head->text_bytes,
		.has_quotes = head->has_quotes,
		.file = head->file,
	};
	if (head->has_text)
		table_open_text(table_root(frame), t);
	if (head->is_selected)
		t->select = leat_table_selection(t);
}

uint32_t *
leat_table_selection(struct leat_table *t)
{
	return (uint32_t *)(void *)(t->frame->data + t->head->select_at);
}

void
leat_table_select(struct leat_table *t, const uint32_t *rows, uint32_t n)
{
	uint32_t *own = leat_table_selection(t);

	LEAT_ASSERT(n <= t->n_rows_all);
	if (rows != own && n)
		memmove(own, rows, n * sizeof(*rows));
	t->head->is_selected = n < t->n_rows_all;
	t->head->n_rows = n;
	t->frame->n_items = n;
	t->n_rows = n;
	t->select = t->head->is_selected ? own : NULL;
}

void
leat_table_set_schema(struct leat_table *t, const struct leat_schema *schema)
{
	LEAT_ASSERT(schema->n_fields == t->schema->n_fields);
	t->head->schema = schema;
	t->schema = schema;
}

uint32_t *
leat_table_fields_room(struct leat_frame *frame, uint32_t *n_max_out)
{
	uint32_t room =
		leat_frame_capacity_bytes(frame) - LEAT__TABLE_HEAD_BYTES;

	*n_max_out = (uint32_t)leat__min_u64(
		room / (2 * sizeof(uint32_t)), LEAT__TABLE_FIELDS_MAX);
	return (uint32_t *)(void *)(leat_frame_start(frame) +
		LEAT__TABLE_HEAD_BYTES);
}

/* Put the head and the selection's room into a fresh frame. */
static struct leat_table_head *
table_begin(struct leat_frame *frame, const struct leat_schema *schema,
	uint32_t n_rows, uint32_t n_ends)
{
	struct leat_table_head *head;

	frame->data = leat_frame_start(frame);
	frame->layout = LEAT_LAYOUT_TABLE;
	frame->n_items = n_rows;
	head = leat__table_head(frame);
	*head = (struct leat_table_head){
		.schema = schema,
		.n_rows_all = n_rows,
		.n_rows = n_rows,
		.select_at = LEAT__TABLE_HEAD_BYTES +
			n_ends * (uint32_t)sizeof(uint32_t),
	};
	head->free_at = head->select_at + n_rows * (uint32_t)sizeof(uint32_t);
	head->free_at = table_round_up(head->free_at);
	frame->len_bytes = head->free_at;
	return head;
}

/* What is used reaches up to there, at least. */
static void
table_cover(struct leat_frame *frame, uint32_t end)
{
	struct leat_table_head *head = leat__table_head(frame);

	if (end > head->free_at)
		head->free_at = table_round_up(end);
	frame->len_bytes = head->free_at;
}

void
leat_table_begin_fields(
	struct leat_frame *frame, const struct leat_fields *fields)
{
	uint32_t n_ends = fields->n_rows * fields->schema->n_fields;
	struct leat_table_head *head;
	const uint32_t *ends;

	head = table_begin(frame, fields->schema, fields->n_rows, n_ends);
	head->source_offset = fields->source_offset;
	head->line = fields->line;
	head->file = fields->file;
	head->has_text = 1;
	head->text_at = fields->text_offset;
	head->first = fields->first;
	head->has_quotes = fields->has_quotes;
	frame->source_offset = fields->source_offset + fields->first;
	ends = (const uint32_t *)(const void *)(frame->data +
		LEAT__TABLE_HEAD_BYTES);
	head->text_bytes = fields->text_bytes;
	if (!head->text_bytes && n_ends)
		head->text_bytes = ends[n_ends - 1] + 1;
	if (fields->base) {
		head->has_base = 1;
		leat_frame_set_base(frame, fields->base);
		return;
	}
	table_cover(
		frame, head->text_at + head->text_bytes + TABLE_TEXT_SLACK / 2);
}

int
leat_table_begin(struct leat_frame *frame, const struct leat_schema *schema,
	uint32_t n_rows, struct leat_table *t)
{
	uint32_t room;

	leat_table_fields_room(frame, &room);
	if (n_rows > room)
		return LEAT_ELIMIT;
	table_begin(frame, schema, n_rows, 0);
	leat_table_open(frame, t);
	return LEAT_OK;
}

uint32_t
leat__table_begin_rows(struct leat_frame *frame,
	const struct leat_schema *schema, uint32_t max_rows)
{
	return table_begin(frame, schema, max_rows, 0)->free_at;
}

int
leat_table_begin_view(
	struct leat_frame *frame, struct leat_frame *of, struct leat_table *t)
{
	const struct leat_table_head *from = leat__table_head(of);
	struct leat_table_head *head;
	uint32_t room;

	leat_table_fields_room(frame, &room);
	if (from->n_rows_all > room)
		return LEAT_ELIMIT;
	head = table_begin(frame, from->schema, from->n_rows_all, 0);
	head->source_offset = from->source_offset;
	head->line = from->line;
	head->file = from->file;
	head->has_text = from->has_text;
	head->first = from->first;
	head->text_bytes = from->text_bytes;
	head->has_quotes = from->has_quotes;
	head->n_vectors = from->n_vectors;
	head->is_view = 1;
	head->is_selected = 1;
	head->n_rows = 0;
	frame->n_items = 0;
	frame->source_offset = of->source_offset;
	leat_frame_retain(of);
	leat_frame_set_base(frame, of);
	leat_table_open(frame, t);
	return LEAT_OK;
}
