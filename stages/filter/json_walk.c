/*
 * json_walk.c -- from the structure of a line to the values of a row.
 *
 * Between two characters of the structure stands one value at most, so a key
 * and a value are looked at where they begin and where they end. All values
 * are checked, whether somebody asked for them or not: what is right does not
 * depend on who asks. One thread at a time.
 */
#include "json.h"
#include "json_number.h"

static bool walk_value(
	struct json_walk *w, uint32_t from, uint32_t *start, uint32_t *end);

/* ---- words -------------------------------------------------------------- */

/* Is this a number, true, false or null? Reads up to 16 bytes. */
static bool
word_is_good(const uint8_t *text, uint32_t len)
{
	if (json_is_common_number(text, len))
		return true;
	switch (text[0]) {
	case 'n':
		return len == 4 && !memcmp(text, "null", 4);
	case 't':
		return len == 4 && !memcmp(text, "true", 4);
	case 'f':
		return len == 5 && !memcmp(text, "false", 5);
	default:
		return leat_json_is_number((struct leat_text){text, len});
	}
}

/* ---- pieces of a line --------------------------------------------------- */

static inline uint32_t
walk_skip_white(const struct json_walk *w, uint32_t at)
{
	while (json_is_white(w->text[at]))
		at++;
	return at;
}

static bool
walk_fail(struct json_walk *w, uint32_t at, const char *what)
{
	if (!w->fault.what)
		w->fault = (struct leat_json_fault){at, what};
	return false;
}

/* A string, quotes included. Its end was found, its escapes were not. */
static inline bool
walk_check_string(const struct json_walk *w, uint32_t start, uint32_t end)
{
	struct leat_text x = {w->text + start, end - start};
	struct leat_json_fault fault;

	if (!w->has_escapes || !memchr(x.data, '\\', x.len))
		return true;
	return leat_json_check(x, &fault) == LEAT_OK;
}

/* A string or a word between two places; white space is taken off. */
static inline bool
walk_scalar(struct json_walk *w, uint32_t start, uint32_t *end)
{
	while (json_is_white(w->text[*end - 1]))
		(*end)--;
	if (w->text[start] == '"')
		return walk_check_string(w, start, *end);
	return word_is_good(w->text + start, *end - start);
}

/* The key before ends[at], which must be a colon, and begins behind from. */
static inline bool
walk_key(const struct json_walk *w, uint32_t from, struct leat_text *key)
{
	uint32_t end = w->ends[w->at];
	uint32_t start = walk_skip_white(w, from);

	if (w->text[end] != ':' || w->text[start] != '"')
		return false;
	while (json_is_white(w->text[end - 1]))
		end--;
	*key = (struct leat_text){w->text + start, end - start};
	return true;
}

/* Is there nothing between a place and the next of the structure? */
static inline bool
walk_is_blank(const struct json_walk *w, uint32_t from)
{
	return walk_skip_white(w, from) == w->ends[w->at];
}

/* Into an object or a list, behind its bracket. */
static bool
walk_enter(struct json_walk *w)
{
	w->at++;
	return ++w->depth <= LEAT_JSON_DEPTH_MAX;
}

/* Out of it: the closing one is next. */
static bool
walk_leave(struct json_walk *w)
{
	uint32_t end = w->ends[w->at++] + 1;

	w->depth--;
	return walk_is_blank(w, end);
}

/* ---- values that nobody looks into -------------------------------------- */

static bool
walk_foreign_list(struct json_walk *w)
{
	uint32_t from = w->ends[w->at] + 1;
	uint32_t start, end;

	if (!walk_enter(w))
		return false;
	if (w->text[w->ends[w->at]] == ']' && walk_is_blank(w, from))
		return walk_leave(w);
	while (walk_value(w, from, &start, &end)) {
		uint32_t behind = w->ends[w->at];

		if (w->text[behind] == ']')
			return walk_leave(w);
		if (w->text[behind] != ',')
			return false;
		from = behind + 1;
		w->at++;
	}
	return false;
}

