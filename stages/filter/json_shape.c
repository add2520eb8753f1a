/*
 * json_shape.c -- the shape of a line: what stands between its values.
 *
 * Made from a line that the walk has taken, so it is good JSON and no key is
 * wrong; a line with a list, a value that is kept as JSON text, or null for an
 * object of columns has no shape. One thread at a time.
 */
#include <string.h>

#include "json.h"

#define SHAPE_MEMBERS_MAX 4096
#define SHAPE_TEXT_BYTES  (1u << 17) /* of all that stands between values */

/* A shape that is being made. */
struct shaper {
	struct json_shape *shape;
	struct json_tree *tree;
	const uint8_t *text;
	uint32_t at;
	uint32_t before; /* where the last value ended, or the line begins */
};

static bool shaper_object(struct shaper *s, struct json_path *in);

uint64_t
leat__json_shape_bytes(void)
{
	return (SHAPE_MEMBERS_MAX + 1) *
		(sizeof(struct leat_json_member) + sizeof(struct json_path *)) +
		SHAPE_TEXT_BYTES + LEAT_JSON_SHAPE_SLACK + 64;
}

int
leat__json_shape_create(struct leat_stage *st, struct json_shape *shape)
{
	void *memory;
	int rc =
		leat_stage_alloc(st, (size_t)leat__json_shape_bytes(), &memory);

	if (rc)
		return leat_stage_fail(st, rc, "no memory for a line's shape");
	*shape = (struct json_shape){.members = memory};
	shape->paths = (void *)(shape->members + SHAPE_MEMBERS_MAX + 1);
	shape->texts = (void *)(shape->paths + SHAPE_MEMBERS_MAX + 1);
	return LEAT_OK;
}

/* ---- reading a line that is known to be good ---------------------------- */

static void
shaper_skip_white(struct shaper *s)
{
	while (json_is_white(s->text[s->at]))
		s->at++;
}

/* A string, quotes included. */
static struct leat_text
shaper_string(struct shaper *s)
{
	uint32_t start = s->at++;

	while (s->text[s->at] != '"')
		s->at += s->text[s->at] == '\\' ? 2 : 1;
	s->at++;
	return (struct leat_text){s->text + start, s->at - start};
}

/* What stands from the last value up to here goes before the next one. */
static bool
shaper_add(struct shaper *s, struct json_path *path)
{
	struct json_shape *shape = s->shape;
	uint32_t n = s->at - s->before;
	uint8_t *to = shape->texts + shape->n_texts;

	if (shape->n_members > SHAPE_MEMBERS_MAX ||
		n > SHAPE_TEXT_BYTES - shape->n_texts)
		return false;
	memcpy(to, s->text + s->before, n);
	shape->n_texts += n;
	shape->paths[shape->n_members] = path;
	shape->members[shape->n_members++] = (struct leat_json_member){
		.before = to,
		.n_before = n,
	};
	return true;
}

static bool
shaper_scalar(struct shaper *s, struct json_path *path)
{
	if ((path && !path->is_plain) || !shaper_add(s, path))
		return false;
	if (s->text[s->at] == '"')
		shaper_string(s);
	else
		while (!strchr(",} \t\r\n", s->text[s->at]))
			s->at++;
	s->before = s->at;
	return true;
}

static bool
shaper_value(struct shaper *s, struct json_path *path)
{
	switch (s->text[s->at]) {
	case '[':
		return false;
	case '{':
		return (!path || path->is_inner) && shaper_object(s, path);
	default:
		return shaper_scalar(s, path);
	}
}

/* In an object that nobody looks into, `in` is NULL. */
static bool
shaper_member(struct shaper *s, struct json_path *in)
{
	struct leat_text text = shaper_string(s);
	struct json_key *key = NULL;
	bool is_bad;

	if (in)
		key = leat__json_key_find(s->tree, in, text, &is_bad);
	shaper_skip_white(s);
	s->at++; /* the colon */
	shaper_skip_white(s);
	return shaper_value(s, key ? key->path : NULL);
}

static bool
shaper_object(struct shaper *s, struct json_path *in)
{
	do {
		s->at++;
		shaper_skip_white(s);
		if (s->text[s->at] == '}')
			break;
		if (!shaper_member(s, in))
			return false;
		shaper_skip_white(s);
	} while (s->text[s->at] == ',');
	s->at++;
	return true;
}

/* Which columns have a value? */
static void
shape_mark(struct json_shape *shape, const struct json_tree *tree)
{
	for (uint32_t k = 0; k < tree->n_columns; k++)
		tree->columns[k]->is_in_shape = 0;
	shape->n_columns = 0;
	for (uint32_t k = 0; k < shape->n_members; k++)
		if (shape->paths[k])
			shape->n_columns += !shape->paths[k]->is_in_shape++;
}

bool
leat__json_shape_make(struct json_shape *shape, struct json_tree *tree,
	const uint8_t *text, uint32_t line)
{
	struct shaper s = {shape, tree, text, line, line};

	shape->is_made = shape->n_members = shape->n_texts = 0;
	shaper_skip_white(&s);
	if (!shaper_object(&s, tree->paths))
		return false;
	while (s.text[s.at++] != '\n')
		continue;
	if (!shaper_add(&s, NULL))
		return false;
	shape->n_members--;
	shape_mark(shape, tree);
	shape->is_made = 1;
	return true;
}

void
leat__json_shape_bind(struct json_shape *shape, bool is_blind)
{
	uint32_t n = shape->is_made ? shape->n_members : 0;

	for (uint32_t k = 0; k < n; k++) {
		struct leat_json_member *m = &shape->members[k];
		const struct json_path *path = shape->paths[k];

		m->pieces = path && !is_blind ? path->pieces : NULL;
		m->valid = m->pieces ? path->valid : NULL;
	}
}
