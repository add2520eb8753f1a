/*
 * table/expr_text.c -- functions of texts.
 *
 * A text is UTF-8; lengths and places count characters, a byte that is none
 * counts as one. What is a piece of an argument is not copied; what is new
 * lies in the arena. Only the frame's holder enters.
 */
#define _GNU_SOURCE
#include <string.h>

#include "table/expr.h"

static const char text_negative[] = "there is no such length below zero";
static const char text_no_part[] = "parts count from 1, or from -1 at the end";

/* ---- pieces of a text --------------------------------------------------- */

static int64_t
text_count(struct leat_text x)
{
	const uint8_t *at = x.data, *end = x.data + x.len;
	int64_t n = 0;

	for (; at < end; n++)
		at += leat__expr_char_bytes(at, end);
	return n;
}

/* Bytes of the first n characters; all if there are not so many. */
static uint32_t
text_prefix_bytes(struct leat_text x, int64_t n)
{
	const uint8_t *at = x.data, *end = x.data + x.len;

	for (; n > 0 && at < end; n--)
		at += leat__expr_char_bytes(at, end);
	return (uint32_t)(at - x.data);
}

/* Without the first n characters. */
static struct leat_text
text_behind(struct leat_text x, int64_t n)
{
	uint32_t at = text_prefix_bytes(x, n);

	return (struct leat_text){x.data + at, x.len - at};
}

/* Where y begins in x, bytes; or -1. */
static int64_t
text_find(struct leat_text x, struct leat_text y)
{
	const uint8_t *at;

	if (!y.len)
		return 0;
	at = x.len ? memmem(x.data, x.len, y.data, y.len) : NULL;
	return at ? at - x.data : -1;
}

static bool
text_starts(struct leat_text x, struct leat_text y)
{
	return x.len >= y.len && (!y.len || !memcmp(x.data, y.data, y.len));
}

static int
text_substr(const struct expr_call *c)
{
	bool has_length = c->node->n_children > 2;

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		int64_t from = c->arg[1]->int64[k];
		int64_t n = has_length ? c->arg[2]->int64[k] : INT64_MAX;

		if (!c->out->has[k])
			continue;
		if (n < 0) {
			leat__expr_bad(c, k, text_negative);
			continue;
		}
		if (from < 0) /* from the end */
			from += text_count(x) + 1;
		/* characters before the first are counted, not there */
		if (from < 1) {
			n = !has_length ? n : from > 1 - n ? n - (1 - from) : 0;
			from = 1;
		}
		x = text_behind(x, from - 1);
		x.len = text_prefix_bytes(x, n);
		c->out->text[k] = x;
	}
	return LEAT_OK;
}

/* All but the last -n if n is below zero. */
static int
text_left(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		int64_t n = c->arg[1]->int64[k];

		if (!c->out->has[k])
			continue;
		if (n < 0)
			n = n < -(int64_t)x.len ? 0 : text_count(x) + n;
		x.len = text_prefix_bytes(x, n);
		c->out->text[k] = x;
	}
	return LEAT_OK;
}

static int
text_right(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		int64_t n = c->arg[1]->int64[k];

		if (!c->out->has[k])
			continue;
		if (n < 0)
			n = n == INT64_MIN ? INT64_MAX : -n;
		else
			n = text_count(x) - n;
		c->out->text[k] = text_behind(x, n);
	}
	return LEAT_OK;
}

/* Is the character at `at` one of a set? */
static bool
text_has_char(struct leat_text set, const uint8_t *at, uint32_t n_bytes)
{
	const uint8_t *s = set.data, *end = set.data + set.len;

	while (s < end) {
		uint32_t n = leat__expr_char_bytes(s, end);

		if (n == n_bytes && !memcmp(s, at, n))
			return true;
		s += n;
	}
	return false;
}

static struct leat_text
text_trim_left(struct leat_text x, struct leat_text set)
{
	while (x.len) {
		uint32_t n = leat__expr_char_bytes(x.data, x.data + x.len);

		if (!text_has_char(set, x.data, n))
			break;
		x.data += n;
		x.len -= n;
	}
	return x;
}

