/*
 * graph.c -- stages under a fuzzer: bytes in, bytes, rows or tables out.
 *
 * Source and sink find what to do in the graph's context. One worker, so that
 * the same input takes the same way.
 */
#include "fuzz/support/fuzz.h"
#include "run/run.h"

#define GRAPH_HEADROOM 512
#define GRAPH_SLACK    64

struct graph_job {
	const struct fuzz_input *in;
	const struct fuzz_way *way;
	struct fuzz_made *made;
	uint8_t *sample; /* the input, with slack behind */
	size_t at;
};

static const struct leat_ctx_key graph_key = {"fuzz"};

static struct graph_job *
graph_job(struct leat_stage *st)
{
	return leat_ctx_value(leat_stage_ctx(st), &graph_key);
}

/* ---- source ------------------------------------------------------------ */

static int
source_init(struct leat_stage *st, const void *opts)
{
	const struct fuzz_way *way = graph_job(st)->way;
	size_t most = way->first > way->rest ? way->first : way->rest;

	(void)opts;
	leat_stage_needs(st)->frame_bytes =
		GRAPH_HEADROOM + GRAPH_SLACK + (uint32_t)most;
	return LEAT_OK;
}

static int
source_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	const struct graph_job *job = graph_job(st);

	(void)in;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->origin = "fuzz";
	if (job->way->is_shown) {
		out->sample = job->sample;
		out->sample_bytes = (uint32_t)job->in->n;
		out->sample_is_all = 1;
	}
	return LEAT_OK;
}

static int
source_produce(struct leat_stage *st)
{
	struct graph_job *job = graph_job(st);
	size_t n = job->at ? job->way->rest : job->way->first;
	struct leat_frame *frame;
	int rc;

	if (job->at == job->in->n)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc)
		return rc;
	if (n > job->in->n - job->at)
		n = job->in->n - job->at;
	frame->data = leat_frame_start(frame) + GRAPH_HEADROOM;
	memcpy(frame->data, job->in->data + job->at, n);
	frame->len_bytes = (uint32_t)n;
	frame->n_items = 0;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->source_offset = job->at;
	job->at += n;
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops source_ops = {
	LEAT_STAGE_OPS_INIT("bytes"),
	.out_layout = LEAT_LAYOUT_BYTES,
	.init = source_init,
	.negotiate = source_negotiate,
	.produce = source_produce,
};

/* ---- sink -------------------------------------------------------------- */

static void
sink_rows(struct fuzz_made *made, struct leat_frame *frame)
{
	struct leat_rows rows = leat_frame_rows(frame);

	for (uint32_t k = 0; k < rows.n; k++) {
		struct leat_text x = {
			rows.text + rows.rows[k].offset, rows.rows[k].len};

		fuzz_add_text(&made->out, x);
		fuzz_add(&made->out, "\n", 1);
	}
}

static void
sink_names(struct fuzz_made *made, const struct leat_schema *schema)
{
	struct fuzz_bytes names = {0};

	for (uint32_t k = 0; k < schema->n_columns; k++) {
		const struct leat_column *c = &schema->columns[k];
		const char *type = leat_type_name(c->type);

		fuzz_add(&names, type, strlen(type));
		fuzz_add(&names, " ", 1);
		fuzz_add_text(&names,
			(struct leat_text){(const uint8_t *)c->name,
				(uint32_t)strlen(c->name)});
	}
	if (made->names.n)
		fuzz_check(made->names.n == names.n &&
				!memcmp(made->names.data, names.data, names.n),
			"the columns change");
	else
		fuzz_add(&made->names, names.data, names.n);
	free(names.data);
}

/* Into as much room as the table says that it takes. */
static void
sink_value(struct fuzz_made *made, const struct leat_table *t, uint32_t column,
	uint32_t row)
{
	uint32_t n = leat_table_text_bytes(t, column, row);
	uint8_t *scratch = malloc(n ? n : 1);

	fuzz_check(scratch != NULL, "no memory for %u bytes", n);
	fuzz_add_text(&made->out, leat_table_text(t, column, row, scratch));
	free(scratch);
}

static void
sink_table(struct fuzz_made *made, struct leat_frame *frame)
{
	struct leat_table t;

	leat_table_open(frame, &t);
	sink_names(made, t.schema);
	for (uint32_t k = 0; k < t.n_rows; k++) {
		for (uint32_t c = 0; c < t.schema->n_columns; c++)
			sink_value(made, &t, c, leat_table_row(&t, k));
		fuzz_add(&made->out, "\n", 1);
	}
}