static bool
walk_foreign_object(struct json_walk *w)
{
	uint32_t from = w->ends[w->at] + 1;
	uint32_t start, end;
	struct leat_text key;

	if (!walk_enter(w))
		return false;
	if (w->text[w->ends[w->at]] == '}' && walk_is_blank(w, from))
		return walk_leave(w);
	while (walk_key(w, from, &key)) {
		uint32_t behind;

		start = (uint32_t)(key.data - w->text);
		if (!walk_check_string(w, start, start + key.len))
			return false;
		from = w->ends[w->at++] + 1;
		if (!walk_value(w, from, &start, &end))
			return false;
		behind = w->ends[w->at];
		if (w->text[behind] == '}')
			return walk_leave(w);
		if (w->text[behind] != ',')
			return false;
		from = behind + 1;
		w->at++;
	}
	return false;
}

/* Any value behind `from`: where it stands; at is then what follows. */
static bool
walk_value(struct json_walk *w, uint32_t from, uint32_t *start, uint32_t *end)
{
	bool is_good;

	*start = walk_skip_white(w, from);
	*end = w->ends[w->at];
	if (*start < *end)
		return walk_scalar(w, *start, end);
	if (w->text[*end] == '{')
		is_good = walk_foreign_object(w);
	else if (w->text[*end] == '[')
		is_good = walk_foreign_list(w);
	else
		return false;
	*end = w->ends[w->at - 1] + 1;
	return is_good;
}

/* ---- values of columns -------------------------------------------------- */

/* The inside of a string with escapes, decoded in the frame. */
static bool
walk_decode(
	struct json_walk *w, struct leat_text inside, struct leat_piece *out)
{
	uint8_t *to;
	uint32_t n;

	if (leat_table_add_text(w->table, NULL, inside.len, out) != LEAT_OK) {
		w->is_full = 1;
		return false;
	}
	to = w->table->frame->data + out->at;
	if (leat_json_decode(inside, to, &n) != LEAT_OK)
		return false;
	out->len = n | LEAT_PIECE_OWN;
	return true;
}

/* A checked value goes to its column. */
static inline bool
walk_put(struct json_walk *w, struct json_path *path, uint32_t start,
	uint32_t end)
{
	struct leat_piece *piece;
	uint8_t first = w->text[start];

	w->n_set++;
	if (!path->pieces)
		return true;
	piece = &path->pieces[w->row];
	if (first == '"' && !path->is_text) {
		struct leat_text inside = {
			w->text + start + 1, end - start - 2};

		if (w->has_escapes && !path->is_literal &&
			memchr(inside.data, '\\', inside.len))
			return walk_decode(w, inside, piece);
		*piece = (struct leat_piece){start + 1, inside.len};
		return true;
	}
	if (first == 'n')
		path->valid[w->row / 8] &= (uint8_t) ~(1u << (w->row % 8));
	*piece = (struct leat_piece){start, end - start};
	return true;
}

static bool walk_object(struct json_walk *w, struct json_path *in);

/* A value where an object with columns in it is wanted. */
static bool
walk_inner(struct json_walk *w, struct json_path *path, uint32_t from)
{
	uint32_t start = walk_skip_white(w, from), end;

	if (w->text[w->ends[w->at]] == '{' && start == w->ends[w->at])
		return walk_object(w, path);
	if (!walk_value(w, from, &start, &end))
		return false;
	if (end - start == 4 && !memcmp(w->text + start, "null", 4))
		return true;
	w->fault_key = path->name;
	return walk_fail(w, start,
		"an object or null is wanted here, as the columns have it");
}

/* The value of a key, behind `from`. */
static inline bool
walk_member(struct json_walk *w, struct json_key *key, uint32_t from)
{
	struct json_path *path = key ? key->path : NULL;
	uint32_t start, end;

	if (path) {
		if (path->seen == w->stamp) {
			w->fault_key = path->name;
			return walk_fail(w, from - 1,
				"this key stands twice in its object");
		}
		path->seen = w->stamp;
		if (path->is_inner)
			return walk_inner(w, path, from);
	}
	if (!walk_value(w, from, &start, &end))
		return false;
	return !path || walk_put(w, path, start, end);
}

/* A key that was not expected. */
static bool
walk_search(struct json_walk *w, struct json_path *in, uint32_t from,
	struct json_key **key_out)
{
	struct leat_text text;
	bool is_bad;

