/*
 * support/pipe.c -- the pipe harness; see pipe.h.
 *
 * The source and the sink find what to do in the graph's context, so that the
 * graph text needs to say nothing.
 */
#include <dirent.h>
#include <unistd.h>

#include "run/run.h"
#include "support/pipe.h"
#include "support/test.h"

#define PIPE_SPLITS_MAX 300 /* inputs up to this are cut at every place */
#define PIPE_SLACK      64

struct pipe_job {
	struct leat_stage_set set; /* outlives the graph */
	const struct leat_stage_ops *list[64];
	const struct pipe_case *c;
	size_t input_bytes;
	size_t output_bytes;
	size_t first; /* bytes of the first chunk */
	size_t rest;  /* of every other */
	uint32_t headroom;
	uint32_t is_shown; /* the input is shown to the check */
	uint32_t is_far;   /* the source has a thread of its own */
	uint32_t capacity;
	uint32_t workers;
	uint8_t *sample; /* the input, with slack behind */
	char *output;
	size_t n_output;
	size_t max_output;
};

static const struct leat_ctx_key pipe_key = {"pipe"};

static struct pipe_job *
pipe_job(struct leat_stage *st)
{
	return leat_ctx_value(leat_stage_ctx(st), &pipe_key);
}

/* ---- source ------------------------------------------------------------- */

struct source_state {
	size_t at;
};

static size_t
source_largest(const struct pipe_job *job)
{
	return job->first > job->rest ? job->first : job->rest;
}

static int
source_init(struct leat_stage *st, const void *opts)
{
	struct pipe_job *job = pipe_job(st);

	(void)opts;
	leat_stage_needs(st)->frame_bytes =
		job->headroom + PIPE_SLACK + (uint32_t)source_largest(job);
	return LEAT_OK;
}

static int
source_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct pipe_job *job = pipe_job(st);

	(void)in;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->origin = "pipe";
	if (job->is_shown) {
		out->sample = job->sample;
		out->sample_bytes = (uint32_t)job->input_bytes;
		out->sample_is_all = 1;
	}
	return LEAT_OK;
}

static int
source_produce(struct leat_stage *st)
{
	struct source_state *s = leat_stage_state(st);
	struct pipe_job *job = pipe_job(st);
	size_t n = s->at == 0 ? job->first : job->rest;
	struct leat_frame *frame;
	int rc;

	if (s->at == job->input_bytes)
		return LEAT_EOS;
	rc = leat_stage_acquire(st, &frame);
	if (rc < 0)
		return rc;
	if (n > job->input_bytes - s->at)
		n = job->input_bytes - s->at;
	frame->data = leat_frame_start(frame) + job->headroom;
	memcpy(frame->data, job->c->input + s->at, n);
	frame->len_bytes = (uint32_t)n;
	frame->n_items = (uint32_t)job->c->items_in;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->source_offset = s->at;
	s->at += n;
	leat_stage_count(st, LEAT_COUNT_READ, frame->n_items);
	return leat_stage_emit(st, 0, frame);
}

static const struct leat_stage_ops source_near_ops = {
	LEAT_STAGE_OPS_INIT("pipe.near"),
	.state_bytes = sizeof(struct source_state),
	.out_layout = LEAT_LAYOUT_BYTES,
	.init = source_init,
	.negotiate = source_negotiate,
	.produce = source_produce,
};

static const struct leat_stage_ops source_far_ops = {
	LEAT_STAGE_OPS_INIT("pipe.far"),
	.flags = LEAT_STAGE_BLOCKING,
	.state_bytes = sizeof(struct source_state),
	.out_layout = LEAT_LAYOUT_BYTES,
	.init = source_init,
	.negotiate = source_negotiate,
	.produce = source_produce,
};

/* ---- sink --------------------------------------------------------------- */

