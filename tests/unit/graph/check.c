/*
 * unit/graph/check.c -- ends, circles, init, layouts, and undoing it all.
 */
#include "unit/graph/fake.h"

/* A stage whose callbacks are counted, and can be told to fail. */
struct probe {
	uint32_t n_init;
	uint32_t n_negotiate;
	uint32_t n_fini;
	int init_code;
	int negotiate_code;
	bool is_silent; /* fails without a text */
	void *memory;
	struct leat_shape in;
	struct leat_shape out;
	struct leat_needs needs; /* what init asks for, if not zero */
	uint32_t layout;         /* what negotiate makes of it; 0 = leaves it */
	uint32_t frame_bytes;
};

static struct probe probe;

static int
probe_fail(struct leat_stage *st, int code)
{
	if (code < 0 && !probe.is_silent)
		return leat_stage_fail(st, code, "no, because");
	return code;
}

static int
probe_init(struct leat_stage *st, const void *opts)
{
	uint32_t *state = leat_stage_state(st);

	(void)opts;
	ck_assert_uint_eq(*state, 0);
	*state = 1;
	probe.n_init++;
	if (probe.needs.max_out || probe.needs.frame_bytes ||
		probe.needs.side_bytes || probe.needs.holds)
		*leat_stage_needs(st) = probe.needs;
	if (probe.needs.side_bytes == 4096)
		ck_assert_int_eq(
			leat_stage_alloc(st, 1000, &probe.memory), LEAT_OK);
	return probe_fail(st, probe.init_code);
}

static int
probe_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	probe.n_negotiate++;
	ck_assert(!in == (st->n_ins == 0));
	ck_assert(!out == (st->n_outs == 0));
	if (in)
		probe.in = *in;
	if (out) {
		probe.out = *out;
		if (probe.layout)
			out->layout = probe.layout;
		if (probe.frame_bytes)
			out->frame_bytes = probe.frame_bytes;
	}
	return probe_fail(st, probe.negotiate_code);
}

static void
probe_fini(struct leat_stage *st)
{
	(void)st;
	probe.n_fini++;
}

static struct leat_stage_ops
probe_of(const struct leat_stage_ops *ops)
{
	struct leat_stage_ops copy = *ops;

	memset(&probe, 0, sizeof(probe));
	copy.name = "probe";
	copy.init = probe_init;
	copy.negotiate = probe_negotiate;
	copy.fini = probe_fini;
	copy.state_bytes = 4;
	return copy;
}

/* source ! probe ! drop */
static struct leat_graph *
graph_of(const struct leat_stage_ops *source, const struct leat_stage_ops *ops)
{
	struct leat_graph *g = fake_graph();
	struct leat_step steps[] = {
		{source, NULL}, {ops, NULL}, {&fake_drop, NULL}};
	struct leat_error err;

	ck_assert_msg(
		leat_graph_chain(g, steps, 3, &err) == LEAT_OK, "%s", err.text);
	return g;
}

/* ---- ends and circles -------------------------------------------------- */

START_TEST(an_empty_graph_is_refused)
{
	struct leat_graph *g = fake_graph();
	struct leat_error err;

	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "empty"));
	leat__graph_free(g);
}
END_TEST

START_TEST(an_end_without_a_link_is_refused)
{
	fake_refuses("head ! drop", "head", "in 0 of stage 'head'");
	fake_refuses("read a ! merge ! drop", "merge", "in 1 of stage");
	fake_refuses("read a ! tee ! drop", "tee", "out 1 of stage 'tee'");
}
END_TEST

START_TEST(a_circle_is_refused)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *merge = fake_add(g, &fake_merge, NULL);
	struct leat_stage *tee = fake_add(g, &fake_tee, NULL);
	struct leat_stage *tail = fake_add(g, &fake_head, "tail");
	struct leat_error err;

	fake_link(g, leat_out(fake_add(g, &fake_numbers, NULL), 0),
		leat_in(merge, 0));
	fake_link(g, leat_out(merge, 0), leat_in(tee, 0));
	fake_link(g, leat_out(tee, 0), leat_in(merge, 1));
	fake_link(g, leat_out(tee, 1), leat_in(tail, 0));
	fake_link(g, leat_out(tail, 0),
		leat_in(fake_add(g, &fake_drop, NULL), 0));
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "no circles"));
	ck_assert_msg(!strcmp(err.stage, "merge") || !strcmp(err.stage, "tee"),
		"'%s' is not on the circle", err.stage);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_stage_that_feeds_itself_is_refused)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *head = fake_add(g, &fake_head, NULL);
	struct leat_error err;

	fake_link(g, leat_out(head, 0), leat_in(head, 0));
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_EINVAL);
	ck_assert_str_eq(err.stage, "head");
	leat__graph_free(g);
}
END_TEST

START_TEST(stages_are_numbered_in_the_order_of_the_data)
{
	struct leat_graph *g = fake_checked(
		"read a ! m.1 read b ! head ! merge name=m ! tee ! drop "
		"tee.1 ! drop");

	for (uint32_t k = 0; k < g->n_links; k++)
		ck_assert_uint_lt(
			g->links[k]->from->number, g->links[k]->to->number);
	for (uint32_t k = 0; k < g->n_stages; k++)
		ck_assert_uint_eq(g->stages[k]->number, k);
	leat__graph_free(g);
}
END_TEST

