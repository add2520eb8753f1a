/*
 * scan.c -- the scans of CSV text, of every machine, against the exact one.
 *
 * All kinds give the same offsets, ends and counts; where no quote is odd they
 * give what the exact scan does. A cut of a text in pieces is one of the whole.
 */
#include "fuzz/support/fuzz.h"
#include "table/table.h"

#define SCAN_BYTES 2048
#define SCAN_ENDS  (SCAN_BYTES + 128)

struct scanned {
	struct leat_scan scan;
	uint32_t ends[SCAN_ENDS];
	uint32_t n;
	uint32_t n_scanned;
};

static void
scan_kind(const struct leat__scanner *kind, const struct leat_dialect *dialect,
	const uint8_t *text, uint32_t n, struct scanned *out)
{
	*out = (struct scanned){0};
	out->n = kind->scan(&out->scan, dialect, text, n, 7, out->ends,
		SCAN_ENDS, &out->n_scanned);
}

static void
scan_exact(const struct leat_dialect *dialect, const uint8_t *text, uint32_t n,
	struct scanned *out)
{
	*out = (struct scanned){0};
	out->n = leat_text_scan_exact(&out->scan, dialect, text, n, 7,
		out->ends, SCAN_ENDS, &out->n_scanned);
}

static void
scan_same(const char *name, const struct scanned *a, const struct scanned *b)
{
	fuzz_check(a->n == b->n && a->n_scanned == b->n_scanned &&
			a->scan.n_lines == b->scan.n_lines &&
			a->scan.n_quoted_lines == b->scan.n_quoted_lines &&
			a->scan.in_quotes == b->scan.in_quotes &&
			!memcmp(a->ends, b->ends, a->n * sizeof(a->ends[0])),
		"%s: %u ends of %u bytes, not %u of %u", name, a->n,
		a->n_scanned, b->n, b->n_scanned);
}

/* The cut of each kind, as far as it goes by itself. */
static void
scan_cuts(const struct leat__scanner *kinds, uint32_t n_kinds,
	const struct leat_dialect *dialect, const uint8_t *text, uint32_t n)
{
	for (uint32_t k = 0; k + 1 < n_kinds; k++) {
		struct leat_cut a = {0}, b = {0};
		uint32_t at_a = kinds[k].cut(&a, dialect, text, n);
		uint32_t at_b = kinds[k + 1].cut(&b, dialect, text, n);

		fuzz_check(at_a == at_b && a.end == b.end &&
				a.n_lines == b.n_lines &&
				a.n_end_lines == b.n_end_lines &&
				a.scan.is_odd == b.scan.is_odd,
			"cut: %s is not %s", kinds[k].name, kinds[k + 1].name);
	}
}

/* Where the last record ends, and how many lines there are up to it. */
static void
scan_cut_last(
	const struct leat_dialect *dialect, const uint8_t *text, uint32_t n)
{
	struct scanned *exact = malloc(sizeof(*exact));
	struct leat_cut cut = {0};
	uint32_t at = leat_text_cut(&cut, dialect, text, n), end = 0;

	fuzz_check(exact != NULL, "no memory");
	scan_exact(dialect, text, n, exact);
	for (uint32_t k = 0; k < exact->n; k++)
		if (text[exact->ends[k] - 7] == '\n')
			end = exact->ends[k] - 7 + 1;
	fuzz_check(cut.end == end, "cut at %u, not %u", cut.end, end);
	fuzz_check(at == exact->n_scanned, "cut came to %u, not %u", at,
		exact->n_scanned);
	fuzz_check((cut.scan.is_odd == LEAT_SCAN_BAD) ==
			(exact->scan.is_odd == LEAT_SCAN_BAD),
		"cut: bad or not");
	free(exact);
}

