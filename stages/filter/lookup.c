/*
 * lookup -- columns of a file that is held in memory, found by a key.
 *
 * Where a key is in the file once, rows stay where they are and get vectors of
 * text, whose bytes are put into a frame once for each row of the file. Where
 * it may be there several times, or a frame has no room, rows are written anew.
 * Keeps: what comes out of a frame depends on it and the file alone.
 * One thread at a time.
 */
#include <string.h>

#include <leat/stages.h>

#include "lookup_file.h"
#include "lookup_list.h"
#include "pack.h"

#define LOOKUP_MEMORY_BYTES (64u << 20)
#define LOOKUP_ROW_BYTES    (2u << 20) /* of a row that is written anew */
#define LOOKUP_SIDE_BYTES   (2u << 20) /* schemas, matches */
#define LOOKUP_PRINT_BYTES  64u

/* What belongs to a schema of the input; frames with it may still be on their
 * way, so it stays. */
struct lookup_bound {
	struct lookup_bound *next;
	const struct leat_schema *from;
	struct leat_schema to;                /* then its columns */
	uint32_t keys[LEAT__LOOKUP_KEYS_MAX]; /* columns of the input */
};

struct lookup {
	const struct leat_lookup_opts *opts;
	struct leat__list on;
	struct leat__list take;
	struct leat__lookup_file file;
	uint32_t *columns; /* of the file: keys, then those taken */
	struct leat_column *extra;
	uint32_t *matches; /* a row of the file for each that is alive */
	struct lookup_bound *all;
	struct lookup_bound *bound; /* of the frame in work */
	uint8_t *scratch;           /* for each key */
	uint32_t n_scratch;
	uint64_t epoch;                 /* of the frame in work */
	struct leat_vector_room *rooms; /* of the columns that are added */
	struct leat_text *texts;        /* the same, of one row */
	uint32_t has_emitted;
	uint32_t is_anew; /* rows are written anew */
	struct leat__pack pack;
	uint8_t *row;
	uint32_t at;    /* the next row of the frame in work */
	uint32_t match; /* the next row of the file for it, if has_begun */
	uint32_t has_begun;
	uint32_t n_written; /* for this row */
};

/* ---- before the run -------------------------------------------------------- */

static bool
lookup_is_tabbed(const char *path)
{
	size_t n = strlen(path);

	return n > 4 &&
		(!strcmp(path + n - 4, ".tsv") ||
			!strcmp(path + n - 4, ".tab"));
}

static int
lookup_init(struct leat_stage *st, const void *opts)
{
	struct lookup *s = leat_stage_state(st);
	struct leat__lookup_file *f = &s->file;
	const struct leat_lookup_opts *o = opts;
	int rc;

	s->opts = o;
	f->path = o->path;
	f->n_most = o->memory_bytes ? o->memory_bytes : LOOKUP_MEMORY_BYTES;
	f->dialect.separator = lookup_is_tabbed(o->path) ? '\t' : ',';
	if (o->sep)
		f->dialect.separator = (uint8_t)o->sep;
	f->dialect.quote = '"';
	leat_stage_needs(st)->side_bytes = f->n_most +
		leat__list_side_bytes(o->on) + leat__list_side_bytes(o->take) +
		leat__pack_side_bytes() + LOOKUP_ROW_BYTES + LOOKUP_SIDE_BYTES;
	rc = leat__list_parse(st, &s->on, "on", o->on);
	if (!rc && s->on.n > LEAT__LOOKUP_KEYS_MAX)
		rc = leat_stage_fail_at(st, LEAT_ELIMIT, "on", 0, 0,
			"at most %u columns", LEAT__LOOKUP_KEYS_MAX);
	if (!rc && o->take && *o->take)
		rc = leat__list_parse(st, &s->take, "take", o->take);
	return rc;
}

static int
lookup_alloc(struct leat_stage *st, size_t n_bytes, void **memory_out)
{
	int rc = leat_stage_alloc(st, n_bytes, memory_out);

	return rc ? leat_stage_fail(st, rc, "no memory for the columns") : rc;
}

