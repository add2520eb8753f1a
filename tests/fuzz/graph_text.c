/*
 * graph_text.c -- the grammar of graphs, the values of options, and what all
 * stages make of theirs.
 *
 * What a graph shows of itself parses to the same graph, also when it has been
 * checked and has what that put in. Errors have a place in the text. No file is
 * looked at: the source and the stages that would open one are the fuzzer's
 * own.
 */
#include "fuzz/support/fuzz.h"

#define TEXT_BYTES 2048

struct source_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	uint64_t chunk_bytes;
};

static const struct leat_option source_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct source_opts, path)},
	{.name = "chunk_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct source_opts, chunk_bytes),
		.min = 1,
		.max = 1 << 20,
		.fallback = "4096"},
	{.name = NULL},
};

static int
source_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	static const uint8_t sample[128] =
		"a,b,c,d\n1,2.5,x,2024-02-29\n2,,\"y \",1999-12-31\n";

	(void)st;
	(void)in;
	out->sample = sample;
	out->sample_bytes = (uint32_t)strlen((const char *)sample);
	out->sample_is_all = 1;
	out->frame_bytes = 65536;
	out->origin = "fuzz";
	return LEAT_OK;
}

static int
source_produce(struct leat_stage *st)
{
	(void)st;
	return LEAT_EOS;
}

static const struct leat_stage_ops source_ops = {
	LEAT_STAGE_OPS_INIT("read"),
	.opts_bytes = sizeof(struct source_opts),
	.options = source_options,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 65536},
	.negotiate = source_negotiate,
	.produce = source_produce,
};

/* All stages, but for those that open files before the start. */
static struct leat_stage_set
text_set(const struct leat_stage_ops **list)
{
	struct leat_stage_set set = leat_stages;

	set.n_stages = 0;
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];

		if (strcmp(ops->name, "read") && strcmp(ops->name, "lookup"))
			list[set.n_stages++] = ops;
	}
	list[set.n_stages++] = &source_ops;
	set.stages = list;
	return set;
}

/* It has a text, and its place can be drawn; one behind the end is one. */
static void
text_error(const char *text, const struct leat_error *err)
{
	char caret[512];

	fuzz_check(err->text[0], "an error without a text: %d", err->code);
	fuzz_check(err->at_offset + err->at_bytes <= strlen(text) + 1,
		"an error at %u+%u of %zu: %s", err->at_offset, err->at_bytes,
		strlen(text), err->text);
	fuzz_check(leat_error_caret(text, err, caret, sizeof(caret)) <
			sizeof(caret),
		"a caret that is too long");
}

static struct leat_graph *
text_parse(const struct leat_stage_set *set, const char *text, int *rc_out,
	struct leat_error *err)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .workers = 2, .stages = set};
	struct leat_graph *graph;

	fuzz_check(!leat_graph_create(&opts, &graph, err), "no graph");
	*rc_out = leat_graph_parse(graph, text, err);
	return graph;
}

static char *
text_shown(const struct leat_graph *graph)
{
	size_t n = leat_graph_show(graph, NULL, 0);
	char *text = malloc(n + 1);

	fuzz_check(text != NULL, "no memory");
	fuzz_check(leat_graph_show(graph, text, n + 1) == n, "another length");
	return text;
}

static void
text_again(const struct leat_stage_set *set, const char *shown)
{
	struct leat_error err = {0};
	struct leat_graph *graph;
	char *again;
	int rc;

	graph = text_parse(set, shown, &rc, &err);
	fuzz_check(
		!rc, "what was shown is not parsed: %s\n%s", err.text, shown);
	again = text_shown(graph);
	fuzz_check(!strcmp(again, shown), "shown:\n%snot:\n%s", again, shown);
	free(again);
	leat_graph_destroy(graph);
}

static void
text_checked(const struct leat_stage_set *set, struct leat_graph *graph,
	const char *text)
{
	struct leat_error err = {0};
	int rc = leat_graph_check(graph, &err);
	char *after = text_shown(graph);
	char *plan;
	size_t n;

	if (!rc)
		text_again(set, after);
	free(after);
	if (rc) {
		text_error(text, &err);
		return;
	}
	n = leat_graph_explain(graph, NULL, 0);
	plan = malloc(n + 1);
	fuzz_check(plan && leat_graph_explain(graph, plan, n + 1) == n,
		"another length");
	free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
	const struct leat_stage_ops *list[256];
	struct leat_stage_set set = text_set(list);
	struct leat_error err = {0};
	char text[TEXT_BYTES + 1];
	struct leat_graph *graph;
	char *shown;
	int rc;

	if (n_bytes > TEXT_BYTES)
		return 0;
	if (n_bytes)
		memcpy(text, data, n_bytes);
	text[n_bytes] = '\0';
	graph = text_parse(&set, text, &rc, &err);
	if (rc) {
		text_error(text, &err);
	} else {
		shown = text_shown(graph);
		text_again(&set, shown);
		text_checked(&set, graph, text);
		free(shown);
	}
	leat_graph_destroy(graph);
	return 0;
}