	if (!walk_key(w, from, &text))
		return false;
	*key_out = leat__json_key_find(w->tree, in, text, &is_bad);
	if (is_bad)
		return false;
	if (!w->is_strict || (*key_out && (*key_out)->path))
		return true;
	w->fault_key = (struct leat_text){text.data + 1, text.len - 2};
	return walk_fail(w, (uint32_t)(text.data - w->text),
		"there is no column for this key; extra=ignore leaves such "
		"keys out, schema= names the columns, infer_rows=N looks at "
		"more lines");
}

/*
 * A string without escapes or a common number, for a plain column or nobody:
 * most values. false: nothing was done. *n_set counts what a column got.
 */
static inline bool
walk_common(const struct json_walk *w, struct json_path *path, uint32_t start,
	uint32_t end, uint32_t *n_set)
{
	const uint8_t *text = w->text;
	uint32_t is_string = text[start] == '"';

	if (start >= end)
		return false;
	while (text[end - 1] <= ' ')
		end--;
	if (!is_string && !json_is_common_number(text + start, end - start))
		return false;
	if (!path)
		return true;
	if (!path->is_plain || path->seen == w->stamp)
		return false;
	path->seen = w->stamp;
	if (path->pieces)
		path->pieces[w->row] = (struct leat_piece){
			start + is_string, end - start - 2 * is_string};
	++*n_set;
	return true;
}

/* As walk_member, what has been counted included. */
static bool
walk_uncommon(
	struct json_walk *w, struct json_key *key, uint32_t at, uint32_t n_set)
{
	uint32_t from = w->ends[at - 1] + 1;

	w->at = at;
	w->n_set = n_set;
	return walk_member(w, key, from);
}

/* Where in the structure and how many columns are kept here, not in w, while
 * all goes as expected. */
static bool
walk_members(struct json_walk *w, struct json_path *in)
{
	const uint8_t *text = w->text;
	const uint32_t *ends = w->ends;
	struct json_key *key, **expected = &in->first, *nothing;
	uint32_t at = w->at, n_set = w->n_set;
	uint32_t from = ends[at - 1] + 1;
	bool has_escapes = w->has_escapes;

	for (;;) {
		uint32_t colon = ends[at];

		from += text[from] == ' ';
		key = *expected;
		if (!key || text[colon] != ':' ||
			!json_key_is(key, text + from, colon - from)) {
			w->at = at;
			if (!walk_search(w, in, from, &key))
				return false;
			*expected = key;
		}
		from = colon + 1;
		from += text[from] == ' ';
		at++;
		if (has_escapes ||
			!walk_common(w, key ? key->path : NULL, from, ends[at],
				&n_set)) {
			if (!walk_uncommon(w, key, at, n_set))
				return false;
			at = w->at;
			n_set = w->n_set;
		}
		from = ends[at] + 1;
		if (text[from - 1] != ',')
			break;
		at++;
		nothing = NULL;
		expected = key ? &key->next : &nothing;
	}
	w->at = at;
	w->n_set = n_set;
	return text[from - 1] == '}' && walk_leave(w);
}

static bool
walk_object(struct json_walk *w, struct json_path *in)
{
	uint32_t from = w->ends[w->at] + 1;

	if (!walk_enter(w))
		return false;
	if (w->text[w->ends[w->at]] == '}' && walk_is_blank(w, from))
		return walk_leave(w);
	return walk_members(w, in);
}

/* ---- lines -------------------------------------------------------------- */

/* Columns whose key was not there are null. */
static void
walk_set_missing(struct json_walk *w)
{
	const struct json_tree *tree = w->tree;
	uint8_t bit = (uint8_t)(1u << (w->row % 8));

	for (uint32_t k = 0; k < tree->n_columns; k++)
		if (tree->columns[k]->seen != w->stamp &&
			tree->columns[k]->valid)
			tree->columns[k]->valid[w->row / 8] &= (uint8_t)~bit;
}

bool
leat__json_walk_line(struct json_walk *w)
{
	w->n_set = 0;
	w->depth = 0;
	w->stamp++;
	if (!walk_object(w, w->tree->paths) || w->text[w->ends[w->at]] != '\n')
		return false;
	if (w->n_set != w->tree->n_columns && !w->is_blind)
		walk_set_missing(w);
	return true;
}