static bool
lookup_is_key(const struct lookup *s, uint32_t column)
{
	for (uint32_t k = 0; k < s->file.n_keys; k++)
		if (s->columns[k] == column)
			return true;
	return false;
}

/* Which columns of the file are wanted; without a list all but the keys. */
static int
lookup_choose(struct leat_stage *st, struct lookup *s)
{
	struct leat__lookup_file *f = &s->file;
	uint32_t n = f->schema->n_columns, *columns;
	void *memory;
	int rc = lookup_alloc(st,
		((size_t)s->on.n + s->take.n + n) * sizeof(uint32_t), &memory);

	if (rc)
		return rc;
	s->columns = memory;
	f->n_keys = s->on.n;
	for (uint32_t k = 0; !rc && k < s->on.n; k++)
		rc = leat__list_find(st, &s->on, &s->on.items[k].other,
			f->schema, f->path, &s->columns[k]);
	columns = s->columns + s->on.n;
	for (uint32_t k = 0; !rc && k < s->take.n; k++)
		rc = leat__list_find(st, &s->take, &s->take.items[k].other,
			f->schema, f->path, &columns[f->n_take++]);
	for (uint32_t k = 0; !rc && !s->take.n && k < n; k++)
		if (!lookup_is_key(s, k))
			columns[f->n_take++] = k;
	if (s->opts->kind == LEAT_LOOKUP_ANTI)
		f->n_take = 0;
	f->keys = s->columns;
	f->take = columns;
	return rc;
}

/* The columns that come in addition, with the prefix before their names. */
static int
lookup_make_extra(struct leat_stage *st, struct lookup *s)
{
	const struct leat__lookup_file *f = &s->file;
	const char *prefix = s->opts->prefix ? s->opts->prefix : "";
	size_t n_prefix = strlen(prefix), n_names = 0;
	char *at;
	void *memory;
	int rc;

	for (uint32_t k = 0; k < f->n_take; k++)
		n_names += n_prefix + 1 +
			(s->take.n ? s->take.items[k].name.len
				   : strlen(f->schema->columns[f->take[k]]
						     .name));
	rc = lookup_alloc(st, f->n_take * sizeof(*s->extra) + n_names, &memory);
	if (rc)
		return rc;
	s->extra = memory;
	at = (char *)(s->extra + f->n_take);
	for (uint32_t k = 0; k < f->n_take; k++) {
		const char *name = s->take.n
			? s->take.items[k].name.text
			: f->schema->columns[f->take[k]].name;

		s->extra[k] = (struct leat_column){.name = at,
			.type = f->types[k],
			.field = LEAT_FIELD_NONE};
		memcpy(at, prefix, n_prefix);
		memcpy(at + n_prefix, name, strlen(name) + 1);
		at += n_prefix + strlen(name) + 1;
	}
	return LEAT_OK;
}

/* A key that does not fit into its scratch cannot be in the file. */
static int
lookup_make_scratch(struct leat_stage *st, struct lookup *s)
{
	size_t n_matches = (LEAT_TABLE_ROWS_MAX + 1) * sizeof(*s->matches);
	size_t n_rooms = s->file.n_take * sizeof(*s->rooms);
	size_t n_texts = s->file.n_take * sizeof(*s->texts);
	void *memory;
	int rc;

	s->n_scratch = 2 * s->file.max_key + LOOKUP_PRINT_BYTES;
	rc = lookup_alloc(st,
		n_matches + n_rooms + n_texts +
			(size_t)s->file.n_keys * s->n_scratch +
			LOOKUP_ROW_BYTES,
		&memory);
	if (rc)
		return rc;
	s->rooms = memory;
	s->texts = (struct leat_text *)(void *)(s->rooms + s->file.n_take);
	s->matches = (uint32_t *)(void *)(s->texts + s->file.n_take);
	s->scratch = (uint8_t *)s->matches + n_matches;
	s->row = s->scratch + (size_t)s->file.n_keys * s->n_scratch;
	return LEAT_OK;
}

