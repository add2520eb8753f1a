/*
 * json.path -- columns from inside JSON text, by path.
 *
 * The text of a value is checked as a whole, unless json.parse has done so;
 * then each path is followed through it. What is found stays where it is, but
 * for strings with escapes. One thread at a time.
 */
#include <string.h>

#include <leat/json.h>
#include <leat/stages.h>

#include "added.h"

#define PATH_STEPS_MAX 256 /* of all paths */
#define PATH_KEY_BYTES 1024

/* .key or [n] */
struct path_step {
	const char *key; /* in the option; NULL: a number */
	uint32_t len;
	uint32_t index;
	uint32_t from_end; /* [-n] */
};

struct path {
	const struct leat_json_path_opts *opts;
	struct added added;
	struct path_step steps[PATH_STEPS_MAX];
	uint32_t n_steps;
	uint32_t ends[ADDED_COLUMNS_MAX]; /* of the steps of each path */
	uint8_t *key;                     /* decoded */
};

/* A value of JSON that is known to be good. */
struct path_reader {
	const uint8_t *at;
	const uint8_t *end;
};

/* ---- following ---------------------------------------------------------- */

static void
path_skip_white(struct path_reader *r)
{
	while (r->at < r->end && *r->at <= ' ')
		r->at++;
}

static struct leat_text
path_string(struct path_reader *r)
{
	const uint8_t *start = r->at++;

	while (*r->at != '"')
		r->at += *r->at == '\\' ? 2 : 1;
	r->at++;
	return (struct leat_text){start, (uint32_t)(r->at - start)};
}

/* Any value, without the white space around it. */
static struct leat_text
path_value(struct path_reader *r)
{
	const uint8_t *start;
	uint32_t depth = 0;

	path_skip_white(r);
	start = r->at;
	do {
		uint8_t c = *r->at;

		if (c == '"') {
			path_string(r);
			continue;
		}
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		r->at++;
		while (!depth && c != '}' && c != ']' && r->at < r->end &&
			!strchr(",]} \t\r\n", *r->at))
			r->at++;
	} while (depth);
	return (struct leat_text){start, (uint32_t)(r->at - start)};
}

/* Behind a value: is there another one? */
static bool
path_next(struct path_reader *r)
{
	path_skip_white(r);
	return *r->at++ == ',';
}

static bool
path_key_is(struct path *s, struct leat_text key, const struct path_step *step)
{
	struct leat_text x = {key.data + 1, key.len - 2};

	if (x.len && memchr(x.data, '\\', x.len)) {
		uint32_t n;

		if (x.len > PATH_KEY_BYTES ||
			leat_json_decode(x, s->key, &n) != LEAT_OK)
			return false;
		x = (struct leat_text){s->key, n};
	}
	return x.len == step->len && !memcmp(x.data, step->key, x.len);
}

/* The value of a key, of the last one where it stands twice; no data: none. */
static struct leat_text
path_member(
	struct path *s, struct leat_text object, const struct path_step *step)
{
	struct path_reader r = {object.data + 1, object.data + object.len};
	struct leat_text found = {NULL, 0};

	path_skip_white(&r);
	if (*r.at == '}')
		return found;
	do {
		struct leat_text key, value;

		path_skip_white(&r);
		key = path_string(&r);
		path_skip_white(&r);
		r.at++;
		value = path_value(&r);
		if (path_key_is(s, key, step))
			found = value;
	} while (path_next(&r));
	return found;
}

static uint32_t
path_count(struct leat_text list)
{
	struct path_reader r = {list.data + 1, list.data + list.len};
	uint32_t n = 0;

	path_skip_white(&r);
	if (*r.at == ']')
		return 0;
	do {
		path_value(&r);
		n++;
	} while (path_next(&r));
	return n;
}

static struct leat_text
path_element(struct leat_text list, const struct path_step *step)
{
	struct path_reader r = {list.data + 1, list.data + list.len};
	struct leat_text value = {NULL, 0};
	uint32_t n = path_count(list), index = step->index;

	if (step->from_end)
		index = index > n ? n : n - index;
	if (index >= n)
		return value;
	for (uint32_t k = 0; k <= index; k++) {
		value = path_value(&r);
		path_next(&r);
	}
	return value;
}

