/*
 * table/reject.c -- a row that a stage cannot deal with, and its bytes.
 *
 * Keeps: what is handed on is the record as it stood in its source wherever
 * the table still has that. Only the frame's holder enters.
 */
#include <string.h>

#include "table/table.h"

#define REJECT_RECORD_BYTES 4096

/* From the first field to the end of the last. */
static struct leat_text
reject_fields(const struct leat_table *t, uint32_t row)
{
	struct leat_text first = leat__table_field(t, 0, row);
	struct leat_text last =
		leat__table_field(t, t->schema->n_fields - 1, row);

	first.len = (uint32_t)(last.data + last.len - first.data);
	return first;
}

/* The line around a value that stands in the source; no data: none does. */
static struct leat_text
reject_line(const struct leat_table *t, uint32_t row)
{
	const uint8_t *from = t->text + t->first;
	const uint8_t *end = t->text + t->text_bytes;
	struct leat_text line = {NULL, 0};

	for (uint32_t c = 0; t->text && c < t->schema->n_columns; c++) {
		struct leat_position p = leat_table_position(t, c, row);
		const uint8_t *at, *stop;

		if (!p.line)
			continue;
		at = t->text + (p.offset - t->head->source_offset);
		stop = memchr(at, '\n', (size_t)(end - at));
		at -= p.column - 1;
		line.data = at < from ? from : at;
		line.len = (uint32_t)((stop ? stop : end) - line.data);
		break;
	}
	return line;
}

/* Values of the columns, with commas between; cut off where it is full. */
static struct leat_text
reject_values(const struct leat_table *t, uint32_t row, uint8_t *buf)
{
	struct leat_text out = {buf, 0};
	uint8_t scratch[64];

	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		struct leat_text x = {NULL, 0};
		uint32_t room = REJECT_RECORD_BYTES - out.len;

		if (leat_table_text_bytes(t, c, row) <= sizeof(scratch))
			x = leat_table_text(t, c, row, scratch);
		if (x.len + 1 > room)
			x.len = room ? room - 1 : 0;
		if (c && room)
			buf[out.len++] = ',';
		if (x.len)
			memcpy(buf + out.len, x.data, x.len);
		out.len += x.len;
	}
	return out;
}

/* Where the line begins that a record stands on. */
static struct leat_position
reject_place(const struct leat_table *t, uint32_t row)
{
	struct leat_position p = {0, 0, 0};

	for (uint32_t c = 0; !p.line && c < t->schema->n_columns; c++)
		p = leat_table_position(t, c, row);
	if (p.line) {
		p.offset -= p.column - 1;
		p.column = 1;
	}
	return p;
}

int
leat_table_reject(struct leat_stage *st, const struct leat_table *t,
	uint32_t column, uint32_t row, int code, const char *reason)
{
	bool is_own = t->schema->flags & LEAT_SCHEMA_OWN_TEXT;
	struct leat_position p = leat_table_position(t, column, row);
	uint8_t buf[REJECT_RECORD_BYTES];
	struct leat_text record = {NULL, 0};
	struct leat_reject reject;

	if (!p.line)
		p = reject_place(t, row);
	if (!is_own)
		record = t->schema->n_fields ? reject_fields(t, row)
					     : reject_line(t, row);
	reject = (struct leat_reject){
		.reason = reason,
		.origin = t->file ? t->file : t->schema->origin,
		.line = p.line,
		.column = p.column,
		.offset = p.offset,
		.flags = record.data ? 0 : LEAT_REJECT_VALUES,
		.head = record.data && t->schema->n_fields ? t->schema->head
							   : NULL,
	};
	if (!record.data)
		record = reject_values(t, row, buf);
	reject.data = record.data;
	reject.n_bytes = record.len;
	return leat_stage_reject(st, code, &reject);
}
