/*
 * stages/filter/lookup_file.c -- a CSV file as a table in memory, with a hash
 * table over its keys.
 *
 * The text is read as it is and its fields are found by a scan; quotes are
 * taken away in place, so values are pieces of it.
 * Keeps: rows of one key are linked in their order; a row with a null in its
 * key is in no list.
 * Threads: the one that steps the stage's task.
 */
#include <stdio.h>
#include <string.h>

#include <leat/io.h>
#include <leat/stage.h>

#include "lookup_file.h"

#define FILE_SLACK_BYTES 64u
#define FILE_TEXT_MAX    (UINT32_MAX - 2 * FILE_SLACK_BYTES)
#define FILE_SOME_ENDS   1024u

/* ---- memory ---------------------------------------------------------------- */

static int
file_alloc(struct leat_stage *st, struct leat__lookup_file *f, uint64_t n_bytes,
	void **memory_out)
{
	int rc = LEAT_ELIMIT;

	if (n_bytes <= f->n_most - f->n_used)
		rc = leat_stage_alloc(st, (size_t)n_bytes, memory_out);
	if (rc)
		return leat_stage_fail(st, rc,
			"%s: the file and its index take more than "
			"memory=%llu; "
			"a greater N holds it",
			f->path, (unsigned long long)f->n_most);
	f->n_used += n_bytes;
	f->n_peak = f->n_used > f->n_peak ? f->n_used : f->n_peak;
	return LEAT_OK;
}

static void
file_free(struct leat_stage *st, struct leat__lookup_file *f, void *memory,
	uint64_t n_bytes)
{
	leat_stage_free(st, memory);
	f->n_used -= n_bytes;
}

/* ---- the text -------------------------------------------------------------- */

static int
file_read_all(struct leat_stage *st, struct leat__lookup_file *f,
	struct leat_file *file)
{
	uint64_t n_bytes = leat_file_info(file).size_bytes;
	void *memory;
	int rc = LEAT_OK;