/* Follow one path; no data: there is nothing, or null. */
static struct leat_text
path_follow(struct path *s, uint32_t k, struct leat_text x)
{
	uint32_t first = k ? s->ends[k - 1] : 0;
	const struct leat_text nothing = {NULL, 0};

	for (uint32_t i = first; i < s->ends[k]; i++) {
		const struct path_step *step = &s->steps[i];

		if (x.data[0] != (step->key ? '{' : '['))
			return nothing;
		x = step->key ? path_member(s, x, step) : path_element(x, step);
		if (!x.data)
			return nothing;
	}
	return x.data[0] == 'n' ? nothing : x;
}

/* ---- rows --------------------------------------------------------------- */

static void
path_put(struct path *s, struct added_frame *f, uint32_t k, uint32_t row,
	struct leat_text found)
{
	struct leat_text inside = {found.data + 1, found.len - 2};
	uint32_t n = 0;
	uint8_t *to;

	(void)s;
	if (found.data[0] != '"') {
		leat__added_put(f, k, row, found);
		return;
	}
	if (!memchr(inside.data, '\\', inside.len)) {
		leat__added_put(f, k, row, inside);
		return;
	}
	to = leat__added_put_own(f, k, row, inside.len);
	if (leat_json_decode(inside, to, &n) == LEAT_OK)
		leat__added_set_len(f, k, row, n);
}

/* A row whose column has text. LEAT_OK, or a code. */
static int
path_row(struct leat_stage *st, struct path *s, struct added_frame *f,
	uint32_t row, bool is_good)
{
	struct leat_text x = leat_vector_text(&f->source, row);
	struct path_reader r;
	struct leat_json_fault fault;

	if (!is_good && leat_json_check(x, &fault) != LEAT_OK)
		return leat__added_reject(st, &s->added, f, row, fault.what);
	r = (struct path_reader){x.data, x.data + x.len};
	x = path_value(&r);
	for (uint32_t k = 0; k < s->added.n; k++) {
		struct leat_text found = path_follow(s, k, x);

		if (found.data)
			path_put(s, f, k, row, found);
	}
	leat__added_keep(f, row);
	return LEAT_OK;
}

static int
path_rows(struct leat_stage *st, struct path *s, struct added_frame *f)
{
	const struct leat_column *c = &s->added.from->columns[s->added.column];
	bool is_good = c->flags & LEAT_COLUMN_JSON;

	for (uint32_t k = 0; k < f->t.n_rows; k++) {
		uint32_t row = leat_table_row(&f->t, k);
		int rc = LEAT_OK;

		if (leat_vector_has(&f->source, row))
			rc = path_row(st, s, f, row, is_good);
		else
			leat__added_keep(f, row);
		if (rc)
			return rc;
	}
	return LEAT_OK;
}

static int
path_process(struct leat_stage *st, struct leat_frame *in)
{
	struct path *s = leat_stage_state(st);
	struct added_frame f;
	int rc = leat__added_begin(st, &s->added, in, &f);

	if (!rc)
		rc = path_rows(st, s, &f);
	if (!rc)
		return leat__added_end(st, &s->added, in, &f);
	leat__added_abandon(st, &f);
	return rc;
}

/* ---- paths -------------------------------------------------------------- */

static int
path_fail(struct leat_stage *st, size_t at, const char *what)
{
	return leat_stage_fail_at(st, LEAT_EINVAL, "paths", at, 1,
		"%s; as in city=$.address.city,first=$.tags[0],"
		"odd=$['a.b'],last=$.tags[-1]",
		what);
}

/* [0], [-1], ['key'], ["key"]: behind it, 0 = it is wrong. */
static size_t
path_bracket(const char *list, size_t at, struct path_step *step)
{
	size_t start = ++at;

	if (list[at] == '"' || list[at] == '\'') {
		const char *end = strchr(list + at + 1, list[at]);

		step->key = list + at + 1;
		step->len = end ? (uint32_t)(end - step->key) : 0;
		return end && end[1] == ']' ? (size_t)(end + 2 - list) : 0;
	}
	step->from_end = list[at] == '-';
	at += step->from_end;
	start = at;
	for (; list[at] >= '0' && list[at] <= '9' && at - start < 9; at++)
		step->index = step->index * 10 + (uint32_t)(list[at] - '0');
	if (at == start || list[at] != ']' || (step->from_end && !step->index))
		return 0;
	return at + 1;
}

