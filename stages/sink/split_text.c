/*
 * stages/sink/split_text.c -- rows as the text of a file, by its extension.
 *
 * The extension says the format, and the one behind it the compression, as for
 * write: a table is no lines, so its .txt is CSV, and lines are no CSV.
 */
#include <string.h>

#include "split.h"

/* ---- extensions ------------------------------------------------------------- */

static const struct {
	const char *suffix;
	uint32_t format;
	uint8_t separator;
} text_formats[] = {
	{".csv", SPLIT_CSV, ','},
	{".tsv", SPLIT_CSV, '\t'},
	{".tab", SPLIT_CSV, '\t'},
	{".json", SPLIT_JSON, ','},
	{".ndjson", SPLIT_JSON, ','},
	{".jsonl", SPLIT_JSON, ','},
	{".txt", SPLIT_LINES, ','},
	{".log", SPLIT_LINES, ','},
};

static const struct {
	const char *suffix;
	const struct codec *codec;
} text_codecs[] = {
	{".gz", &codec_gzip},
	{".zst", &codec_zstd},
	{".lz4", &codec_lz4},
	{".bz2", &codec_bzip2},
};

static bool
path_ends(const char *path, size_t n_path, const char *end)
{
	size_t n = strlen(end);

	if (n_path <= n)
		return false;
	for (size_t k = 0; k < n; k++) {
		char c = path[n_path - n + k];

		if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != end[k])
			return false;
	}
	return true;
}

int
split_text_read(struct leat_stage *st, const char *path, struct split_text *out)
{
	size_t n = strlen(path);

	out->csv.writer = &out->writer;
	out->json.writer = &out->writer;
	for (size_t k = 0; k < sizeof(text_codecs) / sizeof(*text_codecs); k++)
		if (path_ends(path, n, text_codecs[k].suffix))
			out->codec = text_codecs[k].codec;
	if (out->codec && !out->codec->encode)
		return codec_fail_missing(st, out->codec);
	if (out->codec)
		n = (size_t)(strrchr(path, '.') - path);
	for (size_t k = 0; k < sizeof(text_formats) / sizeof(*text_formats);
		k++) {
		if (!path_ends(path, n, text_formats[k].suffix))
			continue;
		out->format = text_formats[k].format;
		out->csv.separator = text_formats[k].separator;
		out->n_suffix = (uint32_t)(strlen(path) - n +
			strlen(text_formats[k].suffix));
		return LEAT_OK;
	}
	return leat_stage_fail_at(st, LEAT_EINVAL, "path", 0, 0,
		"what is in the files is said by their extension: accepted "
		"are .csv .tsv .tab .json .ndjson .jsonl .txt .log, and "
		".gz .zst .lz4 .bz2 behind it");
}

void
split_text_settle(struct split_text *text, uint32_t layout)
{
	if (layout == LEAT_LAYOUT_ROWS && text->format == SPLIT_CSV)
		text->format = SPLIT_LINES;
	if (layout == LEAT_LAYOUT_TABLE && text->format == SPLIT_LINES)
		text->format = SPLIT_CSV;
}

/* ---- rows ------------------------------------------------------------------- */

int
split_text_open(
	struct leat_stage *st, struct split_text *text, struct leat_table *t)
{
	int rc;

	if (text->format != SPLIT_JSON)
		return LEAT_OK;
	rc = leat__json_put_bind(st, &text->json, t->schema);
	return rc ? rc : leat__json_put_open(st, &text->json, t);
}

static void
text_line(const struct split_text *text, struct leat_text line)
{
	struct leat_writer *w = text->csv.writer;

	if (text->format != SPLIT_JSON) {
		leat_writer_put(w, line.data, line.len);
		leat_writer_put(w, "\n", 1);
		return;
	}
	leat_writer_put(w, "{\"line\":", 8);
	leat__json_put_string(w, line, 0);
	leat_writer_put(w, "}\n", 2);
}

void
split_text_row(const struct split_text *text, const struct split_source *at)
{
	if (!at->t)
		text_line(text, at->line);
	else if (text->format == SPLIT_JSON)
		leat__json_put_row(&text->json, at->row);
	else
		csv_put_row(&text->csv, at->t, at->row);
}
