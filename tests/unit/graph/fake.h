/*
 * unit/graph/fake.h -- stages that do nothing, in a set of their own.
 *
 * They have the names of real ones, so that graph text reads well. Callbacks
 * of a stage are counted in its state where a test wants to know.
 */
#ifndef LEAT_TESTS_UNIT_GRAPH_FAKE_H
#define LEAT_TESTS_UNIT_GRAPH_FAKE_H

#include "graph/graph.h"
#include "support/fail.h"
#include "support/test.h"

/* ---- callbacks --------------------------------------------------------- */

static inline int
fake_process(struct leat_stage *st, struct leat_frame *in)
{
	(void)st;
	(void)in;
	return LEAT_OK;
}

static inline int
fake_produce(struct leat_stage *st)
{
	(void)st;
	return LEAT_EOS;
}

static inline void
fake_map(void *item, void *state)
{
	(void)item;
	(void)state;
}

static inline bool
fake_keep(const void *item, void *state)
{
	(void)item;
	(void)state;
	return true;
}

/* ---- options ----------------------------------------------------------- */

struct fake_path_opts {
	uint32_t size;
	uint32_t flags;
	const char *path;
	uint64_t chunk_bytes;
};

static const struct leat_option fake_path_options[] = {
	{.name = "path",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct fake_path_opts, path),
		.help = "a file"},
	{.name = "chunk_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(struct fake_path_opts, chunk_bytes),
		.min = 4096,
		.max = 1 << 26,
		.fallback = "64k"},
	{.name = NULL},
};

struct fake_sep_opts {
	uint32_t size;
	uint32_t flags;
	uint32_t sep;
	uint32_t header;
};

static const struct leat_option fake_sep_options[] = {
	{.name = "sep",
		.type = LEAT_OPTION_CHAR,
		.offset = offsetof(struct fake_sep_opts, sep),
		.fallback = ","},
	{.name = "header",
		.type = LEAT_OPTION_ENUM,
		.offset = offsetof(struct fake_sep_opts, header),
		.fallback = "first",
		.values = "first|none|second"},
	{.name = NULL},
};

struct fake_text_opts {
	uint32_t size;
	uint32_t flags;
	const char *text;
};

static const struct leat_option fake_condition_options[] = {
	{.name = "condition",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED,
		.offset = offsetof(struct fake_text_opts, text)},
	{.name = NULL},
};

static const struct leat_option fake_columns_options[] = {
	{.name = "columns",
		.type = LEAT_OPTION_STRING,
		.flags = LEAT_OPTION_POSITIONAL | LEAT_OPTION_REQUIRED |
			LEAT_OPTION_REST,
		.offset = offsetof(struct fake_text_opts, text)},
	{.name = NULL},
};

struct fake_head_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;
	uint64_t skip;
};

static const struct leat_option fake_head_options[] = {
	{.name = "n",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct fake_head_opts, n),
		.min = 1,
		.max = INT64_MAX,
		.fallback = "10",
		.unit = "records"},
	{.name = "skip",
		.type = LEAT_OPTION_UINT,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct fake_head_opts, skip)},
	{.name = NULL},
};

/* One option of every type. */
struct fake_all_opts {
	uint32_t size;
	uint32_t flags;
	const char *string;
	uint64_t uint;
	int64_t sint;
	double number;
	uint64_t bytes;
	int64_t duration;
	uint32_t yes;
	uint32_t byte;
	uint32_t one_of;
};

#define FAKE_FIELD(field) .offset = offsetof(struct fake_all_opts, field)

static const struct leat_option fake_all_options[] = {
	{.name = "string",
		.type = LEAT_OPTION_STRING,
		FAKE_FIELD(string),
		.fallback = "plain"},
	{.name = "uint",
		.type = LEAT_OPTION_UINT,
		FAKE_FIELD(uint),
		.min = 1,
		.max = 100,
		.fallback = "7",
		.unit = "rows"},
	{.name = "int",
		.type = LEAT_OPTION_INT,
		FAKE_FIELD(sint),
		.min = -5,
		.max = 5},
	{.name = "number",
		.type = LEAT_OPTION_NUMBER,
		FAKE_FIELD(number),
		.min = -1,
		.max = 1},
	{.name = "bytes", .type = LEAT_OPTION_BYTES, FAKE_FIELD(bytes)},
	{.name = "duration",
		.type = LEAT_OPTION_DURATION,
		FAKE_FIELD(duration),
		.fallback = "1s"},
	{.name = "bool", .type = LEAT_OPTION_BOOL, FAKE_FIELD(yes)},
	{.name = "char", .type = LEAT_OPTION_CHAR, FAKE_FIELD(byte)},
	{.name = "enum",
		.type = LEAT_OPTION_ENUM,
		FAKE_FIELD(one_of),
		.values = "alpha|beta|gamma"},
	{.name = NULL},
};

