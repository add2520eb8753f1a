/*
 * The set of ready-made stages: complete, unambiguous, usable.
 */
#include "support/pipe.h"
#include "support/test.h"

START_TEST(every_stage_can_be_found_by_its_name)
{
	static const char *expected[] = {"read", "gen", "pass", "tee", "split",
		"merge", "zip", "join", "csv.cut", "lines.cut", "csv.parse",
		"json.cut", "json.parse", "json.path", "split-column",
		"lines.parse", "where", "select", "derive", "cast", "rename",
		"drop", "head", "sample", "count", "upper", "priority",
		"group.values", "group", "window", "dedup", "profile", "sort",
		"top", "tail", "number", "lookup", "union", "csv.format",
		"csv.gather", "json.format", "lines.format", "fixed.parse",
		"length.parse", "length.format", "decode", "gzip.decode",
		"zstd.decode", "lz4.decode", "bzip2.decode", "gzip.encode",
		"zstd.encode", "lz4.encode", "bzip2.encode", "blocks.cut",
		"blocks.encode", "write", "write.split"};
	uint32_t n = sizeof(expected) / sizeof(expected[0]);

	ck_assert_uint_eq(leat_stages.size, sizeof(leat_stages));
	ck_assert_uint_eq(leat_stages.n_stages, n);
	for (uint32_t k = 0; k < n; k++)
		ck_assert_str_eq(leat_stages.stages[k]->name, expected[k]);
}
END_TEST

START_TEST(every_stage_and_option_says_what_it_is)
{
	for (uint32_t k = 0; k < leat_stages.n_stages; k++) {
		const struct leat_stage_ops *ops = leat_stages.stages[k];
		const struct leat_option *option = ops->options;

		ck_assert_ptr_nonnull(ops->summary);
		ck_assert_ptr_nonnull(ops->help);
		ck_assert_uint_eq(ops->size, sizeof(*ops));
		for (; option && option->name; option++) {
			ck_assert_ptr_nonnull(option->help);
			ck_assert_uint_lt(option->offset, ops->opts_bytes);
		}
	}
}
END_TEST

static bool
set_has(const char *text)
{
	size_t len = strcspn(text, " ");

	for (uint32_t k = 0; k < leat_stages.n_stages; k++)
		if (strncmp(leat_stages.stages[k]->name, text, len) == 0 &&
			!leat_stages.stages[k]->name[len])
			return true;
	return false;
}

START_TEST(every_extension_names_stages_of_the_set)
{
	const struct leat_extension *e = leat_stages.extensions;

	for (; e->suffix; e++) {
		ck_assert_int_eq(e->suffix[0], '.');
		ck_assert(!e->parser || set_has(e->parser));
		ck_assert(!e->formatter || set_has(e->formatter));
	}
}
END_TEST

/* in.FROM turns into out.TO, with nothing or with something between. */
static void
turns(const char *from, const char *input, const char *to, const char *output)
{
	static const char *const between[] = {"", "! head "};
	struct leat_error err;
	char in[16], out[16], text[100];

	snprintf(in, sizeof(in), "in%s", from);
	snprintf(out, sizeof(out), "out%s", to);
	for (uint32_t k = 0; k < 2; k++) {
		snprintf(text, sizeof(text), "read %s %s! write %s", in,
			between[k], out);
		pipe_enter_folder();
		pipe_put_text(in, input);
		ck_assert_msg(pipe_run(text, NULL, &err) == LEAT_OK, "%s: %s",
			text, err.text);
		pipe_file_holds(out, output);
		pipe_leave_folder();
	}
}

START_TEST(extensions_bring_parsers_and_formatters_along)
{
	turns(".csv", "a,b\r\n1,2\r\n", ".tsv", "a\tb\n1\t2\n");
	turns(".tab", "a\tb\n1\t2\n", ".csv", "a,b\n1,2\n");
	turns(".csv", "a,b\n1,x\n", ".json", "{\"a\":1,\"b\":\"x\"}\n");
	turns(".csv", "a\n1\n", ".ndjson", "{\"a\":1}\n");
	turns(".tsv", "a\n1\n", ".jsonl", "{\"a\":1}\n");
	turns(".log", "a\r\nb", ".txt", "a\nb\n");
	turns(".txt", "a\n", ".jsonl", "{\"line\":\"a\"}\n");
}
END_TEST

TEST_MAIN("stages/table", every_stage_can_be_found_by_its_name,
	every_stage_and_option_says_what_it_is,
	every_extension_names_stages_of_the_set,
	extensions_bring_parsers_and_formatters_along)
