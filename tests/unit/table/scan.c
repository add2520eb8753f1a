/*
 * tests of table/scan*.c: all versions find the same, at every offset, and
 * agree with a plain reading of RFC 4180.
 */
#include "support/test.h"
#include "table/table.h"

#define SCAN_TEXT_MAX 700

static const struct leat_dialect comma = {',', '"'};

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

struct result {
	struct leat_scan scan;
	uint32_t n_scanned;
	uint32_t n;
	uint32_t ends[SCAN_TEXT_MAX + 128];
};

static void
run(leat__scan_fn fn, const uint8_t *text, uint32_t n, struct result *r)
{
	memset(r, 0, sizeof(*r));
	r->n = fn(&r->scan, &comma, text, n, 0, r->ends, SCAN_TEXT_MAX + 128,
		&r->n_scanned);
}

static void
check_equal(const struct result *a, const struct result *b)
{
	ck_assert_uint_eq(a->n, b->n);
	ck_assert_uint_eq(a->n_scanned, b->n_scanned);
	ck_assert_mem_eq(a->ends, b->ends, a->n * sizeof(*a->ends));
	ck_assert_uint_eq(a->scan.in_quotes, b->scan.in_quotes);
	ck_assert_uint_eq(a->scan.after, b->scan.after);
	ck_assert_uint_eq(a->scan.is_odd, b->scan.is_odd);
	ck_assert_uint_eq(a->scan.has_quotes, b->scan.has_quotes);
	ck_assert_uint_eq(a->scan.n_lines, b->scan.n_lines);
	ck_assert_uint_eq(a->scan.n_quoted_lines, b->scan.n_quoted_lines);
}

/* Every version on one text; the exact one wherever the fast ones can. */
static void
check_all(const uint8_t *text, uint32_t n)
{
	const struct leat__scanner *scanners;
	struct result portable, other;
	uint32_t n_scanners;

	run(leat__table_scan_portable, text, n, &portable);
	run(leat_text_scan, text, n, &other);
	check_equal(&portable, &other);
	n_scanners = leat__table_scanners(&scanners);
	for (uint32_t k = 0; k < n_scanners; k++) {
		run(scanners[k].scan, text, n, &other);
		check_equal(&portable, &other);
	}
	run(leat_text_scan_exact, text, n, &other);
	if (portable.scan.is_odd)
		return;
	ck_assert_uint_eq(other.scan.is_odd, 0);
	ck_assert_uint_eq(other.n, portable.n);
	ck_assert_mem_eq(
		other.ends, portable.ends, other.n * sizeof(*other.ends));
	ck_assert_uint_eq(other.scan.n_lines, portable.scan.n_lines);
	ck_assert_uint_eq(other.scan.in_quotes, portable.scan.in_quotes);
	ck_assert_uint_eq(
		other.scan.n_quoted_lines, portable.scan.n_quoted_lines);
}

START_TEST(all_versions_agree_on_random_text)
{
	static const char *const alphabets[] = {"ab,\n", "a\",\n",
		"aaaaaa,\"\n\r", "\"\"\",\n", "abcdefghijklmnop,\"", ",\n\r"};
	uint8_t text[SCAN_TEXT_MAX + 64];
	uint64_t seed = 88172645463325252u;

	for (int round = 0; round < 6000; round++) {
		const char *alphabet = alphabets[round % 6];
		size_t n_letters = strlen(alphabet);
		uint32_t n = (uint32_t)(next_random(&seed) % SCAN_TEXT_MAX);

		for (uint32_t k = 0; k < sizeof(text); k++)
			text[k] = (uint8_t)
				alphabet[next_random(&seed) % n_letters];
		check_all(text, n);
	}
}
END_TEST

/* Well formed records, so that the fast versions get far. */
START_TEST(all_versions_agree_on_quoted_records_at_every_offset)
{
	static const char record[] =
		"a,\"b,\"\"c\"\"\nd\",,\"\"\r\n\"x\",\"\"\"\",z\n";
	uint8_t text[SCAN_TEXT_MAX + 64];
	uint32_t len = sizeof(record) - 1;

	for (uint32_t shift = 0; shift < 130; shift++) {
		memset(text, 'p', sizeof(text));
		text[shift] = '\n';
		for (uint32_t k = shift + 1; k + len < SCAN_TEXT_MAX; k += len)
			memcpy(text + k, record, len);
		for (uint32_t n = 300; n < 370; n++)
			check_all(text, n);
	}
}
END_TEST