static int
lookup_fail_twice(struct leat_stage *st, const struct lookup *s)
{
	const struct leat__lookup_file *f = &s->file;
	struct leat_text x = leat__lookup_text(
		f, f->key_values[(size_t)f->twice * f->n_keys]);

	return leat_stage_fail(st, LEAT_EDATA,
		"%s: there are %u rows whose key comes before, like '%.*s'; "
		"duplicates=all joins with all of them, first with the first",
		f->path, f->n_twice, x.len > 60 ? 60 : (int)x.len,
		(const char *)x.data);
}

static int
lookup_load(struct leat_stage *st, struct lookup *s)
{
	int rc = leat__lookup_open(st, &s->file);

	if (!rc)
		rc = lookup_choose(st, s);
	if (!rc)
		rc = leat__lookup_load(st, &s->file);
	if (!rc && s->opts->duplicates == LEAT_LOOKUP_ERROR && s->file.n_twice)
		rc = lookup_fail_twice(st, s);
	if (!rc)
		rc = lookup_make_extra(st, s);
	if (!rc)
		rc = lookup_make_scratch(st, s);
	s->is_anew = s->file.n_twice && s->file.n_take &&
		s->opts->duplicates == LEAT_LOOKUP_ALL;
	s->pack.extra = s->extra;
	s->pack.n_extra = s->file.n_take;
	return rc;
}

static int
lookup_check_names(struct leat_stage *st, const struct lookup *s,
	const struct leat_schema *from)
{
	for (uint32_t k = 0; k < s->file.n_take; k++) {
		const char *name = s->extra[k].name;

		if (leat_schema_find(from, name, strlen(name)) >= 0)
			return leat_stage_fail(st, LEAT_EINVAL,
				"lookup: there is a column '%.64s' already; "
				"prefix=P, or take=new=%.64s, gives the one of "
				"%s another name",
				name, name, s->file.path);
	}
	return LEAT_OK;
}

static void
lookup_make_schema(const struct lookup *s, struct lookup_bound *bound)
{
	const struct leat_schema *from = bound->from;
	uint32_t n = from->n_columns, n_take = s->file.n_take;
	struct leat_column *columns = (struct leat_column *)(void *)(bound + 1);

	memcpy(columns, from->columns, n * sizeof(*columns));
	for (uint32_t k = 0; k < n_take; k++) {
		columns[n + k] = s->extra[k];
		columns[n + k].vector = from->n_vectors + k;
	}
	bound->to = *from;
	bound->to.columns = columns;
	bound->to.n_columns += n_take;
	bound->to.n_vectors += n_take;
}

static int
lookup_bind_new(
	struct leat_stage *st, struct lookup *s, const struct leat_schema *from)
{
	size_t n_columns = (size_t)from->n_columns + s->file.n_take;
	struct lookup_bound *bound;
	void *memory;
	int rc = lookup_check_names(st, s, from);

	if (!rc)
		rc = lookup_alloc(st,
			sizeof(*bound) + n_columns * sizeof(struct leat_column),
			&memory);
	if (rc)
		return rc;
	bound = memory;
	bound->from = from;
	for (uint32_t k = 0; !rc && k < s->on.n; k++)
		rc = leat__list_find(st, &s->on, &s->on.items[k].name, from,
			"the input", &bound->keys[k]);
	if (rc)
		return rc;
	lookup_make_schema(s, bound);
	bound->next = s->all;
	s->all = s->bound = bound;
	return LEAT_OK;
}

static int
lookup_bind(
	struct leat_stage *st, struct lookup *s, const struct leat_schema *from)
{
	struct lookup_bound *bound = s->bound;

	if (!bound || bound->from != from)
		for (bound = s->all; bound && bound->from != from;)
			bound = bound->next;
	s->bound = bound;
	return bound ? LEAT_OK : lookup_bind_new(st, s, from);
}

static int
lookup_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct lookup *s = leat_stage_state(st);
	int rc = lookup_load(st, s);

	leat_stage_needs(st)->frame_bytes = leat__pack_frame_bytes(in);
	if (!rc && in->schema) {
		rc = lookup_bind(st, s, in->schema);
		if (!rc && s->is_anew)
			rc = leat__pack_bind(st, &s->pack, in->schema);
		if (!rc)
			out->schema = s->is_anew ? s->pack.to : &s->bound->to;
	}
	return rc;
}

