/*
 * table/json_repeat_body.h -- lines that are alike, written once and compiled
 * for each machine.
 *
 * The including file defines REPEAT_NAME, REPEAT_TARGET and, bit k = byte k:
 * repeat_stops(), which of REPEAT_BYTES, 32 or 64, end the plain part of a
 * string; repeat_newlines() of 64 bytes; repeat_digits() and repeat_points() of
 * 32. What is constant for them is in a struct repeat_kit, of which
 * repeat_has_high() says whether a byte over 0x7f may have been among those
 * that repeat_stops() was asked about. A struct repeat_key is the text before a
 * value, made once for several lines by repeat_key_make() from at most 32
 * bytes; repeat_other() is not 0 where another text stands. Keeps: a newline
 * ends all that is looked for, and the text ends in one, so nothing is read
 * more than 64 bytes behind it.
 */

#ifndef REPEAT_LINES
#define REPEAT_LINES 4 /* at once */
#endif
#ifndef REPEAT_BYTES
#define REPEAT_BYTES 32
#endif

#define REPEAT_NEAR  256  /* bytes in which a line's end is found at once */
#define REPEAT_FETCH 2048 /* bytes to be asked for early: another core's */

#define REPEAT_INLINE REPEAT_TARGET __attribute__((always_inline)) static inline

/* What is read, and how far. */
struct repeat {
	const struct leat_json_member *members;
	const struct leat_json_member *behind; /* the last one */
	const uint8_t *text;
	const uint8_t *at;
	uint32_t row;
};

/* Bytes of a number that is not common; 0 = it is none. */
static uint32_t
repeat_rare(const uint8_t *at)
{
	struct leat_text x = {at, 0};

	while ((uint8_t)(at[x.len] - '0') < 10 || at[x.len] == '-' ||
		at[x.len] == '+' || at[x.len] == '.' ||
		(at[x.len] | 0x20) == 'e')
		x.len++;
	return leat_json_is_number(x) ? x.len : 0;
}

/* Bytes of a word; 0 = it is none. */
static inline uint32_t
repeat_word(const uint8_t *at)
{
	if (!memcmp(at, "null", 4) || !memcmp(at, "true", 4))
		return 4;
	return !memcmp(at, "fals", 4) && at[4] == 'e' ? 5 : 0;
}

#define REPEAT_KEY_BYTES 32

/* Does another text stand there? */
REPEAT_TARGET static bool
repeat_is_other(const uint8_t *at, const uint8_t *before, uint32_t n)
{
	struct repeat_key key;

	for (; n > REPEAT_KEY_BYTES; n -= REPEAT_KEY_BYTES) {
		key = repeat_key_make(before, REPEAT_KEY_BYTES);
		if (repeat_other(&key, at))
			return true;
		at += REPEAT_KEY_BYTES;
		before += REPEAT_KEY_BYTES;
	}
	key = repeat_key_make(before, n);
	return repeat_other(&key, at) != 0;
}

/*
 * Bytes of a common number: of 32 at most, without exponent. 0 = it is none, or
 * longer. What stands behind it, be it a digit, is not looked at: it is no part
 * of what stands before the next value.
 */
REPEAT_INLINE uint32_t
repeat_number(const struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t is_minus = at[0] == '-';
	uint64_t digits = repeat_digits(kit, at);
	uint64_t points = repeat_points(kit, at);
	uint32_t n = (uint32_t)__builtin_ctzll(~(digits | points | is_minus));
	uint64_t rest = digits >> is_minus;

	points &= ((uint64_t)1 << n) - 1;
	if (leat__unlikely(!((digits << 1) >> n & rest & 1)) ||
		leat__unlikely(points & (points - 1)))
		return 0;
	return leat__unlikely(at[is_minus] == '0') && (rest & 2) ? 0 : n;
}

/* A value goes to where it is wanted. */
REPEAT_INLINE void
repeat_put(const struct repeat *r, const struct leat_json_member *m,
	uint32_t row, const uint8_t *at, uint32_t len)
{
	if (m->pieces)
		m->pieces[row] =
			(struct leat_piece){(uint32_t)(at - r->text), len};
}

