/*
 * tests of table/cut.c and cut_body.h: the place where bytes are cut is that of
 * a reading byte by byte, in pieces of any size, and on every machine.
 */
#include "support/test.h"
#include "table/table.h"

#define CUT_TEXT_MAX 500
#define CUT_LONG_MAX 20000 /* with runs without a quote, and more */

static const struct leat_dialect comma = {',', '"'};

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* What a plain reading says. */
struct truth {
	uint32_t n_scanned;
	uint32_t end; /* behind the last record end */
	uint32_t n_end_lines;
	uint32_t n_records;
	bool is_bad;
	bool in_quotes;
};

static struct truth
read_plainly(const uint8_t *text, uint32_t n)
{
	uint32_t ends[CUT_LONG_MAX + 1];
	struct leat_scan scan = {0};
	struct truth t = {0};
	uint32_t n_ends = leat_text_scan_exact(&scan, &comma, text, n, 0, ends,
		CUT_LONG_MAX + 1, &t.n_scanned);

	for (uint32_t k = 0; k < n_ends; k++)
		if (text[ends[k]] == '\n') {
			t.end = ends[k] + 1;
			t.n_records++;
		}
	for (uint32_t k = 0; k < t.end; k++)
		t.n_end_lines += text[k] == '\n';
	t.is_bad = scan.is_odd == LEAT_SCAN_BAD;
	t.in_quotes = scan.in_quotes != 0 && !t.is_bad;
	return t;
}

/* The text in two pieces. */
static void
check_split(const uint8_t *text, uint32_t n, uint32_t split)
{
	struct truth t = read_plainly(text, n);
	uint8_t piece[CUT_LONG_MAX + 64];
	struct leat_cut cut = {0};
	uint32_t end, at;

	memset(piece, '"', split + 64);
	memcpy(piece, text, split);
	at = leat_text_cut(&cut, &comma, piece, split);
	end = cut.end;
	if (!cut.scan.is_odd) {
		memset(piece, '\n', n - split + 64);
		memcpy(piece, text + split, n - split);
		at += leat_text_cut(&cut, &comma, piece, n - split);
		end = cut.end ? split + cut.end : end;
	}
	ck_assert_uint_eq(at, t.n_scanned);
	ck_assert_uint_eq(end, t.end);
	ck_assert_uint_eq(cut.scan.is_odd, t.is_bad ? LEAT_SCAN_BAD : 0);
	if (t.end)
		ck_assert_uint_eq(cut.n_end_lines, t.n_end_lines);
	if (!t.is_bad)
		ck_assert_uint_eq(cut.scan.in_quotes != 0, t.in_quotes);
}

static const char *const alphabets[] = {"ab,\n", "a\",\n", "aaaaaa,\"\n\r",
	"\"\"\",\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa,\"\n", "\n\r"};

static uint32_t
random_text(uint64_t *seed, int round, uint8_t *text)
{
	const char *alphabet = alphabets[round % 6];
	size_t n_letters = strlen(alphabet);

	for (uint32_t k = 0; k < CUT_TEXT_MAX + 64; k++)
		text[k] = (uint8_t)alphabet[next_random(seed) % n_letters];
	return (uint32_t)(next_random(seed) % CUT_TEXT_MAX);
}

START_TEST(random_text_is_cut_where_a_plain_reading_says)
{
	uint8_t text[CUT_TEXT_MAX + 64];
	uint64_t seed = 88172645463325252u;

	for (int round = 0; round < 6000; round++) {
		uint32_t n = random_text(&seed, round, text);

		check_split(text, n, n);
		check_split(text, n, (uint32_t)(next_random(&seed) % (n + 1)));
	}
}
END_TEST

/* Here and there a quoted field, or a quote that is odd; lines of any length,
 * and none at all in some. */
static uint32_t
random_long_text(uint64_t *seed, uint8_t *text)
{
	static const char *const quoted[] = {
		",\"x\n,\"\n", "\n\"\"\"\"\n", ",a\"b\n", "\"", "\n", ",\"x"};
	uint32_t n_apart = 1u << (next_random(seed) % 14);
	uint32_t n_line = 1u << (next_random(seed) % 14);

	for (uint32_t k = 0; k < CUT_LONG_MAX + 64; k++) {
		const char *q = quoted[next_random(seed) % 6];

		text[k] = next_random(seed) % n_line ? 'a' : '\n';
		if (k >= 8 && next_random(seed) % n_apart == 0)
			memcpy(text + k + 1 - strlen(q), q, strlen(q));
	}
	return (uint32_t)(next_random(seed) % CUT_LONG_MAX);
}