/* ---- stages ------------------------------------------------------------ */

/* A condition that begins with "bad" is refused, pointing at that word. */
static inline int
fake_where_init(struct leat_stage *st, const void *opts)
{
	const struct fake_text_opts *o = opts;
	const char *bad = strstr(o->text, "bad");

	if (!bad)
		return LEAT_OK;
	return leat_stage_fail_at(st, LEAT_EINVAL, "condition",
		(size_t)(bad - o->text), 3, "bad is not good");
}

static const struct leat_stage_ops fake_read = {
	LEAT_STAGE_OPS_INIT("read"),
	.flags = LEAT_STAGE_BLOCKING,
	.opts_bytes = sizeof(struct fake_path_opts),
	.options = fake_path_options,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 100000},
	.produce = fake_produce,
};

static inline int
fake_parse_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	out->base_bytes = in->frame_bytes;
	return LEAT_OK;
}

static const struct leat_stage_ops fake_csv_parse = {
	LEAT_STAGE_OPS_INIT("csv.parse"),
	.opts_bytes = sizeof(struct fake_sep_opts),
	.options = fake_sep_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_TABLE,
	.needs = {.frame_bytes = 200000, .side_bytes = 1 << 20},
	.negotiate = fake_parse_negotiate,
	.process = fake_process,
};

static const struct leat_stage_ops fake_lines_parse = {
	LEAT_STAGE_OPS_INIT("lines.parse"),
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_ROWS,
	.process = fake_process,
};

static const struct leat_stage_ops fake_where = {
	LEAT_STAGE_OPS_INIT("where"),
	.flags = LEAT_STAGE_IN_PLACE,
	.opts_bytes = sizeof(struct fake_text_opts),
	.options = fake_condition_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.init = fake_where_init,
	.process = fake_process,
};

static const struct leat_stage_ops fake_select = {
	LEAT_STAGE_OPS_INIT("select"),
	.opts_bytes = sizeof(struct fake_text_opts),
	.options = fake_columns_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.process = fake_process,
};

static const struct leat_stage_ops fake_head = {
	LEAT_STAGE_OPS_INIT("head"),
	.opts_bytes = sizeof(struct fake_head_opts),
	.options = fake_head_options,
	.process = fake_process,
};

static const struct leat_stage_ops fake_tee = {
	LEAT_STAGE_OPS_INIT("tee"),
	.n_outs = 2,
	.process = fake_process,
};

static const struct leat_stage_ops fake_merge = {
	LEAT_STAGE_OPS_INIT("merge"),
	.n_ins = 2,
	.process = fake_process,
};

static const struct leat_stage_ops fake_all = {
	LEAT_STAGE_OPS_INIT("all"),
	.opts_bytes = sizeof(struct fake_all_opts),
	.options = fake_all_options,
	.process = fake_process,
};

static const struct leat_stage_ops fake_csv_format = {
	LEAT_STAGE_OPS_INIT("csv.format"),
	.opts_bytes = sizeof(struct fake_sep_opts),
	.options = fake_sep_options,
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = 65536, .holds = 1},
	.process = fake_process,
};

static const struct leat_stage_ops fake_json_format = {
	LEAT_STAGE_OPS_INIT("json.format"),
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.process = fake_process,
};

static const struct leat_stage_ops fake_lines_format = {
	LEAT_STAGE_OPS_INIT("lines.format"),
	.in_layouts = LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.process = fake_process,
};

static const struct leat_stage_ops fake_write = {
	LEAT_STAGE_OPS_INIT("write"),
	.flags = LEAT_STAGE_BLOCKING | LEAT_STAGE_SINK,
	.opts_bytes = sizeof(struct fake_path_opts),
	.options = fake_path_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.process = fake_process,
};

static const struct leat_stage_ops fake_drop = {
	LEAT_STAGE_OPS_INIT("drop"),
	.flags = LEAT_STAGE_SINK,
	.process = fake_process,
};

static const struct leat_stage_ops fake_numbers = {
	LEAT_STAGE_OPS_INIT("numbers"),
	.out_layout = LEAT_LAYOUT_ITEMS,
	.item_bytes = 8,
	.produce = fake_produce,
};