START_TEST(a_scan_in_pieces_finds_what_a_scan_in_one_finds)
{
	static const char record[] = "a,\"b,\"\"c\"\"\nd\",,\"\"\r\n";
	uint8_t text[SCAN_TEXT_MAX + 64] = {0};
	struct result one, two;

	for (uint32_t k = 0; k + 20 < SCAN_TEXT_MAX; k += sizeof(record) - 1)
		memcpy(text + k, record, sizeof(record) - 1);
	run(leat_text_scan, text, 400, &one);
	ck_assert_uint_eq(one.scan.is_odd, 0);
	for (uint32_t split = 0; split <= 400; split++) {
		uint32_t n_scanned;

		run(leat_text_scan, text, split, &two);
		two.n += leat_text_scan(&two.scan, &comma, text + split,
			400 - split, split, two.ends + two.n, 500, &n_scanned);
		two.n_scanned += n_scanned;
		check_equal(&one, &two);
	}
}
END_TEST

/* More newlines than a counter of one byte holds, at every lane. */
START_TEST(newlines_of_a_long_run_are_counted)
{
	static uint8_t text[40 * 1024 + 64];
	static uint32_t ends[sizeof(text)];
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);
	uint32_t n = sizeof(text) - 64 - 7, n_scanned;

	memset(text, '\n', sizeof(text));
	for (uint32_t k = 0; k < n_scanners; k++) {
		struct leat_scan scan = {0};

		ck_assert_uint_eq(scanners[k].scan(&scan, &comma, text, n, 0,
					  ends, sizeof(text), &n_scanned),
			n);
		ck_assert_uint_eq(scan.n_lines, n);
		ck_assert_uint_eq(n_scanned, n);
		ck_assert_uint_eq(ends[n - 1], n - 1);
	}
}
END_TEST

START_TEST(separators_inside_quotes_are_no_ends)
{
	uint8_t text[128] = "\"a,b\n\",c\n";
	struct result r;

	run(leat_text_scan, text, 9, &r);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_uint_eq(r.ends[0], 6);
	ck_assert_uint_eq(r.ends[1], 8);
	ck_assert_uint_eq(r.scan.n_lines, 1);
	ck_assert_uint_eq(r.scan.n_quoted_lines, 1);
	ck_assert_uint_eq(r.scan.has_quotes, 1);
}
END_TEST

