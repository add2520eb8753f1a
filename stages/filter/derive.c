/*
 * derive -- new columns, each the value of an expression.
 *
 * Keeps: the rows that come in go out, but for those that have no value, which
 * on_error is about. A column that has the name is replaced, at its place.
 */
#include <string.h>

#include <leat/stages.h>
#include <leat/table.h>

#include "derived.h"

#define DERIVE_TEXT_MAX    65536
#define DERIVE_COLUMNS_MAX 256

/* One entry of the list, still as it stands. */
struct derive_entry {
	uint32_t name_at;
	uint32_t name_len;
	uint32_t at; /* of the expression */
	uint32_t end;
};

/* ---- the list ----------------------------------------------------------- */

/* Behind a piece in quotes, which begins at `at`. */
static uint32_t
derive_skip_quoted(const char *list, uint32_t at)
{
	char quote = list[at++];

	while (list[at] && list[at] != quote)
		at++;
	return list[at] ? at + 1 : at;
}

/* The end of an entry: a comma that stands in no quotes or parentheses. */
static uint32_t
derive_find_end(const char *list, uint32_t at)
{
	uint32_t depth = 0;

	while (list[at] && (list[at] != ',' || depth)) {
		char c = list[at];

		if (c == '\'' || c == '"' || c == '`') {
			at = derive_skip_quoted(list, at);
			continue;
		}
		depth += c == '(';
		depth -= c == ')' && depth;
		at++;
	}
	return at;
}

static uint32_t
derive_skip_spaces(const char *list, uint32_t at)
{
	while (list[at] == ' ' || list[at] == '\t' || list[at] == '\n')
		at++;
	return at;
}

/* The name before the =; false = there is none. */
static bool
derive_find_name(const char *list, struct derive_entry *e)
{
	uint32_t at = e->at, end;

	e->name_at = at;
	if (list[at] == '"' || list[at] == '`') {
		end = derive_skip_quoted(list, at);
		e->name_at++;
		at = end--;
	} else {
		while (at < e->end && list[at] != '=')
			at++;
		for (end = at; end > e->name_at && list[end - 1] == ' '; end--)
			;
	}
	at = derive_skip_spaces(list, at);
	e->name_len = end > e->name_at ? end - e->name_at : 0;
	e->at = at + 1;
	return e->name_len && at < e->end && list[at] == '=';
}

/* Two pieces of text of their own, NUL-terminated, from room. */
static int
derive_add(struct leat_stage *st, struct derived *d, const char *list,
	const struct derive_entry *e, char **room)
{
	struct derived_column *column = &d->columns[d->n_columns];
	char *source;

	*column = (struct derived_column){.name = *room, .offset = e->at};
	memcpy(*room, list + e->name_at, e->name_len);
	(*room)[e->name_len] = '\0';
	source = *room += e->name_len + 1;
	memcpy(source, list + e->at, e->end - e->at);
	source[e->end - e->at] = '\0';
	*room += e->end - e->at + 1;
	return leat__filter_derived_add(st, d, source);
}

static int
derive_read(
	struct leat_stage *st, struct derived *d, const char *list, char *room)
{
	uint32_t at = 0;
	int rc = LEAT_OK;

	while (!rc && list[at = derive_skip_spaces(list, at)]) {
		struct derive_entry e = {
			.at = at, .end = derive_find_end(list, at)};

		if (list[at] == ',') { /* behind a comma: a new word */
			at++;
			continue;
		}
		if (d->n_columns == DERIVE_COLUMNS_MAX)
			return leat_stage_fail_at(st, LEAT_ELIMIT, d->option,
				at, e.end - at, "at most %d columns",
				DERIVE_COLUMNS_MAX);
		if (!derive_find_name(list, &e))
			return leat_stage_fail_at(st, LEAT_EINVAL, d->option,
				at, e.end - at,
				"name=expression is wanted here; one with "
				"spaces stands in quotes: "
				"\"speed=distance / air_time\"");
		at = e.end;
		rc = derive_add(st, d, list, &e, &room);
	}
	if (!rc && !d->n_columns)
		return leat_stage_fail_at(st, LEAT_EINVAL, d->option, 0, 0,
			"there is no column; for example: late=delay > 15");
	return rc;
}

/* ---- the stage ---------------------------------------------------------- */

static int
derive_init(struct leat_stage *st, const void *opts)
{
	const struct leat_derive_opts *o = opts;
	struct derived *d = leat_stage_state(st);
	const char *list = o->columns ? o->columns : "";
	size_t len = strlen(list);
	size_t n_bytes = DERIVED_LIST_BYTES(len, DERIVE_COLUMNS_MAX);
	void *memory;
	int rc;

	d->option = "columns";
	if (len > DERIVE_TEXT_MAX)
		return leat_stage_fail(st, LEAT_ELIMIT,
			"the list has over %d bytes", DERIVE_TEXT_MAX);
	leat_stage_needs(st)->side_bytes = n_bytes + 64;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the list");
	d->columns = memory;
	rc = derive_read(
		st, d, list, (char *)(d->columns + DERIVE_COLUMNS_MAX));
	if (!rc)
		leat__filter_derived_settle(st, d, n_bytes + 64);
	return rc;
}

static int
derive_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	return leat__filter_derived_negotiate(
		st, leat_stage_state(st), in, out);
}

static int
derive_process(struct leat_stage *st, struct leat_frame *in)
{
	return leat__filter_derived_process(st, leat_stage_state(st), in);
}

static void
derive_fini(struct leat_stage *st)
{
	leat__filter_derived_fini(leat_stage_state(st));
}

static const struct leat_option derive_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST | LEAT_OPTION_RENEWS,
		.offset = offsetof(struct leat_derive_opts, columns),
		.help = "a list like late=delay>15,speed=distance/hours"},
	{.name = NULL},
};

const struct leat_stage_ops leat_derive_ops = {
	LEAT_STAGE_OPS_INIT("derive"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "new columns, each the value of an expression",
	.help = "name=expression, several with commas between or as words of\n"
		"their own. Each sees the columns of those before it. A column "
		"that\n"
		"has the name is replaced, at its place; the others come "
		"last.\n"
		"`leat help expressions` says what an expression is. What has\n"
		"spaces stands in quotes as a whole, and so does a column that "
		"is\n"
		"called name. A row that has no value, as where a number "
		"overflows,\n"
		"is an error with its place, or what on_error says.\n"
		"\n"
		"    leat run 'read a.csv ! derive late=delay>15 "
		"\"hours=air_time / 60.0\"'\n",
	.state_bytes = sizeof(struct derived),
	.opts_bytes = sizeof(struct leat_derive_opts),
	.options = derive_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = derive_init,
	.negotiate = derive_negotiate,
	.process = derive_process,
	.fini = derive_fini,
};
