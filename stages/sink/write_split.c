/*
 * stages/sink/write_split.c -- rows to several files: by value, by size.
 *
 * Keeps: no file stands under its name before all are complete; a row is whole
 * in one file; each file begins with the header. Few files are open at once:
 * the one that was not written to for longest is let go of, and opened again
 * when it is needed. What different values would call alike is told apart.
 * One thread at a time, that of the stage.
 */
#include <stdio.h>
#include <string.h>

#include <leat/io.h>

#include "csv_put.h"
#include "split.h"

#define SPLIT_OPEN_MAX     64
#define SPLIT_FILES_MAX    1000
#define SPLIT_BUFFER_BYTES 65536
#define SPLIT_KEY_BYTES    4096
#define SPLIT_HANDLE_BYTES 9216 /* what the system's side of a file takes */

enum split_on_drain { SPLIT_KEEP = 0, SPLIT_COMMIT, SPLIT_DISCARD };

/* One for each file that rows went to. */
struct split_file {
	struct split_file *next;  /* of the same hash */
	struct split_file *older; /* all, the last that was made first */
	struct leat_file *file;
	uint8_t *buf; /* NULL = it is let go of */
	uint32_t n_buf;
	uint32_t number;
	uint32_t is_full; /* another one goes on in its place */
	uint64_t n_rows;
	uint64_t n_bytes;
	uint64_t used; /* when it was last, by the stage's clock */
	uint32_t n_key;
	char *path;
	uint8_t key[];
};

/* The values of a row that say which file it goes to. */
struct split_key {
	uint32_t n_bytes;
	uint32_t hash;
	uint8_t data[SPLIT_KEY_BYTES];
};

struct split_row {
	const struct leat_table *t; /* NULL = there is none */
	uint32_t row;
	struct split_key key;
};

struct split {
	const struct leat_write_split_opts *opts;
	struct split_path path;
	const struct leat_schema *schema; /* that the path is bound to */
	struct split_file **hashed;       /* by key */
	uint32_t n_hashed;                /* power of 2 */
	struct split_file *files;
	uint32_t n_files, max_files;
	uint32_t n_open, max_open;
	uint64_t clock;
	uint32_t row; /* of the frame in hand: the next one */
	struct leat_writer writer;
	struct csv_put put;
};

/* ---- a file's bytes --------------------------------------------------------- */

static int
file_write_out(struct split_file *f)
{
	int rc = LEAT_OK;

	if (f->n_buf)
		rc = leat_file_write(f->file, f->buf, f->n_buf);
	f->n_buf = 0;
	return rc;
}

/* Let go of it. */
static int
file_close(struct leat_stage *st, struct split *s, struct split_file *f)
{
	int rc = file_write_out(f);

	leat_file_suspend(f->file);
	leat_stage_free(st, f->buf);
	f->buf = NULL;
	s->n_open--;
	return rc;
}

/* The one that was not written to for longest. */
static struct split_file *
file_oldest(const struct split *s)
{
	struct split_file *oldest = NULL;

	for (struct split_file *f = s->files; f; f = f->older)
		if (f->buf && (!oldest || f->used < oldest->used))
			oldest = f;
	return oldest;
}

static int
file_open(struct leat_stage *st, struct split *s, struct split_file *f)
{
	void *memory;
	int rc = LEAT_OK;

	f->used = ++s->clock;
	if (f->buf)
		return LEAT_OK;
	if (s->n_open == s->max_open)
		rc = file_close(st, s, file_oldest(s));
	if (rc == LEAT_OK && !f->file)
		rc = leat_file_create(st, f->path,
			s->opts->sync ? LEAT_FILE_NO_SYNC : 0, &f->file);
	if (rc < 0)
		return rc;
	rc = leat_stage_alloc(st, SPLIT_BUFFER_BYTES, &memory);
	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for a buffer");
	f->buf = memory;
	f->n_buf = 0;
	s->n_open++;
	return LEAT_OK;
}

/* Format a record, the header if t is NULL, behind what the file has; one that
 * is longer than the buffer is written piece by piece. */