static struct leat_text
text_trim_right(struct leat_text x, struct leat_text set)
{
	while (x.len) {
		const uint8_t *at = x.data + x.len - 1;

		while (at > x.data && x.data + x.len - at < 4 &&
			(*at & 0xc0) == 0x80)
			at--;
		if (leat__expr_char_bytes(at, x.data + x.len) !=
			(size_t)(x.data + x.len - at))
			at = x.data + x.len - 1;
		if (!text_has_char(set, at, (uint32_t)(x.data + x.len - at)))
			break;
		x.len = (uint32_t)(at - x.data);
	}
	return x;
}

static int
text_trim_sides(const struct expr_call *c, bool left, bool right)
{
	static const uint8_t space[] = " ";

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		struct leat_text set = {space, 1};

		if (!c->out->has[k])
			continue;
		if (c->node->n_children > 1)
			set = c->arg[1]->text[k];
		x = left ? text_trim_left(x, set) : x;
		c->out->text[k] = right ? text_trim_right(x, set) : x;
	}
	return LEAT_OK;
}

static int
text_trim(const struct expr_call *c)
{
	return text_trim_sides(c, true, true);
}

static int
text_ltrim(const struct expr_call *c)
{
	return text_trim_sides(c, true, false);
}

static int
text_rtrim(const struct expr_call *c)
{
	return text_trim_sides(c, false, true);
}

/* Part n of x, from 1; empty if there is none. */
static struct leat_text
text_part(struct leat_text x, struct leat_text separator, int64_t n)
{
	int64_t at;

	while (separator.len && (at = text_find(x, separator)) >= 0) {
		if (--n == 0)
			return (struct leat_text){x.data, (uint32_t)at};
		x.data += at + separator.len;
		x.len -= (uint32_t)at + separator.len;
	}
	return n == 1 ? x : (struct leat_text){x.data, 0};
}

static int64_t
text_count_parts(struct leat_text x, struct leat_text separator)
{
	int64_t n = 1, at;

	for (; separator.len && (at = text_find(x, separator)) >= 0; n++) {
		x.data += at + separator.len;
		x.len -= (uint32_t)at + separator.len;
	}
	return n;
}

static int
text_split_part(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		struct leat_text separator = c->arg[1]->text[k];
		int64_t n = c->arg[2]->int64[k];

		if (!c->out->has[k])
			continue;
		if (n < 0 && n >= -(int64_t)x.len - 1)
			n += text_count_parts(x, separator) + 1;
		else if (!n)
			leat__expr_bad(c, k, text_no_part);
		c->out->text[k] = n > 0 ? text_part(x, separator, n)
					: (struct leat_text){x.data, 0};
	}
	return LEAT_OK;
}

/* ---- what there is in a text -------------------------------------------- */

static int
text_length(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		if (c->out->has[k])
			c->out->int64[k] = text_count(c->arg[0]->text[k]);
	return LEAT_OK;
}

static int
text_bytes(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		c->out->int64[k] = c->out->has[k] ? c->arg[0]->text[k].len : 0;
	return LEAT_OK;
}

static int
text_position(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		int64_t at;

		if (!c->out->has[k])
			continue;
		at = text_find(x, c->arg[1]->text[k]);
		x.len = at < 0 ? 0 : (uint32_t)at;
		c->out->int64[k] = at < 0 ? 0 : text_count(x) + 1;
	}
	return LEAT_OK;
}

static int
text_contains(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		c->out->is_true[k] = c->out->has[k] &&
			text_find(c->arg[0]->text[k], c->arg[1]->text[k]) >= 0;
	return LEAT_OK;
}

static int
text_starts_with(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++)
		c->out->is_true[k] = c->out->has[k] &&
			text_starts(c->arg[0]->text[k], c->arg[1]->text[k]);
	return LEAT_OK;
}

static int
text_ends_with(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		struct leat_text y = c->arg[1]->text[k];

		c->out->is_true[k] = 0;
		if (!c->out->has[k] || x.len < y.len)
			continue;
		x = (struct leat_text){x.data + x.len - y.len, y.len};
		c->out->is_true[k] = text_starts(x, y);
	}
	return LEAT_OK;
}

/* ---- new texts ---------------------------------------------------------- */

