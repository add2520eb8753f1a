/*
 * stages/filter/lookup_plan.c -- lookup before its rows: the file, the columns
 * of it that are wanted, and the schemas that come out.
 *
 * Keeps: a schema that was given to a frame stays as it is.
 * Threads: the one that steps the stage's task.
 */
#include <string.h>

#include "lookup.h"

#define LOOKUP_PRINT_BYTES 64u

/* ---- the file --------------------------------------------------------------- */

static int
lookup_alloc(struct leat_stage *st, size_t n_bytes, void **memory_out)
{
	int rc = leat_stage_alloc(st, n_bytes, memory_out);

	return rc ? leat_stage_fail(st, rc, "no memory for the columns") : rc;
}

static bool
lookup_is_key(const struct leat__lookup *s, uint32_t column)
{
	for (uint32_t k = 0; k < s->file.n_keys; k++)
		if (s->columns[k] == column)
			return true;
	return false;
}

/* Which columns of the file are wanted; without a list all but the keys. */
static int
lookup_choose(struct leat_stage *st, struct leat__lookup *s)
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
lookup_make_extra(struct leat_stage *st, struct leat__lookup *s)
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
lookup_make_scratch(struct leat_stage *st, struct leat__lookup *s)
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
lookup_fail_twice(struct leat_stage *st, const struct leat__lookup *s)
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

/* Now that the file is there, it is known what it takes, and that once. */
static int
lookup_make_puts(struct leat_stage *st, struct leat__lookup *s)
{
	const struct leat__lookup_file *f = &s->file;
	size_t n_puts = ((size_t)f->n_rows + 1) * sizeof(*s->puts);
	void *memory;
	int rc;

	leat_stage_needs(st)->side_bytes = s->own_bytes + n_puts + f->n_peak;
	leat_stage_share(st, f->n_peak);
	rc = lookup_alloc(st, n_puts, &memory);
	if (rc)
		return rc;
	memset(memory, 0, n_puts);
	s->puts = memory;
	return LEAT_OK;
}

static int
lookup_read_first(struct leat_stage *st, struct leat__lookup *s)
{
	int rc = leat__lookup_open(st, &s->file);

	if (!rc)
		rc = lookup_choose(st, s);
	if (!rc)
		rc = leat__lookup_load(st, &s->file);
	if (!rc && s->opts->duplicates == LEAT_LOOKUP_ERROR && s->file.n_twice)
		rc = lookup_fail_twice(st, s);
	return rc ? rc : lookup_make_extra(st, s);
}

int
leat__lookup_read(struct leat_stage *st, struct leat__lookup *s)
{
	const struct leat__lookup *first =
		leat_stage_state(leat_stage_first(st));
	int rc = LEAT_OK;

	if (first == s)
		rc = lookup_read_first(st, s);
	s->file = first->file;
	s->columns = first->columns;
	s->extra = first->extra;
	if (!rc)
		rc = lookup_make_puts(st, s);
	if (!rc)
		rc = lookup_make_scratch(st, s);
	s->is_anew = s->file.n_twice && s->file.n_take &&
		s->opts->duplicates == LEAT_LOOKUP_ALL;
	s->pack.extra = s->extra;
	s->pack.n_extra = s->file.n_take;
	return rc;
}

static int
lookup_check_names(struct leat_stage *st, const struct leat__lookup *s,
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
lookup_make_schema(
	const struct leat__lookup *s, struct leat__lookup_bound *bound)
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
lookup_bind_new(struct leat_stage *st, struct leat__lookup *s,
	const struct leat_schema *from)
{
	size_t n_columns = (size_t)from->n_columns + s->file.n_take;
	struct leat__lookup_bound *bound;
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

int
leat__lookup_bind(struct leat_stage *st, struct leat__lookup *s,
	const struct leat_schema *from)
{
	struct leat__lookup_bound *bound = s->bound;

	if (!bound || bound->from != from)
		for (bound = s->all; bound && bound->from != from;)
			bound = bound->next;
	s->bound = bound;
	return bound ? LEAT_OK : lookup_bind_new(st, s, from);
}

/* ---- what is looked at ------------------------------------------------------ */

/* false: one is not there, which is told when the input is bound. */
static bool
lookup_wants_keys(const struct leat__lookup *s,
	const struct leat_schema *schema, bool *wanted)
{
	for (uint32_t k = 0; k < s->on.n; k++) {
		const struct leat__list_name *name = &s->on.items[k].name;
		int32_t at = leat_schema_find(schema, name->text, name->len);

		if (at < 0)
			return false;
		wanted[at] = true;
	}
	return true;
}

/* Columns as those that come in addition, at the end of a schema that has room
 * for them; their names go to `at`. false: a name is there already. */
static bool
lookup_foresee(const struct leat__lookup *s, struct leat_schema *schema,
	struct leat_column *columns, char *at)
{
	const char *prefix = s->opts->prefix ? s->opts->prefix : "";
	size_t n_prefix = strlen(prefix);

	for (uint32_t k = 0; k < s->take.n; k++) {
		const struct leat__list_name *name = &s->take.items[k].name;

		memcpy(at, prefix, n_prefix);
		memcpy(at + n_prefix, name->text, (size_t)name->len + 1);
		if (leat_schema_find(schema, at, n_prefix + name->len) >= 0)
			return false;
		columns[schema->n_columns++] = (struct leat_column){.name = at,
			.type = LEAT_TYPE_TEXT,
			.field = LEAT_FIELD_NONE};
		at += n_prefix + name->len + 1;
	}
	return true;
}

/* Which of the input's columns does anybody behind it look at? */
static uint32_t
lookup_ask(const struct leat_stage *st, const struct leat_schema *all,
	uint32_t n_columns, bool *scratch, bool *wanted)
{
	leat_stage_columns_wanted(st, all, scratch);
	for (uint32_t k = 0; k < n_columns; k++)
		wanted[k] |= scratch[k];
	return LEAT_WANTS_THESE;
}

/* Who is behind it may look at what it adds, too. Without a list of that, it
 * is known when the file has been read, which is too late. */
uint32_t
leat__lookup_wants(struct leat_stage *st, const struct leat__lookup *s,
	const struct leat_schema *schema, bool *wanted)
{
	size_t n_prefix = s->opts->prefix ? strlen(s->opts->prefix) : 0;
	size_t n_all = schema->n_columns + (size_t)s->take.n, n_names = 0;
	struct leat_schema all = *schema;
	struct leat_column *columns;
	uint32_t wants = LEAT_WANTS_ALL;
	void *memory;

	if (!lookup_wants_keys(s, schema, wanted))
		return LEAT_WANTS_ALL;
	if (s->opts->kind == LEAT_LOOKUP_ANTI)
		return LEAT_WANTS_REST_PASSES;
	for (uint32_t k = 0; k < s->take.n; k++)
		n_names += n_prefix + s->take.items[k].name.len + 1;
	if (!s->take.n ||
		leat_stage_alloc(st,
			n_all * (sizeof(*columns) + sizeof(bool)) + n_names,
			&memory))
		return LEAT_WANTS_ALL;
	columns = memory;
	memcpy(columns, schema->columns, schema->n_columns * sizeof(*columns));
	all.columns = columns;
	if (lookup_foresee(s, &all, columns, (char *)(columns + n_all)))
		wants = lookup_ask(st, &all, schema->n_columns,
			(bool *)((char *)(columns + n_all) + n_names), wanted);
	leat_stage_free(st, memory);
	return wants;
}