static int
file_put(struct split *s, struct split_file *f, const struct leat_table *t,
	uint32_t row)
{
	struct leat_writer *w = &s->writer;
	uint64_t skip = 0;
	int rc;

	while (1) {
		*w = (struct leat_writer){.at = f->buf + f->n_buf,
			.end = f->buf + SPLIT_BUFFER_BYTES,
			.skip = skip,
			.skip_left = skip};
		if (t)
			csv_put_row(&s->put, t, row);
		else
			csv_put_header(&s->put, s->schema);
		if (!w->is_full)
			break;
		if (f->n_buf == 0) {
			skip += SPLIT_BUFFER_BYTES;
			f->n_buf = SPLIT_BUFFER_BYTES;
			f->n_bytes += SPLIT_BUFFER_BYTES;
		}
		rc = file_write_out(f);
		if (rc < 0)
			return rc;
	}
	f->n_bytes += (uint64_t)(w->at - f->buf) - f->n_buf;
	f->n_buf = (uint32_t)(w->at - f->buf);
	return LEAT_OK;
}

/* ---- which file ------------------------------------------------------------- */

static uint32_t
key_hash(const uint8_t *key, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t k = 0; k < n; k++)
		hash = (hash ^ key[k]) * 0x100000001b3u;
	return (uint32_t)(hash ^ hash >> 32);
}

static struct split_file *
file_find(const struct split *s, const struct split_key *key)
{
	struct split_file *f = s->hashed[key->hash & (s->n_hashed - 1)];

	while (f &&
		(f->is_full || f->n_key != key->n_bytes ||
			memcmp(f->key, key->data, f->n_key)))
		f = f->next;
	return f;
}

static bool
path_is_taken(const struct split *s, const char *path)
{
	for (const struct split_file *f = s->files; f; f = f->older)
		if (strcmp(f->path, path) == 0)
			return true;
	return false;
}

/* A path that no other file has. 0 = it is too long. */
static size_t
path_find(const struct split *s, const struct leat_table *t, uint32_t row,
	uint32_t number, char path[SPLIT_PATH_BYTES])
{
	uint32_t again = 0;
	size_t n;

	do {
		n = split_path_make(&s->path, t, row, number, again++, path);
	} while (n && path_is_taken(s, path));
	return n;
}

static int
file_fail_many(struct leat_stage *st, const struct split *s)
{
	return leat_stage_fail(st, LEAT_ELIMIT,
		"the rows would go to over %u files; max_files=N allows more",
		s->max_files);
}

/* Put one into all lists. */
static struct split_file *
file_new(struct leat_stage *st, struct split *s, const struct split_key *key,
	const char *path, size_t n_path)
{
	struct split_file **bucket = &s->hashed[key->hash & (s->n_hashed - 1)];
	struct split_file *f;
	void *memory;

	if (leat_stage_alloc(
		    st, sizeof(*f) + key->n_bytes + n_path + 1, &memory) < 0)
		return NULL;
	memset(memory, 0, sizeof(*f));
	f = memory;
	f->n_key = key->n_bytes;
	memcpy(f->key, key->data, key->n_bytes);
	f->path = (char *)f->key + f->n_key;
	memcpy(f->path, path, n_path + 1);
	f->next = *bucket;
	*bucket = f;
	f->older = s->files;
	s->files = f;
	s->n_files++;
	return f;
}

/* Make one that no row has gone to; its header is put into it. */
static int
file_make(struct leat_stage *st, struct split *s, const struct split_row *at,
	uint32_t number, struct split_file **out)
{
	char path[SPLIT_PATH_BYTES];
	size_t n_path = path_find(s, at->t, at->row, number, path);
	int rc;

	if (s->n_files == s->max_files)
		return file_fail_many(st, s);
	if (!n_path)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the path of a file has over %d bytes",
			SPLIT_PATH_BYTES - 1);
	*out = file_new(st, s, &at->key, path, n_path);
	if (!*out)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"no memory for another file; max_files=N gives more");
	(*out)->number = number;
	rc = file_open(st, s, *out);
	return rc < 0 || s->opts->header ? rc : file_put(s, *out, NULL, 0);
}

/* The file that a row goes to, open. */
static int
file_for_row(struct leat_stage *st, struct split *s, struct split_row *at,
	struct split_file **out)
{
	struct split_key *key = &at->key;
	size_t n = split_key_make(
		&s->path, at->t, at->row, key->data, sizeof(key->data));

	if (!n)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"a value that names a file has over 4000 bytes");
	key->n_bytes = (uint32_t)n;
	key->hash = key_hash(key->data, n);
	*out = file_find(s, key);
	return *out ? file_open(st, s, *out) : file_make(st, s, at, 1, out);
}