static size_t
path_word(const char *list, size_t at, struct path_step *step)
{
	step->key = list + ++at;
	step->len = (uint32_t)strcspn(list + at, ".[,");
	return step->len ? at + step->len : 0;
}

/* $ and its steps: behind them, 0 = has been said. */
static size_t
path_steps(struct leat_stage *st, struct path *s, const char *list, size_t at)
{
	while (list[at] == '.' || list[at] == '[') {
		struct path_step *step = &s->steps[s->n_steps];
		size_t end;

		if (s->n_steps == PATH_STEPS_MAX) {
			path_fail(st, at, "there are too many steps");
			return 0;
		}
		*step = (struct path_step){0};
		end = list[at] == '.' ? path_word(list, at, step)
				      : path_bracket(list, at, step);
		if (!end) {
			path_fail(st, at, "this is no step of a path");
			return 0;
		}
		s->n_steps++;
		at = end;
	}
	return at;
}

/* name=$.path, ... */
static int
path_read(struct leat_stage *st, struct path *s)
{
	const char *list = s->opts->paths;
	size_t at = 0;

	for (;;) {
		size_t len = strcspn(list + at, "=,");
		int rc;

		if (list[at + len] != '=' || list[at + len + 1] != '$')
			return path_fail(
				st, at, "a name, = and a path are wanted here");
		rc = leat__added_name(
			st, &s->added, list + at, len, (uint32_t)at);
		if (rc)
			return rc;
		at = path_steps(st, s, list, at + len + 2);
		if (!at)
			return LEAT_EINVAL;
		s->ends[s->added.n - 1] = s->n_steps;
		if (!list[at])
			return LEAT_OK;
		if (list[at] != ',')
			return path_fail(st, at, "a comma is wanted here");
		at++;
		while (list[at] == ' ')
			at++;
	}
}

static int
path_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct path *s = leat_stage_state(st);
	int rc = leat__added_negotiate(st, &s->added, in, out);
	void *memory;

	leat_stage_needs(st)->side_bytes += PATH_KEY_BYTES + 64;
	if (rc)
		return rc;
	rc = leat_stage_alloc(st, PATH_KEY_BYTES, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for a key");
	s->key = memory;
	return LEAT_OK;
}

static int
path_init(struct leat_stage *st, const void *opts)
{
	struct path *s = leat_stage_state(st);

	s->opts = opts;
	s->added.option = "from";
	s->added.names_option = "paths";
	s->added.keeps_literals = 1;
	s->added.source = (struct leat_text){(const uint8_t *)s->opts->from,
		(uint32_t)strlen(s->opts->from)};
	return path_read(st, s);
}

static const struct leat_option path_options[] = {
	{.name = "paths",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct leat_json_path_opts, paths),
		.help = "new columns: city=$.address.city,first=$.tags[0]"},
	{.name = "from",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct leat_json_path_opts, from),
		.help = "the column with JSON text"},
	{.name = NULL},
};

const struct leat_stage_ops leat_json_path_ops = {
	LEAT_STAGE_OPS_INIT("json.path"),
	.flags =
		LEAT_STAGE_IN_PLACE | LEAT_STAGE_STATELESS | LEAT_STAGE_REJECTS,
	.summary = "columns from inside JSON text, by path",
	.help = "A path begins with $, the whole value; then .key or "
		"['key'] of\n"
		"an object, [0] or, from the end, [-1] of a list. What it "
		"leads to\n"
		"is a string column: a string as its text, all else as its "
		"JSON text;\n"
		"null where there is nothing, or null. Of a key that stands "
		"twice\n"
		"the last counts. A value that is no JSON is an error at its "
		"place\n"
		"(on_error).\n"
		"\n"
		"    leat run 'read a.ndjson ! json.path first=$[0] "
		"from=tags'\n",
	.state_bytes = sizeof(struct path),
	.opts_bytes = sizeof(struct leat_json_path_opts),
	.options = path_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = path_init,
	.negotiate = path_negotiate,
	.process = path_process,
};