/* ---- callbacks --------------------------------------------------------- */

START_TEST(each_callback_is_called_once)
{
	struct leat_stage_ops ops = probe_of(&fake_head);
	struct leat_graph *g;

	ops.opts_bytes = 0;
	ops.options = NULL;
	g = graph_of(&fake_numbers, &ops);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(probe.n_init, 1);
	ck_assert_uint_eq(probe.n_negotiate, 1);
	ck_assert_uint_eq(probe.n_fini, 0);
	leat__graph_free(g);
	ck_assert_uint_eq(probe.n_fini, 1);
}
END_TEST

START_TEST(a_graph_that_was_never_checked_calls_nothing)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);

	ops.n_outs = 1;
	leat__graph_free(graph_of(&fake_numbers, &ops));
	ck_assert_uint_eq(probe.n_init, 0);
	ck_assert_uint_eq(probe.n_fini, 0);
}
END_TEST

static void
check_fails(struct leat_graph *g, int code, const char *words)
{
	struct leat_error err;

	ck_assert_int_eq(leat_graph_check(g, &err), code);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_str_eq(err.stage, "probe");
	ck_assert_uint_eq(leat_graph_bound_bytes(g), 0);
}

START_TEST(a_failed_init_is_undone_and_can_be_tried_again)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);
	struct leat_graph *g;

	ops.n_outs = 1;
	g = graph_of(&fake_numbers, &ops);
	probe.init_code = LEAT_EIO;
	probe.needs.side_bytes = 4096;
	check_fails(g, LEAT_EIO, "no, because");
	ck_assert_uint_eq(probe.n_fini, 1);
	probe.is_silent = true;
	probe.init_code = LEAT_ENOMEM;
	check_fails(g, LEAT_ENOMEM, "init of stage 'probe' failed");
	ck_assert_uint_eq(probe.n_fini, 2);
	probe.init_code = LEAT_OK;
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat__graph_free(g);
	ck_assert_uint_eq(probe.n_fini, 3);
}
END_TEST

START_TEST(a_failed_negotiate_is_undone)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);
	struct leat_graph *g;

	ops.n_outs = 1;
	g = graph_of(&fake_numbers, &ops);
	probe.negotiate_code = LEAT_EDATA;
	check_fails(g, LEAT_EDATA, "no, because");
	ck_assert_uint_eq(probe.n_fini, 1);
	leat__graph_free(g);
	ck_assert_uint_eq(probe.n_fini, 1);
}
END_TEST

START_TEST(needs_over_their_limit_are_refused)
{
	static const struct leat_needs bad[] = {
		{.max_out = LEAT__MAX_OUT_MAX + 1},
		{.holds = LEAT__HOLDS_MAX + 1},
		{.side_bytes = LEAT__SIDE_BYTES_MAX + 1},
		{.frame_bytes = LEAT_SLOT_BYTES_MAX},
	};
	static const char *const words[] = {
		"max_out 4097", "holds 65537", "side_bytes", "frame_bytes"};

	for (size_t k = 0; k < 4; k++) {
		struct leat_stage_ops ops = probe_of(&fake_tee);
		struct leat_graph *g;

		ops.n_outs = 1;
		g = graph_of(&fake_numbers, &ops);
		probe.needs = bad[k];
		check_fails(g, LEAT_ELIMIT, words[k]);
		leat__graph_free(g);
	}
}
END_TEST

/* ---- layouts ----------------------------------------------------------- */

START_TEST(layouts_that_do_not_meet_are_refused_with_what_would)
{
	fake_refuses("read a ! where x ! drop", "where",
		"stage 'where' takes table, but 'read' gives bytes; put "
		"csv.parse between them");
	fake_refuses("read a ! head ! where x ! drop", "where",
		"'head' gives bytes; put csv.parse between them");
	fake_refuses("read a ! json.format ! drop", "json.format",
		"takes rows or table, but 'read' gives bytes; put csv.parse or "
		"lines.parse between");
	fake_refuses("read a ! csv.parse ! lines.format ! drop", "lines.format",
		"takes rows, but 'csv.parse' gives table; in its place: ");
	fake_refuses("read a ! csv.parse ! lines.format ! drop", "lines.format",
		"json.format");
	fake_refuses("numbers ! where x ! drop", "where",
		"takes table, but 'numbers' gives items");
	/* between the two stands an implied stage, which has no place */
	fake_refuses("read a.txt ! head ! json.format ! head ! where x",
		"where", "gives bytes");
	fake_refuses("numbers ! head", "head", "takes bytes");
}
END_TEST

START_TEST(item_sizes_must_agree)
{
	fake_refuses("numbers ! even ! drop", "even",
		"takes items of 4 bytes, but 'numbers' gives items of 8");
	leat__graph_free(fake_checked("numbers ! double ! drop"));
}
END_TEST

