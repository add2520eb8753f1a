/*
 * table/expr_like.c -- like and ilike: % any text, _ one character.
 *
 * A pattern is cut at its % before the start. The first piece stands at the
 * beginning, the last at the end, those between are looked for from left to
 * right, the first place is as good as any: no pattern needs to go back.
 * Keeps: time is at most that of the text times that of a piece.
 */
#define _GNU_SOURCE
#include <string.h>

#include "table/expr.h"

#define LIKE_NO_ESCAPE 256u

/* Between two %. A 1 in `any` = that byte is a _. */
struct like_piece {
	uint32_t at;
	uint32_t len;
	uint32_t has_any;
};

struct expr_like {
	uint32_t n_pieces;
	uint32_t is_folded; /* letters in lower case */
	uint8_t *bytes;     /* of all pieces */
	uint8_t *any;
	struct like_piece pieces[];
};

/* ---- compile ------------------------------------------------------------ */

static int
like_alloc(struct leat_expr *e, uint32_t len, struct expr_like **out)
{
	size_t n_bytes =
		sizeof(**out) + (len + 1) * sizeof(struct like_piece) + 2 * len;
	void *memory;

	LEAT_TRY(leat__expr_alloc(e, n_bytes, &memory));
	*out = memory;
	**out = (struct expr_like){.n_pieces = 1};
	(*out)->pieces[0] = (struct like_piece){0, 0, 0};
	(*out)->bytes = (uint8_t *)((*out)->pieces + len + 1);
	(*out)->any = (*out)->bytes + len;
	return LEAT_OK;
}

static void
like_put(struct expr_like *like, uint8_t byte, bool is_any)
{
	struct like_piece *piece = &like->pieces[like->n_pieces - 1];
	uint32_t at = piece->at + piece->len++;

	like->bytes[at] = byte;
	like->any[at] = is_any;
	piece->has_any |= is_any;
}

static int
like_fill(struct expr_like *like, const struct expr_node *pattern,
	uint32_t escape, struct leat_expr_error *err)
{
	for (uint32_t k = 0; k < pattern->len; k++) {
		uint8_t byte = (uint8_t)pattern->text[k];

		if (byte == escape && k + 1 == pattern->len)
			return leat__expr_fail(err, LEAT_EINVAL,
				pattern->offset, pattern->n_bytes,
				"nothing stands behind the escape character "
				"'%c'",
				(int)escape);
		if (byte == escape)
			like_put(like, (uint8_t)pattern->text[++k], false);
		else if (byte == '%') {
			const struct like_piece *last =
				&like->pieces[like->n_pieces - 1];
			uint32_t at = last->at + last->len;

			like->pieces[like->n_pieces++] =
				(struct like_piece){at, 0, 0};
		} else {
			like_put(like, byte, byte == '_');
		}
	}
	return LEAT_OK;
}

int
leat__expr_like_compile(
	struct leat_expr *e, struct expr_node *n, struct leat_expr_error *err)
{
	const struct expr_node *pattern = leat__expr_child(e, n, 1);
	const struct expr_node *escape =
		n->n_children > 2 ? leat__expr_child(e, n, 2) : NULL;
	uint32_t escape_byte = LIKE_NO_ESCAPE;
	struct expr_like *like;

	if (pattern->kind != EXPR_LITERAL || pattern->type != LEAT_TYPE_TEXT)
		return leat__expr_fail(err, LEAT_EINVAL, pattern->offset,
			pattern->n_bytes,
			"a pattern has to be written out: like 'a%%'");
	if (escape &&
		(escape->kind != EXPR_LITERAL ||
			escape->type != LEAT_TYPE_TEXT || escape->len != 1 ||
			escape->text[0] & 0x80))
		return leat__expr_fail(err, LEAT_EINVAL, escape->offset,
			escape->n_bytes,
			"escape wants one ASCII character: escape '!'");
	if (escape)
		escape_byte = (uint8_t)escape->text[0];
	if (like_alloc(e, pattern->len, &like))
		return leat__expr_fail(err, LEAT_ELIMIT, pattern->offset,
			pattern->n_bytes, "no memory for the pattern");
	LEAT_TRY(like_fill(like, pattern, escape_byte, err));
	if (n->function->name[0] == 'i') {
		like->is_folded = 1;
		leat__expr_text_case(
			like->bytes, pattern->len, like->bytes, false);
	}
	n->pattern = like;
	return LEAT_OK;
}