START_TEST(an_open_quote_is_told)
{
	uint8_t text[128] = "a,\"b\n";
	struct result r;

	run(leat_text_scan, text, 5, &r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert(r.scan.in_quotes);
	ck_assert_uint_eq(r.scan.is_odd, 0);
}
END_TEST

START_TEST(odd_quotes_are_found)
{
	static const char *const odd[] = {"ab\"c,d\n", "\"a\"b,c\n",
		"\"a\"\rb\n", "a\"\"b\n", "\"a\"\"b\"c\n", "x,\r\"a\"\n",
		"\"a\"\r,b\n", "\"\"a\n", "a,b\"\n"};
	static const char *const plain[] = {"\"a\"\"b\",c\n", "\"\",\"\"\n",
		"\"a\"\r\n\"b\"\n", "\"\"\"\"\n", "a\rb,c\n"};
	uint8_t text[256];
	struct result r;

	for (uint32_t shift = 0; shift < 70; shift++)
		for (size_t k = 0; k < leat__array_len(odd); k++) {
			memset(text, 'a', sizeof(text));
			if (shift)
				text[shift - 1] = ',';
			strcpy((char *)text + shift, odd[k]);
			run(leat_text_scan, text,
				shift + (uint32_t)strlen(odd[k]), &r);
			ck_assert_uint_eq(r.scan.is_odd, LEAT_SCAN_ODD);
		}
	for (size_t k = 0; k < leat__array_len(plain); k++) {
		strcpy((char *)text, plain[k]);
		run(leat_text_scan, text, (uint32_t)strlen(plain[k]), &r);
		ck_assert_uint_eq(r.scan.is_odd, 0);
	}
}
END_TEST

START_TEST(the_exact_scan_takes_quotes_inside_fields_as_data)
{
	const uint8_t text[] = "a\"b,\"c,d\"\nx\"\n";
	struct result r;

	run(leat_text_scan_exact, text, 13, &r);
	ck_assert_uint_eq(r.scan.is_odd, 0);
	ck_assert_uint_eq(r.n, 3);
	ck_assert_uint_eq(r.ends[0], 3);
	ck_assert_uint_eq(r.ends[1], 9);
	ck_assert_uint_eq(r.ends[2], 12);
}
END_TEST

START_TEST(the_exact_scan_stops_at_text_behind_a_quote)
{
	const uint8_t text[] = "a,\"b\"c\n";
	const uint8_t cr[] = "\"b\"\rc\n";
	struct result r;

	run(leat_text_scan_exact, text, 7, &r);
	ck_assert_uint_eq(r.scan.is_odd, LEAT_SCAN_BAD);
	ck_assert_uint_eq(r.n_scanned, 5);
	run(leat_text_scan_exact, cr, 6, &r);
	ck_assert_uint_eq(r.scan.is_odd, LEAT_SCAN_BAD);
	ck_assert_uint_eq(r.n_scanned, 4);
}
END_TEST

START_TEST(a_full_room_ends_the_scan_early)
{
	uint8_t text[512];
	uint32_t ends[200];
	struct leat_scan scan = {0};
	uint32_t n_scanned, n;

	memset(text, ',', sizeof(text));
	n = leat_text_scan(&scan, &comma, text, 400, 0, ends, 150, &n_scanned);
	ck_assert_uint_eq(n, 128);
	ck_assert_uint_eq(n_scanned, 128);
	memset(&scan, 0, sizeof(scan));
	n = leat_text_scan(&scan, &comma, text, 400, 0, ends, 63, &n_scanned);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(n_scanned, 0);
	n = leat_text_scan_exact(
		&scan, &comma, text, 400, 10, ends, 3, &n_scanned);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(n_scanned, 3);
	ck_assert_uint_eq(ends[2], 12);
}
END_TEST

START_TEST(without_a_quote_character_nul_bytes_are_data)
{
	const struct leat_dialect plain = {'\t', 0};
	uint8_t text[128] = "a\0b\t\"c\n";
	uint32_t ends[128];
	struct leat_scan scan = {0};
	uint32_t n_scanned;

	ck_assert_uint_eq(leat_text_scan(&scan, &plain, text, 7, 0, ends, 128,
				  &n_scanned),
		2);
	ck_assert_uint_eq(ends[0], 3);
	ck_assert_uint_eq(ends[1], 6);
	ck_assert_uint_eq(scan.has_quotes, 0);
}
END_TEST

START_TEST(the_scan_has_a_name)
{
	const char *name = leat_text_scan_name();

	ck_assert(!strcmp(name, "avx512") || !strcmp(name, "avx2") ||
		!strcmp(name, "sse2") || !strcmp(name, "neon") ||
		!strcmp(name, "portable"));
#if defined(LEAT__HAS_NEON)
	ck_assert_str_eq(name, "neon");
#endif
}
END_TEST

TEST_MAIN("table/scan", all_versions_agree_on_random_text,
	all_versions_agree_on_quoted_records_at_every_offset,
	a_scan_in_pieces_finds_what_a_scan_in_one_finds,
	newlines_of_a_long_run_are_counted,
	separators_inside_quotes_are_no_ends, an_open_quote_is_told,
	odd_quotes_are_found, the_exact_scan_takes_quotes_inside_fields_as_data,
	the_exact_scan_stops_at_text_behind_a_quote,
	a_full_room_ends_the_scan_early,
	without_a_quote_character_nul_bytes_are_data, the_scan_has_a_name)
