/*
 * unit/graph/graph.c -- life, stages and links of a graph.
 */
#include "unit/graph/fake.h"

#include <leat/channel.h>

static int
create_rc(struct leat_graph_opts opts, const char *words)
{
	struct leat_graph *g = NULL;
	struct leat_error err;
	int rc;

	opts.size = opts.size ? opts.size : (uint32_t)sizeof(opts);
	rc = leat_graph_create(&opts, &g, &err);
	if (rc == LEAT_OK)
		leat__graph_free(g);
	else
		ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	return rc;
}

/* ---- life -------------------------------------------------------------- */

START_TEST(a_graph_has_defaults)
{
	struct leat_graph *g;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(NULL, &g, &err), LEAT_OK);
	ck_assert_uint_ge(g->opts.workers, 1);
	ck_assert_uint_ge(g->opts.capacity_frames, 1);
	ck_assert_uint_eq(g->opts.quantum_ns, 100000);
	ck_assert_ptr_eq(g->opts.stages, &leat_stages);
	ck_assert_uint_eq(leat_graph_bound_bytes(g), 0);
	leat__graph_free(g);
	leat__graph_free(NULL);
}
END_TEST

START_TEST(each_option_of_a_graph_has_its_limit)
{
	struct leat_stage_set small = {.size = 8};
	struct leat_graph_opts o = {.stages = &fake_set};

	o.flags = LEAT_GRAPH_VIRTUAL_TIME << 1;
	ck_assert_int_eq(create_rc(o, "flags"), LEAT_EINVAL);
	o.flags = 0;
	o.workers = LEAT_GRAPH_WORKERS_MAX;
	ck_assert_int_eq(create_rc(o, ""), LEAT_OK);
	o.workers++;
	ck_assert_int_eq(create_rc(o, "workers"), LEAT_EINVAL);
	o.workers = 0;
	o.capacity_frames = LEAT_CHANNEL_CAPACITY_MAX;
	ck_assert_int_eq(create_rc(o, ""), LEAT_OK);
	o.capacity_frames++;
	ck_assert_int_eq(create_rc(o, "capacity_frames"), LEAT_EINVAL);
	o.capacity_frames = 0;
	o.quantum_ns = LEAT__QUANTUM_NS_MAX;
	ck_assert_int_eq(create_rc(o, ""), LEAT_OK);
	o.quantum_ns++;
	ck_assert_int_eq(create_rc(o, "quantum_ns"), LEAT_EINVAL);
	o.quantum_ns = 0;
	o.stages = &small;
	ck_assert_int_eq(create_rc(o, "stage set"), LEAT_EINVAL);
}
END_TEST

START_TEST(options_of_an_older_and_a_newer_caller_are_accepted)
{
	struct {
		struct leat_graph_opts opts;
		uint64_t more;
	} newer = {.opts = {.size = sizeof(newer)}};
	struct leat_graph_opts older = {.size = 8, .workers = 999};
	struct leat_graph *g;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_create(&older, &g, &err), LEAT_OK);
	leat__graph_free(g);
	ck_assert_int_eq(leat_graph_create(&newer.opts, &g, &err), LEAT_OK);
	leat__graph_free(g);
	newer.more = 1;
	ck_assert_int_eq(
		leat_graph_create(&newer.opts, &g, &err), LEAT_ENOTSUP);
}
END_TEST

START_TEST(a_graph_hangs_below_its_parent)
{
	struct leat_graph_opts opts = {0};
	struct leat_graph *g;
	struct leat_ctx *parent;

	ck_assert_int_eq(leat_ctx_create(&parent, NULL), LEAT_OK);
	opts.parent = parent;
	g = fake_graph_with(opts);
	leat_ctx_cancel(parent, LEAT_ECANCELED, "enough");
	ck_assert(leat_ctx_is_done(g->ctx));
	leat__graph_free(g);
	leat_ctx_destroy(parent);
}
END_TEST

/* ---- stages ------------------------------------------------------------ */