/* Has the file all it may have, now that there is one more row to come? */
static bool
file_is_full(const struct split *s, const struct split_file *f)
{
	return f->n_rows &&
		((s->opts->rotate_rows && f->n_rows >= s->opts->rotate_rows) ||
			(s->opts->rotate_bytes &&
				f->n_bytes >= s->opts->rotate_bytes));
}

static int
split_put(struct leat_stage *st, struct split *s, struct split_row *at)
{
	struct split_file *f = NULL;
	int rc = file_for_row(st, s, at, &f);

	if (rc == LEAT_OK && file_is_full(s, f)) {
		uint32_t number = f->number + 1;

		f->is_full = 1;
		rc = file_close(st, s, f);
		if (rc == LEAT_OK)
			rc = file_make(st, s, at, number, &f);
	}
	if (rc == LEAT_OK)
		rc = file_put(s, f, at->t, at->row);
	if (rc == LEAT_OK)
		f->n_rows++;
	return rc;
}

/* ---- the stage -------------------------------------------------------------- */

static bool
path_ends(const char *path, const char *end)
{
	size_t n_path = strlen(path), n = strlen(end);

	return n_path > n && strcmp(path + n_path - n, end) == 0;
}

static int
split_init_path(struct leat_stage *st, struct split *s)
{
	const char *path = s->opts->path;
	int rc = split_path_read(st, path, &s->path);

	if (rc < 0)
		return rc;
	s->put.separator = ',';
	if (path_ends(path, ".tsv") || path_ends(path, ".tab"))
		s->put.separator = '\t';
	else if (!path_ends(path, ".csv"))
		return leat_stage_fail_at(st, LEAT_EINVAL, "path", 0, 0,
			"the files are CSV: accepted are paths that end in "
			".csv, .tsv or .tab");
	if ((s->opts->rotate_rows || s->opts->rotate_bytes) &&
		!s->path.has_number)
		return leat_stage_fail_at(st, LEAT_EINVAL, "path", 0, 0,
			"where files are cut, {n} in the path is the number "
			"of each, like out-{n}.csv");
	return LEAT_OK;
}

static int
split_init(struct leat_stage *st, const void *opts)
{
	struct split *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);
	uint64_t file_bytes;

	s->opts = opts;
	s->put.writer = &s->writer;
	s->max_open = s->opts->max_open ? (uint32_t)s->opts->max_open
					: SPLIT_OPEN_MAX;
	s->max_files = s->opts->max_files ? (uint32_t)s->opts->max_files
					  : SPLIT_FILES_MAX;
	for (s->n_hashed = 64; s->n_hashed < s->max_files;)
		s->n_hashed *= 2;
	/* keys and paths are seldom long; a file's handle is the system's */
	file_bytes = sizeof(struct split_file) + SPLIT_HANDLE_BYTES + 1024 +
		strlen(s->opts->path);
	needs->side_bytes = s->max_files * file_bytes +
		s->n_hashed * sizeof(*s->hashed) +
		(uint64_t)s->max_open * (SPLIT_BUFFER_BYTES + 64) + 65536;
	return split_init_path(st, s);
}

static int
split_bind(struct leat_stage *st, struct split *s,
	const struct leat_schema *schema)
{
	int rc;

	if (s->schema == schema)
		return LEAT_OK;
	rc = split_path_bind(st, &s->path, schema);
	s->schema = schema;
	return rc;
}

static int
split_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)out;
	if (!in->schema)
		return LEAT_OK;
	return split_bind(st, leat_stage_state(st), in->schema);
}

static int
split_open(struct leat_stage *st)
{
	struct split *s = leat_stage_state(st);
	size_t n_bytes = s->n_hashed * sizeof(*s->hashed);
	void *memory;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for files");
	memset(memory, 0, n_bytes);
	s->hashed = memory;
	return LEAT_OK;
}