static int
sink_process(struct leat_stage *st, struct leat_frame *in)
{
	struct pipe_job *job = pipe_job(st);

	if (job->n_output + in->len_bytes > job->max_output) {
		job->max_output = 2 * (job->n_output + in->len_bytes);
		job->output = realloc(job->output, job->max_output);
		ck_assert_ptr_nonnull(job->output);
	}
	if (in->len_bytes)
		memcpy(job->output + job->n_output, in->data, in->len_bytes);
	job->n_output += in->len_bytes;
	leat_stage_count(st, LEAT_COUNT_WRITTEN, in->n_items);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops sink_bytes_ops = {
	LEAT_STAGE_OPS_INIT("pipe.sink"),
	.flags = LEAT_STAGE_SINK,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.process = sink_process,
};

/* ---- saying what is wrong ----------------------------------------------- */

static size_t
pipe_escape(const char *data, size_t n, char *buf, size_t n_buf)
{
	struct leat__text text = {buf, n_buf, 0};

	for (size_t k = 0; k < n && text.at + 8 < n_buf; k++) {
		unsigned char byte = (unsigned char)data[k];

		if (byte == '\n')
			leat__text_add(&text, "\\n");
		else if (byte < 32 || byte > 126)
			leat__text_add(&text, "\\x%02x", byte);
		else
			leat__text_add(&text, "%c", byte);
	}
	leat__text_add(&text, "%s", "");
	return text.at;
}

static void
pipe_say(const struct pipe_job *job, const char *what, const char *wanted,
	size_t n_wanted, const char *got, size_t n_got)
{
	char input[2000], want[2000], have[2000];

	pipe_escape(job->c->input, job->input_bytes, input, sizeof(input));
	pipe_escape(wanted, n_wanted, want, sizeof(want));
	pipe_escape(got, n_got, have, sizeof(have));
	ck_abort_msg("%s: %s\n  chunks of %zu, then %zu bytes; headroom %u; "
		     "capacity %u; workers %u; %s; %s source\n"
		     "  input  (%zu) %s\n  wanted (%zu) %s\n  got    (%zu) %s",
		job->c->stages, what, job->first, job->rest, job->headroom,
		job->capacity, job->workers,
		job->is_shown ? "shown before" : "not shown",
		job->is_far ? "far" : "near", job->input_bytes, input, n_wanted,
		want, n_got, have);
}

static void
pipe_say_stats(const struct pipe_job *job, const struct leat_graph *graph)
{
	char text[2000];
	struct leat__text t = {text, sizeof(text), 0};
	struct leat_stage_stats s;

	for (uint32_t k = 0; leat_stage_stats(graph, k, &s) == LEAT_OK; k++)
		leat__text_add(&t,
			"%s: in %llu out %llu read %llu made %llu "
			"written %llu filtered %llu failed %llu folded %llu; ",
			s.name, (unsigned long long)s.in,
			(unsigned long long)s.out, (unsigned long long)s.read,
			(unsigned long long)s.made,
			(unsigned long long)s.written,
			(unsigned long long)s.filtered,
			(unsigned long long)s.failed,
			(unsigned long long)s.folded);
	pipe_say(job, "does not balance", "", 0, text, strlen(text));
}

/* ---- one run ------------------------------------------------------------ */

static void
pipe_check_result(
	const struct pipe_job *job, int rc, const struct leat_error *err)
{
	const struct pipe_case *c = job->c;

	if (!c->output) {
		if (rc >= 0 || !strstr(err->text, c->error))
			pipe_say(job, "does not fail as it should", c->error,
				strlen(c->error),
				rc < 0 ? err->text : "success",
				rc < 0 ? strlen(err->text) : 7);
		return;
	}
	if (rc < 0)
		pipe_say(job, "fails", c->output, job->output_bytes, err->text,
			strlen(err->text));
	if (job->n_output != job->output_bytes ||
		(job->n_output &&
			memcmp(job->output, c->output, job->n_output) != 0))
		pipe_say(job, "gives something else", c->output,
			job->output_bytes, job->output, job->n_output);
}

static void
pipe_check_rest(
	const struct pipe_job *job, const struct leat_graph *graph, int rc)
{
	struct leat_graph_stats stats;

	leat_graph_stats(graph, &stats);
	if (rc >= 0 && !stats.is_balanced)
		pipe_say_stats(job, graph);
	if (graph->run && graph->run->pool &&
		leat__pool_used_bytes(graph->run->pool) > 0)
		pipe_say(job, "leaves frames behind", "", 0, "", 0);
}

static void
pipe_make_set(struct pipe_job *job)
{
	uint32_t n = leat_stages.n_stages;

	memcpy(job->list, leat_stages.stages, n * sizeof(job->list[0]));
	job->list[n++] = &source_near_ops;
	job->list[n++] = &source_far_ops;
	job->list[n++] = &sink_bytes_ops;
	job->set = leat_stages;
	job->set.n_stages = n;
	job->set.stages = job->list;
}

static int
pipe_build(struct pipe_job *job, struct leat_ctx *ctx,
	struct leat_graph **graph_out, struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = job->workers, .capacity_frames = job->capacity,
		.parent = ctx, .stages = &job->set};
	char text[4096];

	snprintf(text, sizeof(text), "pipe.%s ! %s ! pipe.sink",
		job->is_far ? "far" : "near", job->c->stages);
	LEAT_TRY(leat_graph_create(&opts, graph_out, err));
	return leat_graph_parse(*graph_out, text, err);
}