/* A word, or a number that is not common: its length; 0 = neither. */
static uint32_t
repeat_uncommon(const struct leat_json_member *m, uint32_t row,
	const uint8_t *at, bool is_rare)
{
	uint32_t len = repeat_word(at);

	if (at[0] == 'n' && len && m->pieces)
		m->valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
	return len || !is_rare ? len : repeat_rare(at);
}

/* Is this a character of a number? */
static inline bool
repeat_is_digit(uint8_t c)
{
	return (uint8_t)(c - '.') < 12 || (c | 0x20) == 'e';
}

/* The string behind a quote: behind its last quote. NULL: it is not common. */
REPEAT_INLINE const uint8_t *
repeat_string(const struct repeat *r, struct repeat_kit *kit,
	const struct leat_json_member *m, const uint8_t *at, uint32_t row)
{
	const uint8_t *end = at;
	uint64_t stops = repeat_stops(kit, end);

	while (leat__unlikely(!stops)) {
		end += REPEAT_BYTES;
		stops = repeat_stops(kit, end);
	}
	end += (uint32_t)__builtin_ctzll(stops);
	if (leat__unlikely(end[0] != '"'))
		return NULL;
	repeat_put(r, m, row, at, (uint32_t)(end - at));
	return end + 1;
}

/* The value at a place: behind it. NULL: it is not common. */
REPEAT_INLINE const uint8_t *
repeat_value(const struct repeat *r, struct repeat_kit *kit,
	const struct leat_json_member *m, const uint8_t *at, uint32_t row)
{
	uint32_t len;

	if (at[0] == '"')
		return repeat_string(r, kit, m, at + 1, row);
	len = repeat_number(kit, at);
	if (leat__unlikely(!len)) {
		len = repeat_uncommon(m, row, at, false);
		if (!len)
			return NULL;
	}
	repeat_put(r, m, row, at, len);
	return at + len;
}

/* The same, of all numbers. */
REPEAT_TARGET static const uint8_t *
repeat_any_value(const struct repeat *r, struct repeat_kit *kit,
	const struct leat_json_member *m, const uint8_t *at)
{
	const uint8_t *end = repeat_value(r, kit, m, at, r->row);
	uint32_t len;

	if (end && !repeat_is_digit(*end))
		return end;
	if (*at == '"')
		return NULL;
	len = repeat_uncommon(m, r->row, at, true);
	repeat_put(r, m, r->row, at, len);
	return len ? at + len : NULL;
}

/* One line; what is behind it, or NULL. */
REPEAT_TARGET static const uint8_t *
repeat_line(const struct repeat *r, struct repeat_kit *kit)
{
	const struct leat_json_member *m = r->members;
	const uint8_t *at = r->at;

	for (; m < r->behind; m++) {
		if (repeat_is_other(at, m->before, m->n_before))
			return NULL;
		at = repeat_any_value(r, kit, m, at + m->n_before);
		if (!at)
			return NULL;
	}
	if (repeat_is_other(at, m->before, m->n_before))
		return NULL;
	return at + m->n_before;
}

/* The first of 64 bits; 64: none is set. */
REPEAT_INLINE uint32_t
repeat_first_bit(uint64_t bits)
{
	return bits ? (uint32_t)__builtin_ctzll(bits) : 64;
}

/* One place, and if nothing was found there, that in the next 64 bytes. */
REPEAT_INLINE uint32_t
repeat_or_else(uint32_t place, uint32_t next)
{
	return place + (next & (0 - (place >> 6)));
}

/* The first newline of 256 bytes; 256: there is none. Nobody can foresee where
 * it is, so there is no branch. */
REPEAT_INLINE uint32_t
repeat_near(const struct repeat_kit *kit, const uint8_t *at)
{
	uint32_t a = repeat_first_bit(repeat_newlines(kit, at));
	uint32_t b = repeat_first_bit(repeat_newlines(kit, at + 64));
	uint32_t c = repeat_first_bit(repeat_newlines(kit, at + 128));
	uint32_t d = repeat_first_bit(repeat_newlines(kit, at + 192));

	return repeat_or_else(a, repeat_or_else(b, repeat_or_else(c, d)));
}

