/*
 * upper: bytes and rows, in place, and never in somebody else's text.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(letters_of_a_byte_stream_become_upper_case)
{
	pipe_gives("upper", "Hello, world 42!\n", "HELLO, WORLD 42!\n");
}
END_TEST

START_TEST(nothing_but_a_to_z_changes)
{
	struct pipe_case c = {.stages = "upper",
		.input = "@`az{[\0\xc3\xa6\xff",
		.input_bytes = 10,
		.output = "@`AZ{[\0\xc3\xa6\xff",
		.output_bytes = 10};

	pipe_check(&c);
}
END_TEST

START_TEST(rows_become_upper_case)
{
	pipe_gives("lines.parse ! upper ! lines.format", "ab\n\ncD\r\nef",
		"AB\n\nCD\nEF\n");
}
END_TEST

START_TEST(rows_after_a_sample_become_upper_case)
{
	pipe_gives("lines.parse ! sample 2 ! upper ! lines.format", "a\nb\nc\n",
		"A\nC\n");
}
END_TEST

START_TEST(many_arrays_over_one_text_become_upper_case)
{
	size_t n = 60000;
	char *input = malloc(n), *output = malloc(n);
	struct pipe_case c = {.stages = "lines.parse ! upper ! lines.format",
		.input = input,
		.input_bytes = n,
		.output = output,
		.output_bytes = n};

	for (size_t k = 0; k < n; k++) {
		input[k] = k % 2 ? '\n' : 'q';
		output[k] = k % 2 ? '\n' : 'Q';
	}
	pipe_check_chunks(&c, 60000);
	pipe_check_chunks(&c, 7000);
	free(input);
	free(output);
}
END_TEST

/* ---- a text that somebody else looks at --------------------------------- */

struct witness_state {
	struct leat_frame *base; /* of the first frame, held to the end */
	uint8_t first;
};

static int
witness_process(struct leat_stage *st, struct leat_frame *in)
{
	struct witness_state *s = leat_stage_state(st);
	struct leat_frame *base = leat_frame_base(in);

	if (!s->base && base) {
		leat_frame_retain(base);
		s->base = base;
		s->first = base->data[0];
	}
	return leat_stage_emit(st, 0, in);
}

static int
witness_finish(struct leat_stage *st)
{
	struct witness_state *s = leat_stage_state(st);

	if (s->base && s->base->data[0] != s->first)
		return leat_stage_fail(
			st, LEAT_EBUG, "the text has been changed");
	leat_stage_release(st, s->base);
	s->base = NULL;
	return LEAT_OK;
}

static const struct leat_stage_ops witness_ops = {
	LEAT_STAGE_OPS_INIT("witness"),
	.state_bytes = sizeof(struct witness_state),
	.in_layouts = LEAT_LAYOUT_ROWS,
	.needs = {.holds = 1},
	.process = witness_process,
	.finish = witness_finish,
};

START_TEST(a_text_with_another_reader_is_left_alone)
{
	struct leat_read_opts from = {
		LEAT_OPTS_INIT(leat_read_opts), .path = "in.txt"};
	struct leat_write_opts to = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "out.txt", .sync = 1};
	struct leat_step steps[] = {
		{&leat_read_ops, &from},
		{&leat_lines_parse_ops, NULL},
		{&witness_ops, NULL},
		{&leat_upper_ops, NULL},
		{&leat_lines_format_ops, NULL},
		{&leat_write_ops, &to},
	};
	struct leat_graph *graph;
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.txt", "ab\ncd\n");
	ck_assert_int_eq(leat_graph_create(NULL, &graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 6, &err), LEAT_OK);
	ck_assert_msg(leat_graph_run(graph, &err) == LEAT_OK, "%s", err.text);
	leat_graph_destroy(graph);
	pipe_file_holds("out.txt", "AB\nCD\n");
	pipe_leave_folder();
}
END_TEST

START_TEST(a_table_is_refused_before_the_start)
{
	pipe_fails("csv.parse ! upper ! csv.format", "a\n1\n", "upper");
}
END_TEST

TEST_MAIN("stages/upper", letters_of_a_byte_stream_become_upper_case,
	nothing_but_a_to_z_changes, rows_become_upper_case,
	rows_after_a_sample_become_upper_case,
	many_arrays_over_one_text_become_upper_case,
	a_text_with_another_reader_is_left_alone,
	a_table_is_refused_before_the_start)