	if (!(leat_file_info(file).flags & LEAT_FILE_IS_REGULAR))
		return leat_stage_fail(st, LEAT_EINVAL,
			"%s is no regular file; only such a one can be held",
			f->path);
	if (n_bytes > FILE_TEXT_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: at most 4 GB can be held", f->path);
	rc = file_alloc(st, f, n_bytes + 1 + FILE_SLACK_BYTES, &memory);
	f->text = memory;
	while (!rc && f->n_text < n_bytes) {
		size_t n;

		rc = leat_file_read(file, f->text + f->n_text,
			(size_t)n_bytes - f->n_text, &n);
		f->n_text += rc ? 0 : (uint32_t)n;
	}
	if (rc == LEAT_EOS)
		return leat_stage_fail(st, LEAT_EDATA,
			"%s became shorter while it was read", f->path);
	if (rc)
		return rc;
	if (f->n_text && f->text[f->n_text - 1] != '\n')
		f->text[f->n_text++] = '\n';
	memset(f->text + f->n_text, 0, FILE_SLACK_BYTES);
	return LEAT_OK;
}

static uint64_t
file_line(const struct leat__lookup_file *f, uint32_t at)
{
	uint64_t line = 1;

	for (uint32_t k = 0; k < at; k++)
		line += f->text[k] == '\n';
	return line;
}

static int
file_fail(struct leat_stage *st, const struct leat__lookup_file *f, uint32_t at,
	const char *what)
{
	uint64_t line = file_line(f, at);

	leat_stage_fail(st, LEAT_EDATA, "%s:%llu: %s", f->path,
		(unsigned long long)line, what);
	return leat_stage_locate(st, f->path, line, 0, at);
}

/* ---- fields ---------------------------------------------------------------- */

typedef uint32_t (*file_scan_fn)(struct leat_scan *scan,
	const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n_bytes, uint32_t base, uint32_t *out, uint32_t n_max,
	uint32_t *n_scanned);

/* Ends of all fields; only counted where there is no list. */
static void
file_scan_all(const struct leat__lookup_file *f, file_scan_fn scan_fn,
	struct leat_scan *scan, struct leat__lookup_ends *ends, uint32_t n_list,
	uint32_t *at)
{
	uint32_t some[FILE_SOME_ENDS];

	*scan = (struct leat_scan){0};
	ends->n = 0;
	for (*at = 0; *at < f->n_text && !scan->is_odd;) {
		uint32_t *out = n_list ? ends->list + ends->n : some;
		uint32_t n_max = n_list ? n_list - ends->n : FILE_SOME_ENDS;
		uint32_t n_scanned = 0;

		ends->n += scan_fn(scan, &f->dialect, f->text + *at,
			f->n_text - *at, *at, out, n_max, &n_scanned);
		*at += n_scanned;
	}
}

static int
file_find_fields(struct leat_stage *st, struct leat__lookup_file *f)
{
	struct leat__lookup_ends *ends = &f->ends;
	file_scan_fn scan_fn = leat_text_scan;
	struct leat_scan scan;
	void *memory;
	uint32_t at;
	int rc;

	file_scan_all(f, scan_fn, &scan, ends, 0, &at);
	if (scan.is_odd) {
		scan_fn = leat_text_scan_exact;
		file_scan_all(f, scan_fn, &scan, ends, 0, &at);
	}
	if (scan.is_odd)
		return file_fail(st, f, at,
			"text after a closing quote; a quote inside a quoted "
			"field is written twice");
	if (scan.in_quotes)
		return file_fail(st, f, ends->n ? f->n_text - 1 : 0,
			"a quote is not closed before the end");
	ends->n_list = ends->n + 2 * FILE_SLACK_BYTES; /* a scan wants spare */
	rc = file_alloc(st, f, ends->n_list * sizeof(*ends->list), &memory);
	if (rc)
		return rc;
	ends->list = memory;
	file_scan_all(f, scan_fn, &scan, ends, ends->n_list, &at);
	return LEAT_OK;
}

static inline uint32_t
file_start(const struct leat__lookup_ends *ends, uint32_t first)
{
	return first ? ends->list[first - 1] + 1 : 0;
}

/* The next record that is not blank: how many fields, 0 = there is none. */
static uint32_t
file_next(struct leat__lookup_file *f, uint32_t *first_out)
{
	struct leat__lookup_ends *ends = &f->ends;

	while (ends->at < ends->n) {
		uint32_t first = ends->at, last = first;
		uint32_t start = file_start(ends, first), end;

		while (f->text[ends->list[last]] != '\n')
			last++;
		end = ends->list[last];
		if (end > start && f->text[end - 1] == '\r')
			end--;
		ends->at = last + 1;
		*first_out = first;
		if (last > first || end > start)
			return last + 1 - first;
	}
	return 0;
}

/* Field k of a record: without its quotes, for which text is moved. */
static struct leat__lookup_value
file_field(struct leat__lookup_file *f, uint32_t first, uint32_t k)
{
	uint32_t at = file_start(&f->ends, first + k);
	uint32_t end = f->ends.list[first + k];
	uint8_t quote = f->dialect.quote;
	uint32_t to = at;

	if (f->text[end] == '\n' && end > at && f->text[end - 1] == '\r')
		end--;
	if (end - at < 2 || f->text[at] != quote || f->text[end - 1] != quote)
		to = end;
	else
		for (uint32_t from = at + 1; from < end - 1; from++) {
			f->text[to++] = f->text[from];
			from += f->text[from] == quote;
		}
	return (struct leat__lookup_value){
		at, to > at ? to - at : LEAT__LOOKUP_NONE};
}

/* ---- columns --------------------------------------------------------------- */

static int
file_fail_ragged(struct leat_stage *st, const struct leat__lookup_file *f,
	uint32_t first, uint32_t n, uint32_t n_columns)
{
	char what[64];

	snprintf(what, sizeof(what), "row has %u field%s, the header has %u", n,
		n == 1 ? "" : "s", n_columns);
	return file_fail(st, f, file_start(&f->ends, first), what);
}

/* Every row has as many fields as the header; nothing was moved yet. */
static int
file_count_rows(struct leat_stage *st, struct leat__lookup_file *f)
{
	uint32_t first, n, n_columns;

	f->ends.at = 0;
	n_columns = file_next(f, &first);
	if (!n_columns)
		return leat_stage_fail(
			st, LEAT_EDATA, "%s has no header", f->path);
	while ((n = file_next(f, &first))) {
		if (n != n_columns)
			return file_fail_ragged(st, f, first, n, n_columns);
		f->n_rows++;
	}
	f->ends.at = 0;
	return LEAT_OK;
}

static int
file_make_schema(struct leat_stage *st, struct leat__lookup_file *f)
{
	uint32_t first, n = file_next(f, &first);
	struct leat_text *names;
	void *memory;
	int rc = file_alloc(st, f, n * sizeof(*names), &memory);

	if (rc)
		return rc;
	names = memory;
	for (uint32_t k = 0; k < n; k++) {
		struct leat__lookup_value x = file_field(f, first, k);

		names[k] = (struct leat_text){
			f->text + x.at, x.len == LEAT__LOOKUP_NONE ? 0 : x.len};
	}
	rc = leat_schema_create(st, names, n, &f->schema);
	file_free(st, f, memory, n * sizeof(*names));
	if (rc)
		return leat_stage_fail(st, rc,
			"%s: the header is none: at most 4096 columns with "
			"names of at most 1024 bytes, without NUL",
			f->path);
	return LEAT_OK;
}

/* A byte order mark is no part of the first name. */
static void
file_skip_mark(struct leat__lookup_file *f)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};

	if (f->n_text < sizeof(mark) || memcmp(f->text, mark, sizeof(mark)))
		return;
	f->n_text -= (uint32_t)sizeof(mark);
	memmove(f->text, f->text + sizeof(mark), f->n_text + FILE_SLACK_BYTES);
}

