/*
 * tests of table/json_repeat*.c: lines that are alike are read as a plain
 * reading of the rules has them, by all versions, and damaged ones are not.
 */
#include "table/json_repeat.h"
#include "support/test.h"

#define MEMBERS_MAX 8
#define ROWS_MAX    16
#define TEXT_MAX    4096
#define LINE_MAX    1000 /* longer than as many lines as are read at once */
#define LINES_MORE  6    /* more than these */
#define SLACK       64

/* A shape whose texts have the slack that is promised, and no more. */
struct shape {
	struct leat_json_member members[MEMBERS_MAX + 1];
	uint32_t n;
};

/* What was read. */
struct result {
	struct leat_json_lines lines;
	struct leat_piece pieces[MEMBERS_MAX][ROWS_MAX];
	uint8_t valid[MEMBERS_MAX][ROWS_MAX / 8];
};

/* Texts between the values, '|' where these stand. */
static struct shape
shape_make(const char *text)
{
	struct shape shape = {0};

	for (;;) {
		size_t n = strcspn(text, "|");
		uint8_t *before = malloc(n + LEAT_JSON_SHAPE_SLACK);

		ck_assert_ptr_nonnull(before);
		memset(before, 'x', n + LEAT_JSON_SHAPE_SLACK);
		memcpy(before, text, n);
		shape.members[shape.n].before = before;
		shape.members[shape.n].n_before = (uint32_t)n;
		if (!text[n])
			return shape;
		shape.n++;
		text += n + 1;
	}
}

static void
shape_free(struct shape *shape)
{
	for (uint32_t k = 0; k <= shape->n; k++)
		free((void *)(uintptr_t)shape->members[k].before);
}

/* ---- the rules, a byte at a time ---------------------------------------- */

static uint32_t
plain_value(const uint8_t *at, const uint8_t *end)
{
	struct leat_text x = {at, 0};

	if (at[0] == '"') {
		while (++at < end && *at != '"')
			if (*at < 0x20 || *at == '\\')
				return 0;
		return at < end ? (uint32_t)(at + 1 - x.data) : 0;
	}
	while (at < end && *at && strchr("+-.0123456789eE", *at))
		at++;
	x.len = (uint32_t)(at - x.data);
	if (x.len)
		return leat_json_is_number(x) ? x.len : 0;
	if (end - at >= 4 && (!memcmp(at, "null", 4) || !memcmp(at, "true", 4)))
		return 4;
	return end - at >= 5 && !memcmp(at, "false", 5) ? 5 : 0;
}

/* One line, to its newline; false: it is not alike. */
static bool
plain_line(const struct shape *shape, const uint8_t *text, struct result *r)
{
	const uint8_t *line = text + r->lines.at, *at = line;
	const uint8_t *end = memchr(line, '\n', r->lines.n_bytes - r->lines.at);
	struct leat_text x = {line, (uint32_t)(end - line)};
	uint32_t row = r->lines.row;

	if (leat_json_utf8(x) != x.len || x.len > r->lines.max_line_bytes)
		return false;
	end++;
	for (uint32_t k = 0;; k++) {
		const struct leat_json_member *m = &shape->members[k];
		uint32_t n;

		if ((uint32_t)(end - at) < m->n_before ||
			memcmp(at, m->before, m->n_before) != 0)
			return false;
		at += m->n_before;
		if (k == shape->n)
			return at == end;
		n = plain_value(at, end);
		if (!n)
			return false;
		r->pieces[k][row] = (struct leat_piece){
			(uint32_t)(at - text) + (*at == '"'),
			*at == '"' ? n - 2 : n};
		if (*at == 'n')
			r->valid[k][row / 8] &= (uint8_t) ~(1u << row % 8);
		at += n;
	}
}

