/*
 * tests of table/json_scan*.c: all versions find the same, at every offset,
 * and agree with a plain reading of the rules.
 */
#include "table/json_scan.h"
#include "support/test.h"

#define SCAN_TEXT_MAX 300

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

struct result {
	struct leat_json_scan scan;
	uint32_t n;
	uint32_t ends[SCAN_TEXT_MAX + LEAT_JSON_SCAN_SLACK];
};

static void
run(leat__json_scan_fn fn, const uint8_t *text, uint32_t n, struct result *r)
{
	/* exactly n bytes, so that reading on is found */
	uint8_t *copy = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, n);
	memset(r, 0, sizeof(*r));
	r->n = fn(&r->scan, copy, n, r->ends,
		SCAN_TEXT_MAX + LEAT_JSON_SCAN_SLACK);
	free(copy);
}

static void
check_equal(const struct result *a, const struct result *b)
{
	ck_assert_uint_eq(a->scan.n_scanned, b->scan.n_scanned);
	ck_assert_uint_eq(a->scan.is_bad, b->scan.is_bad);
	ck_assert_uint_eq(a->scan.n_lines, b->scan.n_lines);
	ck_assert_uint_eq(a->scan.has_escapes, b->scan.has_escapes);
	ck_assert_uint_eq(a->scan.has_high, b->scan.has_high);
	ck_assert_uint_eq(a->n, b->n);
	ck_assert_mem_eq(a->ends, b->ends, a->n * sizeof(*a->ends));
}

/* ---- the rules, a byte at a time ---------------------------------------- */

struct plain {
	uint32_t in_string, is_escaped;
	uint32_t was_value; /* a value ended, only white space since */
	uint32_t was_word;  /* the last byte belongs to a word */
};

/* One byte outside a string: 1 = of the structure, -1 = wrong. */
static int
plain_outside(struct plain *p, uint8_t c)
{
	uint32_t was_word = p->was_word;
	uint32_t is_escaped = p->is_escaped;

	p->was_word = 0;
	p->is_escaped = c == '\\' && !is_escaped;
	if (strchr("{}[]:,\n", c) && c) {
		p->was_value = 0;
		return 1;
	}
	if (c == ' ' || c == '\t' || c == '\r') {
		p->was_value |= was_word;
		return 0;
	}
	if (c < 0x20 || p->was_value)
		return -1;
	if (c == '"' && !is_escaped) {
		p->in_string = 1;
		return was_word ? -1 : 0;
	}
	/* a quote behind a backslash belongs to nothing: it is no value */
	if (c != '"')
		p->was_word = 1;
	else
		p->was_value = was_word;
	return 0;
}

static int
plain_inside(struct plain *p, uint8_t c)
{
	if (c < 0x20)
		return -1;
	if (p->is_escaped) {
		p->is_escaped = 0;
		return 0;
	}
	p->is_escaped = c == '\\';
	if (c == '"') {
		p->in_string = 0;
		p->was_value = 1;
		p->was_word = 0;
	}
	return 0;
}

/* Only for texts without backslashes outside strings. */
static void
run_plain(const uint8_t *text, uint32_t n, struct result *r)
{
	struct plain p = {0};
	uint32_t at;

	memset(r, 0, sizeof(*r));
	for (at = 0; at < n; at++) {
		int is = p.in_string ? plain_inside(&p, text[at])
				     : plain_outside(&p, text[at]);

		if (is < 0) {
			r->scan.is_bad = 1;
			break;
		}
		if (is)
			r->ends[r->n++] = at;
		r->scan.n_lines += is && text[at] == '\n';
	}
	r->scan.n_scanned = at;
}

static bool
has_outer_slash(const uint8_t *text, uint32_t n)
{
	uint32_t in_string = 0;

	for (uint32_t k = 0; k < n; k++) {
		if (text[k] == '\\' && !in_string)
			return true;
		if (text[k] == '\\')
			k++;
		else if (text[k] == '"')
			in_string = !in_string;
	}
	return false;
}

