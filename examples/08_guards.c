/*
 * Guards: a sink that fails now and then, its calls made again after a while,
 * and a hook of one's own around all that.
 *	printf 'a\nb\nc\n' | 08_guards
 */
#include <stdio.h>

#include <leat/leat.h>

/* ---- a sink that is busy at first ----------------------------------------- */

static int
send_process(struct leat_stage *st, struct leat_frame *in)
{
	uint32_t *n_calls = leat_stage_state(st);
	struct leat_rows rows = leat_frame_rows(in);

	if (++*n_calls < 3) /* nothing was done: it may be called again */
		return leat_stage_fail(st, LEAT_EIO, "the other end is busy");
	for (uint32_t k = 0; k < rows.n; k++)
		printf("sent %.*s\n", (int)rows.rows[k].len,
			(const char *)rows.text + rows.rows[k].offset);
	leat_stage_count(st, LEAT_COUNT_WRITTEN, rows.n);
	leat_stage_release(st, in);
	return LEAT_OK;
}

static const struct leat_stage_ops send_ops = {
	LEAT_STAGE_OPS_INIT("send"),
	.flags = LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING | LEAT_STAGE_REPEATS,
	.state_bytes = sizeof(uint32_t),
	.in_layouts = LEAT_LAYOUT_ROWS,
	.process = send_process,
};

/* ---- a hook ----------------------------------------------------------------- */

static int
tell_on_error(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	printf("%s: attempt %u: %s\n", leat_hook_stage(hook), call->n_attempts,
		call->error->text);
	return rc;
}

static void
tell_after(struct leat_hook *hook, const struct leat_call *call, int rc)
{
	if (call->kind == LEAT_CALL_PROCESS && rc == LEAT_OK)
		printf("%s: %u records\n", leat_hook_stage(hook),
			(unsigned)call->n_items);
}

static const struct leat_hook_ops tell_ops = {
	LEAT_HOOK_OPS_INIT("tell"),
	.after = tell_after,
	.on_error = tell_on_error,
};

/* ---- the graph --------------------------------------------------------------- */

static const struct leat_stage_ops *const stages[] = {
	&leat_read_ops, &leat_lines_parse_ops, &send_ops};
static const struct leat_hook_ops *const guards[] = {
	&leat_retry_ops, &tell_ops, NULL};
static const struct leat_stage_set set = {
	.size = sizeof(set), .n_stages = 3, .stages = stages, .guards = guards};

int
main(void)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &set};
	struct leat_graph *graph = NULL;
	struct leat_error err;

	if (leat_graph_create(&opts, &graph, &err) ||
		leat_graph_parse(graph,
			"read - ! lines.parse ! "
			"@retry(max=5, base=1ms) @tell send",
			&err) ||
		leat_graph_run(graph, &err))
		fprintf(stderr, "%s\n", err.text);
	leat_graph_destroy(graph);
}
