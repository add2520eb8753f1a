/*
 * json_strict.c -- is every value of what its column is said to be?
 *
 * Asked of all rows of a table where strict=on; else nobody may ever ask. One
 * thread at a time.
 */
#include <stdio.h>
#include <string.h>

#include "json_lines.h"
#include "names.h"

#define STRICT_EXCERPT_BYTES 60

static bool
strict_is_hex(struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (!strchr("0123456789abcdefABCDEF", x.data[k]) || !x.data[k])
			return false;
	return x.len % 2 == 0;
}

/* Does a text convert? */
static bool
strict_converts(const struct leat_column *c, struct leat_text x)
{
	return c->type == LEAT_TYPE_BINARY ? strict_is_hex(x)
					   : leat_text_fits(x, c);
}

/* The values of a column. */
static struct leat_vector
strict_vector(const struct leat_table *t, const struct json_path *path)
{
	return (struct leat_vector){.type = LEAT_TYPE_TEXT,
		.n_rows = t->n_rows_all,
		.values = path->pieces,
		.valid = path->valid,
		.text = t->text,
		.own = t->frame->data};
}

/* A string is no number, and neither true nor false. */
static bool
strict_is_string(
	const struct json_path *path, uint32_t row, const struct leat_text *x)
{
	return path->is_literal && !(path->pieces[row].len & LEAT_PIECE_OWN) &&
		x->data[-1] == '"';
}

/* The first column that has not got what its type says; n_columns = none. */
static uint32_t
strict_misfit(
	const struct leat_table *t, const struct json_tree *tree, uint32_t row)
{
	uint32_t k;

	for (k = 0; k < tree->n_columns; k++) {
		const struct json_path *path = tree->columns[k];
		struct leat_vector v = strict_vector(t, path);
		struct leat_text x;

		if (path->type == LEAT_TYPE_TEXT || !leat_vector_has(&v, row))
			continue;
		x = leat_vector_text(&v, row);
		if (strict_is_string(path, row, &x) ||
			!strict_converts(&t->schema->columns[k], x))
			break;
	}
	return k;
}

/* The line that a row is of, by a value that stands in it; no data: all of them
 * were decoded. */
static struct leat_text
strict_line(
	const struct leat_table *t, const struct json_tree *tree, uint32_t row)
{
	struct leat_text line = {NULL, 0};
	const uint8_t *at, *end;
	uint32_t k = 0;

	while (k < tree->n_columns &&
		((tree->columns[k]->pieces[row].len & LEAT_PIECE_OWN) ||
			!tree->columns[k]->pieces[row].at))
		k++;
	if (k == tree->n_columns)
		return line;
	at = t->text + tree->columns[k]->pieces[row].at;
	end = at;
	while (at > t->text && at[-1] != '\n')
		at--;
	while (*end != '\n')
		end++;
	return (struct leat_text){at, (uint32_t)(end - at)};
}

/* "NAME:LINE:COLUMN: column 'delay' has 'n/a', its type is int64" */
static int
strict_reject(struct leat_stage *st, const struct json_reader *s,
	const struct leat_table *t, uint32_t k, uint32_t row)
{
	const struct leat_column *c = &t->schema->columns[k];
	const struct json_path *path = s->walk.tree->columns[k];
	struct leat_vector v = strict_vector(t, path);
	struct leat_text x = leat_vector_text(&v, row);
	struct leat_position at = leat_table_position(t, k, row);
	struct leat_text line = strict_line(t, s->walk.tree, row);
	char what[LEAT_TABLE_NAME_MAX], type[NAMES_TYPE_BYTES];
	struct leat_reject reject = {.reason = what,
		.origin = s->file,
		.line = at.line,
		.column = at.column,
		.offset = at.offset,
		.data = line.data,
		.n_bytes = line.len};

	leat__filter_type_text(c, type);
	if (strict_is_string(path, row, &x))
		x = (struct leat_text){x.data - 1, x.len + 2};
	snprintf(what, sizeof(what),
		"column '%.64s' has '%.*s', where its type is %s", c->name,
		x.len > STRICT_EXCERPT_BYTES ? STRICT_EXCERPT_BYTES
					     : (int)x.len,
		(const char *)x.data, type);
	leat_stage_count(st, LEAT_COUNT_READ, 1);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

int
leat__json_check_values(struct leat_stage *st, const struct json_reader *s,
	struct leat_table *t)
{
	const struct json_tree *tree = s->walk.tree;
	uint32_t *rows = leat_table_selection(t);
	uint32_t n_rows = t->n_rows, n = 0;

	for (uint32_t row = 0; row < n_rows; row++) {
		uint32_t k = strict_misfit(t, tree, row);
		int rc = k == tree->n_columns ? LEAT_OK
					      : strict_reject(st, s, t, k, row);

		if (rc)
			return rc;
		rows[n] = row;
		n += k == tree->n_columns;
	}
	leat_table_select(t, rows, n);
	return LEAT_OK;
}