static void
check_all(const uint8_t *text, uint32_t n)
{
	struct result portable, other;

	run(leat__json_scan_portable, text, n, &portable);
	run(leat_json_scan, text, n, &other);
	check_equal(&portable, &other);
#if defined(__x86_64__)
	run(leat__json_scan_sse2, text, n, &other);
	check_equal(&portable, &other);
	if (__builtin_cpu_supports("avx2")) {
		run(leat__json_scan_avx2, text, n, &other);
		check_equal(&portable, &other);
	}
#elif defined(LEAT__HAS_NEON)
	run(leat__json_scan_neon, text, n, &other);
	check_equal(&portable, &other);
#endif
	if (has_outer_slash(text, n))
		return;
	run_plain(text, n, &other);
	other.scan.has_escapes = portable.scan.has_escapes;
	other.scan.has_high = portable.scan.has_high;
	check_equal(&portable, &other);
}

START_TEST(all_versions_agree_on_random_text)
{
	static const char *const alphabets[] = {"\"\\a", "{}[]:,\n", "ab \"\n,",
		"\"\" ,\t", "\\\\\"a", "{\"a\": 1, \"b\": true}\n",
		"\x0c\x1a\"a,:", "\xc3\xa6\"a\x80\xff,:{", "\"a\",\"b\\\"\":"};
	uint8_t text[SCAN_TEXT_MAX];
	uint64_t seed = 88172645463325252u;

	for (int round = 0; round < 1200; round++) {
		const char *alphabet = alphabets[round % 9];
		size_t n_letters = strlen(alphabet);
		uint32_t n = (uint32_t)(next_random(&seed) % SCAN_TEXT_MAX);

		for (uint32_t k = 0; k < n; k++)
			text[k] = (uint8_t)
				alphabet[next_random(&seed) % n_letters];
		check_all(text, n);
	}
}
END_TEST

START_TEST(all_versions_agree_on_every_byte)
{
	uint8_t text[SCAN_TEXT_MAX];
	uint64_t seed = 1181783497276652981u;

	for (int round = 0; round < 400; round++) {
		for (uint32_t k = 0; k < 200; k++)
			text[k] = (uint8_t)next_random(&seed);
		check_all(text, 200);
	}
	for (uint32_t byte = 0; byte < 256; byte++) {
		memset(text, ' ', 130);
		text[70] = (uint8_t)byte;
		check_all(text, 130);
		memset(text, 'x', 130);
		text[0] = '"';
		text[70] = (uint8_t)byte;
		check_all(text, 130);
	}
}
END_TEST

/* Well formed lines, so that the scan gets far. */
START_TEST(all_versions_agree_on_lines_at_every_offset)
{
	static const char line[] =
		"{\"a\\\\\": \"\\\"b\\\\\\\"\" , \"c\":[1 ,{}],\"\":-1.5e3}\n";
	uint8_t text[SCAN_TEXT_MAX];
	uint32_t len = sizeof(line) - 1;

	for (uint32_t shift = 0; shift < 130; shift++) {
		memset(text, ' ', sizeof(text));
		for (uint32_t k = shift; k + len < SCAN_TEXT_MAX; k += len)
			memcpy(text + k, line, len);
		for (uint32_t n = 190 + shift % 7; n < 270; n += 7)
			check_all(text, n);
	}
}
END_TEST

/* Runs of backslashes of every length, at every place of a block. */
START_TEST(runs_of_backslashes_end_as_they_should)
{
	uint8_t text[SCAN_TEXT_MAX];

	for (uint32_t start = 1; start < 140; start++)
		for (uint32_t len = 0; len < 9; len++) {
			memset(text, 'x', sizeof(text));
			text[0] = '"';
			memset(text + start, '\\', len);
			text[start + len] = '"';
			text[start + len + 1] = ',';
			check_all(text, start + len + 2);
		}
}
END_TEST

START_TEST(structure_inside_strings_is_text)
{
	const char *text = "{\"a,:{}[]\":\"\\\",\"}\n";
	struct result r;

	run(leat_json_scan, (const uint8_t *)text, (uint32_t)strlen(text), &r);
	ck_assert_uint_eq(r.scan.is_bad, 0);
	ck_assert_uint_eq(r.n, 4);
	ck_assert_uint_eq(r.ends[0], 0);
	ck_assert_uint_eq(r.ends[1], 10);
	ck_assert_uint_eq(r.ends[2], 16);
	ck_assert_uint_eq(r.ends[3], 17);
	ck_assert_uint_eq(r.scan.n_lines, 1);
	ck_assert_uint_eq(r.scan.has_escapes, 1);
}
END_TEST

