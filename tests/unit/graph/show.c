/*
 * unit/graph/show.c -- a graph as text that parses to the same graph; dot.
 */
#include "unit/graph/fake.h"

START_TEST(options_are_shown_where_they_are_not_the_default)
{
	fake_shows("read path=a chunk_bytes=64k ! head n=10 ! drop",
		"read a ! head ! drop\n");
	fake_shows("read a chunk_bytes=8192 ! head 10 5 ! drop",
		"read a chunk_bytes=8k ! head skip=5 ! drop\n");
	fake_shows("read a ! all uint=3 int=-2 number=0.5 bytes=1M "
		   "duration=1500ms bool=yes char=\\t enum=beta string=\"a b\" "
		   "! drop",
		"read a ! all string=\"a b\" uint=3 int=-2 number=0.5 bytes=1M "
		"duration=1500ms bool=on char=tab enum=beta ! drop\n");
}
END_TEST

START_TEST(words_are_quoted_where_they_need_it)
{
	static const char *const same[] = {"read \"#\" ! drop",
		"read \"!\" ! drop", "read \"a=b\" ! drop",
		"read \"t.\" ! drop", "read \"t.1\" ! drop",
		"read \"head\" ! drop", "read \"a b\" ! drop",
		"read \"a\\\"\\\\\\n\\tb\" ! drop", "read \xc3\xa9.x ! drop",
		"read /tmp/a-b_c.d ! drop",
		"read a ! csv.parse sep=\"\\\"\" header=none ! drop"};

	for (size_t k = 0; k < sizeof(same) / sizeof(same[0]); k++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "%s\n", same[k]);
		fake_shows(same[k], expected);
	}
}
END_TEST

START_TEST(a_graph_that_was_checked_shows_itself_the_same)
{
	const char *text = "read a ! m.1 read b ! head ! merge name=m ! tee ! "
			   "drop tee.1 ! drop read c ! drop";
	struct leat_graph *g = fake_parsed(text);
	char before[512], after[512];

	leat_graph_show(g, before, sizeof(before));
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_show(g, after, sizeof(after));
	ck_assert_str_eq(before, after);
	leat__graph_free(g);
}
END_TEST

START_TEST(text_is_cut_where_there_is_no_room)
{
	struct leat_graph *g = fake_parsed("read a ! drop");
	char buf[8];

	ck_assert_uint_eq(leat_graph_show(g, NULL, 0), 14);
	ck_assert_uint_eq(leat_graph_show(g, buf, sizeof(buf)), 14);
	ck_assert_str_eq(buf, "read a ");
	leat__graph_free(g);
}
END_TEST

