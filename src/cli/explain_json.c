/*
 * cli/explain_json.c -- leat explain --format=json: the same, for programs.
 */
#include <string.h>

#include "explain.h"

static void
json_text(const char *name, const char *text)
{
	printf("\"%s\":", name);
	leat__cli_json_string(stdout, text);
	putchar(',');
}

static void
json_number(const char *name, uint64_t n)
{
	printf("\"%s\":%llu,", name, (unsigned long long)n);
}

static void
json_bool(const char *name, bool is_true)
{
	printf("\"%s\":%s,", name, is_true ? "true" : "false");
}

static void
json_facts(uint32_t facts)
{
	static const struct {
		uint32_t fact;
		const char *name;
	} all[] = {{LEAT_FACT_BLOCKS, "blocks"}, {LEAT_FACT_SHEDS, "sheds"},
		{LEAT_FACT_SKIPS, "skips"},
		{LEAT_FACT_DEAD_LETTERS, "dead-letters"},
		{LEAT_FACT_FAILS, "fails"}, {LEAT_FACT_MIXES, "mixes"},
		{LEAT_FACT_SORTS, "sorts"}, {LEAT_FACT_HOLDS, "holds"},
		{LEAT_FACT_COPIES, "copies"}, {LEAT_FACT_MAKES, "makes"},
		{LEAT_FACT_SPILLS, "spills"}, {LEAT_FACT_LETS_GO, "lets-go"},
		{LEAT_FACT_ISOLATED, "isolated"},
		{LEAT_FACT_FALLS_BACK, "falls-back"}};
	const char *between = "";

	fputs("\"facts\":[", stdout);
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		if (!(facts & all[k].fact))
			continue;
		printf("%s\"%s\"", between, all[k].name);
		between = ",";
	}
	putchar(']');
}

static void
json_stage(const struct leat_path_stage *st)
{
	putchar('{');
	json_text("name", st->name);
	json_text("kind", st->ops_name);
	json_number("instances", st->n_instances);
	json_number("pool_bytes", st->pool_bytes);
	json_number("side_bytes", st->side_bytes);
	if (st->facts & LEAT_FACT_DEAD_LETTERS)
		json_text("dead_letters", st->dead_letters);
	if (st->max_skips)
		json_number("max_skips", st->max_skips);
	json_facts(st->facts);
	putchar('}');
}

static const char *
json_order(uint32_t flags)
{
	if (flags & LEAT_PATH_UNORDERED)
		return "lost";
	return flags & LEAT_PATH_SORTED ? "sorted" : "kept";
}

static void
json_path(const struct leat__cli_path *p)
{
	uint32_t flags = p->path.flags;

	putchar('{');
	json_text("source", leat__cli_path_source(p)->name);
	json_text("sink", leat__cli_path_sink(p)->name);
	json_text("delivery", leat_delivery_text(p->path.delivery));
	json_bool("reads_again", flags & LEAT_PATH_AGAIN);
	json_bool("is_whole", flags & LEAT_PATH_WHOLE);
	json_bool("loses", flags & LEAT_PATH_LOSES);
	json_bool("sink_stops_source", flags & LEAT_PATH_STOPS);
	json_text("order", json_order(flags));
	json_number("pool_bytes", p->path.pool_bytes);
	json_number("side_bytes", p->path.side_bytes);
	fputs("\"stages\":[", stdout);
	for (uint32_t k = 0; k < p->path.n_stages; k++) {
		if (k)
			putchar(',');
		json_stage(&p->stages[k]);
	}
	fputs("]}", stdout);
}

void
leat__cli_explain_json(
	const struct leat__cli_paths *paths, const struct leat_graph *graph)
{
	fputs("{\"paths\":[", stdout);
	for (uint32_t k = 0; k < paths->n; k++) {
		if (k)
			fputs(",\n", stdout);
		json_path(&paths->paths[k]);
	}
	printf("],\"bound_bytes\":%llu}\n",
		(unsigned long long)leat_graph_bound_bytes(graph));
}
