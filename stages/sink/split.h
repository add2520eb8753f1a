/*
 * stages/sink/split.h -- where rows go that are written to several files.
 *
 * A path with {column} in it stands for one file for each value; {n} is the
 * number of a file where files are cut. Values become names that are safe: no
 * slash, no control character, no dot at the beginning, 100 bytes at most.
 */
#ifndef LEAT_STAGES_SPLIT_H
#define LEAT_STAGES_SPLIT_H

#include <leat/io.h>
#include <leat/stages.h>
#include <leat/table.h>

#include "codec.h"
#include "csv_put.h"
#include "json_put.h"

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
	uint32_t n_tail; /* of the extension: numbers are put before it */
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

/* ---- split_text.c ------------------------------------------------------- */

enum split_format { SPLIT_CSV = 0, SPLIT_JSON, SPLIT_LINES };

/* What rows become, by the extension of the path. */
struct split_text {
	uint32_t format;           /* enum split_format */
	const struct codec *codec; /* NULL = text as it is */
	uint32_t n_suffix;         /* of the extension, of both */
	struct leat_writer writer;
	struct csv_put csv;
	struct json_put json;
};

/* A row of a table, or a line. */
struct split_source {
	const struct leat_table *t; /* NULL = a line */
	uint32_t row;
	struct leat_text line;
};

/* What the path asks for. LEAT_OK, or a code that has been said. */
int split_text_read(
	struct leat_stage *st, const char *path, struct split_text *out);
/* What comes is of this layout: lines are no CSV, tables no lines. */
void split_text_settle(struct split_text *text, uint32_t layout);
/* Before rows of a frame. */
int split_text_open(
	struct leat_stage *st, struct split_text *text, struct leat_table *t);
/* Through the writer, with the line's end. */
void split_text_row(
	const struct split_text *text, const struct split_source *at);

/* ---- split_file.c ------------------------------------------------------- */

#define SPLIT_KEY_BYTES 4096

/* One for each file that rows went to. */
struct split_file {
	struct split_file *next;  /* of the same hash */
	struct split_file *older; /* all, the last that was made first */
	struct leat_file *file;
	uint8_t *buf; /* NULL = it is let go of */
	uint32_t n_buf;
	uint32_t number;
	uint32_t is_full;     /* another one goes on in its place */
	uint32_t has_members; /* something compressed is in it */
	uint64_t n_rows;
	uint64_t n_bytes; /* of text */
	uint64_t used;    /* when it was last, by the stage's clock */
	uint32_t n_key;
	char *path;
	uint8_t key[];
};

/* The files of a stage. */
struct split {
	const struct leat_write_split_opts *opts;
	struct split_path path;
	struct split_text text;
	const struct leat_schema *schema; /* that the path is bound to */
	struct split_file **hashed;       /* by key */
	uint32_t n_hashed;                /* power of 2 */
	struct split_file *files;
	uint32_t n_files, max_files;
	uint32_t n_open, max_open;
	uint32_t buffer_bytes; /* of each that is open */
	uint64_t clock;
	uint32_t row;  /* of the frame in hand: the next one */
	void *encoder; /* for all files: a buffer is a member */
	uint8_t *coded;
	uint8_t *spare; /* a buffer; NULL = none */
};

/* Side memory of a file that is open, and of the encoder. */
uint64_t split_file_side_bytes(const struct split *s);
int split_file_start(struct leat_stage *st, struct split *s);
/* Ready to be written to; another one may be let go of for that. */
int split_file_open(
	struct leat_stage *st, struct split *s, struct split_file *f);
/* Let go of it: all is written. */
int split_file_close(
	struct leat_stage *st, struct split *s, struct split_file *f);
/* A row, or the header: at NULL. */
int split_file_put(struct leat_stage *st, struct split *s, struct split_file *f,
	const struct split_source *at);
/* All is written; of what is compressed there is at least an empty member. */
int split_file_complete(
	struct leat_stage *st, struct split *s, struct split_file *f);

/* ---- split_rows.c: the callbacks of a stage ----------------------------- */

int split_init(struct leat_stage *st, struct split *s,
	const struct leat_write_split_opts *opts);
int split_negotiate(
	struct leat_stage *st, struct split *s, const struct leat_shape *in);
int split_open(struct leat_stage *st, struct split *s);
/* Can files be made where the first ones would be? */
int split_probe(struct leat_stage *st, const struct split *s);
int split_process(
	struct leat_stage *st, struct split *s, struct leat_frame *in);
int split_finish(struct leat_stage *st, struct split *s);
void split_fini(struct split *s);

#endif