/* ---- keys ------------------------------------------------------------------- */

/* A value of a key as text; no bytes: it meets nothing. Most are fields as they
 * stand, of which only the last of a row is more than what is between two
 * ends. */
static inline struct leat_text
lookup_key_text(const struct lookup *s, const struct leat_table *t, uint32_t k,
	uint32_t row)
{
	uint32_t column = s->bound->keys[k], n_fields = t->schema->n_fields;
	uint32_t field = t->schema->columns[column].field;
	size_t at = (size_t)row * n_fields + field;
	uint32_t start;

	if (field != LEAT_FIELD_NONE && field + 1 < n_fields) {
		start = at ? t->fields[at - 1] + 1 : t->first;
		if (!t->has_quotes || t->text[start] != t->schema->quote)
			return (struct leat_text){
				t->text + start, t->fields[at] - start};
	}
	if (leat_table_text_bytes(t, column, row) > s->n_scratch)
		return (struct leat_text){NULL, 0};
	return leat_table_text(
		t, column, row, s->scratch + (size_t)k * s->n_scratch);
}

/* The first row of the file that a row meets. */
static uint32_t
lookup_match(const struct lookup *s, const struct leat_table *t, uint32_t row)
{
	struct leat__lookup_key key;

	for (uint32_t k = 0; k < s->on.n; k++) {
		key.values[k] = lookup_key_text(s, t, k, row);
		if (!key.values[k].len)
			return LEAT__LOOKUP_NONE;
	}
	leat__lookup_hash(&key, s->on.n);
	return leat__lookup_find(&s->file, &key);
}

/* Does a row that meets none, or some, go on? */
static inline bool
lookup_passes(const struct lookup *s, uint32_t match)
{
	if (s->opts->kind == LEAT_LOOKUP_LEFT)
		return true;
	return (match == LEAT__LOOKUP_NONE) ==
		(s->opts->kind == LEAT_LOOKUP_ANTI);
}

/* ---- in place --------------------------------------------------------------- */

/* Keep the rows that go on, and what each has met. */
static void
lookup_select(struct leat_stage *st, struct lookup *s, struct leat_table *t)
{
	uint32_t *rows = leat_table_selection(t);
	uint32_t n = 0, n_all = t->n_rows;

	for (uint32_t k = 0; k < n_all; k++) {
		uint32_t row = leat_table_row(t, k);
		uint32_t match = lookup_match(s, t, row);

		s->matches[n] = match;
		rows[n] = row;
		n += lookup_passes(s, match);
	}
	leat_table_select(t, rows, n);
	leat_stage_count(st, LEAT_COUNT_FILTERED, n_all - n);
}

/* Put what a row of the file has into the frame, behind each other. */
static int
lookup_put(struct lookup *s, struct leat_table *t, uint32_t match)
{
	const struct leat__lookup_file *f = &s->file;
	struct leat__lookup_row *row = &f->rows[match];
	const struct leat__lookup_value *values =
		f->values + (size_t)match * f->n_take;
	struct leat_piece piece;
	uint8_t *at;
	int rc;

	if (row->epoch == s->epoch)
		return LEAT_OK;
	rc = leat_table_add_text(t, NULL, row->n_bytes, &piece);
	if (rc)
		return rc;
	row->epoch = s->epoch;
	row->put_at = piece.at;
	at = t->frame->data + piece.at;
	for (uint32_t k = 0; k < f->n_take; k++) {
		if (values[k].len == LEAT__LOOKUP_NONE)
			continue;
		memcpy(at, f->text + values[k].at, values[k].len);
		at += values[k].len;
	}
	return LEAT_OK;
}

static int
lookup_put_all(struct lookup *s, struct leat_table *t)
{
	int rc = LEAT_OK;

	for (uint32_t k = 0; !rc && k < t->n_rows; k++)
		if (s->matches[k] != LEAT__LOOKUP_NONE)
			rc = lookup_put(s, t, s->matches[k]);
	return rc;
}