static int
text_case(const struct expr_call *c, bool to_upper)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		uint8_t *at;

		if (!c->out->has[k])
			continue;
		at = leat__expr_take(c->run, x.len);
		if (!at)
			return LEAT_ELIMIT;
		leat__expr_text_case(x.data, x.len, at, to_upper);
		c->out->text[k] = (struct leat_text){at, x.len};
	}
	return LEAT_OK;
}

static int
text_upper(const struct expr_call *c)
{
	return text_case(c, true);
}

static int
text_lower(const struct expr_call *c)
{
	return text_case(c, false);
}

static int
text_reverse(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		const uint8_t *from = x.data, *end = x.data + x.len;
		uint8_t *at;

		if (!c->out->has[k])
			continue;
		at = leat__expr_take(c->run, x.len);
		if (!at)
			return LEAT_ELIMIT;
		c->out->text[k] = (struct leat_text){at, x.len};
		at += x.len;
		while (from < end) {
			uint32_t n = leat__expr_char_bytes(from, end);

			at -= n;
			memcpy(at, from, n);
			from += n;
		}
	}
	return LEAT_OK;
}

/* Bytes that x has when each `from` in it is a `to`. */
static uint64_t
text_replaced_bytes(
	struct leat_text x, struct leat_text from, struct leat_text to)
{
	uint64_t n_bytes = x.len;
	int64_t at;

	while (from.len && (at = text_find(x, from)) >= 0) {
		n_bytes += (uint64_t)to.len - from.len;
		x.data += at + from.len;
		x.len -= (uint32_t)at + from.len;
	}
	return n_bytes;
}

static uint8_t *
text_put(uint8_t *at, const uint8_t *data, size_t n_bytes)
{
	if (n_bytes)
		memcpy(at, data, n_bytes);
	return at + n_bytes;
}

static int
text_replace(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		struct leat_text from = c->arg[1]->text[k];
		struct leat_text to = c->arg[2]->text[k];
		uint64_t n_bytes;
		uint8_t *out;
		int64_t at;

		if (!c->out->has[k])
			continue;
		c->out->text[k] = x;
		if (!from.len || text_find(x, from) < 0)
			continue;
		n_bytes = text_replaced_bytes(x, from, to);
		out = leat__expr_take(c->run, n_bytes);
		if (!out)
			return LEAT_ELIMIT;
		c->out->text[k] = (struct leat_text){out, (uint32_t)n_bytes};
		while ((at = text_find(x, from)) >= 0) {
			out = text_put(out, x.data, (size_t)at);
			out = text_put(out, to.data, to.len);
			x.data += at + from.len;
			x.len -= (uint32_t)at + from.len;
		}
		text_put(out, x.data, x.len);
	}
	return LEAT_OK;
}

/* As much of a text, over and over, as makes n characters. */
static uint64_t
text_fill_bytes(struct leat_text fill, int64_t n)
{
	int64_t n_chars = text_count(fill);

	if (n_chars == 0 || n <= 0)
		return 0;
	if (n / n_chars > EXPR_ARENA_BYTES)
		return UINT32_MAX;
	return (uint64_t)(n / n_chars) * fill.len +
		text_prefix_bytes(fill, n % n_chars);
}

/* The first copy, and then as much as there is already. */
static uint8_t *
text_put_fill(uint8_t *at, struct leat_text fill, uint64_t n_bytes)
{
	uint64_t n = fill.len < n_bytes ? fill.len : n_bytes;
	uint8_t *end = at + n_bytes;

	text_put(at, fill.data, n);
	for (uint8_t *to = at + n; to < end; n *= 2) {
		uint64_t rest = (uint64_t)(end - to);

		to = text_put(to, at, n < rest ? n : rest);
	}
	return end;
}

static int
text_pad(const struct expr_call *c, bool is_left)
{
	static const uint8_t space[] = " ";

	for (uint32_t k = 0; k < c->n; k++) {
		struct leat_text x = c->arg[0]->text[k];
		struct leat_text fill = {space, 1};
		int64_t n = c->arg[1]->int64[k];
		uint64_t n_fill;
		uint8_t *at;

		if (!c->out->has[k])
			continue;
		if (c->node->n_children > 2)
			fill = c->arg[2]->text[k];
		x.len = text_prefix_bytes(x, n);
		n_fill = text_fill_bytes(fill, n - text_count(x));
		at = leat__expr_take(c->run, x.len + n_fill);
		if (!at)
			return LEAT_ELIMIT;
		c->out->text[k] =
			(struct leat_text){at, x.len + (uint32_t)n_fill};
		if (!is_left)
			at = text_put(at, x.data, x.len);
		at = text_put_fill(at, fill, n_fill);
		if (is_left)
			text_put(at, x.data, x.len);
	}
	return LEAT_OK;
}

