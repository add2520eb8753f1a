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

#include "lookup.h"

#define LOOKUP_MEMORY_BYTES (64u << 20)
#define LOOKUP_SIDE_BYTES   (2u << 20) /* schemas, matches */

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
	struct leat__lookup *s = leat_stage_state(st);
	struct leat__lookup_file *f = &s->file;
	const struct leat_lookup_opts *o = opts;
	int rc;

	s->opts = o;
	f->path = o->path;
	f->seed = leat_stage_hash_seed(st);
	f->n_most = o->memory_bytes ? o->memory_bytes : LOOKUP_MEMORY_BYTES;
	f->dialect.separator = lookup_is_tabbed(o->path) ? '\t' : ',';
	if (o->sep)
		f->dialect.separator = (uint8_t)o->sep;
	f->dialect.quote = '"';
	s->own_bytes = leat__list_side_bytes(o->on) +
		leat__list_side_bytes(o->take) + leat__pack_side_bytes() +
		LOOKUP_ROW_BYTES + LOOKUP_SIDE_BYTES;
	leat_stage_needs(st)->side_bytes = s->own_bytes + f->n_most;
	rc = leat__list_parse(st, &s->on, "on", o->on);
	if (!rc && s->on.n > LEAT__LOOKUP_KEYS_MAX)
		rc = leat_stage_fail_at(st, LEAT_ELIMIT, "on", 0, 0,
			"at most %u columns", LEAT__LOOKUP_KEYS_MAX);
	if (!rc && o->take && *o->take)
		rc = leat__list_parse(st, &s->take, "take", o->take);
	return rc;
}

static uint32_t
lookup_wants(
	struct leat_stage *st, const struct leat_schema *schema, bool *wanted)
{
	return leat__lookup_wants(st, leat_stage_state(st), schema, wanted);
}

static int
lookup_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct leat__lookup *s = leat_stage_state(st);
	int rc = leat__lookup_read(st, s);

	leat_stage_needs(st)->frame_bytes = leat__pack_frame_bytes(in);
	if (!rc && in->schema) {
		rc = leat__lookup_bind(st, s, in->schema);
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
lookup_key_text(const struct leat__lookup *s, const struct leat_table *t,
	uint32_t k, uint32_t row)
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
lookup_match(
	const struct leat__lookup *s, const struct leat_table *t, uint32_t row)
{
	struct leat__lookup_key key;

	if (s->file.shorts) {
		struct leat_text x = lookup_key_text(s, t, 0, row);

		return x.len ? leat__lookup_find_short(&s->file, x)
			     : LEAT__LOOKUP_NONE;
	}
	for (uint32_t k = 0; k < s->on.n; k++) {
		key.values[k] = lookup_key_text(s, t, k, row);
		if (!key.values[k].len)
			return LEAT__LOOKUP_NONE;
	}
	leat__lookup_hash(&s->file, &key, s->on.n);
	return leat__lookup_find(&s->file, &key);
}

/* Does a row that meets none, or some, go on? */
static inline bool
lookup_passes(const struct leat__lookup *s, uint32_t match)
{
	if (s->opts->kind == LEAT_LOOKUP_LEFT)
		return true;
	return (match == LEAT__LOOKUP_NONE) ==
		(s->opts->kind == LEAT_LOOKUP_ANTI);
}

/* ---- in place --------------------------------------------------------------- */

/* Keep the rows that go on, and what each has met. */
static void
lookup_select(
	struct leat_stage *st, struct leat__lookup *s, struct leat_table *t)
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
lookup_put(struct leat__lookup *s, struct leat_table *t, uint32_t match)
{
	const struct leat__lookup_file *f = &s->file;
	struct leat__lookup_put *put = &s->puts[match];
	const struct leat__lookup_value *values =
		f->values + (size_t)match * f->n_take;
	struct leat_piece piece;
	uint8_t *at;
	int rc;

	if (put->epoch == s->epoch)
		return LEAT_OK;
	rc = leat_table_add_text(t, NULL, f->rows[match].n_bytes, &piece);
	if (rc)
		return rc;
	put->epoch = s->epoch;
	put->at = piece.at;
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
lookup_put_all(struct leat__lookup *s, struct leat_table *t)
{
	int rc = LEAT_OK;

	for (uint32_t k = 0; !rc && k < t->n_rows; k++)
		if (s->matches[k] != LEAT__LOOKUP_NONE)
			rc = lookup_put(s, t, s->matches[k]);
	return rc;
}

/* Pieces of what was put, for one row. */
static void
lookup_fill(const struct leat__lookup *s, uint32_t row, uint32_t match)
{
	const struct leat__lookup_file *f = &s->file;
	const struct leat__lookup_value *values =
		f->values + (size_t)match * f->n_take;
	uint32_t at = s->puts[match].at;

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
lookup_fill_nulls(const struct leat__lookup *s, uint32_t row)
{
	for (uint32_t k = 0; k < s->file.n_take; k++)
		s->rooms[k].valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
}

/* LEAT_ELIMIT: the frame has no room; its rows are what they were. */
static int
lookup_add(struct leat__lookup *s, struct leat_table *t)
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
lookup_in_place(struct leat_stage *st, struct leat__lookup *s,
	struct leat_frame *in, struct leat_table *t)
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
lookup_write(struct leat_stage *st, struct leat__lookup *s,
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
lookup_begin_row(struct leat_stage *st, struct leat__lookup *s,
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
lookup_step(struct leat_stage *st, struct leat__lookup *s)
{
	s->n_written++;
	/* that it met several is known, and counted, before it is sent on */
	if (s->n_written == 2) {
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		leat_stage_count(st, LEAT_COUNT_FOLDED, 1);
	}
	if (s->n_written > 1)
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
	if (s->match != LEAT__LOOKUP_NONE &&
		s->opts->duplicates == LEAT_LOOKUP_ALL)
		s->match = s->file.rows[s->match].next;
	else
		s->match = LEAT__LOOKUP_NONE;
	if (s->match != LEAT__LOOKUP_NONE)
		return;
	s->at++;
	s->has_begun = 0;
}

static int
lookup_anew(struct leat_stage *st, struct leat__lookup *s,
	struct leat_frame *in, struct leat_table *t)
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
	struct leat__lookup *s = leat_stage_state(st);
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = leat__lookup_bind(st, s, t.schema);
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
	struct leat__lookup *s = leat_stage_state(st);

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
	.state_bytes = sizeof(struct leat__lookup),
	.opts_bytes = sizeof(struct leat_lookup_opts),
	.options = lookup_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = lookup_init,
	.negotiate = lookup_negotiate,
	.process = lookup_process,
	.fini = lookup_fini,
	.wants = lookup_wants,
};