/* Pieces of what was put, for one row. */
static void
lookup_fill(const struct lookup *s, uint32_t row, uint32_t match)
{
	const struct leat__lookup_file *f = &s->file;
	const struct leat__lookup_value *values =
		f->values + (size_t)match * f->n_take;
	uint32_t at = f->rows[match].put_at;

	for (uint32_t k = 0; k < f->n_take; k++) {
		struct leat_piece *pieces = s->rooms[k].values;
		uint32_t len = values[k].len;

		if (len == LEAT__LOOKUP_NONE) {
			s->rooms[k].valid[row / 8] &=
				(uint8_t) ~(1u << (row % 8));
			continue;
		}
		pieces[row] = (struct leat_piece){at, len | LEAT_PIECE_OWN};
		at += len;
	}
}

static void
lookup_fill_nulls(const struct lookup *s, uint32_t row)
{
	for (uint32_t k = 0; k < s->file.n_take; k++)
		s->rooms[k].valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
}

/* LEAT_ELIMIT: the frame has no room; its rows are what they were. */
static int
lookup_add(struct lookup *s, struct leat_table *t)
{
	int rc;

	s->epoch++;
	rc = lookup_put_all(s, t);
	for (uint32_t k = 0; !rc && k < s->file.n_take; k++)
		rc = leat_table_add_vector(t, LEAT_TYPE_TEXT, 0, &s->rooms[k]);
	for (uint32_t k = 0; !rc && k < t->n_rows; k++) {
		uint32_t row = leat_table_row(t, k);

		if (s->matches[k] == LEAT__LOOKUP_NONE)
			lookup_fill_nulls(s, row);
		else
			lookup_fill(s, row, s->matches[k]);
	}
	return rc;
}

static int
lookup_in_place(struct leat_stage *st, struct lookup *s, struct leat_frame *in,
	struct leat_table *t)
{
	lookup_select(st, s, t);
	if (!t->n_rows && s->has_emitted) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	if (lookup_add(s, t)) {
		s->is_anew = 1; /* from here on */
		return LEAT_OK;
	}
	leat_table_set_schema(t, &s->bound->to);
	s->has_emitted = 1;
	return leat_stage_emit(st, 0, in);
}

/* ---- anew ------------------------------------------------------------------- */

/* The row in work, with what it has met. 1: it is in the open frame; 0: that is
 * full; or a code. */
static int
lookup_write(struct leat_stage *st, struct lookup *s,
	const struct leat_table *t, uint32_t row)
{
	const struct leat__lookup_file *f = &s->file;
	struct leat__pack_buf buf = {
		.at = s->row, .end = s->row + LOOKUP_ROW_BYTES};
	int rc;

	for (uint32_t k = 0; k < f->n_take; k++) {
		s->texts[k] = (struct leat_text){NULL, 0};
		if (s->match != LEAT__LOOKUP_NONE)
			s->texts[k] = leat__lookup_text(
				f, f->values[(size_t)s->match * f->n_take + k]);
	}
	rc = leat__pack_put(&s->pack, t, row, s->texts, &buf);
	if (rc) {
		rc = leat__pack_reject(st, t, row);
		return rc ? rc : 1;
	}
	if (buf.is_over)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"lookup: a record of more than %u bytes",
			LOOKUP_ROW_BYTES);
	return leat__pack_add(
		st, &s->pack, s->row, (uint32_t)(buf.at - s->row));
}

/* Begin the next row: what has it met? */
static void
lookup_begin_row(struct leat_stage *st, struct lookup *s,
	const struct leat_table *t, uint32_t row)
{
	s->match = lookup_match(s, t, row);
	s->has_begun = lookup_passes(s, s->match);
	s->n_written = 0;
	if (s->has_begun)
		return;
	leat_stage_count(st, LEAT_COUNT_FILTERED, 1);
	s->at++;
}

