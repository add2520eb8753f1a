/*
 * stages/filter/csv_find.c -- what is wrong with a record of a CSV, and where.
 *
 * A quote that is never closed is reported where it opens, not where reading
 * stopped.
 */
#include "csv.h"

#include <stdio.h>

#define CSV_FIND_ENDS 128

struct leat_position
csv_position(const struct csv_record *r, uint32_t offset)
{
	struct leat_position p = {r->line, 1, r->offset + offset};

	for (uint32_t k = 0; k < offset && k < r->n_bytes; k++) {
		p.column++;
		if (r->text[k] == '\n') {
			p.line++;
			p.column = 1;
		}
	}
	return p;
}

/* The field that is open behind n bytes; *is_quoted: by a quote. */
static uint32_t
csv_open_field(const struct leat_dialect *dialect, const uint8_t *text,
	uint32_t n, bool *is_quoted)
{
	uint32_t ends[CSV_FIND_ENDS];
	struct leat_scan scan = {0};
	uint32_t field = 0;
	uint32_t at = 0;

	while (at < n && !scan.is_odd) {
		uint32_t n_scanned;
		uint32_t n_ends = leat_text_scan_exact(&scan, dialect,
			text + at, n - at, at, ends, CSV_FIND_ENDS, &n_scanned);

		if (n_ends)
			field = ends[n_ends - 1] + 1;
		at += n_scanned;
	}
	*is_quoted = scan.in_quotes != 0;
	return field;
}

void
csv_find_open(const struct leat_dialect *dialect, const struct csv_record *r,
	uint64_t max_record, struct csv_finding *out)
{
	uint32_t n = max_record && max_record < r->n_bytes
		? (uint32_t)max_record
		: r->n_bytes;
	bool is_quoted;
	uint32_t field = csv_open_field(dialect, r->text, n, &is_quoted);

	out->offset = is_quoted ? field : 0;
	if (!max_record)
		snprintf(out->text, sizeof(out->text),
			"this quote is not closed before the end");
	else
		snprintf(out->text, sizeof(out->text),
			"%s not ended after %llu bytes; max_record_bytes=N "
			"allows longer records",
			is_quoted ? "this quote is not closed, its record is"
				  : "this record has",
			(unsigned long long)max_record);
}
