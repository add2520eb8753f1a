/*
 * stages/filter/csv_sniff.c -- which separator and quote does a text have?
 *
 * Of comma, semicolon, tab and pipe, with either quote, the one with which most
 * of the first records have as many fields as the first one, at least two; of
 * equals, the one that makes more fields, then the first in this order.
 * No state but the caller's.
 */
#include "csv.h"

#include <string.h>

#define SNIFF_ROWS 100
#define SNIFF_ENDS 512

struct sniff {
	uint32_t n_fields; /* of the first record */
	uint32_t n_alike;  /* records with as many */
	uint32_t n_others;
};

/* Fields of the record that a text begins with, and its length; 0 = it is not
 * complete. More than SNIFF_ENDS count as that. */
static uint32_t
sniff_record(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n, uint32_t *n_fields)
{
	uint32_t ends[SNIFF_ENDS];
	struct leat_scan scan = {0};
	struct leat_cut cut = {0};
	uint32_t n_scanned;

	leat_text_cut_first(&cut, dialect, text, n);
	if (cut.scan.is_odd)
		return 0;
	*n_fields = leat_text_scan_exact(
		&scan, dialect, text, cut.end, 0, ends, SNIFF_ENDS, &n_scanned);
	return cut.end;
}

static struct sniff
sniff_try(const struct leat_dialect *dialect, const uint8_t *text, uint32_t n)
{
	struct sniff sniff = {0, 0, 0};
	uint32_t n_fields, len;

	for (uint32_t row = 0; row < SNIFF_ROWS; row++) {
		len = sniff_record(dialect, text, n, &n_fields);
		if (!len)
			break;
		text += len;
		n -= len;
		if (len <= 2 && n_fields == 1) /* a blank line */
			continue;
		if (!sniff.n_fields)
			sniff.n_fields = n_fields;
		if (n_fields == sniff.n_fields)
			sniff.n_alike++;
		else
			sniff.n_others++;
	}
	return sniff;
}

static bool
sniff_is_better(const struct sniff *a, const struct sniff *b)
{
	uint64_t of_a = (uint64_t)a->n_alike * (b->n_alike + b->n_others);
	uint64_t of_b = (uint64_t)b->n_alike * (a->n_alike + a->n_others);

	if (a->n_fields < 2 || b->n_fields < 2)
		return a->n_fields > b->n_fields;
	return of_a != of_b ? of_a > of_b : a->n_fields > b->n_fields;
}

struct leat_dialect
csv_sniff(const uint8_t *text, uint32_t n)
{
	static const uint8_t separators[] = {',', ';', '\t', '|'};
	static const uint8_t quotes[] = {'"', '\''};
	struct leat_dialect best = {',', '"'};
	struct sniff most = {0, 0, 0};

	for (uint32_t k = 0; k < 8; k++) {
		struct leat_dialect dialect = {
			separators[k % 4], quotes[k / 4]};
		struct sniff sniff = sniff_try(&dialect, text, n);

		if (!sniff_is_better(&sniff, &most))
			continue;
		best = dialect;
		most = sniff;
	}
	return best;
}