/* On to what else the row has met; behind the last, to the next row. */
static void
lookup_step(struct leat_stage *st, struct lookup *s)
{
	s->n_written++;
	if (s->match != LEAT__LOOKUP_NONE &&
		s->opts->duplicates == LEAT_LOOKUP_ALL)
		s->match = s->file.rows[s->match].next;
	else
		s->match = LEAT__LOOKUP_NONE;
	if (s->match != LEAT__LOOKUP_NONE)
		return;
	s->at++;
	s->has_begun = 0;
	if (s->n_written == 1)
		return;
	leat_stage_count(st, LEAT_COUNT_MADE, s->n_written);
	leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
}

static int
lookup_anew(struct leat_stage *st, struct lookup *s, struct leat_frame *in,
	struct leat_table *t)
{
	int rc = leat__pack_enter(st, &s->pack, t);

	while (!rc && s->at < t->n_rows) {
		uint32_t row = leat_table_row(t, s->at);

		if (!s->has_begun)
			lookup_begin_row(st, s, t, row);
		if (!s->has_begun)
			continue;
		rc = lookup_write(st, s, t, row);
		if (rc == 0) {
			rc = leat__pack_emit(st, &s->pack);
			return rc ? rc : LEAT_MORE;
		}
		if (rc > 0)
			lookup_step(st, s);
		rc = rc < 0 ? rc : LEAT_OK;
	}
	if (!rc)
		rc = leat__pack_emit(st, &s->pack);
	if (rc)
		return rc;
	s->at = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

/* ---- the stage --------------------------------------------------------------- */

static int
lookup_process(struct leat_stage *st, struct leat_frame *in)
{
	struct lookup *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = lookup_bind(st, s, t.schema);
	if (rc)
		return rc;
	if (!s->is_anew) {
		rc = lookup_in_place(st, s, in, &t);
		if (rc || !s->is_anew)
			return rc;
	}
	return lookup_anew(st, s, in, &t);
}

static void
lookup_fini(struct leat_stage *st)
{
	struct lookup *s = leat_stage_state(st);

	leat__pack_fini(st, &s->pack);
}

static const struct leat_option lookup_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_lookup_opts, path),
		.help = "a CSV file with a header; .tsv and .tab: with tabs"},
	{.name = "on",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_lookup_opts, on),
		.help = "columns that must be equal: here=there, or one name"},
	{.name = "kind",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_lookup_opts, kind),
		.fallback = "inner",
		.values = "inner|left|anti",
		.help = "rows that are met; all; those that are not met"},
	{.name = "take",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_lookup_opts, take),
		.help = "columns of the file, like name,town=city; default: "
			"all but the key"},
	{.name = "prefix",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_lookup_opts, prefix),
		.help = "put before their names"},
	{.name = "duplicates",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_lookup_opts, duplicates),
		.fallback = "all",
		.values = "all|first|error",
		.help = "which to take if a key is there several times"},
	{.name = "sep",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_lookup_opts, sep),
		.help = "what stands between fields of the file"},
	{.name = "memory",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct leat_lookup_opts, memory_bytes),
		.min = 4096,
		.max = INT64_C(1) << 36,
		.fallback = "64M",
		.unit = "bytes",
		.help = "most that file and index may take; more is an error"},
	{.name = NULL},
};

const struct leat_stage_ops leat_lookup_ops = {
	LEAT_STAGE_OPS_INIT("lookup"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "columns of a file in memory, found by a key",
	.help = "The file is read into memory before the start. A row meets "
		"those of\n"
		"the file whose key is, as text, the same, byte by byte; a "
		"null meets\n"
		"none. kind=inner keeps rows that meet one, kind=left all, "
		"with nulls\n"
		"where they meet none, and kind=anti only those, without new "
		"columns.\n"
		"A row that meets several becomes as many. The columns that "
		"come in\n"
		"addition stand behind the others, and have the types that "
		"their\n"
		"values in the file have.\n"
		"\n"
		"    leat run 'read a.csv ! lookup airports.csv on=origin=iata "
		"take=city\n"
		"        ! write b.csv'\n",
	.state_bytes = sizeof(struct lookup),
	.opts_bytes = sizeof(struct leat_lookup_opts),
	.options = lookup_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = lookup_init,
	.negotiate = lookup_negotiate,
	.process = lookup_process,
	.fini = lookup_fini,
};
