/*
 * cli/report.c -- leat check --format=json|sarif: what is wrong with a graph,
 * for editors and for the pages of a repository. One result or none: the first
 * mistake ends the reading.
 * Source: SARIF 2.1.0, OASIS.
 */
#include <string.h>

#include "cli.h"

static void
report_json(const struct leat__cli_place *place, const struct leat_error *err)
{
	fputs("{\"good\":false,\"file\":", stdout);
	leat__cli_json_string(stdout, place->path);
	printf(",\"line\":%u,\"column\":%u,\"length\":%u,\"code\":\"%s\"",
		place->line, place->column, place->n, leat_err_name(err->code));
	if (err->stage[0]) {
		fputs(",\"stage\":", stdout);
		leat__cli_json_string(stdout, err->stage);
	}
	fputs(",\"text\":", stdout);
	leat__cli_json_string(stdout, err->text);
	puts("}");
}

static void
sarif_begin(void)
{
	printf("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
	       "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{"
	       "\"name\":\"leat\",\"version\":\"%s\"}},\"columnKind\":"
	       "\"unicodeCodePoints\",\"results\":[",
		leat_version());
}

static void
report_sarif(const struct leat__cli_place *place, const struct leat_error *err)
{
	sarif_begin();
	printf("{\"ruleId\":\"%s\",\"level\":\"error\",\"message\":{\"text\":",
		leat_err_name(err->code));
	leat__cli_json_string(stdout, err->text);
	fputs("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{"
	      "\"uri\":",
		stdout);
	leat__cli_json_string(stdout, place->path);
	printf("},\"region\":{\"startLine\":%u,\"startColumn\":%u,"
	       "\"endColumn\":%u}}}]}]}]}\n",
		place->line, place->column, place->column + place->n);
}

void
leat__cli_report(uint32_t format, const struct leat__cli_place *place,
	const struct leat_error *err)
{
	if (format == LEAT__CLI_FORMAT_JSON)
		report_json(place, err);
	else
		report_sarif(place, err);
}

void
leat__cli_report_good(uint32_t format, const struct leat_graph *graph)
{
	struct leat_graph_stats stats = {0};

	if (format == LEAT__CLI_FORMAT_SARIF) {
		sarif_begin();
		puts("]}]}");
		return;
	}
	leat_graph_stats(graph, &stats);
	printf("{\"good\":true,\"stages\":%u,\"memory_bytes\":%llu}\n",
		stats.n_stages,
		(unsigned long long)leat_graph_bound_bytes(graph));
}

/* Characters, and not bytes, of UTF-8. */
static uint32_t
count_characters(const char *text, size_t n_bytes)
{
	uint32_t n = 0;

	for (size_t k = 0; k < n_bytes && text[k]; k++)
		n += ((unsigned char)text[k] & 0xc0) != 0x80;
	return n;
}

struct leat__cli_place
leat__cli_place_of(
	const char *path, const char *text, uint32_t offset, uint32_t n_bytes)
{
	struct leat__cli_place place = {.path = path, .line = 1};
	const char *begin = text;

	for (const char *c = text; c < text + offset && *c; c++) {
		if (*c != '\n')
			continue;
		place.line++;
		begin = c + 1;
	}
	place.column =
		count_characters(begin, (size_t)(text + offset - begin)) + 1;
	place.n = count_characters(text + offset, n_bytes);
	return place;
}
