/*
 * csv_files.c -- columns where a CSV is one of several files.
 *
 * All have the header of the first, or, with by_name=on, its columns in any
 * order: then each order has a schema of its own, whose columns stand in the
 * order of the first and say in which field they are. A column behind theirs
 * may say which file a row is of: a vector, which csv.parse fills in. One
 * thread at a time, that of the stage.
 */
#include <string.h>

#include "csv_schema.h"
#include "file_column.h"

/* Say in what the columns of two files differ. */
static int
files_fail(struct leat_stage *st, const char *file,
	const struct leat_schema *other, const char *first,
	const struct leat_schema *known)
{
	char all[200];
	uint32_t k = 0;

	while (k < known->n_fields && k < other->n_fields &&
		!strcmp(known->columns[k].name, other->columns[k].name))
		k++;
	if (k < known->n_fields && k < other->n_fields)
		return leat_stage_fail(st, LEAT_EDATA,
			"%.150s: its column %u is '%.60s', that of '%.150s' "
			"is '%.60s'; all files must have the same header",
			file, k + 1, other->columns[k].name, first,
			known->columns[k].name);
	leat_schema_names(known, all, sizeof(all));
	return leat_stage_fail(st, LEAT_EDATA,
		"%.150s: it has %u columns, '%.150s' has %u; all files must "
		"have the same: %s",
		file, other->n_fields, first, known->n_fields, all);
}

/* The field in which a file has a column of the first; -1 = in none. */
static int32_t
files_field(const struct leat_schema *other, const struct leat_column *column)
{
	return leat_schema_find(other, column->name, strlen(column->name));
}

/* Are the file's columns where the schema says? */
static bool
files_fit(const struct leat_schema *other, const struct leat_schema *schema)
{
	bool is_equal = other->n_fields == schema->n_fields;

	for (uint32_t k = 0; is_equal && k < schema->n_fields; k++) {
		const struct leat_column *c = &schema->columns[k];

		is_equal = !strcmp(other->columns[c->field].name, c->name);
	}
	return is_equal;
}

/* Has the file the same columns, in whatever order? */
static bool
files_match(const struct leat_schema *other, const struct leat_schema *known)
{
	bool is_match = other->n_fields == known->n_fields;

	for (uint32_t k = 0; is_match && k < known->n_fields; k++)
		is_match = files_field(other, &known->columns[k]) >= 0;
	return is_match;
}

/* The schema of the first file, with the fields of another. */
static int
files_reorder(struct leat_stage *st, const struct leat_schema *other,
	const struct leat_schema *known, const struct leat_schema **out)
{
	uint32_t n = known->n_columns;
	struct leat_column *columns;
	struct leat_schema *schema;
	void *memory;
	int rc = leat_stage_alloc(
		st, sizeof(*schema) + n * sizeof(*columns), &memory);

	if (rc)
		return leat_stage_fail(
			st, rc, "the files have too many orders of columns");
	schema = memory;
	columns = (struct leat_column *)(schema + 1);
	memcpy(columns, known->columns, n * sizeof(*columns));
	for (uint32_t k = 0; k < known->n_fields; k++)
		columns[k].field = (uint32_t)files_field(other, &columns[k]);
	*schema = *known;
	schema->columns = columns;
	schema->head = other->head; /* in this order */
	*out = schema;
	return LEAT_OK;
}

int
csv_schema_check_file(struct leat_stage *st, const struct csv_names *names,
	const struct csv_record *r, struct csv_known *known)
{
	struct leat_schema *other = NULL;
	int rc = csv_schema_make(
		st, names, r, (struct leat_text){r->text, 0}, &other);

	if (rc)
		return rc;
	if (!files_fit(other, known->last)) {
		if (names->opts->by_name)
			other->head = csv_schema_head(st, names, r);
		known->last = known->schema;
		if (files_fit(other, known->schema))
			rc = LEAT_OK;
		else if (names->opts->by_name &&
			files_match(other, known->schema))
			rc = files_reorder(
				st, other, known->schema, &known->last);
		else
			rc = files_fail(st, names->origin, other, known->first,
				known->schema);
	}
	leat_stage_free(st, other);
	return rc;
}

int
csv_schema_add_file(struct leat_stage *st, const struct csv_names *names,
	struct leat_schema **schema_io)
{
	return leat__file_column_add(st, names->opts->filename, schema_io);
}