static void
pipe_run_job(struct pipe_job *job)
{
	struct leat_graph *graph = NULL;
	struct leat_ctx *ctx;
	struct leat_error err = {0};
	int rc;

	job->n_output = 0;
	ck_assert_int_eq(leat_ctx_create(&ctx, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_ctx_set_value(ctx, &pipe_key, job, NULL), LEAT_OK);
	rc = pipe_build(job, ctx, &graph, &err);
	if (rc >= 0)
		rc = leat_graph_run(graph, &err);
	pipe_check_result(job, rc, &err);
	pipe_check_rest(job, graph, rc);
	leat_graph_destroy(graph);
	leat_ctx_destroy(ctx);
}

/* ---- all runs ----------------------------------------------------------- */

static void
pipe_vary(struct pipe_job *job)
{
	for (uint32_t k = 0; k < 4; k++) {
		job->capacity = k & 1 ? 4 : 1;
		job->workers = k & 2 ? 2 : 1;
		job->is_far = (k & 2) != 0;
		job->is_shown = k == 1 || k == 2;
		job->headroom = k & 1 ? 4096 : 8;
		pipe_run_job(job);
	}
}

static void
pipe_chunks(struct pipe_job *job, size_t first, size_t rest)
{
	job->first = first;
	job->rest = rest;
	pipe_vary(job);
}

static void
pipe_job_begin(struct pipe_job *job, const struct pipe_case *c)
{
	memset(job, 0, sizeof(*job));
	pipe_make_set(job);
	job->c = c;
	job->input_bytes = c->input_bytes ? c->input_bytes : strlen(c->input);
	if (c->output)
		job->output_bytes =
			c->output_bytes ? c->output_bytes : strlen(c->output);
	job->sample = calloc(1, job->input_bytes + PIPE_SLACK);
	ck_assert_ptr_nonnull(job->sample);
	memcpy(job->sample, c->input, job->input_bytes);
}

static void
pipe_job_end(struct pipe_job *job)
{
	free(job->sample);
	free(job->output);
}

void
pipe_check(const struct pipe_case *c)
{
	static const size_t chunks[] = {1, 2, 3, 5, 7, 16, 64};
	struct pipe_job job;
	size_t step;

	pipe_job_begin(&job, c);
	/* a longer input is cut at some 100 places, none of them round */
	step = job.input_bytes <= PIPE_SPLITS_MAX ? 1
						  : job.input_bytes / 97 | 1;
	for (size_t at = 1; at < job.input_bytes; at += step)
		pipe_chunks(&job, at, job.input_bytes - at);
	for (size_t k = 0; k < leat__array_len(chunks); k++)
		if (job.input_bytes / chunks[k] <= 4096)
			pipe_chunks(&job, chunks[k], chunks[k]);
	pipe_chunks(&job, job.input_bytes + 1, 1);
	pipe_job_end(&job);
}

void
pipe_check_chunks(const struct pipe_case *c, uint32_t chunk_bytes)
{
	struct pipe_job job;

	pipe_job_begin(&job, c);
	pipe_chunks(&job, chunk_bytes, chunk_bytes);
	pipe_job_end(&job);
}

void
pipe_gives(const char *stages, const char *input, const char *output)
{
	struct pipe_case c = {
		.stages = stages, .input = input, .output = output};

	pipe_check(&c);
}

void
pipe_fails(const char *stages, const char *input, const char *error)
{
	struct pipe_case c = {.stages = stages, .input = input, .error = error};

	pipe_check(&c);
}

/* ---- whole graphs ------------------------------------------------------- */

int
pipe_run(const char *text, struct leat_graph_stats *stats,
	struct leat_error *err)
{
	struct leat_graph_stats own;
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, err), LEAT_OK);
	rc = leat_graph_parse(graph, text, err);
	if (rc >= 0)
		rc = leat_graph_run(graph, err);
	leat_graph_stats(graph, &own);
	if (rc >= 0)
		ck_assert_msg(own.is_balanced, "%s: does not balance", text);
	if (stats)
		*stats = own;
	leat_graph_destroy(graph);
	return rc;
}