static int
text_lpad(const struct expr_call *c)
{
	return text_pad(c, true);
}

static int
text_rpad(const struct expr_call *c)
{
	return text_pad(c, false);
}

/* All arguments behind each other; nulls are nothing. */
static int
text_concat(const struct expr_call *c)
{
	for (uint32_t k = 0; k < c->n; k++) {
		uint64_t n_bytes = 0;
		uint8_t *at;

		for (uint32_t a = 0; a < c->node->n_children; a++)
			if (c->arg[a]->has[k])
				n_bytes += c->arg[a]->text[k].len;
		at = leat__expr_take(c->run, n_bytes);
		if (!at)
			return LEAT_ELIMIT;
		c->out->text[k] = (struct leat_text){at, (uint32_t)n_bytes};
		for (uint32_t a = 0; a < c->node->n_children; a++)
			if (c->arg[a]->has[k])
				at = text_put(at, c->arg[a]->text[k].data,
					c->arg[a]->text[k].len);
	}
	return LEAT_OK;
}

static int
text_concat_all(const struct expr_call *c)
{
	memset(c->out->has, 1, c->n);
	return text_concat(c);
}

/* Whatever it is, as it is printed. */
static int
text_concat_bind(struct expr_bind *b, struct expr_node *n)
{
	for (uint32_t child = n->child; child;
		child = b->expr->nodes[child].next)
		b->expr->nodes[child].as_type = LEAT_TYPE_TEXT;
	n->type = LEAT_TYPE_TEXT;
	return LEAT_OK;
}

const struct expr_function leat__expr_text_functions[] = {
	{"||", "a...>a", text_concat, text_concat_bind, 0, NULL},
	{"bytes", "s>i", text_bytes, NULL, 0, "bytes(x)"},
	{"concat", "a...>a", text_concat_all, text_concat_bind, 0,
		"concat(a, b, ...)"},
	{"contains", "ss>b", text_contains, NULL, 0, "contains(x, part)"},
	{"ends_with", "ss>b", text_ends_with, NULL, 0, "ends_with(x, end)"},
	{"left", "si>s", text_left, NULL, 0, "left(x, n)"},
	{"length", "s>i", text_length, NULL, 0, "length(x)"},
	{"like", "sS[S>b", leat__expr_like_call, NULL, 0, NULL},
	{"ilike", "sS[S>b", leat__expr_like_call, NULL, 0, NULL},
	{"lower", "s>s", text_lower, NULL, 0, "lower(x)"},
	{"lpad", "si[s>s", text_lpad, NULL, 0, "lpad(x, n[, fill])"},
	{"ltrim", "s[s>s", text_ltrim, NULL, 0, "ltrim(x[, characters])"},
	{"position", "ss>i", text_position, NULL, 0, "position(x, part)"},
	{"replace", "sss>s", text_replace, NULL, 0, "replace(x, from, to)"},
	{"reverse", "s>s", text_reverse, NULL, 0, "reverse(x)"},
	{"right", "si>s", text_right, NULL, 0, "right(x, n)"},
	{"rpad", "si[s>s", text_rpad, NULL, 0, "rpad(x, n[, fill])"},
	{"rtrim", "s[s>s", text_rtrim, NULL, 0, "rtrim(x[, characters])"},
	{"split_part", "ssi>s", text_split_part, NULL, 0,
		"split_part(x, separator, n)"},
	{"starts_with", "ss>b", text_starts_with, NULL, 0,
		"starts_with(x, begin)"},
	{"substr", "si[i>s", text_substr, NULL, 0, "substr(x, from[, n])"},
	{"trim", "s[s>s", text_trim, NULL, 0, "trim(x[, characters])"},
	{"upper", "s>s", text_upper, NULL, 0, "upper(x)"},
	{NULL, NULL, NULL, NULL, 0, NULL},
};