/* In two pieces as in one; each has its own 64 bytes behind it. */
static void
scan_cut_pieces(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n, uint32_t first)
{
	struct fuzz_input piece = {text, first};
	struct leat_cut whole = {0}, cut = {0};
	uint8_t *copy = fuzz_copy(&piece);
	uint32_t end, at;

	leat_text_cut(&whole, dialect, text, n);
	at = leat_text_cut(&cut, dialect, copy, first);
	free(copy);
	end = cut.end;
	if (at < first) {
		fuzz_check(whole.end == end, "bad, and %u is not %u", end,
			whole.end);
		return;
	}
	piece = (struct fuzz_input){text + first, n - first};
	copy = fuzz_copy(&piece);
	leat_text_cut(&cut, dialect, copy, n - first);
	free(copy);
	end = cut.end ? first + cut.end : end;
	fuzz_check(whole.end == end, "in pieces %u, not %u", end, whole.end);
	fuzz_check(whole.n_end_lines == cut.n_end_lines || !end,
		"in pieces %llu lines, not %llu",
		(unsigned long long)cut.n_end_lines,
		(unsigned long long)whole.n_end_lines);
}

static void
scan_counts(const struct leat__scanner *kinds, uint32_t n_kinds,
	const struct leat_dialect *dialect, const uint8_t *text,
	const struct scanned *exact)
{
	uint32_t n_fields = 1, n_records = 0, n = 0;
	bool is_good = true;

	/* up to the last record end */
	for (uint32_t k = 0; k < exact->n; k++)
		if (text[exact->ends[k] - 7] == '\n')
			n = exact->ends[k] - 7 + 1;
	while (n_fields <= exact->n &&
		text[exact->ends[n_fields - 1] - 7] != '\n')
		n_fields++;
	for (uint32_t k = 0, start = 0; k < exact->n && is_good; k++) {
		if (text[exact->ends[k] - 7] != '\n')
			continue;
		is_good = k + 1 - start == n_fields;
		start = k + 1;
		n_records++;
	}
	for (uint32_t k = 0; n && k < n_kinds; k++) {
		uint32_t counted;

		if (!kinds[k].count(dialect, text, n, n_fields, &counted))
			continue; /* a quote may be odd, and be data */
		fuzz_check(is_good && counted == n_records,
			"%s counts %u records, not %u", kinds[k].name, counted,
			n_records);
	}
}

static void
scan_check(const struct leat_dialect *dialect, const uint8_t *text, uint32_t n)
{
	const struct leat__scanner *kinds;
	uint32_t n_kinds = leat__table_scanners(&kinds);
	struct scanned *all = calloc(n_kinds + 1, sizeof(*all));

	fuzz_check(all != NULL, "no memory");
	scan_exact(dialect, text, n, &all[n_kinds]);
	for (uint32_t k = 0; k < n_kinds; k++)
		scan_kind(&kinds[k], dialect, text, n, &all[k]);
	for (uint32_t k = 1; k < n_kinds; k++) {
		scan_same(kinds[k].name, &all[k], &all[0]);
		fuzz_check(all[k].scan.is_odd == all[0].scan.is_odd,
			"%s: odd or not", kinds[k].name);
	}
	if (!all[0].scan.is_odd)
		scan_same("exact", &all[0], &all[n_kinds]);
	scan_counts(kinds, n_kinds, dialect, text, &all[n_kinds]);
	scan_cuts(kinds, n_kinds, dialect, text, n);
	free(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	static const struct leat_dialect dialects[] = {{',', '"'}, {',', '"'},
		{';', '\''}, {'\t', '"'}, {',', 0}, {' ', 'x'}, {'a', 'b'}};
	struct fuzz_input in = {data, n_bytes};
	const struct leat_dialect *dialect = &dialects[fuzz_choose(&in, 7)];
	uint32_t first = fuzz_choose(&in, 256);
	uint8_t *text;

	if (in.n > SCAN_BYTES)
		return 0;
	text = fuzz_copy(&in);
	scan_check(dialect, text, (uint32_t)in.n);
	scan_cut_last(dialect, text, (uint32_t)in.n);
	if (first <= in.n)
		scan_cut_pieces(dialect, text, (uint32_t)in.n, first);
	free(text);
	return 0;
}
