/*
 * stages/filter/file_column.c -- a column that says which file a row is of.
 */
#include <string.h>

#include "file_column.h"

int
leat__file_column_add(
	struct leat_stage *st, const char *name, struct leat_schema **schema_io)
{
	const struct leat_schema *narrow = *schema_io;
	uint32_t n = narrow->n_columns;
	struct leat_column *columns;
	struct leat_schema *wide;
	void *memory;
	int rc;

	if (!name || !name[0])
		return LEAT_OK;
	if (leat_schema_find(narrow, name, strlen(name)) >= 0)
		return leat_stage_fail_at(st, LEAT_EINVAL, "filename", 0, 0,
			"the file has a column '%.60s' already", name);
	if (n == LEAT_TABLE_COLUMNS_MAX)
		return leat_stage_fail_at(st, LEAT_ELIMIT, "filename", 0, 0,
			"there are %u columns already, which is the most", n);
	rc = leat_stage_alloc(
		st, sizeof(*wide) + (n + 1) * sizeof(*columns), &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the columns");
	wide = memory;
	columns = (struct leat_column *)(wide + 1);
	memcpy(columns, narrow->columns, n * sizeof(*columns));
	columns[n] = (struct leat_column){.name = name,
		.type = LEAT_TYPE_TEXT,
		.field = LEAT_FIELD_NONE,
		.vector = narrow->n_vectors};
	*wide = *narrow;
	wide->columns = columns;
	wide->n_columns = n + 1;
	wide->n_vectors = narrow->n_vectors + 1;
	*schema_io = wide;
	return LEAT_OK;
}

int
leat__file_column_put(struct leat_table *t, const char *file)
{
	struct leat_vector_room room;
	struct leat_piece piece;
	int rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &room);

	if (!rc)
		rc = leat_table_add_text(t, file, strlen(file), &piece);
	for (uint32_t k = 0; !rc && k < t->n_rows_all; k++)
		((struct leat_piece *)room.values)[k] = piece;
	return rc;
}