/* Ask early for as much as is gone over next. */
REPEAT_INLINE void
repeat_fetch(const uint8_t *at, uint32_t n_bytes)
{
	for (uint32_t k = 0; k < n_bytes; k += 64)
		__builtin_prefetch(at + REPEAT_FETCH + k);
}

/* Where the line behind one begins that has n_least bytes at least; NULL = that
 * is the last one. */
REPEAT_INLINE const uint8_t *
repeat_next(const struct repeat_kit *kit, const uint8_t *line, uint32_t n_least,
	const uint8_t *end)
{
	uint64_t newlines = 0;
	uint32_t near;

	if ((uint64_t)(end - line) <= n_least)
		return NULL;
	repeat_fetch(line, n_least + REPEAT_NEAR);
	line += n_least;
	if (leat__likely(end - line > REPEAT_NEAR)) {
		near = repeat_near(kit, line);
		line += near < REPEAT_NEAR ? near + 1 : REPEAT_NEAR;
		if (leat__likely(near < REPEAT_NEAR))
			return line;
	}
	for (; line < end && !newlines; line += 64)
		newlines = repeat_newlines(kit, line);
	if (!newlines)
		return NULL;
	line += __builtin_ctzll(newlines) - 63;
	return line < end ? line : NULL;
}

/* Does another text than before the value stand in one of some lines? */
REPEAT_INLINE bool
repeat_any_other(const struct leat_json_member *m, const uint8_t **at)
{
	struct repeat_key key = repeat_key_make(m->before,
		m->n_before < REPEAT_KEY_BYTES ? m->n_before
					       : REPEAT_KEY_BYTES);
	uint32_t other = 0;

#pragma GCC unroll 8
	for (uint32_t k = 0; k < REPEAT_LINES; k++)
		other |= repeat_other(&key, at[k]);
	if (leat__unlikely(m->n_before > REPEAT_KEY_BYTES))
		for (uint32_t k = 0; k < REPEAT_LINES && !other; k++)
			other = repeat_is_other(at[k] + REPEAT_KEY_BYTES,
				m->before + REPEAT_KEY_BYTES,
				m->n_before - REPEAT_KEY_BYTES);
	return other != 0;
}

/* Several lines at once, so that none waits for another one's loads. What is
 * behind all, or NULL. */
REPEAT_INLINE const uint8_t *
repeat_lines(const struct repeat *r, struct repeat_kit *kit,
	const uint8_t *const lines[REPEAT_LINES], uint32_t row)
{
	const struct leat_json_member *m = r->members;
	const uint8_t *at[REPEAT_LINES];

#pragma GCC unroll 8
	for (uint32_t k = 0; k < REPEAT_LINES; k++)
		at[k] = lines[k];
	for (; m < r->behind; m++) {
		if (leat__unlikely(repeat_any_other(m, at)))
			return NULL;
#pragma GCC unroll 8
		for (uint32_t k = 0; k < REPEAT_LINES; k++) {
			at[k] = repeat_value(
				r, kit, m, at[k] + m->n_before, row + k);
			if (leat__unlikely(!at[k]))
				return NULL;
		}
	}
	if (leat__unlikely(repeat_any_other(m, at)))
		return NULL;
#pragma GCC unroll 8
	for (uint32_t k = 0; k < REPEAT_LINES; k++) {
		at[k] += m->n_before;
		if (k + 1 < REPEAT_LINES && at[k] != lines[k + 1])
			return NULL;
	}
	return at[REPEAT_LINES - 1];
}

/* Where lines begin, from the one at lines[0] on. false: there are not so many.
 */
REPEAT_INLINE bool
repeat_begins(const struct repeat_kit *kit, const uint8_t *lines[REPEAT_LINES],
	uint32_t n_least, const uint8_t *end)
{
#pragma GCC unroll 8
	for (uint32_t k = 1; k < REPEAT_LINES; k++) {
		lines[k] = repeat_next(kit, lines[k - 1], n_least, end);
		if (!lines[k])
			return false;
	}
	return true;
}

