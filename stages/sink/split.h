/*
 * stages/sink/split.h -- where rows go that are written to several files.
 *
 * A path with {column} in it stands for one file for each value; {n} is the
 * number of a file where files are cut. Values become names that are safe: no
 * slash, no control character, no dot at the beginning, 100 bytes at most.
 */
#ifndef LEAT_STAGES_SPLIT_H
#define LEAT_STAGES_SPLIT_H

#include <leat/stages.h>
#include <leat/table.h>

#define SPLIT_COLUMNS_MAX 16
#define SPLIT_VALUE_BYTES 100 /* of a name that a value becomes */
#define SPLIT_PATH_BYTES  4096

/* Of a path: text, then what stands for a column; the last has none. */
struct split_part {
	const char *text;
	uint32_t n_text;
	const char *column; /* its name */
	uint32_t n_column;
	int32_t index; /* in the schema; SPLIT_NUMBER, SPLIT_NONE */
};

#define SPLIT_NONE   (-1)
#define SPLIT_NUMBER (-2)

struct split_path {
	const char *option; /* as it was given */
	struct split_part parts[SPLIT_COLUMNS_MAX + 1];
	uint32_t n_parts;
	uint32_t has_columns;
	uint32_t has_number;
};

/* Take a path apart. LEAT_OK, or a code that has been said. */
int split_path_read(
	struct leat_stage *st, const char *path, struct split_path *out);
/* Find its columns. The same. */
int split_path_bind(struct leat_stage *st, struct split_path *path,
	const struct leat_schema *schema);
/*
 * The path for a row's values, or for none of it: t NULL.
 *
 * number: of the file among those of the same values, from 1.
 * again: how many other values have the same path; 0 = none.
 * 0 = it is too long, else its length.
 */
size_t split_path_make(const struct split_path *path,
	const struct leat_table *t, uint32_t row, uint32_t number,
	uint32_t again, char out[SPLIT_PATH_BYTES]);
/* The values that decide, each with its length before it; 0 = too long. */
size_t split_key_make(const struct split_path *path, const struct leat_table *t,
	uint32_t row, uint8_t *out, size_t room);

#endif