START_TEST(strings_of_options_are_copied)
{
	char path[] = "there";
	struct fake_path_opts opts = {
		.size = sizeof(opts), .path = path, .chunk_bytes = 4096};
	struct leat_step step = {&fake_read, &opts};
	struct leat_graph *g = fake_graph();
	struct leat_stage *st;
	const struct fake_path_opts *kept;

	ck_assert_int_eq(leat_graph_add(g, "in", &step, &st, NULL), LEAT_OK);
	path[0] = 'w';
	kept = st->opts;
	ck_assert_str_eq(kept->path, "there");
	ck_assert_uint_eq(kept->chunk_bytes, 4096);
	ck_assert_str_eq(leat_stage_name(st), "in");
	leat__graph_free(g);
}
END_TEST

START_TEST(the_seed_of_hashes_is_that_of_the_graph_or_drawn)
{
	struct leat_graph_opts opts = {.hash_seed = 77};
	struct leat_graph *said = fake_graph_with(opts);
	struct leat_graph *one = fake_graph(), *other = fake_graph();
	struct leat_stage *a = fake_add(one, &fake_head, NULL);
	struct leat_stage *b = fake_add(other, &fake_head, NULL);

	ck_assert_uint_eq(
		leat_stage_hash_seed(fake_add(said, &fake_head, NULL)), 77);
	ck_assert_uint_ne(leat_stage_hash_seed(a), leat_stage_hash_seed(b));
	leat__graph_free(said);
	leat__graph_free(one);
	leat__graph_free(other);
}
END_TEST

START_TEST(shorter_options_are_extended_with_zero)
{
	struct fake_path_opts opts = {
		.size = 16, .path = "a", .chunk_bytes = 1};
	struct leat_step step = {&fake_read, &opts};
	struct leat_graph *g = fake_graph();
	struct leat_stage *st;
	const struct fake_path_opts *kept;

	ck_assert_int_eq(leat_graph_add(g, NULL, &step, &st, NULL), LEAT_OK);
	kept = st->opts;
	ck_assert_uint_eq(kept->size, sizeof(*kept));
	ck_assert_uint_eq(kept->chunk_bytes, 0);
	leat__graph_free(g);
}
END_TEST

static void
add_refuses(const struct leat_stage_ops *ops, const char *name,
	const void *opts, int code, const char *words)
{
	struct leat_graph *g = fake_graph();
	struct leat_step step = {ops, opts};
	struct leat_error err;
	struct leat_stage *st;

	fake_add(g, &fake_drop, "drop");
	ck_assert_int_eq(leat_graph_add(g, name, &step, &st, &err), code);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_int_eq(err.code, code);
	ck_assert_uint_eq(g->n_stages, 1);
	leat__graph_free(g);
}

START_TEST(bad_options_are_refused)
{
	struct fake_path_opts opts = {.size = sizeof(opts)};
	struct {
		struct fake_path_opts opts;
		uint64_t more;
	} newer = {.opts = {.size = sizeof(newer), .path = "a"}, .more = 1};

	add_refuses(&fake_read, NULL, NULL, LEAT_EINVAL, "needs option 'path'");
	add_refuses(
		&fake_read, NULL, &opts, LEAT_EINVAL, "needs option 'path'");
	opts.path = "a";
	opts.chunk_bytes = 4095;
	add_refuses(&fake_read, NULL, &opts, LEAT_EINVAL, "from 4k to 64M");
	opts.chunk_bytes = 0;
	opts.flags = 4;
	add_refuses(&fake_read, NULL, &opts, LEAT_EINVAL, "flags are 0x4");
	opts.flags = 0;
	opts.size = 4;
	add_refuses(&fake_read, NULL, &opts, LEAT_EINVAL, "size is 4");
	add_refuses(&fake_read, NULL, &newer, LEAT_ENOTSUP, "does not have");
	add_refuses(&fake_drop, NULL, &opts, LEAT_EINVAL, "takes no options");
	add_refuses(NULL, NULL, NULL, LEAT_EINVAL, "ops");
}
END_TEST

