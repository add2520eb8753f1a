/*
 * lines.cut: whole lines in every frame, whatever the frames before were; seen
 * through lines.format, which passes bytes on, and byte for byte.
 */
#include <leat/io.h>

#include "../../../stages/filter/cut.h"
#include "support/pipe.h"
#include "support/test.h"

START_TEST(bytes_stay_as_they_are)
{
	pipe_gives("lines.cut", "a\nb\r\n\nc", "a\nb\r\n\nc");
	pipe_gives("lines.cut", "", "");
	pipe_gives("lines.cut", "\n", "\n");
	pipe_gives("lines.cut", "abc", "abc");
	pipe_gives("lines.cut ! lines.parse ! lines.format", "a\nb\r\n\nc",
		"a\nb\n\nc\n");
}
END_TEST

START_TEST(lines_longer_than_frames_pass)
{
	static char text[60000];
	struct pipe_case c = {
		.stages = "lines.cut", .input = text, .output = text};

	for (size_t k = 0; k + 1 < sizeof(text); k++)
		text[k] = (char)(k % 9000 == 8999 ? '\n' : 'a' + k % 23);
	pipe_check_chunks(&c, 100);
	pipe_check_chunks(&c, 4095);
	pipe_check_chunks(&c, 50000);
}
END_TEST

/* What frames begin with, and whether they are whole. */
static int
whole_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct cut_head *head = cut_head(in);
	uint64_t *line = leat_stage_state(st);

	if (!*line)
		*line = 1;
	ck_assert_uint_eq(head->line, *line);
	*line += cut_newlines(in->data, in->len_bytes);
	if (head->flaw == CUT_LONG)
		ck_assert_uint_le(in->len_bytes, 6);
	else if (*line < 5)
		ck_assert_int_eq(in->data[in->len_bytes - 1], '\n');
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops whole_ops = {
	LEAT_STAGE_OPS_INIT("whole"),
	.state_bytes = sizeof(uint64_t),
	.in_layouts = LEAT_LAYOUT_BYTES,
	.process = whole_process,
	.before = &leat_lines_cut_ops,
};

START_TEST(every_frame_says_on_which_line_it_begins)
{
	struct leat_graph_opts opts = {
		LEAT_OPTS_INIT(leat_graph_opts), .stages = &leat_stages};
	struct leat_read_opts read = {LEAT_OPTS_INIT(leat_read_opts),
		.path = "in", .chunk_bytes = 4096};
	struct leat_write_opts write = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "out"};
	struct leat_step steps[] = {{&leat_read_ops, &read}, {&whole_ops, NULL},
		{&leat_write_ops, &write}};
	static char text[40000];
	struct leat_graph *graph;
	struct leat_error err;

	for (size_t k = 0; k + 1 < sizeof(text); k++)
		text[k] = (char)(k % 97 == 96 ? '\n' : 'x');
	pipe_enter_folder();
	pipe_put_text("in", text);
	ck_assert_int_eq(leat_graph_create(&opts, &graph, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 3, &err), LEAT_OK);
	ck_assert_int_eq(leat_graph_run(graph, &err), LEAT_OK);
	pipe_file_holds("out", text);
	leat_graph_destroy(graph);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/lines_cut", bytes_stay_as_they_are,
	lines_longer_than_frames_pass, every_frame_says_on_which_line_it_begins)
