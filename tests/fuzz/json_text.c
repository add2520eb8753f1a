/*
 * json_text.c -- the JSON scan of every machine, and the exact reader.
 *
 * All kinds of scan find the same; on lines that the exact reader takes they
 * find every bracket, colon and comma outside strings. A string that the reader
 * takes is decoded, and what it becomes is UTF-8.
 */
#include "fuzz/support/fuzz.h"
#include "table/json_scan.h"

#define JSON_BYTES 2048

struct scanned {
	struct leat_json_scan scan;
	uint32_t ends[JSON_BYTES + 2 * LEAT_JSON_SCAN_SLACK];
	uint32_t n;
};

static uint32_t
json_kinds(leat__json_scan_fn kinds[4])
{
	uint32_t n = 0;

	kinds[n++] = leat__json_scan_portable;
#if defined(__x86_64__)
	kinds[n++] = leat__json_scan_sse2;
	if (!strncmp(leat_json_scan_name(), "avx", 3))
		kinds[n++] = leat__json_scan_avx2;
	if (!strcmp(leat_json_scan_name(), "avx512"))
		kinds[n++] = leat__json_scan_avx512;
#endif
	return n;
}

static void
json_scan_same(const struct scanned *a, const struct scanned *b)
{
	fuzz_check(a->n == b->n && a->scan.n_scanned == b->scan.n_scanned &&
			a->scan.n_lines == b->scan.n_lines &&
			a->scan.is_bad == b->scan.is_bad &&
			!memcmp(a->ends, b->ends, a->n * sizeof(a->ends[0])),
		"scans differ: %u and %u entries", a->n, b->n);
}

/* The structure of a text of good lines, a byte at a time. */
static void
json_scan_right(const struct scanned *a, const uint8_t *text, uint32_t n)
{
	bool in_string = false;
	uint32_t n_ends = 0;

	for (uint32_t k = 0; k < n; k++) {
		if (in_string && text[k] == '\\') {
			k++;
		} else if (text[k] == '"') {
			in_string = !in_string;
		} else if (!in_string && strchr("{}[]:,\n", text[k]) &&
			text[k]) {
			fuzz_check(n_ends < a->n && a->ends[n_ends] == k,
				"the scan has not got byte %u", k);
			n_ends++;
		}
	}
	fuzz_check(n_ends == a->n && !a->scan.is_bad, "%u entries, not %u",
		a->n, n_ends);
}

static void
json_scans(const uint8_t *text, uint32_t n, bool is_good)
{
	leat__json_scan_fn kinds[4];
	uint32_t n_kinds = json_kinds(kinds);
	struct scanned *all = calloc(n_kinds, sizeof(*all));

	fuzz_check(all != NULL, "no memory");
	for (uint32_t k = 0; k < n_kinds; k++)
		all[k].n = kinds[k](&all[k].scan, text, n, all[k].ends,
			JSON_BYTES + 2 * LEAT_JSON_SCAN_SLACK);
	for (uint32_t k = 1; k < n_kinds; k++)
		json_scan_same(&all[0], &all[k]);
	if (is_good)
		json_scan_right(&all[0], text, n);
	free(all);
}

static bool
json_is_blank(struct leat_text x)
{
	for (uint32_t k = 0; k < x.len; k++)
		if (x.data[k] != ' ' && x.data[k] != '\t' && x.data[k] != '\r')
			return false;
	return true;
}

/* Are all lines, each closed by a newline, JSON? */
static bool
json_lines_are_good(const uint8_t *text, uint32_t n)
{
	uint32_t at = 0;

	while (at < n) {
		const uint8_t *end = memchr(text + at, '\n', n - at);
		struct leat_json_fault fault;
		struct leat_text line = {text + at, 0};

		if (!end)
			return false;
		line.len = (uint32_t)(end - line.data);
		if (!json_is_blank(line) && leat_json_check(line, &fault))
			return false;
		at += line.len + 1;
	}
	return true;
}

static void
json_check_value(struct leat_text x)
{
	struct leat_json_fault fault = {0};
	uint8_t *out = malloc(x.len ? x.len : 1);
	int rc = leat_json_check(x, &fault);
	struct leat_text inside = {x.data + 1, x.len - 2};
	uint32_t n;

	fuzz_check(out != NULL, "no memory");
	if (rc)
		fuzz_check(fault.offset <= x.len && fault.what,
			"a fault at %u of %u", fault.offset, x.len);
	else
		fuzz_check(leat_json_utf8(x) == x.len, "good, and no UTF-8");
	if (leat_json_is_number(x))
		fuzz_check(!rc, "a number that is no value");
	if (!rc && x.len >= 2 && x.data[0] == '"') {
		fuzz_check(!leat_json_decode(inside, out, &n) && n <= x.len,
			"a string that cannot be decoded");
		fuzz_check(leat_json_utf8((struct leat_text){out, n}) == n,
			"a string that is no UTF-8");
	}
	if (!leat_json_decode(x, out, &n))
		fuzz_check(n <= x.len, "longer when decoded");
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	struct leat_text x = {data, (uint32_t)n_bytes};

	if (n_bytes > JSON_BYTES)
		return 0;
	json_check_value(x);
	json_scans(data, x.len, json_lines_are_good(data, x.len));
	return 0;
}