static void
plain_run(const struct shape *shape, struct result *r)
{
	while (r->lines.at < r->lines.n_bytes &&
		r->lines.row < r->lines.max_rows) {
		const uint8_t *text = r->lines.text;
		struct result before = *r;

		if (!plain_line(shape, text, r)) {
			*r = before;
			return;
		}
		r->lines.row++;
		r->lines.at =
			(uint32_t)((const uint8_t *)memchr(
					   text + r->lines.at, '\n', TEXT_MAX) +
				1 - text);
	}
}

/* ---- both --------------------------------------------------------------- */

static void
begin(const uint8_t *text, uint32_t n, uint32_t max_rows, struct result *r)
{
	memset(r, 0, sizeof(*r));
	memset(r->valid, 0xff, sizeof(r->valid));
	r->lines = (struct leat_json_lines){.text = text,
		.n_bytes = n,
		.max_rows = max_rows,
		.max_line_bytes = LINE_MAX};
}

static void
check_version(leat__json_repeat_fn fn, const struct shape *shape,
	const uint8_t *text, const struct result *wanted)
{
	uint32_t n = wanted->lines.n_bytes;
	/* so many bytes, that reading on is found */
	uint8_t *copy = malloc(n + SLACK);
	struct shape own = *shape;
	struct result r;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, n + SLACK);
	begin(copy, n, wanted->lines.max_rows, &r);
	for (uint32_t k = 0; k < own.n; k++) {
		own.members[k].pieces = r.pieces[k];
		own.members[k].valid = r.valid[k];
	}
	fn(own.members, own.n, &r.lines);
	ck_assert_uint_eq(r.lines.row, wanted->lines.row);
	ck_assert_uint_eq(r.lines.at, wanted->lines.at);
	ck_assert_mem_eq(r.valid, wanted->valid, sizeof(r.valid));
	for (uint32_t k = 0; k < own.n; k++)
		ck_assert_mem_eq(r.pieces[k], wanted->pieces[k],
			r.lines.row * sizeof(struct leat_piece));
	begin(copy, n, wanted->lines.max_rows, &r);
	fn(shape->members, shape->n, &r.lines);
	ck_assert_uint_eq(r.lines.row, wanted->lines.row);
	free(copy);
}

/* Text with SLACK bytes behind n. @return rows */
static uint32_t
check_all(const struct shape *shape, const uint8_t *text, uint32_t n,
	uint32_t max_rows)
{
	static struct result wanted;

	begin(text, n, max_rows, &wanted);
	plain_run(shape, &wanted);
	check_version(leat__json_repeat_portable, shape, text, &wanted);
	check_version(leat_json_repeat, shape, text, &wanted);
#if defined(__x86_64__)
	check_version(leat__json_repeat_sse2, shape, text, &wanted);
	if (leat__json_repeat_has_avx2())
		check_version(leat__json_repeat_avx2, shape, text, &wanted);
	if (leat__json_repeat_has_avx512())
		check_version(leat__json_repeat_avx512, shape, text, &wanted);
#elif defined(LEAT__HAS_NEON)
	check_version(leat__json_repeat_neon, shape, text, &wanted);
#endif
	return wanted.lines.row;
}

/* What is taken is JSON. */
static void
check_json(const uint8_t *text, uint32_t n_lines)
{
	for (; n_lines; n_lines--) {
		const uint8_t *end = memchr(text, '\n', TEXT_MAX);
		struct leat_text x = {text, (uint32_t)(end - text)};
		struct leat_json_fault fault;

		ck_assert_int_eq(leat_json_check(x, &fault), LEAT_OK);
		text = end + 1;
	}
}

static const char shape_text[] = "{\"a\":|,\"some longer key, of over "
				 "32 bytes\": |,\"b\":{\"c\":|},\"d\" :|}\r\n";
static const char *const lines_text[] = {
	"{\"a\":12,\"some longer key, of over 32 bytes\": \"x\","
	"\"b\":{\"c\":null},\"d\" :-1.5}\r\n",
	"{\"a\":\"\",\"some longer key, of over 32 bytes\": 0,"
	"\"b\":{\"c\":true},\"d\" :\"a string that is longer than 32 bytes, "
	"by far\"}\r\n",
	"{\"a\":false,\"some longer key, of over 32 bytes\": "
	"\"caf\xc3\xa9\",\"b\":{\"c\":1e-7},\"d\" :12345678901234567890}\r\n",
};