/*
 * Common lines, several at a time. Those that may not be ASCII are the last
 * ones: *line_out is where they begin. false: at r->at something else begins,
 * or is the end.
 */
REPEAT_TARGET __attribute__((noinline)) static bool
repeat_common(struct repeat *r, const struct leat_json_lines *lines,
	uint32_t n_least, const uint8_t **line_out)
{
	const uint8_t *end = lines->text + lines->n_bytes;
	struct repeat_kit kit = repeat_kit_make();
	const uint8_t *at[REPEAT_LINES] = {r->at}, *next;
	uint32_t row = r->row;
	bool has_high = false;

	while (!has_high && lines->max_rows - row >= REPEAT_LINES &&
		repeat_begins(&kit, at, n_least, end)) {
		next = repeat_lines(r, &kit, at, row);
		if (!next || (uint64_t)(next - at[0]) > lines->max_line_bytes)
			break;
		*line_out = at[0];
		at[0] = next;
		row += REPEAT_LINES;
		has_high = repeat_has_high(&kit);
	}
	r->at = at[0];
	r->row = row;
	return has_high;
}

/* The row that was begun leaves nothing behind. */
static void
repeat_clear(const struct repeat *r, uint32_t row)
{
	for (const struct leat_json_member *m = r->members; m < r->behind; m++)
		if (m->pieces)
			m->valid[row / 8] |= (uint8_t)(1u << (row % 8));
}

/* Are all bytes between two places UTF-8? */
static bool
repeat_is_utf8(const uint8_t *start, const uint8_t *end)
{
	struct leat_text x = {start, (uint32_t)(end - start)};

	return leat_json_utf8(x) == x.len;
}

/* A line alone, common or not. false: `at` is where it begins. */
REPEAT_TARGET static bool
repeat_alone(struct repeat *r, uint64_t max_bytes)
{
	struct repeat_kit kit = repeat_kit_make();
	const uint8_t *end = repeat_line(r, &kit);

	if (!end || (uint64_t)(end - r->at) > max_bytes + 1 ||
		(repeat_has_high(&kit) && !repeat_is_utf8(r->at, end))) {
		repeat_clear(r, r->row);
		return false;
	}
	r->at = end;
	r->row++;
	return true;
}

/* Where several lines at once are not common, each of them alone, so that none
 * is read more than twice. false: `at` is where one begins that is not alike.
 */
static bool
repeat_some(struct repeat *r, const struct leat_json_lines *lines)
{
	const uint8_t *end = lines->text + lines->n_bytes;

	for (uint32_t k = 0;
		k < REPEAT_LINES && r->at < end && r->row < lines->max_rows;
		k++)
		if (!repeat_alone(r, lines->max_line_bytes))
			return false;
	return true;
}

/* Bytes that stand between the values, but for the newline. */
static uint32_t
repeat_least(const struct repeat *r)
{
	uint32_t n = 0;

	for (const struct leat_json_member *m = r->members; m <= r->behind; m++)
		n += m->n_before;
	return n - 1;
}

REPEAT_TARGET void
REPEAT_NAME(const struct leat_json_member *members, uint32_t n_members,
	struct leat_json_lines *lines)
{
	struct repeat r = {members, members + n_members, lines->text,
		lines->text + lines->at, lines->row};
	const uint8_t *end = lines->text + lines->n_bytes, *line;
	uint32_t n_least = repeat_least(&r);

	while (r.at < end && r.row < lines->max_rows) {
		if (repeat_common(&r, lines, n_least, &line)) {
			if (repeat_is_utf8(line, r.at))
				continue;
			r.at = line;
			r.row -= REPEAT_LINES;
		}
		if (r.at == end || r.row == lines->max_rows)
			break;
		for (uint32_t k = 0;
			k < REPEAT_LINES && k < lines->max_rows - r.row; k++)
			repeat_clear(&r, r.row + k);
		if (!repeat_some(&r, lines))
			break;
	}
	lines->at = (uint32_t)(r.at - lines->text);
	lines->row = r.row;
}