START_TEST(a_bad_or_used_name_is_refused)
{
	char longest[LEAT_ERROR_STAGE_BYTES + 1];

	add_refuses(&fake_head, "drop", NULL, LEAT_EINVAL, "already");
	add_refuses(&fake_head, "", NULL, LEAT_EINVAL, "cannot be the name");
	add_refuses(&fake_head, "a b", NULL, LEAT_EINVAL, "accepted");
	add_refuses(&fake_head, "t.", NULL, LEAT_EINVAL, "no . at the end");
	add_refuses(&fake_head, "t.12", NULL, LEAT_EINVAL, "accepted");
	memset(longest, 'a', sizeof(longest));
	longest[LEAT_ERROR_STAGE_BYTES] = '\0';
	add_refuses(&fake_head, longest, NULL, LEAT_EINVAL, "up to 63");
}
END_TEST

START_TEST(a_checked_graph_takes_nothing_more)
{
	struct leat_graph *g = fake_checked("read a ! drop");
	struct leat_step step = {&fake_head, NULL};
	struct leat_end out = leat_out(g->stages[0], 0);
	struct leat_end in = leat_in(g->stages[1], 0);
	struct leat_stage *st;
	struct leat_error err;

	ck_assert_int_eq(
		leat_graph_add(g, NULL, &step, &st, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_link(g, out, in, NULL, &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_parse(g, "read b", &err), LEAT_ESTATE);
	ck_assert_int_eq(leat_graph_chain(g, &step, 1, &err), LEAT_ESTATE);
	leat__graph_free(g);
}
END_TEST

START_TEST(stages_over_the_limit_are_refused)
{
	struct leat_graph *g = fake_graph();
	struct leat_step step = {&fake_head, NULL};
	struct leat_stage *st;
	struct leat_error err;

	for (uint32_t k = 0; k < LEAT_GRAPH_STAGES_MAX; k++)
		fake_add(g, &fake_head, NULL);
	ck_assert_int_eq(
		leat_graph_add(g, NULL, &step, &st, &err), LEAT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "LEAT_GRAPH_STAGES_MAX"));
	leat__graph_free(g);
}
END_TEST

/* ---- links ------------------------------------------------------------- */

static void
link_refuses(struct leat_graph *g, struct leat_end out, struct leat_end in,
	const struct leat_link_opts *opts, const char *words)
{
	uint32_t n_links = g->n_links;
	struct leat_error err;

	ck_assert_int_eq(leat_graph_link(g, out, in, opts, &err), LEAT_EINVAL);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	ck_assert_uint_eq(g->n_links, n_links);
}

START_TEST(a_link_that_cannot_be_is_refused)
{
	struct leat_graph *g = fake_graph(), *other = fake_graph();
	struct leat_stage *tee = fake_add(g, &fake_tee, NULL);
	struct leat_stage *drop = fake_add(g, &fake_drop, NULL);
	struct leat_stage *numbers = fake_add(g, &fake_numbers, NULL);
	struct leat_stage *far = fake_add(other, &fake_drop, "far");

	link_refuses(g, leat_out(tee, 2), leat_in(drop, 0), NULL,
		"no out 2; accepted: 0 to 1");
	link_refuses(g, leat_out(tee, 0), leat_in(drop, 1), NULL, "no in 1");
	link_refuses(g, leat_out(drop, 0), leat_in(tee, 0), NULL, "has no out");
	link_refuses(
		g, leat_out(tee, 0), leat_in(numbers, 0), NULL, "has no in");
	link_refuses(
		g, leat_out(tee, 0), leat_in(far, 0), NULL, "another graph");
	link_refuses(g, leat_out(NULL, 0), leat_in(drop, 0), NULL, "NULL");
	fake_link(g, leat_out(tee, 0), leat_in(drop, 0));
	link_refuses(g, leat_out(tee, 0), leat_in(drop, 0), NULL, "already");
	link_refuses(g, leat_out(tee, 1), leat_in(drop, 0), NULL, "already");
	leat__graph_free(g);
	leat__graph_free(other);
}
END_TEST

START_TEST(each_option_of_a_link_has_its_limit)
{
	struct leat_graph *g = fake_graph();
	struct leat_end out = leat_out(fake_add(g, &fake_numbers, NULL), 0);
	struct leat_end in = leat_in(fake_add(g, &fake_drop, NULL), 0);
	struct leat_link_opts o = {LEAT_OPTS_INIT(leat_link_opts), .flags = 1};

	link_refuses(g, out, in, &o, "flags");
	o.flags = 0;
	o.capacity_frames = LEAT_CHANNEL_CAPACITY_MAX + 1;
	link_refuses(g, out, in, &o, "capacity_frames");
	o.capacity_frames = 3;
	ck_assert_int_eq(leat_graph_link(g, out, in, &o, NULL), LEAT_OK);
	ck_assert_uint_eq(g->links[0]->asked_frames, 3);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_chain_of_steps_is_added_and_linked)
{
	struct leat_step steps[] = {{&fake_numbers, NULL}, {&fake_double, NULL},
		{&fake_drop, NULL}};
	struct leat_graph *g = fake_graph();
	struct leat_error err;

	ck_assert_int_eq(leat_graph_chain(g, steps, 3, &err), LEAT_OK);
	ck_assert_uint_eq(g->n_links, 2);
	ck_assert_int_eq(leat_graph_check(g, &err), LEAT_OK);
	leat__graph_free(g);
}
END_TEST

START_TEST(a_chain_that_cannot_be_is_refused)
{
	struct leat_step steps[] = {{&fake_drop, NULL}, {&fake_drop, NULL}};
	struct leat_graph *g = fake_graph();
	struct leat_error err;

	ck_assert_int_eq(leat_graph_chain(g, steps, 0, &err), LEAT_EINVAL);
	ck_assert_int_eq(leat_graph_chain(g, steps, 2, &err), LEAT_EINVAL);
	leat__graph_free(g);
}
END_TEST

/* ---- memory ------------------------------------------------------------ */

static const char memory_text[] =
	"read a.csv ! where \"x > 1\" ! select a b=c ! tee name=t ! merge "
	"name=m ! head 3 t.1 ! head ! m.";

/* All that can be done without a run. */
static int
memory_try(const struct leat__env *env, struct leat_error *err)
{
	struct leat_graph_opts opts = {LEAT_OPTS_INIT(leat_graph_opts),
		.workers = 2, .stages = &fake_set};
	struct leat_graph *g;
	char buf[4096];
	int rc = leat__graph_create(env, &opts, &g, err);

	if (rc < 0)
		return rc;
	rc = leat_graph_parse(g, memory_text, err);
	if (rc == LEAT_OK)
		rc = leat_graph_check(g, err);
	leat_graph_show(g, buf, sizeof(buf));
	leat__graph_free(g);
	return rc;
}

START_TEST(every_allocation_can_fail_and_nothing_leaks)
{
	struct leat_error err;
	uint64_t n = 0;
	int rc;

	do {
		struct fail_env world;

		fail_env_init(&world);
		world.alloc_fail_at = ++n;
		world.alloc_fail_for_ever = n % 2;
		rc = memory_try(&world.env, &err);
		ck_assert_msg(rc == LEAT_OK || rc == LEAT_ENOMEM,
			"allocation %llu: %s %s", (unsigned long long)n,
			leat_err_name(rc), err.text);
		ck_assert_uint_eq(world.alloc_live, 0);
		if (world.alloc_n < n)
			break;
	} while (n < 10000);
	ck_assert_int_eq(rc, LEAT_OK);
	ck_assert_uint_gt(n, 10);
}
END_TEST

TEST_MAIN("graph/graph", a_graph_has_defaults,
	each_option_of_a_graph_has_its_limit,
	options_of_an_older_and_a_newer_caller_are_accepted,
	a_graph_hangs_below_its_parent, strings_of_options_are_copied,
	the_seed_of_hashes_is_that_of_the_graph_or_drawn,
	shorter_options_are_extended_with_zero, bad_options_are_refused,
	a_bad_or_used_name_is_refused, a_checked_graph_takes_nothing_more,
	stages_over_the_limit_are_refused, a_link_that_cannot_be_is_refused,
	each_option_of_a_link_has_its_limit,
	a_chain_of_steps_is_added_and_linked, a_chain_that_cannot_be_is_refused,
	every_allocation_can_fail_and_nothing_leaks)