/* Lines one behind the other, `n` of them, from the first-th on. */
static uint32_t
put_lines(uint8_t *text, uint32_t first, uint32_t n)
{
	uint32_t at = 0;

	for (uint32_t k = 0; k < n; k++) {
		const char *line = lines_text[(first + k) % 3];

		memcpy(text + at, line, strlen(line));
		at += (uint32_t)strlen(line);
	}
	memset(text + at, '"', SLACK);
	return at;
}

START_TEST(lines_that_are_alike_are_read_to_the_end)
{
	struct shape shape = shape_make(shape_text);
	uint8_t text[TEXT_MAX];

	for (uint32_t first = 0; first < 3; first++)
		for (uint32_t n_lines = 0; n_lines < 13; n_lines++) {
			uint32_t n = put_lines(text, first, n_lines);

			check_json(text, n_lines);
			ck_assert_uint_eq(
				check_all(&shape, text, n, ROWS_MAX), n_lines);
			ck_assert_uint_eq(check_all(&shape, text, n, 3),
				n_lines < 3 ? n_lines : 3);
			ck_assert_uint_eq(check_all(&shape, text, n, 7),
				n_lines < 7 ? n_lines : 7);
		}
	shape_free(&shape);
}
END_TEST

/* Each byte of a line becomes each other one, with lines before and behind. */
START_TEST(no_damaged_byte_makes_a_difference)
{
	static const char others[] = "\"\\\n\t\x01 {}[]:,-+.0129eEntfa/";
	struct shape shape = shape_make(shape_text);
	uint8_t text[TEXT_MAX];
	uint32_t n_taken = 0;

	for (uint32_t k = 0; k < 3; k++) {
		uint32_t before = put_lines(text, k, k);
		uint32_t len = (uint32_t)strlen(lines_text[2 * k % 3]);

		for (uint32_t at = before; at < before + len - 1; at++)
			for (uint32_t i = 0; i < sizeof(others) + 4; i++) {
				uint32_t n = put_lines(text, k, k + LINES_MORE);
				uint32_t n_rows;

				text[at] = i < sizeof(others)
					? (uint8_t)others[i]
					: (uint8_t) "\x1f\x80\xc3\xff"[i -
						  sizeof(others)];
				n_rows = check_all(&shape, text, n, ROWS_MAX);
				ck_assert_uint_ge(n_rows, k);
				check_json(text, n_rows);
				n_taken += n_rows > k;
			}
	}
	ck_assert_uint_gt(n_taken, 100);
	shape_free(&shape);
}
END_TEST

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Values made of the characters of numbers, of every length. */
START_TEST(numbers_are_those_of_the_grammar)
{
	struct shape shape = shape_make("{\"a\":|}\n");
	uint64_t seed = 88172645463325252u;
	uint8_t text[TEXT_MAX];
	uint32_t n_taken = 0;

	for (uint32_t round = 0; round < 2000; round++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < 12; k++) {
			uint32_t len = (uint32_t)(next_random(&seed) % 40);

			memcpy(text + n, "{\"a\":", 5);
			n += 5;
			for (uint32_t i = 0; i < len; i++)
				text[n++] = (uint8_t) "0012345678999.-+e/:"
					[next_random(&seed) %
						(round % 3 ? 13 : 19)];
			memcpy(text + n, "}\n", 2);
			n += 2;
		}
		memset(text + n, '7', SLACK);
		n_taken += check_all(&shape, text, n, ROWS_MAX);
	}
	ck_assert_uint_gt(n_taken, 400);
	shape_free(&shape);
}
END_TEST