static void
is_bad_at(const char *text, uint32_t place)
{
	struct result r;

	run(leat_json_scan, (const uint8_t *)text, (uint32_t)strlen(text), &r);
	ck_assert_msg(r.scan.is_bad && r.scan.n_scanned == place,
		"%s: %u at %u", text, r.scan.is_bad, r.scan.n_scanned);
}

START_TEST(what_stands_behind_a_value_is_wrong)
{
	is_bad_at("{\"a\" \"b\":1}\n", 5);
	is_bad_at("{\"a\"\"b\":1}\n", 4);
	is_bad_at("{\"a\":1 2}\n", 7);
	is_bad_at("{\"a\":1\"b\"}\n", 6);
	is_bad_at("{\"a\":\"b\"1}\n", 8);
	is_bad_at("{\"a\":\"b\n\"}\n", 7);
	is_bad_at("{\"a\":\"\tb\"}\n", 6);
	is_bad_at("{\"a\":\f1}\n", 5);
}
END_TEST

/* White space of any length between two values, over the ends of blocks. */
START_TEST(a_value_behind_white_space_is_found_however_long_it_is)
{
	uint8_t text[SCAN_TEXT_MAX];

	for (uint32_t start = 0; start < 70; start += 3)
		for (uint32_t len = 1; len < 190; len += 23)
			for (uint32_t kind = 0; kind < 4; kind++) {
				memset(text, ' ', sizeof(text));
				text[start] = kind & 1 ? '"' : '1';
				text[start + 1] = kind & 1 ? '"' : '1';
				text[start + 2 + len] = kind & 2 ? '"' : '1';
				text[start + 3 + len] = kind & 2 ? '"' : '1';
				check_all(text, start + len + 4);
				text[start + 2 + len / 2] = ',';
				check_all(text, start + len + 4);
			}
}
END_TEST

START_TEST(a_full_room_stops_the_scan)
{
	struct leat_json_scan scan;
	uint32_t ends[LEAT_JSON_SCAN_SLACK + 10];
	uint8_t text[512];
	uint32_t n;

	memset(text, ',', sizeof(text));
	n = leat_json_scan(
		&scan, text, sizeof(text), ends, LEAT_JSON_SCAN_SLACK + 10);
	ck_assert_uint_eq(n, 64);
	ck_assert_uint_eq(scan.n_scanned, 64);
	ck_assert_uint_eq(scan.is_bad, 0);
	ck_assert_ptr_nonnull(leat_json_scan_name());
}
END_TEST

#if defined(__x86_64__)
START_TEST(the_widest_version_agrees_where_it_runs)
{
	uint8_t text[SCAN_TEXT_MAX];
	uint64_t seed = 7;
	struct result a, b;

	if (!__builtin_cpu_supports("avx512bw") ||
		!__builtin_cpu_supports("avx512vl"))
		return;
	for (int round = 0; round < 400; round++) {
		uint32_t n = (uint32_t)(next_random(&seed) % SCAN_TEXT_MAX);

		for (uint32_t k = 0; k < n; k++)
			text[k] = (uint8_t) "{\"a\\,: \n}1"[next_random(&seed) %
				10];
		run(leat__json_scan_portable, text, n, &a);
		run(leat__json_scan_avx512, text, n, &b);
		check_equal(&a, &b);
	}
}
END_TEST
#else
START_TEST(the_widest_version_agrees_where_it_runs)
{
#if defined(LEAT__HAS_NEON)
	ck_assert_str_eq(leat_json_scan_name(), "neon");
#else
	ck_assert_str_eq(leat_json_scan_name(), "portable");
#endif
}
END_TEST
#endif

TEST_MAIN("table/json_scan", all_versions_agree_on_random_text,
	all_versions_agree_on_every_byte,
	all_versions_agree_on_lines_at_every_offset,
	runs_of_backslashes_end_as_they_should,
	structure_inside_strings_is_text, what_stands_behind_a_value_is_wrong,
	a_value_behind_white_space_is_found_however_long_it_is,
	a_full_room_stops_the_scan, the_widest_version_agrees_where_it_runs)