START_TEST(an_empty_graph_shows_nothing)
{
	struct leat_graph *g = fake_graph();
	char buf[8] = "x";

	ck_assert_uint_eq(leat_graph_show(g, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	leat__graph_free(g);
}
END_TEST

START_TEST(a_circle_can_be_shown)
{
	struct leat_graph *g = fake_graph();
	struct leat_stage *head = fake_add(g, &fake_head, NULL);
	char buf[64];

	fake_link(g, leat_out(head, 0), leat_in(head, 0));
	leat_graph_show(g, buf, sizeof(buf));
	ck_assert_str_eq(buf, "head ! head.0\n");
	leat__graph_free(g);
}
END_TEST

/* ---- any graph --------------------------------------------------------- */

static uint64_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Outs that have no link yet. */
struct loose {
	uint32_t n;
	struct leat_end ends[256];
};

static struct leat_end
loose_take(struct loose *loose)
{
	uint32_t k = draw(loose->n);
	struct leat_end end = loose->ends[k];

	loose->ends[k] = loose->ends[--loose->n];
	return end;
}

static void
loose_put(struct loose *loose, struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_outs; k++)
		loose->ends[loose->n++] = leat_out(st, k);
}

/* Links to a stage's ins go in any order of the ins. */
static void
random_link(struct leat_graph *g, struct loose *loose, struct leat_stage *st)
{
	uint32_t first = draw(st->n_ins);

	for (uint32_t k = 0; k < st->n_ins; k++)
		fake_link(g, loose_take(loose),
			leat_in(st, (first + k) % st->n_ins));
}

static struct leat_graph *
random_graph(void)
{
	static const struct leat_stage_ops *const kinds[] = {&fake_numbers,
		&fake_head, &fake_tee, &fake_merge, &fake_drop, &fake_tee,
		&fake_double};
	struct leat_graph *g = fake_graph();
	struct loose loose = {0};
	uint32_t n = 1 + draw(24);

	for (uint32_t k = 0; k < n; k++) {
		const struct leat_stage_ops *ops = kinds[draw(7)];
		uint32_t n_ins = ops->produce ? 0 : ops->n_ins ? ops->n_ins : 1;
		char name[16];
		struct leat_stage *st;

		if (loose.n < n_ins)
			ops = &fake_numbers;
		snprintf(name, sizeof(name), "x%u", draw(1000000));
		st = fake_add(g, ops, draw(4) ? NULL : name);
		if (st->n_ins)
			random_link(g, &loose, st);
		loose_put(&loose, st);
	}
	while (loose.n)
		fake_link(g, loose_take(&loose),
			leat_in(fake_add(g, &fake_drop, NULL), 0));
	return g;
}

/* Every stage and link of one graph is in the other. */
static void
same_graph(const struct leat_graph *a, const struct leat_graph *b)
{
	ck_assert_uint_eq(a->n_stages, b->n_stages);
	ck_assert_uint_eq(a->n_links, b->n_links);
	for (uint32_t k = 0; k < a->n_stages; k++) {
		const struct leat_stage *st = a->stages[k];
		const struct leat_stage *twin =
			leat__graph_find(b, st->name, strlen(st->name));

		ck_assert_msg(twin != NULL, "%s is missing", st->name);
		ck_assert_str_eq(st->ops.name, twin->ops.name);
		for (uint32_t j = 0; j < st->n_outs; j++) {
			const struct leat__link *x = st->outs[j];
			const struct leat__link *y = twin->outs[j];

			ck_assert_ptr_nonnull(y);
			ck_assert_str_eq(x->to->name, y->to->name);
			ck_assert_uint_eq(x->to_index, y->to_index);
		}
	}
}

START_TEST(any_graph_parses_to_itself)
{
	static char shown[65536], again[65536];

	for (uint64_t n = 1; n <= 1000; n++) {
		struct leat_graph *g, *twin;
		struct leat_error err;

		seed = n;
		g = random_graph();
		ck_assert_msg(leat_graph_check(g, &err) == LEAT_OK,
			"seed %llu: %s", (unsigned long long)n, err.text);
		leat_graph_show(g, shown, sizeof(shown));
		twin = fake_parsed(shown);
		same_graph(g, twin);
		leat_graph_show(twin, again, sizeof(again));
		ck_assert_str_eq(shown, again);
		leat__graph_free(g);
		leat__graph_free(twin);
	}
}
END_TEST

/* ---- dot --------------------------------------------------------------- */

START_TEST(a_picture_names_stages_links_and_layouts)
{
	struct leat_graph *g = fake_parsed("read a.csv ! head ! drop");
	char buf[2048];
	size_t n = leat_graph_write_dot(g, buf, sizeof(buf));

	ck_assert_uint_eq(n, strlen(buf));
	ck_assert_ptr_nonnull(strstr(buf, "digraph leat {"));
	ck_assert_ptr_nonnull(strstr(buf,
		"\"csv.parse\" [shape=box, "
		"style=dashed];"));
	ck_assert_ptr_nonnull(strstr(buf, "\"read\" -> \"csv.parse\";"));
	ck_assert_int_eq(leat_graph_check(g, NULL), LEAT_OK);
	leat_graph_write_dot(g, buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf,
		"\"read\" -> \"csv.parse\" "
		"[label=\"bytes\"];"));
	ck_assert_ptr_nonnull(strstr(buf,
		"\"head\" -> \"drop\" "
		"[label=\"table\", style=bold];"));
	ck_assert_str_eq(buf + strlen(buf) - 2, "}\n");
	leat__graph_free(g);
}
END_TEST

TEST_MAIN("graph/show", options_are_shown_where_they_are_not_the_default,
	words_are_quoted_where_they_need_it,
	a_graph_that_was_checked_shows_itself_the_same,
	text_is_cut_where_there_is_no_room, an_empty_graph_shows_nothing,
	a_circle_can_be_shown, any_graph_parses_to_itself,
	a_picture_names_stages_links_and_layouts)