/* Strings of every length, what is uncommon at every place of them. */
START_TEST(strings_end_where_they_end)
{
	struct shape shape = shape_make(" {\"a\":|} \n");
	static const char marks[] = "x\"\\\x1f\n\x7f\xff";
	uint8_t text[TEXT_MAX];

	for (uint32_t len = 0; len < 100; len += 1 + len / 40 * 4)
		for (uint32_t k = 0; k < 8 * 7; k++) {
			uint32_t n = 0;

			for (uint32_t i = 0; i < 1 + LINES_MORE; i++) {
				memcpy(text + n, " {\"a\":\"", 7);
				memset(text + n + 7, 'x', len);
				memcpy(text + n + 7 + len, "\"} \n", 4);
				if (i == 1 && len)
					text[n + 7 + len * (k / 7) / 8] =
						(uint8_t)marks[k % 7];
				n += len + 11;
			}
			memset(text + n, '"', SLACK);
			check_all(&shape, text, n, ROWS_MAX);
		}
	shape_free(&shape);
}
END_TEST

START_TEST(a_line_is_as_long_as_is_allowed)
{
	struct shape shape = shape_make("{\"a\":|}\n");
	uint8_t text[TEXT_MAX];

	for (uint32_t len = LINE_MAX - 15; len < LINE_MAX + 5; len++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < 4 + LINES_MORE; k++) {
			uint32_t n_string = k == 3 ? len - 8 : 3;

			memcpy(text + n, "{\"a\":\"", 6);
			memset(text + n + 6, 'y', n_string);
			memcpy(text + n + 6 + n_string, "\"}\n", 3);
			n += n_string + 9;
		}
		memset(text + n, 0, SLACK);
		ck_assert_uint_eq(check_all(&shape, text, n, ROWS_MAX),
			len <= LINE_MAX ? 4 + LINES_MORE : 3);
	}
	shape_free(&shape);
}
END_TEST

START_TEST(objects_without_values_are_alike_as_well)
{
	struct shape shape = shape_make("{}\n");
	uint8_t text[TEXT_MAX] = "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{ }\n{}\n";

	ck_assert_uint_eq(check_all(&shape, text, 28, ROWS_MAX), 7);
	ck_assert_uint_eq(check_all(&shape, text, 21, ROWS_MAX), 7);
	ck_assert_uint_eq(check_all(&shape, text, 9, ROWS_MAX), 3);
	shape_free(&shape);
}
END_TEST

/* Of lines that are read at once each may be the one with another key. */
START_TEST(the_end_of_a_long_key_is_looked_at_in_each_line)
{
	static const char line[] = "{\"a key of more than 32 bytes, of 40\":1,"
				   "\"another one of more than 32 bytes\":2}\n";
	static const char *const ends[] = {"40\":1", "bytes\":2"};
	struct shape shape =
		shape_make("{\"a key of more than 32 bytes, of 40\":|,"
			   "\"another one of more than 32 bytes\":|}\n");
	uint32_t n_line = (uint32_t)strlen(line);
	uint8_t text[TEXT_MAX];

	for (uint32_t k = 0; k < ROWS_MAX; k++)
		memcpy(text + k * n_line, line, n_line);
	memset(text + ROWS_MAX * n_line, '"', SLACK);
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t k = 0; k < ROWS_MAX; k++) {
			uint8_t *at = text + k * n_line +
				(size_t)(strstr(line, ends[i]) - line);
			uint8_t was = *at;

			*at = 'x';
			ck_assert_uint_eq(check_all(&shape, text,
						  ROWS_MAX * n_line, ROWS_MAX),
				k);
			*at = was;
		}
	shape_free(&shape);
}
END_TEST

TEST_MAIN("table/json_repeat", lines_that_are_alike_are_read_to_the_end,
	no_damaged_byte_makes_a_difference, numbers_are_those_of_the_grammar,
	strings_end_where_they_end, a_line_is_as_long_as_is_allowed,
	objects_without_values_are_alike_as_well,
	the_end_of_a_long_key_is_looked_at_in_each_line)