static int
sink_process(struct leat_stage *st, struct leat_frame *in)
{
	struct graph_job *job = graph_job(st);

	if (in->layout == LEAT_LAYOUT_TABLE)
		sink_table(job->made, in);
	else if (in->layout == LEAT_LAYOUT_ROWS)
		sink_rows(job->made, in);
	else
		fuzz_add(&job->made->out, in->data, in->len_bytes);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops sink_ops = {
	LEAT_STAGE_OPS_INIT("sink"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_BYTES | LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE,
	.process = sink_process,
};

/* ---- what came out ----------------------------------------------------- */

void
fuzz_add(struct fuzz_bytes *bytes, const void *data, size_t n)
{
	if (bytes->n + n > bytes->max) {
		bytes->max = 2 * (bytes->n + n);
		bytes->data = realloc(bytes->data, bytes->max);
		fuzz_check(bytes->data != NULL, "no memory for output");
	}
	if (n)
		memcpy(bytes->data + bytes->n, data, n);
	bytes->n += n;
}

void
fuzz_add_text(struct fuzz_bytes *bytes, struct leat_text x)
{
	char len[24];

	if (!x.data) {
		fuzz_add(bytes, "-,", 2);
		return;
	}
	snprintf(len, sizeof(len), "%u:", x.len);
	fuzz_add(bytes, len, strlen(len));
	fuzz_add(bytes, x.data, x.len);
	fuzz_add(bytes, ",", 1);
}

void
fuzz_made_free(struct fuzz_made *made)
{
	free(made->names.data);
	free(made->out.data);
	*made = (struct fuzz_made){0};
}

static void
bytes_print(const struct fuzz_bytes *bytes)
{
	for (size_t k = 0; k < bytes->n && k < 2000; k++) {
		uint8_t c = bytes->data[k];

		if (c == '\n' || (c >= ' ' && c < 0x7f))
			fputc(c, stderr);
		else
			fprintf(stderr, "\\x%02x", c);
	}
	fputc('\n', stderr);
}

static void
made_print(const char *what, const struct fuzz_made *made)
{
	fprintf(stderr, "%s: %d '%s', %zu bytes:\n", what, made->rc,
		made->error, made->out.n);
	bytes_print(&made->names);
	bytes_print(&made->out);
}

bool
fuzz_is_same(const struct fuzz_bytes *a, const struct fuzz_bytes *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->data, b->data, a->n));
}

void
fuzz_same(
	const char *what, const struct fuzz_made *a, const struct fuzz_made *b)
{
	bool is_same = a->rc == b->rc && !strcmp(a->error, b->error);

	/* where it failed, more or less of it had gone out */
	if (is_same && a->rc == LEAT_OK)
		is_same = fuzz_is_same(&a->names, &b->names) &&
			fuzz_is_same(&a->out, &b->out);
	if (is_same)
		return;
	made_print("one", a);
	made_print("other", b);
	fuzz_check(false, "%s: not the same", what);
}

/* ---- runs -------------------------------------------------------------- */

static int
graph_build(struct leat_ctx *ctx, const struct leat_stage_set *set,
	const char *stages, struct leat_graph **graph, struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 1, .capacity_frames = 1, .parent = ctx,
		.stages = set};
	char text[8192];

	fuzz_check((size_t)snprintf(text, sizeof(text), "bytes ! %s ! sink",
			   stages) < sizeof(text),
		"too long a graph");
	LEAT_TRY(leat_graph_create(&opts, graph, err));
	return leat_graph_parse(*graph, text, err);
}

static void
graph_check_end(const struct leat_graph *graph, int rc)
{
	struct leat_graph_stats stats;

	leat_graph_stats(graph, &stats);
	fuzz_check(rc < 0 || stats.is_balanced, "does not balance");
	fuzz_check(!graph->run || !graph->run->pool ||
			!leat__pool_used_bytes(graph->run->pool),
		"frames are left");
}

void
fuzz_run(const char *stages, const struct fuzz_input *in,
	const struct fuzz_way *way, struct fuzz_made *made_out)
{
	struct graph_job job = {.in = in, .way = way, .made = made_out};
	const struct leat_stage_ops *list[256];
	struct leat_stage_set set = leat_stages;
	struct leat_error err = {0};
	struct leat_graph *graph;
	struct leat_ctx *ctx;
	int rc;

	*made_out = (struct fuzz_made){0};
	memcpy(list, set.stages, set.n_stages * sizeof(list[0]));
	list[set.n_stages++] = &source_ops;
	list[set.n_stages++] = &sink_ops;
	set.stages = list;
	job.sample = fuzz_copy(in);
	fuzz_check(!leat_ctx_create(&ctx, NULL), "no memory");
	fuzz_check(
		!leat_ctx_set_value(ctx, &graph_key, &job, NULL), "no memory");
	rc = graph_build(ctx, &set, stages, &graph, &err);
	if (!rc)
		rc = leat_graph_run(graph, &err);
	graph_check_end(graph, rc);
	made_out->rc = rc;
	memcpy(made_out->error, err.text, sizeof(made_out->error));
	leat_graph_destroy(graph);
	leat_ctx_destroy(ctx);
	free(job.sample);
}

/* What looks compressed where it is shown is decoded. */
static bool
input_looks_packed(const struct fuzz_input *in)
{
	const struct leat_compression *at = leat_stages.compressions;

	for (; at->suffix; at++)
		if (in->n >= at->n_magic &&
			!memcmp(in->data, at->magic, at->n_magic))
			return true;
	return false;
}

void
fuzz_run_ways(const char *stages, struct fuzz_input *in, uint32_t flags,
	struct fuzz_made *made_out)
{
	static const size_t chunks[] = {1, 2, 3, 7, 16, 61, 64, 65};
	uint32_t how = fuzz_choose(in, 16);
	uint32_t at = fuzz_choose(in, 256);
	struct fuzz_way whole = {in->n + 1, 1, false};
	struct fuzz_way other = {chunks[how % 8], chunks[how % 8], how & 1};
	struct fuzz_made made;

	if (how < 8 || in->n / other.rest > 400)
		other = (struct fuzz_way){
			at && at < in->n ? at : 1, in->n + 1, how & 1};
	other.is_shown &= !(flags & FUZZ_HIDDEN) && !input_looks_packed(in);
	fuzz_run(stages, in, &whole, made_out);
	fuzz_run(stages, in, &other, &made);
	fuzz_check(made_out->rc == made.rc, "%d '%s' and %d '%s'", made_out->rc,
		made_out->error, made.rc, made.error);
	if (!(flags & FUZZ_LOOSE) && !(made.rc < 0 && (flags & FUZZ_ERRORS)))
		fuzz_same("in pieces", made_out, &made);
	fuzz_made_free(&made);
}
