/*
 * A stage of one's own, nothing to register: keep the lines that hold a word.
 *	03_custom_stage <app.log
 */
#include <stdio.h>
#include <string.h>

#include <leat/leat.h>

struct grep_opts {
	uint32_t size; /* the first two fields of every options struct */
	uint32_t flags;
	const char *word;
};

struct grep_state {
	const char *word;
	size_t len;
};

static int
grep_init(struct leat_stage *st, const void *opts)
{
	const struct grep_opts *o = opts;
	struct grep_state *s = leat_stage_state(st);

	s->word = o->word;
	s->len = strlen(o->word);
	return LEAT_OK;
}

static bool
grep_has_word(const struct grep_state *s, const uint8_t *line, size_t len)
{
	for (size_t k = 0; k + s->len <= len; k++)
		if (memcmp(line + k, s->word, s->len) == 0)
			return true;
	return false;
}

/* One frame of many lines; credit for one frame of output is there. */
static int
grep_process(struct leat_stage *st, struct leat_frame *in)
{
	struct grep_state *s = leat_stage_state(st);
	struct leat_rows rows = leat_frame_rows(in);
	uint32_t n = 0;

	for (uint32_t k = 0; k < rows.n; k++)
		if (grep_has_word(s, rows.text + rows.rows[k].offset,
			    rows.rows[k].len))
			rows.rows[n++] = rows.rows[k];
	/* every record is accounted for, or the run does not balance */
	leat_stage_count(st, LEAT_COUNT_FILTERED, rows.n - n);
	in->n_items = n;
	return leat_stage_emit(st, 0, in);
}

static const struct leat_option grep_options[] = {
	{.name = "word",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct grep_opts, word),
		.help = "what a line must hold"},
	{.name = NULL},
};

static const struct leat_stage_ops grep_ops = {
	LEAT_STAGE_OPS_INIT("grep"),
	.flags = LEAT_STAGE_IN_PLACE, /* asks for frames no one else reads */
	.state_bytes = sizeof(struct grep_state),
	.opts_bytes = sizeof(struct grep_opts),
	.options = grep_options,
	.in_layouts = LEAT_LAYOUT_ROWS,
	.init = grep_init,
	.process = grep_process,
};

static const struct leat_stage_ops *const stages[] = {&leat_read_ops,
	&leat_lines_parse_ops, &grep_ops, &leat_lines_format_ops,
	&leat_write_ops};
static const struct leat_stage_set set = {
	.size = sizeof(set), .n_stages = 5, .stages = stages};

int
main(void)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph *graph = NULL;
	struct leat_error err;

	if (leat_graph_create(&opts, &graph, &err) ||
		leat_graph_parse(
			graph, "read - ! lines.parse ! grep error", &err) ||
		leat_graph_run(graph, &err))
		fprintf(stderr, "%s\n", err.text);
	leat_graph_destroy(graph);
}
