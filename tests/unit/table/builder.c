/*
 * tests of table/builder.c
 */
#include <leat/stages.h>

#include "support/pipe.h"
#include "unit/table/fake.h"

#define N_ROWS 20000u

/* A source that builds rows: k, k / 2, a text, is k odd; every seventh row has
 * nulls instead. */
struct build_opts {
	uint32_t size;
	uint32_t flags;
	uint64_t n;
	uint64_t text_bytes; /* of every row */
};

struct build {
	const struct build_opts *opts;
	struct leat_builder builder;
	uint64_t at;
	uint8_t *text;
};

static const struct leat_column build_columns[] = {
	{"k", LEAT_TYPE_INT64, LEAT_FIELD_NONE, 0, 0, 0},
	{"half", LEAT_TYPE_FLOAT64, LEAT_FIELD_NONE, 1, 0, 0},
	{"text", LEAT_TYPE_TEXT, LEAT_FIELD_NONE, 2, 0, 0},
	{"odd", LEAT_TYPE_BOOL, LEAT_FIELD_NONE, 3, 0, 0},
	{"price", LEAT_TYPE_DECIMAL, LEAT_FIELD_NONE, 4, 2, 0},
	{"day", LEAT_TYPE_DATE, LEAT_FIELD_NONE, 5, 0, 0}};
static const struct leat_schema build_schema = {
	.n_columns = 6, .n_vectors = 6, .columns = build_columns};

static int
build_init(struct leat_stage *st, const void *opts)
{
	struct build *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->opts = opts;
	needs->frame_bytes = leat_builder_frame_bytes();
	needs->holds = 1;
	needs->side_bytes =
		leat_builder_side_bytes(6) + s->opts->text_bytes + 64;
	return LEAT_OK;
}

static int
build_open(struct leat_stage *st)
{
	struct build *s = leat_stage_state(st);
	void *memory;

	LEAT_TRY(leat_stage_alloc(st, s->opts->text_bytes + 1, &memory));
	s->text = memory;
	memset(s->text, 'x', s->opts->text_bytes);
	return LEAT_OK;
}

static void
build_row(struct build *s)
{
	struct leat_builder *b = &s->builder;
	uint64_t k = s->at;

	leat_builder_int64(b, 0, (int64_t)k);
	if (k % 7 == 0)
		return;
	leat_builder_float64(b, 1, (double)k / 2);
	leat_builder_text(b, 2,
		(struct leat_text){s->text, (uint32_t)s->opts->text_bytes});
	leat_builder_bool(b, 3, k % 2);
	leat_builder_decimal(b, 4, (struct leat_decimal){k, 0});
	leat_builder_int64(b, 5, (int64_t)k);
}

static int
build_produce(struct leat_stage *st)
{
	struct build *s = leat_stage_state(st);
	int rc;

	leat_builder_enter(&s->builder, &build_schema, NULL);
	while (s->at < s->opts->n) {
		rc = leat_builder_begin_row(st, &s->builder);
		if (rc)
			return rc == LEAT_MORE ? LEAT_OK : rc;
		build_row(s);
		rc = leat_builder_end_row(st, &s->builder);
		if (rc < 0)
			return rc;
		leat_stage_count(st, LEAT_COUNT_READ, (uint64_t)rc);
		s->at += (uint64_t)rc;
	}
	return LEAT_EOS;
}

static int
build_finish(struct leat_stage *st)
{
	struct build *s = leat_stage_state(st);

	leat_builder_enter(&s->builder, &build_schema, NULL);
	return leat_builder_flush(st, &s->builder, true);
}

static void
build_fini(struct leat_stage *st)
{
	struct build *s = leat_stage_state(st);

	leat_frame_release(s->builder.frame);
}

static const struct leat_stage_ops build_ops = {
	LEAT_STAGE_OPS_INIT("build"),
	.state_bytes = sizeof(struct build),
	.opts_bytes = sizeof(struct build_opts),
	.out_layout = LEAT_LAYOUT_TABLE,
	.init = build_init,
	.open = build_open,
	.produce = build_produce,
	.finish = build_finish,
	.fini = build_fini,
};

/* Text stands within the frame's bytes, which are all that a copy has. */
static int
look_process(struct leat_stage *st, struct leat_frame *in)
{
	const struct leat_piece *pieces;
	struct leat_vector v;
	uint32_t bad;
	struct leat_table t;

	leat_table_open(in, &t);
	ck_assert_int_eq(
		leat_table_vector(&t, 2, LEAT_TYPE_TEXT, &v, &bad), LEAT_OK);
	pieces = v.values;
	for (uint32_t k = 0; k < t.n_rows_all; k++)
		if (leat_vector_has(&v, k))
			ck_assert_uint_le(pieces[k].at +
					(pieces[k].len & ~LEAT_PIECE_OWN),
				in->len_bytes);
	return leat_stage_emit(st, 0, in);
}