int
leat__lookup_open(struct leat_stage *st, struct leat__lookup_file *f)
{
	struct leat_file *file;
	int rc = leat_file_open(st, f->path, &file);

	if (rc)
		return rc;
	rc = file_read_all(st, f, file);
	leat_file_close(file);
	if (rc)
		return rc;
	file_skip_mark(f);
	rc = file_find_fields(st, f);
	if (!rc)
		rc = file_count_rows(st, f);
	return rc ? rc : file_make_schema(st, f);
}

/* ---- rows ------------------------------------------------------------------ */

static int
file_alloc_rows(struct leat_stage *st, struct leat__lookup_file *f)
{
	uint64_t n = f->n_rows;
	uint32_t n_slots = 16;
	void *memory[5] = {NULL};
	int rc;

	while (n_slots < 2 * n)
		n_slots *= 2;
	rc = file_alloc(st, f, n * sizeof(*f->rows), &memory[0]);
	if (!rc)
		rc = file_alloc(st, f, n * f->n_keys * sizeof(*f->key_values),
			&memory[1]);
	if (!rc)
		rc = file_alloc(
			st, f, n * f->n_take * sizeof(*f->values), &memory[2]);
	if (!rc)
		rc = file_alloc(st, f, n_slots * sizeof(*f->slots), &memory[3]);
	if (!rc)
		rc = file_alloc(
			st, f, f->n_take * sizeof(*f->types), &memory[4]);
	if (rc)
		return rc;
	f->rows = memory[0];
	f->key_values = memory[1];
	f->values = memory[2];
	f->slots = memory[3];
	f->types = memory[4];
	f->mask = n_slots - 1;
	memset(f->slots, 0xff, n_slots * sizeof(*f->slots));
	return LEAT_OK;
}

static struct leat__lookup_key
file_key(const struct leat__lookup_file *f, uint32_t row)
{
	struct leat__lookup_key key = {0};

	for (uint32_t k = 0; k < f->n_keys; k++)
		key.values[k] = leat__lookup_text(
			f, f->key_values[(size_t)row * f->n_keys + k]);
	return key;
}

static bool
file_has_key(const struct leat__lookup_file *f, uint32_t row,
	const struct leat__lookup_key *key)
{
	const struct leat__lookup_value *own =
		f->key_values + (size_t)row * f->n_keys;

	if (f->rows[row].hash != key->hash)
		return false;
	for (uint32_t k = 0; k < f->n_keys; k++)
		if (own[k].len != key->values[k].len ||
			memcmp(f->text + own[k].at, key->values[k].data,
				own[k].len) != 0)
			return false;
	return true;
}

/* Behind the last row that has the same key; rows come from the last to the
 * first, so that a list begins with the first. */
static void
file_index_row(struct leat__lookup_file *f, uint32_t row)
{
	struct leat__lookup_key key = file_key(f, row);
	uint32_t slot;

	f->rows[row].next = LEAT__LOOKUP_NONE;
	for (uint32_t k = 0; k < f->n_keys; k++)
		if (!key.values[k].data)
			return;
	leat__lookup_hash(f, &key, f->n_keys);
	f->rows[row].hash = key.hash;
	slot = (uint32_t)key.hash & f->mask;
	while (f->slots[slot] != LEAT__LOOKUP_NONE &&
		!file_has_key(f, f->slots[slot], &key))
		slot = (slot + 1) & f->mask;
	if (f->slots[slot] != LEAT__LOOKUP_NONE) {
		f->n_twice++;
		f->twice = row;
	}
	f->rows[row].next = f->slots[slot];
	f->slots[slot] = row;
}

