/*
 * csv_strict.c -- csv.parse with strict=on: every value of every typed column
 * is looked at, whether anybody asks for it or not. One thread at a time.
 */
#include <stdio.h>

#include "csv.h"
#include "names.h"

/* Can it be read as what its column is said to be? An empty one is null. */
static bool
csv_fits(const struct leat_column *c, struct leat_text x, uint8_t quote)
{
	if (x.len >= 2 && x.data[0] == quote && x.data[x.len - 1] == quote)
		x = (struct leat_text){x.data + 1, x.len - 2};
	return !x.len || leat_text_fits(x, c);
}

/* The first column that has not got what its type says; n_columns = none. */
static uint32_t
csv_misfit(const struct leat_table *t, uint32_t row)
{
	const struct leat_schema *schema = t->schema;
	uint32_t k = 0;

	while (k < schema->n_columns &&
		(schema->columns[k].type == LEAT_TYPE_TEXT ||
			csv_fits(&schema->columns[k], leat_table_raw(t, k, row),
				(uint8_t)schema->quote)))
		k++;
	return k;
}

/* All fields of a row, as they stand there: whichever columns they are. */
static struct leat_text
csv_row_text(const struct leat_table *t, uint32_t row)
{
	const struct leat_schema *schema = t->schema;
	struct leat_text x = {NULL, 0};

	for (uint32_t k = 0; k < schema->n_fields; k++) {
		struct leat_text field = leat_table_raw(t, k, row);

		if (schema->columns[k].field == 0)
			x.data = field.data;
	}
	for (uint32_t k = 0; k < schema->n_fields; k++) {
		struct leat_text field = leat_table_raw(t, k, row);

		if (schema->columns[k].field + 1 == schema->n_fields)
			x.len = (uint32_t)(field.data + field.len - x.data);
	}
	return x;
}

/* "NAME:LINE:COLUMN: column 'delay' has 'n/a', its type is int64" */
static int
csv_reject_value(struct leat_stage *st, const struct leat_table *t, uint32_t k,
	uint32_t row, const char *file)
{
	const struct leat_column *c = &t->schema->columns[k];
	struct leat_position at = leat_table_position(t, k, row);
	struct leat_text x = leat_table_raw(t, k, row);
	struct leat_text all = csv_row_text(t, row);
	struct csv_finding finding;
	char type[NAMES_TYPE_BYTES];
	struct leat_reject reject = {.reason = finding.text,
		.origin = file,
		.line = at.line,
		.column = at.column,
		.offset = at.offset,
		.data = all.data,
		.n_bytes = all.len,
		.head = t->schema->head};

	leat__filter_type_text(c, type);
	snprintf(finding.text, sizeof(finding.text),
		"column '%.64s' has '%.*s', where its type is %s", c->name,
		x.len > 60 ? 60 : (int)x.len, (const char *)x.data, type);
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

int
csv_check_values(struct leat_stage *st, struct leat_table *t, const char *file)
{
	uint32_t *rows = leat_table_selection(t);
	uint32_t n = 0;

	for (uint32_t row = 0; row < t->n_rows_all; row++) {
		uint32_t k = csv_misfit(t, row);
		int rc = k == t->schema->n_columns
			? LEAT_OK
			: csv_reject_value(st, t, k, row, file);

		if (rc)
			return rc;
		rows[n] = row;
		n += k == t->schema->n_columns;
	}
	leat_table_select(t, rows, n);
	return LEAT_OK;
}
