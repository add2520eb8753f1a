/*
 * stages/sink/split_path.c -- from values to paths.
 */
#include <stdio.h>
#include <string.h>

#include "split.h"

/* ---- reading ---------------------------------------------------------------- */

static int
path_fail(struct leat_stage *st, const char *path, const char *at,
	const char *what)
{
	return leat_stage_fail_at(st, LEAT_EINVAL, "path", (size_t)(at - path),
		1, "%s; {column} stands for the value of a column", what);
}

static void
path_add_column(struct split_path *out, struct split_part *part)
{
	bool is_number = part->n_column == 1 && part->column[0] == 'n';

	part->index = is_number ? SPLIT_NUMBER : SPLIT_NONE;
	out->has_number |= is_number;
	out->has_columns |= !is_number;
}

int
split_path_read(struct leat_stage *st, const char *path, struct split_path *out)
{
	const char *at = path;

	memset(out, 0, sizeof(*out));
	out->option = path;
	while (1) {
		struct split_part *part = &out->parts[out->n_parts++];
		const char *open = at + strcspn(at, "{}");
		const char *close = *open ? strchr(open, '}') : NULL;

		*part = (struct split_part){
			at, (uint32_t)(open - at), NULL, 0, SPLIT_NONE};
		if (!*open)
			return LEAT_OK;
		if (*open == '}' || !close || close == open + 1)
			return path_fail(st, path, open,
				"a brace stands alone here, or with nothing "
				"in it");
		if (out->n_parts > SPLIT_COLUMNS_MAX)
			return path_fail(st, path, open,
				"the path has over 16 columns in it");
		part->column = open + 1;
		part->n_column = (uint32_t)(close - open) - 1;
		path_add_column(out, part);
		at = close + 1;
	}
}

int
split_path_bind(struct leat_stage *st, struct split_path *path,
	const struct leat_schema *schema)
{
	char all[300];

	for (uint32_t k = 0; k < path->n_parts; k++) {
		struct split_part *part = &path->parts[k];

		if (!part->column || part->index == SPLIT_NUMBER)
			continue;
		part->index =
			leat_schema_find(schema, part->column, part->n_column);
		if (part->index >= 0)
			continue;
		leat_schema_names(schema, all, sizeof(all));
		return leat_stage_fail_at(st, LEAT_EINVAL, "path",
			(size_t)(part->column - path->option), part->n_column,
			"there is no column '%.*s'; there are: %s",
			(int)part->n_column, part->column, all);
	}
	return LEAT_OK;
}

/* ---- making ----------------------------------------------------------------- */

struct path_text {
	char *data;
	size_t at;
	bool is_full;
};

static void
text_put(struct path_text *text, const char *data, size_t n)
{
	if (text->at + n >= SPLIT_PATH_BYTES) {
		text->is_full = true;
		return;
	}
	memcpy(text->data + text->at, data, n);
	text->at += n;
}

/* FNV-1a: tells apart what was cut. */
static uint32_t
value_hash(struct leat_text x)
{
	uint32_t hash = 2166136261u;

	for (uint32_t k = 0; k < x.len; k++)
		hash = (hash ^ x.data[k]) * 16777619u;
	return hash;
}

/* A value as part of a name. */
static void
text_put_value(struct path_text *text, struct leat_text x)
{
	char tail[16];
	uint32_t n = x.len;

	if (!n) {
		text_put(text, "_", 1);
		return;
	}
	if (n > SPLIT_VALUE_BYTES) {
		n = SPLIT_VALUE_BYTES - 9;
		while (n && (x.data[n] & 0xc0) == 0x80)
			n--;
	}
	for (uint32_t k = 0; k < n; k++) {
		uint8_t c = x.data[k];
		bool is_bad = c < 0x20 || c == 0x7f || c == '/' ||
			(c == '.' && k == 0);
		char safe = is_bad ? '_' : (char)c;

		text_put(text, &safe, 1);
	}
	if (n < x.len) {
		snprintf(tail, sizeof(tail), "~%08x", value_hash(x));
		text_put(text, tail, 9);
	}
}

/* Decoded; a value that is too long to be is as good as its beginning. */
static struct leat_text
row_value(const struct leat_table *t, uint32_t column, uint32_t row,
	uint8_t *scratch, size_t room)
{
	if (leat_table_text_bytes(t, column, row) > room)
		return (struct leat_text){NULL, UINT32_MAX};
	return leat_table_text(t, column, row, scratch);
}

/* Put a number before the extension. */
static void
text_insert(struct path_text *text, const char *what, size_t n_tail)
{
	size_t n = strlen(what), at;

	if (text->is_full || text->at + n >= SPLIT_PATH_BYTES) {
		text->is_full = true;
		return;
	}
	at = text->at - n_tail;
	memmove(text->data + at + n, text->data + at, n_tail);
	memcpy(text->data + at, what, n);
	text->at += n;
}

size_t
split_path_make(const struct split_path *path, const struct leat_table *t,
	uint32_t row, uint32_t number, uint32_t again,
	char out[SPLIT_PATH_BYTES])
{
	struct path_text text = {out, 0, false};
	uint8_t scratch[SPLIT_PATH_BYTES];
	char digits[32];

	for (uint32_t k = 0; k < path->n_parts; k++) {
		const struct split_part *part = &path->parts[k];

		text_put(&text, part->text, part->n_text);
		if (part->index == SPLIT_NUMBER) {
			snprintf(digits, sizeof(digits), "%04u", number);
			text_put(&text, digits, strlen(digits));
		} else if (part->column && t) {
			text_put_value(&text,
				row_value(t, (uint32_t)part->index, row,
					scratch, sizeof(scratch)));
		}
	}
	if (again) {
		snprintf(digits, sizeof(digits), "~%u", again + 1);
		text_insert(&text, digits, path->n_tail);
	}
	out[text.is_full ? 0 : text.at] = '\0';
	return text.is_full ? 0 : text.at;
}

size_t
split_key_make(const struct split_path *path, const struct leat_table *t,
	uint32_t row, uint8_t *out, size_t room)
{
	uint8_t scratch[SPLIT_PATH_BYTES];
	size_t n = 0;

	for (uint32_t k = 0; k < path->n_parts; k++) {
		const struct split_part *part = &path->parts[k];
		struct leat_text x;

		if (part->index < 0)
			continue;
		x = row_value(t, (uint32_t)part->index, row, scratch,
			sizeof(scratch));
		if (n + sizeof(x.len) + (uint64_t)x.len > room)
			return 0;
		memcpy(out + n, &x.len, sizeof(x.len));
		n += sizeof(x.len);
		if (x.len)
			memcpy(out + n, x.data, x.len);
		n += x.len;
	}
	if (!n) /* without columns all rows have the same */
		out[n++] = 0;
	return n;
}