static const struct leat_stage_ops look_ops = {
	LEAT_STAGE_OPS_INIT("look"),
	.in_layouts = LEAT_LAYOUT_TABLE,
	.out_layout = LEAT_LAYOUT_TABLE,
	.process = look_process,
};

static struct leat_stage_stats built; /* by the last build_run() */

/* Build so many rows with texts of that length, and write them as CSV. */
static int
build_run(uint64_t n, uint64_t text_bytes, struct leat_error *err)
{
	struct build_opts opts = {
		LEAT_OPTS_INIT(build_opts), .n = n, .text_bytes = text_bytes};
	struct leat_write_opts to = {
		LEAT_OPTS_INIT(leat_write_opts), .path = "out.csv", .sync = 1};
	struct leat_step steps[] = {{&build_ops, &opts}, {&look_ops, NULL},
		{&leat_csv_format_ops, NULL}, {&leat_write_ops, &to}};
	struct leat_graph *graph;
	int rc;

	ck_assert_int_eq(leat_graph_create(NULL, &graph, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_chain(graph, steps, 4, err), LEAT_OK);
	rc = leat_graph_run(graph, err);
	ck_assert_int_eq(leat_stage_stats(graph, 0, &built), LEAT_OK);
	leat_graph_destroy(graph);
	return rc;
}

/* The row's line as it has to be. */
static void
check_line(char **at, uint64_t k, const char *text)
{
	char want[256];
	char day[16] = "";

	day[leat_text_print_date((int64_t)k, day)] = '\0';
	if (k % 7 == 0)
		snprintf(want, sizeof(want), "%llu,,,,,\n",
			(unsigned long long)k);
	else
		snprintf(want, sizeof(want),
			"%llu,%llu%s,%s,%s,%llu.%02llu,%s\n",
			(unsigned long long)k, (unsigned long long)k / 2,
			k % 2 ? ".5" : "", text, k % 2 ? "true" : "false",
			(unsigned long long)k / 100,
			(unsigned long long)k % 100, day);
	ck_assert_msg(!strncmp(*at, want, strlen(want)), "%.80s is not %s", *at,
		want);
	*at += strlen(want);
}

START_TEST(rows_of_all_types_come_back)
{
	struct leat_error err;
	char *text, *at;

	pipe_enter_folder();
	ck_assert_int_eq(build_run(N_ROWS, 3, &err), LEAT_OK);
	text = at = pipe_get_file("out.csv", NULL);
	ck_assert(!strncmp(at, "k,half,text,odd,price,day\n", 26));
	at += 26;
	for (uint64_t k = 0; k < N_ROWS; k++)
		check_line(&at, k, "xxx");
	ck_assert_int_eq(*at, '\0');
	free(text);
	pipe_leave_folder();
}
END_TEST

/* However few there are: 34 bytes each, bits, text, and what aligns it. */
START_TEST(a_frame_has_no_more_bytes_than_its_rows_need)
{
	struct leat_error err;
	char *text, *at;

	pipe_enter_folder();
	for (uint64_t n = 1; n < 3000; n += n < 70 ? 1 : 977) {
		ck_assert_int_eq(build_run(n, 5, &err), LEAT_OK);
		ck_assert_uint_eq(built.out_frames, 1);
		ck_assert_uint_ge(built.out_bytes, n * 50);
		ck_assert_uint_le(built.out_bytes, n * 60 + 24 * 64);
		text = at = pipe_get_file("out.csv", NULL);
		at += 26;
		for (uint64_t k = 0; k < n; k++)
			check_line(&at, k, "xxxxx");
		ck_assert_int_eq(*at, '\0');
		free(text);
	}
	pipe_leave_folder();
}
END_TEST

START_TEST(a_row_that_does_not_fit_goes_to_the_next_frame)
{
	struct leat_error err;
	size_t n;

	pipe_enter_folder();
	ck_assert_int_eq(build_run(30, 300000, &err), LEAT_OK);
	free(pipe_get_file("out.csv", &n));
	/* five of thirty have no text */
	ck_assert_uint_gt(n, 25 * 300000);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_row_that_no_frame_can_hold_is_refused)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(build_run(30, 3u << 20, &err), LEAT_ELIMIT);
	ck_assert_msg(strstr(err.text, "more text than a frame") != NULL, "%s",
		err.text);
	pipe_leave_folder();
}
END_TEST

START_TEST(a_table_of_no_row_has_its_columns)
{
	struct leat_error err;

	pipe_enter_folder();
	ck_assert_int_eq(build_run(0, 3, &err), LEAT_OK);
	pipe_file_holds("out.csv", "k,half,text,odd,price,day\n");
	pipe_leave_folder();
}
END_TEST

TEST_MAIN("table/builder", rows_of_all_types_come_back,
	a_frame_has_no_more_bytes_than_its_rows_need,
	a_row_that_does_not_fit_goes_to_the_next_frame,
	a_row_that_no_frame_can_hold_is_refused,
	a_table_of_no_row_has_its_columns)