static const struct leat_stage_ops fake_double = {
	LEAT_STAGE_OPS_INIT("double"),
	.item_bytes = 8,
	.map_item = fake_map,
};

static const struct leat_stage_ops fake_even = {
	LEAT_STAGE_OPS_INIT("even"),
	.item_bytes = 4,
	.keep_item = fake_keep,
};

static const struct leat_stage_ops *const fake_stages[] = {&fake_read,
	&fake_csv_parse, &fake_lines_parse, &fake_where, &fake_select,
	&fake_head, &fake_tee, &fake_merge, &fake_all, &fake_csv_format,
	&fake_json_format, &fake_lines_format, &fake_write, &fake_drop,
	&fake_numbers, &fake_double, &fake_even};

static const struct leat_extension fake_extensions[] = {
	{".csv", "csv.parse", "csv.format"},
	{".tsv", "csv.parse sep=tab", "csv.format sep=tab"},
	{".json", NULL, "json.format"},
	{".txt", "lines.parse", "lines.format"},
	{".s.txt", "csv.parse", "json.format"},
	{NULL, NULL, NULL},
};

static const struct leat_stage_set fake_set = {
	.size = (uint32_t)sizeof(struct leat_stage_set),
	.n_stages = sizeof(fake_stages) / sizeof(fake_stages[0]),
	.stages = fake_stages,
	.extensions = fake_extensions,
};

/* ---- graphs ------------------------------------------------------------ */

static inline struct leat_graph *
fake_graph_with(struct leat_graph_opts opts)
{
	struct leat_graph *graph;
	struct leat_error err;

	opts.size = (uint32_t)sizeof(opts);
	opts.stages = &fake_set;
	ck_assert_msg(leat_graph_create(&opts, &graph, &err) == LEAT_OK, "%s",
		err.text);
	return graph;
}

static inline struct leat_graph *
fake_graph(void)
{
	struct leat_graph_opts opts = {.workers = 2, .capacity_frames = 4};

	return fake_graph_with(opts);
}

static inline struct leat_stage *
fake_add(struct leat_graph *graph, const struct leat_stage_ops *ops,
	const char *name)
{
	struct leat_step step = {ops, NULL};
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_msg(leat_graph_add(graph, name, &step, &st, &err) == LEAT_OK,
		"%s", err.text);
	return st;
}

static inline void
fake_link(struct leat_graph *graph, struct leat_end out, struct leat_end in)
{
	struct leat_error err;

	ck_assert_msg(leat_graph_link(graph, out, in, NULL, &err) == LEAT_OK,
		"%s", err.text);
}

static inline struct leat_graph *
fake_parsed(const char *text)
{
	struct leat_graph *graph = fake_graph();
	struct leat_error err;

	ck_assert_msg(leat_graph_parse(graph, text, &err) == LEAT_OK, "%s: %s",
		text, err.text);
	return graph;
}

static inline struct leat_graph *
fake_checked(const char *text)
{
	struct leat_graph *graph = fake_parsed(text);
	struct leat_error err;

	ck_assert_msg(leat_graph_check(graph, &err) == LEAT_OK, "%s: %s", text,
		err.text);
	return graph;
}

/* The text is parsed, shown as expected, and that shows itself again. */
static inline void
fake_shows(const char *text, const char *expected)
{
	struct leat_graph *graph = fake_parsed(text);
	char shown[4096], again[4096];

	leat_graph_show(graph, shown, sizeof(shown));
	leat__graph_free(graph);
	ck_assert_str_eq(shown, expected);
	graph = fake_parsed(shown);
	leat_graph_show(graph, again, sizeof(again));
	leat__graph_free(graph);
	ck_assert_str_eq(again, shown);
}

/* Parse or check says no: at this piece of the text, with these words. */
static inline void
fake_refuses(const char *text, const char *piece, const char *words)
{
	struct leat_graph *graph = fake_graph();
	struct leat_error err;
	int rc = leat_graph_parse(graph, text, &err);

	if (rc == LEAT_OK)
		rc = leat_graph_check(graph, &err);
	ck_assert_msg(
		rc == LEAT_EINVAL, "'%s' gives %s", text, leat_err_name(rc));
	ck_assert_int_eq(err.code, rc);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' says '%s'", text,
		err.text);
	ck_assert_msg(err.at_bytes == strlen(piece) &&
			!strncmp(text + err.at_offset, piece, err.at_bytes),
		"'%s' points at '%.*s'", text, (int)err.at_bytes,
		text + err.at_offset);
	leat__graph_free(graph);
}

#endif