/* ---- run ---------------------------------------------------------------- */

/* Bytes of the text's front that a piece is equal to; UINT32_MAX = it is not.
 */
static uint32_t
like_front(const struct expr_like *like, const struct like_piece *piece,
	struct leat_text x)
{
	const uint8_t *bytes = like->bytes + piece->at;
	uint32_t at = 0;

	if (!piece->has_any)
		return x.len >= piece->len &&
				(!piece->len ||
					!memcmp(x.data, bytes, piece->len))
			? piece->len
			: UINT32_MAX;
	for (uint32_t k = 0; k < piece->len; k++) {
		if (at >= x.len)
			return UINT32_MAX;
		if (like->any[piece->at + k])
			at += leat__expr_char_bytes(
				x.data + at, x.data + x.len);
		else if (x.data[at++] != bytes[k])
			return UINT32_MAX;
	}
	return at;
}

/* Behind the first place where a piece stands; false = nowhere. */
static bool
like_find(const struct expr_like *like, const struct like_piece *piece,
	struct leat_text *x)
{
	uint32_t n;

	if (!piece->has_any && piece->len) {
		const uint8_t *at = x->len
			? memmem(x->data, x->len, like->bytes + piece->at,
				  piece->len)
			: NULL;

		if (!at)
			return false;
		at += piece->len;
		x->len -= (uint32_t)(at - x->data);
		x->data = at;
		return true;
	}
	while ((n = like_front(like, piece, *x)) == UINT32_MAX) {
		if (!x->len)
			return false;
		n = leat__expr_char_bytes(x->data, x->data + x->len);
		x->data += n;
		x->len -= n;
	}
	x->data += n;
	x->len -= n;
	return true;
}

/* Does the text end with a piece? */
static bool
like_end(const struct expr_like *like, const struct like_piece *piece,
	struct leat_text x)
{
	if (!piece->has_any) {
		if (x.len < piece->len)
			return false;
		x.data += x.len - piece->len;
		x.len = piece->len;
		return like_front(like, piece, x) != UINT32_MAX;
	}
	for (;;) {
		uint32_t n;

		if (like_front(like, piece, x) == x.len)
			return true;
		if (!x.len)
			return false;
		n = leat__expr_char_bytes(x.data, x.data + x.len);
		x.data += n;
		x.len -= n;
	}
}

static bool
like_is(const struct expr_like *like, struct leat_text x)
{
	uint32_t last = like->n_pieces - 1;
	uint32_t n = like_front(like, &like->pieces[0], x);

	if (n == UINT32_MAX)
		return false;
	if (!last)
		return n == x.len;
	x.data += n;
	x.len -= n;
	for (uint32_t k = 1; k < last; k++)
		if (!like_find(like, &like->pieces[k], &x))
			return false;
	return like_end(like, &like->pieces[last], x);
}

int
leat__expr_like_call(const struct expr_call *c)
{
	const struct expr_like *like = c->node->pattern;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		uint32_t arena_at = c->run->arena_at;
		uint8_t *at;

		c->out->is_true[k] = 0;
		if (!c->out->has[k])
			continue;
		if (like->is_folded) {
			at = leat__expr_take(c->run, x.len);
			if (!at)
				return LEAT_ELIMIT;
			leat__expr_text_case(x.data, x.len, at, false);
			x.data = at;
		}
		c->out->is_true[k] = like_is(like, x);
		c->run->arena_at = arena_at;
	}
	return LEAT_OK;
}