START_TEST(ins_of_one_stage_must_be_alike)
{
	fake_refuses("numbers ! merge name=m ! drop read a ! m.", "merge",
		"gets items and bytes");
}
END_TEST

START_TEST(a_passing_stage_is_told_and_tells_what_came_in)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);
	struct leat_graph *g;

	ops.n_outs = 1;
	g = graph_of(&fake_numbers, &ops);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(probe.in.layout, LEAT_LAYOUT_ITEMS);
	ck_assert_uint_eq(probe.in.item_bytes, 8);
	ck_assert_uint_eq(probe.in.frame_bytes, 65536);
	ck_assert_int_eq(memcmp(&probe.in, &probe.out, sizeof(probe.in)), 0);
	ck_assert(g->stages[1]->is_passer);
	ck_assert(!g->stages[1]->is_maker);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_converting_stage_begins_without_base_and_schema)
{
	struct leat_stage_ops ops = probe_of(&fake_lines_format);
	struct leat_graph *g = fake_graph();
	struct leat_step steps[] = {{&fake_numbers, NULL},
		{&fake_csv_parse, NULL}, {&ops, NULL}, {&fake_drop, NULL}};
	struct leat_stage_ops source = fake_numbers;

	source.out_layout = LEAT_LAYOUT_BYTES;
	source.needs.frame_bytes = 5000;
	steps[0].ops = &source;
	ops.in_layouts = LEAT_LAYOUT_TABLE;
	ck_assert_int_eq(leat_graph_chain(g, steps, 4, NULL), LEAT_OK);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(probe.in.base_bytes, 5000);
	ck_assert_uint_eq(probe.in.frame_bytes, 200000);
	ck_assert_uint_eq(probe.out.base_bytes, 0);
	ck_assert_ptr_null(probe.out.schema);
	ck_assert_uint_eq(probe.out.layout, LEAT_LAYOUT_BYTES);
	/* frames of its own, as large as its input's */
	ck_assert_uint_eq(g->stages[2]->needs.frame_bytes, 200000);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_size_given_in_negotiate_counts)
{
	struct leat_stage_ops ops = probe_of(&fake_lines_format);
	struct leat_graph *g;

	ops.in_layouts = 0;
	g = graph_of(&fake_numbers, &ops);
	probe.frame_bytes = 300000;
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(g->stages[1]->needs.frame_bytes, 300000);
	ck_assert_uint_eq(g->stages[2]->in_shape.frame_bytes, 300000);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_maker_that_passes_frames_on_gives_the_larger_size)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);
	struct leat_graph *g;

	ops.n_outs = 1;
	ops.needs.frame_bytes = 4096;
	g = graph_of(&fake_numbers, &ops);
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	ck_assert_uint_eq(g->stages[1]->needs.frame_bytes, 4096);
	ck_assert_uint_eq(g->stages[1]->out_shape.frame_bytes, 65536);
	ck_assert(g->stages[1]->is_passer && g->stages[1]->is_maker);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_layout_that_is_none_is_a_bug)
{
	struct leat_stage_ops ops = probe_of(&fake_tee);
	struct leat_graph *g;

	ops.n_outs = 1;
	g = graph_of(&fake_numbers, &ops);
	probe.layout = LEAT_LAYOUT_BYTES | LEAT_LAYOUT_ROWS;
	check_fails(g, LEAT_EBUG, "left layout 0x5");
	leat__graph_free(g);
}
END_TEST

START_TEST(layouts_have_names)
{
	char buf[64];
	struct leat__text text = {buf, sizeof(buf), 0};

	leat__layouts_add(LEAT_LAYOUT_ANY, &text);
	ck_assert_str_eq(buf, "bytes, items, rows or table");
	text.at = 0;
	leat__layouts_add(LEAT_LAYOUT_ROWS | LEAT_LAYOUT_TABLE, &text);
	ck_assert_str_eq(buf, "rows or table");
	text.at = 0;
	leat__layouts_add(LEAT_LAYOUT_ITEMS, &text);
	ck_assert_str_eq(buf, "items");
	text.at = 0;
	leat__layouts_add(0, &text);
	ck_assert_str_eq(buf, "anything");
	ck_assert_str_eq(leat__layout_name(0), "?");
}
END_TEST

TEST_MAIN("graph/check", an_empty_graph_is_refused,
	an_end_without_a_link_is_refused, a_circle_is_refused,
	a_stage_that_feeds_itself_is_refused,
	stages_are_numbered_in_the_order_of_the_data,
	each_callback_is_called_once,
	a_graph_that_was_never_checked_calls_nothing,
	a_failed_init_is_undone_and_can_be_tried_again,
	a_failed_negotiate_is_undone, needs_over_their_limit_are_refused,
	layouts_that_do_not_meet_are_refused_with_what_would,
	item_sizes_must_agree, ins_of_one_stage_must_be_alike,
	a_passing_stage_is_told_and_tells_what_came_in,
	a_converting_stage_begins_without_base_and_schema,
	a_size_given_in_negotiate_counts,
	a_maker_that_passes_frames_on_gives_the_larger_size,
	a_layout_that_is_none_is_a_bug, layouts_have_names)
