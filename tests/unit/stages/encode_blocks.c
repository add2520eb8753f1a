/*
 * blocks.encode: members by all workers, the same bytes however many there are.
 */
#include "support/pipe.h"
#include "support/test.h"

static const char *const formats[] = {"gzip", "zstd", "lz4", "bzip2"};

static void
run_holds(const char *text, uint32_t n_workers, uint64_t n_written)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.stages = &leat_stages, .workers = n_workers};
	struct leat_graph_stats stats;
	struct leat_graph *graph;
	struct leat_error err;
	int rc = leat_graph_create(&opts, &graph, &err);

	if (!rc)
		rc = leat_graph_parse(graph, text, &err);
	if (!rc)
		rc = leat_graph_run(graph, &err);
	ck_assert_msg(rc == LEAT_OK, "%s: %s", text, err.text);
	leat_graph_stats(graph, &stats);
	ck_assert_uint_eq(stats.written, n_written);
	leat_graph_destroy(graph);
}

/* Lines of which a share cannot be compressed. */
static void
put_lines(uint32_t n_lines)
{
	uint64_t seed = 88172645463325252u;
	FILE *file = fopen("in.txt", "w");

	for (uint32_t k = 0; k < n_lines; k++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		fprintf(file, "%u,%016llx,the same in every line\n", k,
			(unsigned long long)seed);
	}
	fclose(file);
}

static void
is_same(const char *a, const char *b)
{
	size_t n_a, n_b;
	char *of_a = pipe_get_file(a, &n_a), *of_b = pipe_get_file(b, &n_b);

	ck_assert_uint_eq(n_a, n_b);
	ck_assert_mem_eq(of_a, of_b, n_a);
	free(of_a);
	free(of_b);
}

START_TEST(what_comes_out_depends_on_no_worker_and_no_chunk)
{
	char text[200];

	pipe_enter_folder();
	put_lines(40000);
	for (uint32_t k = 0; k < 4; k++) {
		snprintf(text, sizeof(text),
			"read in.txt ! lines.format ! blocks.encode %s ! "
			"write one sync=off",
			formats[k]);
		run_holds(text, 1, 40000);
		snprintf(text, sizeof(text),
			"read in.txt chunk_bytes=5000 ! lines.format ! "
			"blocks.encode format=%s ! write three sync=off",
			formats[k]);
		run_holds(text, 3, 40000);
		is_same("one", "three");
		snprintf(text, sizeof(text),
			"read one ! %s.decode ! write back sync=off",
			formats[k]);
		run_holds(text, 2, 0);
		is_same("in.txt", "back");
	}
	pipe_leave_folder();
}
END_TEST

/* Two blocks, of numbers, of which an encoder may well remember something. */
START_TEST(a_member_depends_on_none_before_it)
{
	static const uint32_t n_block = 1u << 19;
	static char text[(1u << 20) + 16];
	size_t n = 0, n_two, n_first, n_second;
	char *two, *first, *second;

	for (uint32_t k = 0; n < 2 * n_block; k++)
		n += (size_t)snprintf(text + n, 12, "%u\n", k);
	pipe_enter_folder();
	pipe_put_file("two", text, 2 * (size_t)n_block);
	pipe_put_file("first", text, n_block);
	pipe_put_file("second", text + n_block, n_block);
	run_holds("read two ! blocks.encode lz4 ! write two.x sync=off", 1, 0);
	run_holds("read first ! blocks.encode lz4 ! write first.x sync=off", 1,
		0);
	run_holds("read second ! blocks.encode lz4 ! write second.x sync=off",
		1, 0);
	two = pipe_get_file("two.x", &n_two);
	first = pipe_get_file("first.x", &n_first);
	second = pipe_get_file("second.x", &n_second);
	ck_assert_uint_eq(n_two, n_first + n_second);
	ck_assert_mem_eq(two, first, n_first);
	ck_assert_mem_eq(two + n_first, second, n_second);
	free(two);
	free(first);
	free(second);
	pipe_leave_folder();
}
END_TEST

START_TEST(without_a_byte_there_is_one_empty_member)
{
	char text[200];

	pipe_enter_folder();
	pipe_put_text("in.txt", "");
	for (uint32_t k = 0; k < 4; k++) {
		size_t n;

		snprintf(text, sizeof(text),
			"read in.txt ! lines.format ! blocks.encode %s ! "
			"write one sync=off",
			formats[k]);
		run_holds(text, 2, 0);
		free(pipe_get_file("one", &n));
		ck_assert_uint_gt(n, 8);
		snprintf(text, sizeof(text),
			"read one ! %s.decode ! write back sync=off",
			formats[k]);
		run_holds(text, 2, 0);
		pipe_file_holds("back", "");
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(extensions_bring_it_along_where_it_pays)
{
	pipe_enter_folder();
	put_lines(30000);
	run_holds("read in.txt ! write a.txt.gz sync=off", 2, 30000);
	run_holds("read in.txt ! lines.format ! blocks.encode gzip ! "
		  "write b sync=off",
		2, 30000);
	is_same("a.txt.gz", "b");
	run_holds("read in.txt ! write a.txt.bz2 sync=off", 2, 30000);
	run_holds("read a.txt.bz2 ! write c.txt sync=off", 2, 30000);
	is_same("in.txt", "c.txt");
	run_holds("read in.txt ! write a.txt.zst sync=off", 2, 30000);
	run_holds("read in.txt ! lines.format ! zstd.encode ! write b sync=off",
		2, 30000);
	is_same("a.txt.zst", "b");
	run_holds("read in.txt ! write a.txt.lz4 sync=off", 2, 30000);
	run_holds("read in.txt ! lines.format ! blocks.encode lz4 ! "
		  "write b sync=off",
		2, 30000);
	is_same("a.txt.lz4", "b");
	pipe_leave_folder();
}
END_TEST

START_TEST(levels_are_those_of_the_format)
{
	struct leat_error err;

	pipe_enter_folder();
	pipe_put_text("in.txt", "a\n");
	ck_assert_int_eq(pipe_run("read in.txt ! lines.format ! blocks.encode "
				  "gzip level=12 ! write a",
				 NULL, &err),
		LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, "levels of gzip are 1 to 9") != NULL,
		"%s", err.text);
	run_holds("read in.txt ! lines.format ! blocks.encode zstd level=19 ! "
		  "write a sync=off",
		2, 1);
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("stages/encode_blocks",
	what_comes_out_depends_on_no_worker_and_no_chunk,
	a_member_depends_on_none_before_it,
	without_a_byte_there_is_one_empty_member,
	extensions_bring_it_along_where_it_pays, levels_are_those_of_the_format)