/* ---- files -------------------------------------------------------------- */

static char pipe_folder[64];

void
pipe_enter_folder(void)
{
	strcpy(pipe_folder, "/tmp/leat-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(pipe_folder));
	ck_assert_int_eq(chdir(pipe_folder), 0);
}

static bool
folder_is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
		strcmp(entry->d_name, "..") != 0;
}

void
pipe_leave_folder(void)
{
	DIR *dir = opendir(pipe_folder);
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (folder_is_entry(entry) && unlink(entry->d_name) < 0)
			ck_assert_int_eq(rmdir(entry->d_name), 0);
	closedir(dir);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(pipe_folder), 0);
}

void
pipe_put_file(const char *path, const void *data, size_t n_bytes)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, n_bytes, file), n_bytes);
	ck_assert_int_eq(fclose(file), 0);
}

void
pipe_put_text(const char *path, const char *text)
{
	pipe_put_file(path, text, strlen(text));
}

char *
pipe_get_file(const char *path, size_t *n_out)
{
	FILE *file = fopen(path, "rb");
	char *data;
	long n;

	if (!file)
		return NULL;
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	n = ftell(file);
	rewind(file);
	data = calloc(1, (size_t)n + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fread(data, 1, (size_t)n, file), (size_t)n);
	fclose(file);
	if (n_out)
		*n_out = (size_t)n;
	return data;
}

void
pipe_file_holds(const char *path, const char *text)
{
	char *data = pipe_get_file(path, NULL);

	ck_assert_msg(data != NULL, "there is no file %s", path);
	ck_assert_str_eq(data, text);
	free(data);
}

void
pipe_letters_are(const char *path, const char *text)
{
	char *whole = pipe_get_file(path, NULL), *at = whole, *line;
	char found[4096] = "", last[128] = "", start[128];

	ck_assert_ptr_nonnull(whole);
	while ((line = strsep(&at, "\n")) && *line) {
		char *rest = strstr(line, "\"stage\"");

		ck_assert_ptr_nonnull(rest);
		snprintf(
			start, sizeof(start), "%.*s", (int)(rest - line), line);
		ck_assert_int_eq(strncmp(start, "{\"v\":1,\"id\":\"", 13), 0);
		ck_assert_ptr_nonnull(strstr(start, "\"time\":\"20"));
		ck_assert_str_ne(start, last);
		strcpy(last, start);
		strcat(strcat(found, rest), "\n");
	}
	ck_assert_str_eq(found, text);
	free(whole);
}

uint32_t
pipe_count_files(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	uint32_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		n += folder_is_entry(entry);
	closedir(dir);
	return n;
}