/* Where every key is one short value, the first row of each once more. It is
 * gone without if there is no room for them. */
static int
file_index_shorts(struct leat_stage *st, struct leat__lookup_file *f)
{
	uint64_t n_bytes = ((uint64_t)f->mask + 1) * sizeof(*f->shorts);
	void *memory;
	int rc;

	if (f->n_keys != 1 || f->max_key > sizeof(uint64_t) ||
		n_bytes > f->n_most - f->n_used)
		return LEAT_OK;
	rc = file_alloc(st, f, n_bytes, &memory);
	if (rc)
		return rc;
	f->shorts = memory;
	memset(f->shorts, 0xff, n_bytes);
	for (uint32_t slot = 0; slot <= f->mask; slot++) {
		uint32_t row = f->slots[slot];
		struct leat__lookup_short own = {.row = row};
		struct leat_text x;

		if (row == LEAT__LOOKUP_NONE)
			continue;
		x = leat__lookup_text(f, f->key_values[row]);
		if (!x.len)
			continue;
		own.word = leat__lookup_word(x);
		own.len = x.len;
		*leat__lookup_place(f, own.word, own.len) = own;
	}
	return LEAT_OK;
}

static void
file_read_row(struct leat__lookup_file *f, uint32_t row)
{
	struct leat__lookup_value *keys =
		f->key_values + (size_t)row * f->n_keys;
	struct leat__lookup_value *values = f->values + (size_t)row * f->n_take;

	f->rows[row] = (struct leat__lookup_row){0};
	for (uint32_t k = 0; k < f->n_keys; k++) {
		keys[k] = f->all[f->keys[k]];
		if (keys[k].len != LEAT__LOOKUP_NONE &&
			keys[k].len > f->max_key)
			f->max_key = keys[k].len;
	}
	for (uint32_t k = 0; k < f->n_take; k++) {
		values[k] = f->all[f->take[k]];
		if (values[k].len != LEAT__LOOKUP_NONE)
			f->rows[row].n_bytes += values[k].len;
	}
}

static void
file_infer_types(struct leat__lookup_file *f)
{
	for (uint32_t k = 0; k < f->n_take; k++) {
		struct leat_infer infer = leat_infer_begin();

		for (uint32_t row = 0; row < f->n_rows; row++) {
			struct leat__lookup_value x =
				f->values[(size_t)row * f->n_take + k];

			if (x.len != LEAT__LOOKUP_NONE)
				leat_infer_value(
					&infer, leat__lookup_text(f, x));
		}
		f->types[k] = leat_infer_type(&infer);
	}
}

int
leat__lookup_load(struct leat_stage *st, struct leat__lookup_file *f)
{
	uint64_t n_ends = f->ends.n_list * sizeof(*f->ends.list);
	uint64_t n_all = f->schema->n_columns * sizeof(*f->all);
	uint32_t first;
	void *memory;
	int rc = file_alloc_rows(st, f);

	if (!rc)
		rc = file_alloc(st, f, n_all, &memory);
	if (rc)
		return rc;
	f->all = memory;
	for (uint32_t row = 0; row < f->n_rows; row++) {
		uint32_t n = file_next(f, &first);

		for (uint32_t k = 0; k < n; k++)
			f->all[k] = file_field(f, first, k);
		file_read_row(f, row);
	}
	for (uint32_t row = f->n_rows; row-- > 0;)
		file_index_row(f, row);
	file_infer_types(f);
	file_free(st, f, f->all, n_all);
	file_free(st, f, f->ends.list, n_ends);
	f->all = NULL;
	f->ends.list = NULL;
	return file_index_shorts(st, f);
}

/* ---- keys ------------------------------------------------------------------ */

void
leat__lookup_hash(const struct leat__lookup_file *f,
	struct leat__lookup_key *key, uint32_t n_keys)
{
	key->hash = f->seed;
	for (uint32_t k = 0; k < n_keys; k++)
		key->hash = leat__group_hash_bytes(
			key->values[k].data, key->values[k].len, key->hash);
}

uint32_t
leat__lookup_find(
	const struct leat__lookup_file *f, const struct leat__lookup_key *key)
{
	uint32_t slot = (uint32_t)key->hash & f->mask;

	while (f->slots[slot] != LEAT__LOOKUP_NONE &&
		!file_has_key(f, f->slots[slot], key))
		slot = (slot + 1) & f->mask;
	return f->slots[slot];
}
