/*
 * table/json_text.c -- JSON values as text: numbers, strings, UTF-8, and the
 * exact reader that says what is wrong.
 *
 * The exact reader accepts what RFC 8259 does, up to a depth; who reads faster
 * must accept the same. Any thread; no state.
 */
#include <string.h>

#include "base/base.h"
#include <leat/json.h>

static inline bool
json_is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

/* ---- UTF-8 -------------------------------------------------------------- */

/* Bytes of the well-formed sequence at data, whose first byte is over 0x7f; 0 =
 * there is none. */
static uint32_t
utf8_sequence(const uint8_t *data, size_t n)
{
	uint8_t first = data[0];
	uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	uint32_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < 0xc2 || first > 0xf4 || n < len || data[1] < low ||
		data[1] > high)
		return 0;
	for (uint32_t k = 2; k < len; k++)
		if ((data[k] & 0xc0) != 0x80)
			return 0;
	return len;
}

uint32_t
leat_json_utf8(struct leat_text text)
{
	uint32_t at = 0;

	while (at < text.len) {
		uint64_t word;
		uint32_t len = 1;

		if (text.len - at >= sizeof(word)) {
			memcpy(&word, text.data + at, sizeof(word));
			if (!(word & 0x8080808080808080u)) {
				at += (uint32_t)sizeof(word);
				continue;
			}
		}
		if (text.data[at] >= 0x80)
			len = utf8_sequence(text.data + at, text.len - at);
		if (!len)
			break;
		at += len;
	}
	return at;
}

/* ---- numbers ------------------------------------------------------------ */

static uint32_t
number_digits(struct leat_text x, uint32_t at)
{
	while (at < x.len && json_is_digit(x.data[at]))
		at++;
	return at;
}

/* How far a number goes; *is_whole: it is one, and ends there. */
static uint32_t
number_end(struct leat_text x, bool *is_whole)
{
	uint32_t at = x.len && x.data[0] == '-';
	uint32_t digits = at;

	*is_whole = false;
	at = number_digits(x, at);
	if (at == digits)
		return at;
	if (x.data[digits] == '0' && at > digits + 1)
		return digits + 1;
	if (at < x.len && x.data[at] == '.') {
		digits = at + 1;
		at = number_digits(x, digits);
		if (at == digits)
			return at;
	}
	if (at < x.len && (x.data[at] | 0x20) == 'e') {
		at++;
		at += at < x.len && (x.data[at] == '+' || x.data[at] == '-');
		digits = at;
		at = number_digits(x, digits);
		if (at == digits)
			return at;
	}
	*is_whole = true;
	return at;
}

bool
leat_json_is_number(struct leat_text text)
{
	bool is_whole;

	return number_end(text, &is_whole) == text.len && is_whole;
}

/* ---- strings ------------------------------------------------------------ */