START_TEST(long_texts_are_cut_where_a_plain_reading_says)
{
	static uint8_t text[CUT_LONG_MAX + 64];
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);
	uint64_t seed = 362436069u;

	for (int round = 0; round < 300; round++) {
		uint32_t n = random_long_text(&seed, text);
		struct leat_cut a = {0};
		uint32_t at = leat__table_cut_portable(&a, &comma, text, n);

		check_split(text, n, n);
		check_split(text, n, (uint32_t)(next_random(&seed) % (n + 1)));
		for (uint32_t k = 0; k < n_scanners; k++) {
			struct leat_cut b = {0};

			ck_assert_uint_eq(
				scanners[k].cut(&b, &comma, text, n), at);
			ck_assert_mem_eq(&a, &b, sizeof(a));
		}
	}
}
END_TEST

START_TEST(records_with_quotes_are_cut_right_at_every_split)
{
	static const char *const records[] = {
		"a,\"b,\"\"c\"\"\nd\",,\"\"\r\n\"x\",\"\"\"\",z\n",
		"5\" disk,\"x\ny\"\n\"\"\"\",a\"b\"\r\n",
		"a,b\r\n\r\n\n\"c\"\r\n", "\"a\"b,c\nd,e\n"};
	uint8_t text[CUT_TEXT_MAX + 64];

	for (size_t k = 0; k < leat__array_len(records); k++) {
		uint32_t len = (uint32_t)strlen(records[k]);

		for (uint32_t shift = 0; shift < 66; shift += 13) {
			memset(text, 'p', sizeof(text));
			if (shift)
				text[shift - 1] = '\n';
			for (uint32_t at = shift; at + len < 180; at += len)
				memcpy(text + at, records[k], len);
			for (uint32_t split = 0; split <= 180; split++)
				check_split(text, 180, split);
		}
	}
}
END_TEST

START_TEST(the_first_record_end_is_found_byte_by_byte)
{
	const uint8_t text[] = "\"a\nb\",c\nd,e\n";
	struct leat_cut cut = {0};

	ck_assert_uint_eq(leat_text_cut_first(&cut, &comma, text, 4), 4);
	ck_assert_uint_eq(cut.end, 0);
	ck_assert(cut.scan.in_quotes);
	ck_assert_uint_eq(leat_text_cut_first(&cut, &comma, text + 4, 8), 4);
	ck_assert_uint_eq(cut.end, 4);
	ck_assert_uint_eq(cut.n_end_lines, 2);
}
END_TEST

START_TEST(every_machine_cuts_alike)
{
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);
	uint8_t text[CUT_TEXT_MAX + 64];
	uint64_t seed = 2463534242u;

	for (int round = 0; round < 6000; round++) {
		uint32_t n = random_text(&seed, round, text);
		struct leat_cut a = {0}, b;
		uint32_t at = leat__table_cut_portable(&a, &comma, text, n);

		for (uint32_t k = 0; k < n_scanners; k++) {
			b = (struct leat_cut){0};
			ck_assert_uint_eq(
				scanners[k].cut(&b, &comma, text, n), at);
			ck_assert_mem_eq(&a, &b, sizeof(a));
		}
	}
}
END_TEST

/* All records with as many fields, quoted ones among them; or not. */
static uint32_t
random_table(uint64_t *seed, uint32_t n_fields, bool is_ragged, uint8_t *text)
{
	static const char *const values[] = {
		"", "a", "\"x,\ny\"", "\"\"\"\"", "0123456789", "a\rb"};
	uint32_t n_rows = (uint32_t)(next_random(seed) % 12);
	uint32_t odd = is_ragged ? (uint32_t)(next_random(seed) % 12) : 99;
	uint32_t at = 0;

	for (uint32_t row = 0; row < n_rows; row++) {
		uint32_t n = n_fields + (row == odd);

		for (uint32_t k = 0; k < n; k++)
			at += (uint32_t)sprintf((char *)text + at, "%s%s",
				values[next_random(seed) % 6],
				k + 1 < n ? "," : "\n");
	}
	return at;
}

