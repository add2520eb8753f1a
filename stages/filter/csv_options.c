/*
 * csv_options.c -- the options that csv.cut and csv.parse have in common, and
 * the dialect that they say.
 */
#include "csv.h"

int
csv_dialect(struct leat_stage *st, const struct leat_csv_parse_opts *opts,
	struct leat_dialect *out)
{
	struct leat_dialect d = {(uint8_t)(opts->sep ? opts->sep : ','),
		(uint8_t)(opts->quote ? opts->quote : '"')};

	if (d.separator == '\n' || d.separator == '\r')
		return leat_stage_fail_at(st, LEAT_EINVAL, "sep", 0, 0,
			"a line end cannot separate fields");
	if (d.quote == '\n' || d.quote == '\r')
		return leat_stage_fail_at(st, LEAT_EINVAL, "quote", 0, 0,
			"a line end cannot be the quote");
	if (d.quote == d.separator)
		return leat_stage_fail_at(st, LEAT_EINVAL, "quote", 0, 0,
			"quote and sep must differ");
	*out = d;
	return LEAT_OK;
}

const struct leat_option leat__csv_parse_options[] = {
	{.name = "sep",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_csv_parse_opts, sep),
		.fallback = ",",
		.help = "what stands between fields"},
	{.name = "quote",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct leat_csv_parse_opts, quote),
		.fallback = "\"",
		.help = "what stands around fields"},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_csv_parse_opts, header),
		.fallback = "on",
		.values = "on|off",
		.help = "the first record names the columns; off: c1, c2, ..."},
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset =
			offsetof(struct leat_csv_parse_opts, max_record_bytes),
		.min = 16,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest record; a longer one is an error"},
	{.name = "schema",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_csv_parse_opts, schema),
		.help = "types of columns, like id:int64,day:date; the others "
			"are inferred"},
	{.name = "infer_rows",
		.type = LEAT_OPTION_UINT,
		.offset = offsetof(struct leat_csv_parse_opts, infer_rows),
		.min = 1,
		.max = 1000000,
		.fallback = "1000",
		.unit = "rows",
		.help = "rows whose values say which type a column has"},
	{.name = "infer_wait",
		.type = LEAT_OPTION_DURATION,
		.offset = offsetof(struct leat_csv_parse_opts, infer_wait_ns),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10s",
		.unit = "ns",
		.help = "of a pipe: then the rows that have come are enough; "
			"behind a decoder, when more comes"},
	{.name = "infer",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct leat_csv_parse_opts, infer),
		.fallback = "on",
		.values = "on|off",
		.help = "guess types that are not declared; off: they are "
			"string"},
	{.name = "by_name",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_csv_parse_opts, by_name),
		.fallback = "off",
		.help = "further files may have their columns in another "
			"order"},
	{.name = "filename",
		.type = LEAT_OPTION_STRING,
		.offset = offsetof(struct leat_csv_parse_opts, filename),
		.help = "a column of this name says which file a row is of"},
	{.name = "strict",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_csv_parse_opts, strict),
		.fallback = "off",
		.help = "check every value of every typed column"},
	{.name = "sniff",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_csv_parse_opts, sniff),
		.fallback = "off",
		.help = "guess sep (comma, ; tab |) and quote from the data"},
	{.name = NULL},
};
