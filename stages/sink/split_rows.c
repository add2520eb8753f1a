/*
 * stages/sink/split_rows.c -- rows to several files: by value, by size.
 *
 * Keeps: no file stands under its name before all are complete; a row is whole
 * in one file; each file of a CSV begins with the header. What different values
 * would call alike is told apart. One thread at a time, that of the stage.
 */
#include <string.h>

#include "split.h"

#define SPLIT_OPEN_MAX     64
#define SPLIT_FILES_MAX    1000
#define SPLIT_HANDLE_BYTES 9216 /* what the system's side of a file takes */

enum split_on_drain { SPLIT_KEEP = 0, SPLIT_COMMIT, SPLIT_DISCARD };

/* The values of a row that say which file it goes to. */
struct split_key {
	uint32_t n_bytes;
	uint32_t hash;
	uint8_t data[SPLIT_KEY_BYTES];
};

struct split_row {
	struct split_source of;
	struct split_key key;
};

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

static bool
split_has_header(const struct split *s)
{
	return s->text.format == SPLIT_CSV && !s->opts->header;
}

/* Make one that no row has gone to; its header is put into it. */
static int
file_make(struct leat_stage *st, struct split *s, const struct split_row *at,
	uint32_t number, struct split_file **out)
{
	char path[SPLIT_PATH_BYTES];
	size_t n_path = path_find(s, at->of.t, at->of.row, number, path);
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
	rc = split_file_open(st, s, *out);
	return rc < 0 || !split_has_header(s)
		? rc
		: split_file_put(st, s, *out, NULL);
}

/* The file that a row goes to, open. */
static int
file_for_row(struct leat_stage *st, struct split *s, struct split_row *at,
	struct split_file **out)
{
	struct split_key *key = &at->key;
	size_t n = split_key_make(
		&s->path, at->of.t, at->of.row, key->data, sizeof(key->data));

	if (!n)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"a value that names a file has over 4000 bytes");
	key->n_bytes = (uint32_t)n;
	key->hash = key_hash(key->data, n);
	*out = file_find(s, key);
	return *out ? split_file_open(st, s, *out)
		    : file_make(st, s, at, 1, out);
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
		rc = split_file_close(st, s, f);
		if (rc == LEAT_OK)
			rc = file_make(st, s, at, number, &f);
	}
	if (rc == LEAT_OK)
		rc = split_file_put(st, s, f, &at->of);
	if (rc == LEAT_OK)
		f->n_rows++;
	return rc;
}

/* ---- the stage -------------------------------------------------------------- */

static int
split_init_path(struct leat_stage *st, struct split *s)
{
	const char *path = s->opts->path;
	int rc = split_path_read(st, path, &s->path);

	if (rc < 0)
		return rc;
	rc = split_text_read(st, path, &s->text);
	if (rc < 0)
		return rc;
	s->path.n_tail = s->text.n_suffix;
	if ((s->opts->rotate_rows || s->opts->rotate_bytes) &&
		!s->path.has_number)
		return leat_stage_fail_at(st, LEAT_EINVAL, "path", 0, 0,
			"where files are cut, {n} in the path is the number "
			"of each, like out-{n}.csv");
	return LEAT_OK;
}

int
split_init(struct leat_stage *st, struct split *s,
	const struct leat_write_split_opts *opts)
{
	struct leat_needs *needs = leat_stage_needs(st);
	uint64_t file_bytes;
	int rc;

	s->opts = opts;
	s->max_open = s->opts->max_open ? (uint32_t)s->opts->max_open
					: SPLIT_OPEN_MAX;
	s->max_files = s->opts->max_files ? (uint32_t)s->opts->max_files
					  : SPLIT_FILES_MAX;
	for (s->n_hashed = 64; s->n_hashed < s->max_files;)
		s->n_hashed *= 2;
	/* keys and paths are seldom long; a file's handle is the system's */
	file_bytes = sizeof(struct split_file) + SPLIT_HANDLE_BYTES + 1024 +
		strlen(s->opts->path);
	rc = split_init_path(st, s);
	if (rc == LEAT_OK)
		needs->side_bytes = s->max_files * file_bytes +
			s->n_hashed * sizeof(*s->hashed) +
			split_file_side_bytes(s) + 65536;
	return rc;
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

int
split_negotiate(
	struct leat_stage *st, struct split *s, const struct leat_shape *in)
{
	split_text_settle(&s->text, in->layout);
	if (in->layout == LEAT_LAYOUT_ROWS && s->path.has_columns)
		return leat_stage_fail_at(st, LEAT_EINVAL, "path", 0, 0,
			"lines have no columns to name files by; accepted: "
			"{n}, where files are cut");
	if (!in->schema)
		return LEAT_OK;
	return split_bind(st, s, in->schema);
}

int
split_open(struct leat_stage *st, struct split *s)
{
	size_t n_bytes = s->n_hashed * sizeof(*s->hashed);
	void *memory;
	int rc = leat_stage_alloc(st, n_bytes, &memory);

	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for files");
	memset(memory, 0, n_bytes);
	s->hashed = memory;
	return split_file_start(st, s);
}

/* In the last folder whose name is known before any row. */
int
split_probe(struct leat_stage *st, const struct split *s)
{
	const char *path = s->opts->path;
	char known[SPLIT_PATH_BYTES];
	size_t n = strcspn(path, "{");

	while (n && path[n - 1] != '/')
		n--;
	if (n + sizeof("probe") > sizeof(known))
		return LEAT_OK;
	memcpy(known, path, n);
	memcpy(known + n, "probe", sizeof("probe"));
	return leat_file_probe(st, known);
}

static int
split_table(struct leat_stage *st, struct split *s, struct leat_frame *in)
{
	struct split_row at;
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	at.of.t = &t;
	rc = split_bind(st, s, t.schema);
	if (rc == LEAT_OK)
		rc = split_text_open(st, &s->text, &t);
	for (; rc == LEAT_OK && s->row < t.n_rows; s->row++) {
		at.of.row = leat_table_row(&t, s->row);
		rc = split_put(st, s, &at);
	}
	return rc;
}

static int
split_lines(struct leat_stage *st, struct split *s, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);
	struct split_row at = {.of.t = NULL};
	int rc = LEAT_OK;

	for (; rc == LEAT_OK && s->row < rows.n; s->row++) {
		const struct leat_row *row = &rows.rows[s->row];

		at.of.line =
			(struct leat_text){rows.text + row->offset, row->len};
		rc = split_put(st, s, &at);
	}
	return rc;
}

int
split_process(struct leat_stage *st, struct split *s, struct leat_frame *in)
{
	int rc = in->layout == LEAT_LAYOUT_TABLE ? split_table(st, s, in)
						 : split_lines(st, s, in);

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

	if (s->n_files || s->path.has_columns ||
		(split_has_header(s) && !s->schema))
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

int
split_finish(struct leat_stage *st, struct split *s)
{
	enum leat_count what = LEAT_COUNT_WRITTEN;
	bool is_partial =
		leat_stage_is_draining(st) && s->opts->on_drain != SPLIT_COMMIT;
	int rc = split_make_empty(st, s);

	for (struct split_file *f = s->files; rc == LEAT_OK && f; f = f->older)
		rc = split_file_complete(st, s, f);
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

void
split_fini(struct split *s)
{
	if (s->encoder)
		s->text.codec->encoder_close(s->encoder);
	s->encoder = NULL;
	for (struct split_file *f = s->files; f; f = f->older)
		leat_file_close(f->file);
	s->files = NULL;
}
