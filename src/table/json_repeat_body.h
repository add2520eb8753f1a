/*
 * table/json_repeat_body.h -- lines that are alike, written once and compiled
 * for each machine.
 *
 * The including file defines REPEAT_NAME, REPEAT_TARGET and, bit k = byte k:
 * repeat_stops(), which of 32 bytes end the plain part of a string; and
 * repeat_same(), of 32 bytes that are equal; repeat_newlines() of 64 bytes;
 * repeat_digits() and repeat_points() of 32. What is constant for them is in a
 * struct repeat_kit, of which repeat_has_high() says whether a byte over 0x7f
 * may have been among those that repeat_stops() was asked about.
 * Keeps: a newline ends all that is looked for, and the text ends in one, so
 * nothing is read more than 64 bytes behind it.
 */

#define REPEAT_LINES 3 /* at once */

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

/* Does the text go on as it did last time, for more than 31 bytes? */
REPEAT_TARGET static inline bool
repeat_is_long(const uint8_t *at, const uint8_t *before, uint32_t n)
{
	for (; n >= 32; n -= 32) {
		if (repeat_same(at, before) != ~0u)
			return false;
		at += 32;
		before += 32;
	}
	return (repeat_same(at, before) | ~0u << n) == ~0u;
}

REPEAT_INLINE bool
repeat_is(const uint8_t *at, const uint8_t *before, uint32_t n)
{
	if (leat__unlikely(n > 31))
		return repeat_is_long(at, before, n);
	return (repeat_same(at, before) | ~0u << n) == ~0u;
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
	uint64_t digits = repeat_digits(kit, at) >> is_minus;
	uint64_t points = repeat_points(kit, at) >> is_minus;
	uint32_t n = (uint32_t)__builtin_ctzll(~(digits | points));
	uint64_t last = ((uint64_t)1 << n) >> 1;

	points &= last - 1;
	if (!(digits & last) || !(digits & 1) || (points & (points - 1)) ||
		(at[is_minus] == '0' && (digits & 2)))
		return 0;
	return is_minus + n;
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

/* The value at *at, which is behind it then. false: it is not common. */
REPEAT_INLINE bool
repeat_value(const struct repeat *r, struct repeat_kit *kit,
	const struct leat_json_member *m, const uint8_t **at, uint32_t row)
{
	const uint8_t *end = *at + 1;
	uint32_t len;

	if (end[-1] == '"') {
		uint32_t stops = repeat_stops(kit, end);

		while (leat__unlikely(!stops)) {
			end += 32;
			stops = repeat_stops(kit, end);
		}
		end += (uint32_t)__builtin_ctz(stops);
		repeat_put(r, m, row, *at + 1, (uint32_t)(end - *at) - 1);
		*at = end + 1;
		return leat__likely(end[0] == '"');
	}
	len = repeat_number(kit, *at);
	if (leat__unlikely(!len))
		len = repeat_uncommon(m, row, *at, false);
	repeat_put(r, m, row, *at, len);
	*at += len;
	return leat__likely(len);
}

/* The same, of all numbers. */
REPEAT_TARGET static bool
repeat_any_value(const struct repeat *r, struct repeat_kit *kit,
	const struct leat_json_member *m, const uint8_t **at)
{
	const uint8_t *start = *at;
	uint32_t len;

	if (repeat_value(r, kit, m, at, r->row) && !repeat_is_digit(**at))
		return true;
	if (*start == '"')
		return false;
	len = repeat_uncommon(m, r->row, start, true);
	repeat_put(r, m, r->row, start, len);
	*at = start + len;
	return len;
}

/* One line; what is behind it, or NULL. */
REPEAT_TARGET static const uint8_t *
repeat_line(const struct repeat *r, struct repeat_kit *kit)
{
	const struct leat_json_member *m = r->members;
	const uint8_t *at = r->at;

	for (; m < r->behind; m++) {
		if (!repeat_is(at, m->before, m->n_before))
			return NULL;
		at += m->n_before;
		if (!repeat_any_value(r, kit, m, &at))
			return NULL;
	}
	return repeat_is(at, m->before, m->n_before) ? at + m->n_before : NULL;
}

/* Where the line behind one begins that has n_least bytes at least; NULL = that
 * is the last one. */
REPEAT_INLINE const uint8_t *
repeat_next(const struct repeat_kit *kit, const uint8_t *line, uint32_t n_least,
	const uint8_t *end)
{
	uint64_t newlines = 0;

	if ((uint64_t)(end - line) <= n_least)
		return NULL;
	for (line += n_least; line < end && !newlines; line += 64)
		newlines = repeat_newlines(kit, line);
	if (!newlines)
		return NULL;
	line += __builtin_ctzll(newlines) - 63;
	return line < end ? line : NULL;
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
		const uint8_t *before = m->before;
		uint32_t n = m->n_before;

#pragma GCC unroll 8
		for (uint32_t k = 0; k < REPEAT_LINES; k++) {
			if (leat__unlikely(!repeat_is(at[k], before, n)))
				return NULL;
			at[k] += n;
			if (leat__unlikely(
				    !repeat_value(r, kit, m, &at[k], row + k)))
				return NULL;
		}
	}
#pragma GCC unroll 8
	for (uint32_t k = 0; k < REPEAT_LINES; k++) {
		if (leat__unlikely(!repeat_is(at[k], m->before, m->n_before)))
			return NULL;
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
		if (!repeat_alone(&r, lines->max_line_bytes))
			break;
	}
	lines->at = (uint32_t)(r.at - lines->text);
	lines->row = r.row;
}
