/*
 * stages/filter/file_column.h -- a column that says which file a row is of.
 *
 * It is the last one, a vector of its own behind those of the table.
 */
#ifndef LEAT_STAGES_FILE_COLUMN_H
#define LEAT_STAGES_FILE_COLUMN_H

#include <leat/table.h>

#define FILE_COLUMN_BYTES 8192 /* of a frame: the name, a vector's head */

/* Put it into a schema; name "" or NULL: as it is. LEAT_OK, or a code that has
 * been said. */
int leat__file_column_add(struct leat_stage *st, const char *name,
	struct leat_schema **schema_io);
/* All rows are of that file. Its vector is the next one. */
int leat__file_column_put(struct leat_table *t, const char *file);

#endif
