/*
 * tests of table/lean_body.h: the first fields and the ends of records are
 * those of the whole index, on every machine; what is not as it should be is
 * told of no part.
 */
#include "support/test.h"
#include "table/table.h"

#define LEAN_TEXT_MAX 60000
#define LEAN_ENDS_MAX 40000

static const struct leat_dialect comma = {',', '"'};

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* All ends, by the scan a byte at a time: rows of n_fields? */
static bool
read_plainly(const uint8_t *text, uint32_t n, uint32_t n_fields, uint32_t *ends,
	uint32_t *n_rows)
{
	struct leat_scan scan = {0};
	uint32_t n_scanned;
	uint32_t n_ends = leat_text_scan_exact(
		&scan, &comma, text, n, 0, ends, LEAN_TEXT_MAX, &n_scanned);

	if (scan.is_odd || n_ends % n_fields)
		return false;
	for (uint32_t k = 0; k < n_ends; k++)
		if ((text[ends[k]] == '\n') != (k % n_fields == n_fields - 1))
			return false;
	*n_rows = n_ends / n_fields;
	return true;
}

/* Every machine's: right as far as it came, which is all if that has room. */
static void
check_kept(const uint8_t *text, uint32_t n, uint32_t n_fields, uint32_t n_kept,
	const uint32_t *all, uint32_t n_rows)
{
	static uint32_t ends[LEAN_ENDS_MAX];
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);

	for (uint32_t j = 0; j < n_scanners; j++) {
		struct leat_lean lean = {
			.n_fields = n_fields, .n_kept = n_kept};
		const uint32_t *row = ends;

		ck_assert(scanners[j].lean(
			&lean, &comma, text, n, ends, LEAN_ENDS_MAX));
		ck_assert_uint_le(lean.n_records, n_rows);
		ck_assert_uint_le(
			(uint64_t)lean.n_records * (n_kept + 1), LEAN_ENDS_MAX);
		if ((uint64_t)(n_rows + 80) * (n_kept + 1) < LEAN_ENDS_MAX)
			ck_assert_uint_eq(lean.n_records, n_rows);
		for (uint32_t k = 0; k < lean.n_records; k++) {
			ck_assert_mem_eq(row, all + (size_t)k * n_fields,
				n_kept * sizeof(*row));
			ck_assert_uint_eq(
				row[n_kept], all[(k + 1) * n_fields - 1]);
			row += n_kept + 1;
		}
		ck_assert_uint_eq(
			lean.n_taken, lean.n_records ? row[-1] + 1 : 0);
	}
}

static void
check_refused(const uint8_t *text, uint32_t n, uint32_t n_fields)
{
	static uint32_t ends[LEAN_ENDS_MAX];
	const struct leat__scanner *scanners;
	uint32_t n_scanners = leat__table_scanners(&scanners);

	for (uint32_t j = 0; j < n_scanners; j++) {
		struct leat_lean lean = {.n_fields = n_fields, .n_kept = 1};

		ck_assert(!scanners[j].lean(
			&lean, &comma, text, n, ends, LEAN_ENDS_MAX));
	}
}

/* A field: mostly short, here and there long or in quotes. */
static uint32_t
put_field(uint64_t *seed, uint8_t *at)
{
	static const char *const quoted[] = {
		"\"a,b\"", "\"\"", "\"x\ny\"", "\"\"\"\"", "\"a\"\"\n,\""};
	uint64_t r = next_random(seed);
	uint32_t n = (uint32_t)(r >> 8) % (r % 50 == 0 ? 120 : 9);

	if (r % 31 == 0) {
		const char *text = quoted[(r >> 20) % 5];

		memcpy(at, text, strlen(text));
		return (uint32_t)strlen(text);
	}
	memset(at, 'a' + (int)(r >> 30) % 26, n);
	return n;
}

/* So many records; returns the bytes. */
static uint32_t
put_records(uint64_t *seed, uint8_t *text, uint32_t n_fields, uint32_t n_rows)
{
	uint32_t at = 0;

	for (uint32_t row = 0; row < n_rows; row++)
		for (uint32_t k = 0; k < n_fields; k++) {
			at += put_field(seed, text + at);
			text[at++] = k + 1 < n_fields ? ',' : '\n';
		}
	memset(text + at, ',', 64);
	return at;
}

START_TEST(the_first_fields_are_those_of_the_whole_index)
{
	static uint8_t text[LEAN_TEXT_MAX + 64];
	static uint32_t all[LEAN_TEXT_MAX];
	uint64_t seed = 88172645463325252u;

	for (uint32_t round = 0; round < 300; round++) {
		uint32_t n_fields = 2 + (uint32_t)next_random(&seed) % 20;
		uint32_t n_rows = (uint32_t)next_random(&seed) % 60;
		uint32_t n = put_records(&seed, text, n_fields, n_rows);
		uint32_t n_found;

		ck_assert(read_plainly(text, n, n_fields, all, &n_found));
		ck_assert_uint_eq(n_found, n_rows);
		for (uint32_t kept = 1; kept < n_fields; kept++)
			check_kept(text, n, n_fields, kept, all, n_rows);
	}
}
END_TEST

START_TEST(records_that_have_no_room_are_left)
{
	static uint8_t text[LEAN_TEXT_MAX + 64];
	static uint32_t all[LEAN_TEXT_MAX];
	uint32_t n_rows = LEAN_TEXT_MAX / 3, n_found;

	for (uint32_t k = 0; k < n_rows; k++)
		memcpy(text + 3 * (size_t)k, "a,\n", 3);
	ck_assert(read_plainly(text, 3 * n_rows, 2, all, &n_found));
	check_kept(text, 3 * n_rows, 2, 1, all, n_rows);
}
END_TEST

START_TEST(a_record_of_another_number_of_fields_is_found_wherever_it_is)
{
	static uint8_t text[LEAN_TEXT_MAX + 64];
	uint64_t seed = 7;

	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n_before = (uint32_t)next_random(&seed) % 12;
		uint32_t n = put_records(&seed, text, 5, n_before);
		uint32_t n_bad = 5 + (round % 2 ? 1 : -1u);

		n += put_records(&seed, text + n, n_bad, 1);
		/* as many separators too many as too few: none in all */
		n += put_records(&seed, text + n, 10 - n_bad, 1);
		n += put_records(&seed, text + n, 5, round % 7);
		check_refused(text, n, 5);
	}
}
END_TEST

START_TEST(a_quote_that_is_odd_is_refused)
{
	static const char *const odd[] = {
		"a\"b,c\n", "\"a\"b,c\n", "a,\"b\"c\n"};
	uint8_t text[512];

	for (uint32_t shift = 0; shift < 130; shift++)
		for (uint32_t k = 0; k < 3; k++) {
			uint32_t n = (uint32_t)strlen(odd[k]);

			memset(text, 'p', sizeof(text));
			memcpy(text + shift, ",q\n", 3);
			memcpy(text + shift + 3, odd[k], n);
			check_refused(text, shift + 3 + n, 2);
		}
}
END_TEST

TEST_MAIN("table/lean", the_first_fields_are_those_of_the_whole_index,
	records_that_have_no_room_are_left,
	a_record_of_another_number_of_fields_is_found_wherever_it_is,
	a_quote_that_is_odd_is_refused)