static int
split_process(struct leat_stage *st, struct leat_frame *in)
{
	struct split *s = leat_stage_state(st);
	struct split_row at;
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	at.t = &t;
	rc = split_bind(st, s, t.schema);
	for (; rc == LEAT_OK && s->row < t.n_rows; s->row++) {
		at.row = leat_table_row(&t, s->row);
		rc = split_put(st, s, &at);
	}
	if (rc < 0)
		return rc;
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* Without a row there is still the header, in a file whose name is known. */
static int
split_make_empty(struct leat_stage *st, struct split *s)
{
	struct split_row at = {0};
	struct split_file *f;

	if (s->n_files || s->path.has_columns || !s->schema)
		return LEAT_OK;
	return file_make(st, s, &at, 1, &f);
}

/* The run was drained: what there is, is not all. */
static enum leat_count
split_end_partial(struct split *s)
{
	if (s->opts->on_drain == SPLIT_DISCARD)
		return LEAT_COUNT_FILTERED;
	for (struct split_file *f = s->files; f; f = f->older)
		leat_file_keep_partial(f->file);
	return LEAT_COUNT_WRITTEN;
}

static int
split_finish(struct leat_stage *st)
{
	struct split *s = leat_stage_state(st);
	enum leat_count what = LEAT_COUNT_WRITTEN;
	bool is_partial =
		leat_stage_is_draining(st) && s->opts->on_drain != SPLIT_COMMIT;
	int rc = split_make_empty(st, s);

	for (struct split_file *f = s->files; rc == LEAT_OK && f; f = f->older)
		if (f->buf)
			rc = file_close(st, s, f);
	if (rc < 0)
		return rc;
	if (is_partial)
		what = split_end_partial(s);
	for (struct split_file *f = s->files; f; f = f->older) {
		rc = is_partial ? LEAT_OK : leat_file_commit(f->file);
		if (rc < 0)
			return rc;
		leat_stage_count(st, what, f->n_rows);
	}
	return LEAT_OK;
}

static void
split_fini(struct leat_stage *st)
{
	struct split *s = leat_stage_state(st);

	for (struct split_file *f = s->files; f; f = f->older)
		leat_file_close(f->file);
	s->files = NULL;
}

static const struct leat_option split_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_write_split_opts, path),
		.help = "files to write: {column} is a value, {n} a number"},
	{.name = "rotate_rows",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, rotate_rows),
		.min = 1,
		.max = INT64_MAX,
		.unit = "rows",
		.help = "most rows of a file; then the next one, {n}, begins"},
	{.name = "rotate_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_write_split_opts, rotate_bytes),
		.min = 1,
		.max = INT64_MAX,
		.unit = "bytes",
		.help = "a file that has so many is followed by the next one"},
	{.name = "max_open",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, max_open),
		.min = 1,
		.max = 65536,
		.fallback = "64",
		.unit = "files",
		.help = "most that are open at once"},
	{.name = "max_files",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_write_split_opts, max_files),
		.min = 1,
		.max = 65536,
		.fallback = "1000",
		.unit = "files",
		.help = "most that are written; more are an error"},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, header),
		.fallback = "on",
		.values = "on|off",
		.help = "begin each file with the names of the columns"},
	{.name = "sync",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, sync),
		.fallback = "on",
		.values = "on|off",
		.help = "bring files to the disk before they get their names"},
	{.name = "on_drain",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_write_split_opts, on_drain),
		.fallback = "keep",
		.values = "keep|commit|discard",
		.help = "incomplete files: as PATH.partial, as PATH, or gone"},
	{.name = NULL},
};

const struct leat_stage_ops leat_write_split_ops = {
	LEAT_STAGE_OPS_INIT("write.split"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_SINK,
	.summary = "a table to several CSV files, by value or by size",
	.help = "{column} in the path stands for the value of that column in a "
		"row: each\n"
		"value has a file of its own. Slashes and control characters "
		"of a value, and\n"
		"a dot at its beginning, become _, an empty one is _; names "
		"that would be\n"
		"alike get ~2, ~3, ... Folders must be there. {n} is a number: "
		"0001, 0002, ...\n"
		"where rotate_rows= or rotate_bytes= cut files. All files get "
		"their names\n"
		"when the run has ended well, and none before.\n"
		"\n"
		"    leat run 'read a.csv ! write.split out/{origin}.csv'\n"
		"    leat run 'read a.csv ! write.split a-{n}.csv "
		"rotate_rows=1000000'\n",
	.state_bytes = sizeof(struct split),
	.opts_bytes = sizeof(struct leat_write_split_opts),
	.options = split_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = split_init,
	.negotiate = split_negotiate,
	.open = split_open,
	.process = split_process,
	.finish = split_finish,
	.fini = split_fini,
};