static int32_t
hex_digit(uint8_t c)
{
	if (json_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u; -1 = they are not there. */
static int32_t
hex_unit(struct leat_text x, uint32_t at)
{
	int32_t unit = 0;

	if (x.len < 4 || at > x.len - 4)
		return -1;
	for (uint32_t k = 0; k < 4; k++) {
		int32_t digit = hex_digit(x.data[at + k]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* The character of \u at `at`, two of them for a pair; -1 = there is none. */
static int32_t
escape_character(struct leat_text x, uint32_t *at)
{
	int32_t unit = hex_unit(x, *at + 2);
	int32_t low;

	*at += 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	if (unit > 0xdbff || x.len < 2 || *at > x.len - 2 ||
		x.data[*at] != '\\' || x.data[*at + 1] != 'u')
		return -1;
	low = hex_unit(x, *at + 2);
	*at += 6;
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

static uint32_t
utf8_put(int32_t c, uint8_t *out)
{
	uint32_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (uint32_t k = n; k-- > 1;) {
		out[k] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (uint8_t)(first[n] | c);
	return n;
}

/* One escape at *at to out: bytes written, 0 = a bad one. */
static uint32_t
escape_put(struct leat_text x, uint32_t *at, uint8_t *out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	uint8_t c = *at + 1 < x.len ? x.data[*at + 1] : 0;
	const char *found = c ? strchr(from, c) : NULL;
	int32_t character;

	if (found) {
		out[0] = (uint8_t)to[found - from];
		*at += 2;
		return 1;
	}
	if (c != 'u')
		return 0;
	character = escape_character(x, at);
	return character < 0 ? 0 : utf8_put(character, out);
}

int
leat_json_decode(struct leat_text text, uint8_t *out, uint32_t *n_out)
{
	uint32_t at = 0, n = 0;

	while (at < text.len) {
		const uint8_t *from = text.data + at;
		const uint8_t *slash = memchr(from, '\\', text.len - at);
		uint32_t len = slash ? (uint32_t)(slash - from) : text.len - at;
		uint32_t n_put;

		memmove(out + n, from, len);
		n += len;
		at += len;
		if (!slash)
			break;
		n_put = escape_put(text, &at, out + n);
		if (!n_put)
			return LEAT_EDATA;
		n += n_put;
	}
	*n_out = n;
	return LEAT_OK;
}

/* ---- the exact reader --------------------------------------------------- */

struct reader {
	struct leat_text x;
	uint32_t at;
	const char *what;
};

static bool
reader_fail(struct reader *r, uint32_t at, const char *what)
{
	r->at = at;
	r->what = what;
	return false;
}

static int
reader_peek(const struct reader *r)
{
	return r->at < r->x.len ? r->x.data[r->at] : -1;
}

static void
reader_skip_white(struct reader *r)
{
	while (r->at < r->x.len &&
		(r->x.data[r->at] == ' ' || r->x.data[r->at] == '\t' ||
			r->x.data[r->at] == '\n' || r->x.data[r->at] == '\r'))
		r->at++;
}

/* An escape of a string that ends somewhere behind it. */
static bool
reader_escape(struct reader *r)
{
	uint8_t character[4];
	uint32_t at = r->at;

	if (escape_put(r->x, &at, character)) {
		r->at = at;
		return true;
	}
	if (r->at + 1 < r->x.len && r->x.data[r->at + 1] == 'u')
		return reader_fail(r, r->at,
			"behind \\u come four hexadecimal digits, and for a "
			"character over U+FFFF a second \\u");
	return reader_fail(r, r->at,
		"no such escape; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t "
		"\\u0000");
}

static bool
reader_string(struct reader *r)
{
	uint32_t start = r->at++;

	while (r->at < r->x.len) {
		uint8_t c = r->x.data[r->at];
		uint32_t len = 1;

		if (c == '"') {
			r->at++;
			return true;
		}
		if (c < 0x20)
			return reader_fail(r, r->at,
				"a control character in a string; it is "
				"written \\n, \\t, \\u001f, ...");
		if (c == '\\') {
			if (!reader_escape(r))
				return false;
			continue;
		}
		if (c >= 0x80)
			len = utf8_sequence(
				r->x.data + r->at, r->x.len - r->at);
		if (!len)
			return reader_fail(r, r->at,
				"bytes that are not UTF-8 in a string");
		r->at += len;
	}
	return reader_fail(r, start, "this string is not closed");
}

static const char *
number_fault(struct leat_text x, uint32_t end)
{
	uint32_t digits = x.len && x.data[0] == '-';

	if (end == digits)
		return "digits must follow the minus sign";
	if (x.data[digits] == '0' && end == digits + 1)
		return "a number has no leading zeros";
	return "digits must follow here in a number";
}

static bool
reader_number(struct reader *r)
{
	struct leat_text x = {r->x.data + r->at, r->x.len - r->at};
	bool is_whole;
	uint32_t end = number_end(x, &is_whole);

	if (!is_whole)
		return reader_fail(r, r->at + end, number_fault(x, end));
	r->at += end;
	return true;
}

static bool
reader_word(struct reader *r, const char *word)
{
	uint32_t len = (uint32_t)strlen(word);

	if (r->x.len - r->at < len || memcmp(r->x.data + r->at, word, len) != 0)
		return reader_fail(r, r->at,
			"no such value; there are strings in double quotes, "
			"numbers, true, false, null, objects and lists");
	r->at += len;
	return true;
}

/* A value that holds no others. */
static bool
reader_scalar(struct reader *r)
{
	int c = reader_peek(r);

	if (c < 0)
		return reader_fail(r, r->at, "a value is missing at the end");
	if (c == '"')
		return reader_string(r);
	if (c == '-' || json_is_digit((uint8_t)c))
		return reader_number(r);
	if (c == 't')
		return reader_word(r, "true");
	if (c == 'f')
		return reader_word(r, "false");
	if (c == '}' || c == ']' || c == ',' || c == ':')
		return reader_fail(r, r->at, "a value is missing here");
	return reader_word(r, "null");
}

/* "key": -- up to where the value begins. */
static bool
reader_key(struct reader *r)
{
	reader_skip_white(r);
	if (reader_peek(r) == '}')
		return reader_fail(
			r, r->at, "a key must follow the comma, or no comma");
	if (reader_peek(r) != '"')
		return reader_fail(
			r, r->at, "a key in double quotes is wanted here");
	if (!reader_string(r))
		return false;
	reader_skip_white(r);
	if (reader_peek(r) != ':')
		return reader_fail(r, r->at, "a colon must follow the key");
	r->at++;
	return true;
}

/* What is open: bit k of is_object = level k. */
struct reader_levels {
	uint64_t is_object;
	uint32_t n;
};

_Static_assert(LEAT_JSON_DEPTH_MAX <= 64, "a bit for each level");

static bool
levels_top_is_object(const struct reader_levels *levels)
{
	return levels->is_object >> (levels->n - 1) & 1;
}

/* Go into an object or list. It may be empty: then *is_done. */
static bool
reader_open(struct reader *r, struct reader_levels *levels, bool *is_done)
{
	uint64_t is_object = r->x.data[r->at] == '{';

	if (levels->n == LEAT_JSON_DEPTH_MAX)
		return reader_fail(r, r->at,
			"more than 64 objects and lists inside each other");
	levels->is_object &= ~((uint64_t)1 << levels->n);
	levels->is_object |= is_object << levels->n++;
	r->at++;
	reader_skip_white(r);
	*is_done = reader_peek(r) == (is_object ? '}' : ']');
	if (*is_done || !is_object)
		return true;
	return reader_key(r);
}

/* Behind a value: close what ends here, or go to the next value. */
static bool
reader_behind(struct reader *r, struct reader_levels *levels)
{
	while (levels->n) {
		bool is_object = levels_top_is_object(levels);
		int c;

		reader_skip_white(r);
		c = reader_peek(r);
		if (c == ',') {
			r->at++;
			return is_object ? reader_key(r) : true;
		}
		if (c != (is_object ? '}' : ']'))
			return reader_fail(r, r->at,
				c < 0 ? "the line ends too early"
					: is_object
					? "a comma or } must follow a value"
					: "a comma or ] must follow a value");
		r->at++;
		levels->n--;
	}
	return true;
}

static bool
reader_value(struct reader *r)
{
	struct reader_levels levels = {0};

	do {
		bool is_done = true;
		int c;

		reader_skip_white(r);
		c = reader_peek(r);
		if (c == '{' || c == '[') {
			if (!reader_open(r, &levels, &is_done))
				return false;
			if (!is_done)
				continue;
		} else if (!reader_scalar(r)) {
			return false;
		}
		if (!reader_behind(r, &levels))
			return false;
	} while (levels.n);
	return true;
}

int
leat_json_check(struct leat_text text, struct leat_json_fault *fault)
{
	struct reader r = {.x = text};
	bool is_good = reader_value(&r);

	if (is_good) {
		reader_skip_white(&r);
		if (r.at == r.x.len)
			return LEAT_OK;
		reader_fail(&r, r.at, "something follows behind the value");
	}
	*fault = (struct leat_json_fault){r.at, r.what};
	return LEAT_EDATA;
}