START_TEST(every_machine_counts_what_a_plain_reading_counts)
{
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);
	uint8_t text[1024];
	uint64_t seed = 1181783497276652981u;

	for (int round = 0; round < 6000; round++) {
		uint32_t n_fields = 1 + (uint32_t)round % 4;
		bool is_ragged = round % 3 == 0;
		uint32_t n = random_table(&seed, n_fields, is_ragged, text);
		uint32_t n_lines = 0, n_ends, n_scanned, n_records;
		uint32_t ends[1024];
		struct leat_scan scan = {0};

		memset(text + n, ',', 64);
		n_ends = leat_text_scan_exact(
			&scan, &comma, text, n, 0, ends, 1024, &n_scanned);
		n_lines = scan.n_lines;
		is_ragged = n_ends != n_lines * n_fields;
		for (uint32_t k = 0; k < n_scanners; k++) {
			bool is_even = scanners[k].count(
				&comma, text, n, n_fields, &n_records);

			ck_assert(is_even == !is_ragged);
			if (is_even)
				ck_assert_uint_eq(n_records, n_lines);
		}
	}
}
END_TEST

START_TEST(a_row_too_short_does_not_make_up_for_one_too_long)
{
	static const char *const texts[] = {
		"a,b\na\na,b,c\n", "a,b,c\na\n", "a,b\n\na,b\n", "a\"b,c\n"};
	uint8_t text[128];
	uint32_t n;

	for (size_t k = 0; k < leat__array_len(texts); k++) {
		memset(text, 0, sizeof(text));
		strcpy((char *)text, texts[k]);
		ck_assert(!leat_text_count(
			&comma, text, (uint32_t)strlen(texts[k]), 2, &n));
	}
	strcpy((char *)text, "a,b\n\"c\",\"d\n,\"\r\n");
	ck_assert(leat_text_count(
		&comma, text, (uint32_t)strlen((char *)text), 2, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert(leat_text_count(&comma, text, 0, 2, &n));
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(without_a_quote_only_newlines_end_records)
{
	const struct leat_dialect lines = {'\n', 0};
	uint8_t text[128] = "\"a\nb\"\r\n\nc";
	struct leat_cut cut = {0};

	ck_assert_uint_eq(leat_text_cut(&cut, &lines, text, 9), 9);
	ck_assert_uint_eq(cut.end, 8);
	ck_assert_uint_eq(cut.n_end_lines, 3);
}
END_TEST

/* More newlines than a byte can count, and none at all. */
START_TEST(many_lines_are_counted_however_long_they_are)
{
	const struct leat_dialect lines = {'\n', 0};
	static uint8_t text[9000];

	for (uint32_t len = 0; len < 40; len++) {
		struct leat_cut cut = {0};
		uint32_t n = 8191 - 7 * len, n_lines = 0, end = 0, at;

		memset(text, 'x', sizeof(text));
		for (at = len; at < n; at += len + 1) {
			text[at] = '\n';
			end = at + 1;
			n_lines++;
		}
		for (uint32_t k = 1; k < 3; k++) {
			ck_assert_uint_eq(
				leat_text_cut(&cut, &lines, text, n), n);
			ck_assert_uint_eq(cut.end, end);
			ck_assert_uint_eq(cut.n_lines, k * n_lines);
			ck_assert_uint_eq(cut.n_end_lines, k * n_lines);
		}
		leat_text_cut(&cut, &lines, text, len);
		ck_assert_uint_eq(cut.end, 0);
		ck_assert_uint_eq(cut.n_end_lines, 2 * n_lines);
	}
}
END_TEST

/* By each machine, from any place, of any length, with runs full of them. */
START_TEST(every_machine_counts_the_same_lines)
{
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);
	uint64_t seed = 12345;
	uint8_t text[6200];

	for (uint32_t round = 0; round < 300; round++) {
		uint32_t n = (uint32_t)(next_random(&seed) % 6001);
		uint32_t start = (uint32_t)(next_random(&seed) % 64);
		uint32_t rare = round % 3 ? 1 + round % 40 : 1;
		uint32_t n_lines = 0;

		for (uint32_t k = 0; k < sizeof(text); k++)
			text[k] = next_random(&seed) % rare ? 'x' : '\n';
		for (uint32_t k = 0; k < n; k++)
			n_lines += text[start + k] == '\n';
		for (uint32_t k = 0; k < n_scanners; k++)
			ck_assert_uint_eq(
				scanners[k].lines(text + start, n), n_lines);
	}
}
END_TEST

TEST_MAIN("table/cut", random_text_is_cut_where_a_plain_reading_says,
	long_texts_are_cut_where_a_plain_reading_says,
	records_with_quotes_are_cut_right_at_every_split,
	the_first_record_end_is_found_byte_by_byte, every_machine_cuts_alike,
	every_machine_counts_what_a_plain_reading_counts,
	a_row_too_short_does_not_make_up_for_one_too_long,
	without_a_quote_only_newlines_end_records,
	many_lines_are_counted_however_long_they_are,
	every_machine_counts_the_same_lines)
