/*
 * sim/scenario_ctx.c -- the context tree: cancel, after, children, deadlines.
 */
#include "ctx/ctx.h"
#include "scenario.h"

struct ctx_state {
	struct leat_ctx *root;
	struct leat_ctx *child;
	struct leat_ctx_after after;
	uint32_t n_called; /* atomic */
	uint32_t is_gone;  /* the callback's memory is no longer its */
};

static void
ctx_begin(struct ctx_state *s)
{
	SIM_CHECK(leat_ctx_create(&s->root, NULL) == LEAT_OK);
}

static void
ctx_called(struct leat_ctx *ctx, void *user)
{
	struct ctx_state *s = user;

	(void)ctx;
	SIM_CHECK(!s->is_gone);
	leat__add_relaxed(&s->n_called, 1);
	SIM_CHECK(!s->is_gone);
}

static void
ctx_cancel_root(void *arg)
{
	struct ctx_state *s = arg;

	leat_ctx_cancel(s->root, LEAT_ECANCELED, "enough");
}

/* ---- cancel against after_stop ---------------------------------------------- */

static void
ctx_after_stop(void *user)
{
	struct ctx_state s = {.after = {.fn = ctx_called}};
	struct sim_thread *a;
	bool is_stopped;

	(void)user;
	ctx_begin(&s);
	s.after.user = &s;
	a = sim_go("canceller", ctx_cancel_root, &s);
	leat_ctx_after(s.root, &s.after);
	is_stopped = leat_ctx_after_stop(s.root, &s.after);
	s.is_gone = 1;
	SIM_CHECK(s.n_called == (is_stopped ? 0 : 1));
	sim_join(a);
	SIM_CHECK(s.n_called == (is_stopped ? 0 : 1));
	leat_ctx_destroy(s.root);
}

/* Two cancel: the callback runs once, the first cause stays. */
static void
ctx_two_cancel(void *user)
{
	struct ctx_state s = {.after = {.fn = ctx_called}};
	struct leat_error cause;
	struct sim_thread *a;

	(void)user;
	ctx_begin(&s);
	s.after.user = &s;
	leat_ctx_after(s.root, &s.after);
	a = sim_go("canceller", ctx_cancel_root, &s);
	leat_ctx_cancel(s.root, LEAT_EDATA, "bad");
	SIM_CHECK(leat_ctx_is_done(s.root));
	SIM_CHECK(leat_ctx_cause(s.root, &cause) < 0);
	sim_join(a);
	SIM_CHECK(s.n_called == 1);
	SIM_CHECK(leat_ctx_cause(s.root, NULL) == cause.code);
	leat_ctx_destroy(s.root);
}

/* ---- cancel against the creation of children --------------------------------- */

static void
ctx_child_create(void *user)
{
	struct ctx_state s = {0};
	struct leat_ctx *below;
	struct sim_thread *a;

	(void)user;
	ctx_begin(&s);
	a = sim_go("canceller", ctx_cancel_root, &s);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &s.child, NULL) == 0);
	SIM_CHECK(leat_ctx_child(s.child, LEAT_NEVER, &below, NULL) == 0);
	sim_join(a);
	SIM_CHECK(leat_ctx_is_done(s.child));
	SIM_CHECK(leat_ctx_is_done(below));
	SIM_CHECK(leat_ctx_cause(below, NULL) == LEAT_ECANCELED);
	leat_ctx_destroy(below);
	leat_ctx_destroy(s.child);
	leat_ctx_destroy(s.root);
}

/* ---- destroy against cancel --------------------------------------------------- */

static void
ctx_destroy_child(void *arg)
{
	struct ctx_state *s = arg;

	leat_ctx_destroy(s->child);
}

static void
ctx_destroy_cancel(void *user)
{
	struct ctx_state s = {0};
	struct leat_ctx *below;
	struct sim_thread *a;

	(void)user;
	ctx_begin(&s);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &s.child, NULL) == 0);
	SIM_CHECK(leat_ctx_child(s.child, LEAT_NEVER, &below, NULL) == 0);
	a = sim_go("destroyer", ctx_destroy_child, &s);
	ctx_cancel_root(&s);
	sim_join(a); /* whichever of the two ended the child ends the rest */
	SIM_CHECK(leat_ctx_is_done(below));
	leat_ctx_destroy(below);
	leat_ctx_destroy(s.root);
}

/* The root goes while its child goes: whoever is last frees it. */
static void
ctx_destroy_both(void *user)
{
	struct ctx_state s = {0};
	struct sim_thread *a;

	(void)user;
	ctx_begin(&s);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &s.child, NULL) == 0);
	a = sim_go("destroyer", ctx_destroy_child, &s);
	leat_ctx_destroy(s.root);
	sim_join(a);
}

/* ---- siblings ------------------------------------------------------------------ */

static void
ctx_destroy_other(void *arg)
{
	leat_ctx_destroy(arg);
}

/* Two children go, one with a callback, while all are ended; a third one, with
 * a child, stays. */
static void
ctx_siblings_cancel(void *user)
{
	struct ctx_state s = {.after = {.fn = ctx_called}};
	struct leat_ctx *other, *third, *below;
	struct sim_thread *a, *b;

	(void)user;
	ctx_begin(&s);
	s.after.user = &s;
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &third, NULL) == 0);
	SIM_CHECK(leat_ctx_child(third, LEAT_NEVER, &below, NULL) == 0);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &s.child, NULL) == 0);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &other, NULL) == 0);
	leat_ctx_after(s.child, &s.after);
	a = sim_go("destroyer", ctx_destroy_child, &s);
	b = sim_go("other", ctx_destroy_other, other);
	ctx_cancel_root(&s);
	SIM_CHECK(leat_ctx_is_done(third));
	SIM_CHECK(leat_ctx_is_done(below));
	leat_ctx_destroy(below);
	leat_ctx_destroy(third);
	sim_join(a);
	sim_join(b);
	SIM_CHECK(s.n_called == 1);
	leat_ctx_destroy(s.root);
}

/* The root and two children go: whoever is last frees it. */
static void
ctx_siblings_go(void *user)
{
	struct ctx_state s = {0};
	struct leat_ctx *other;
	struct sim_thread *a, *b;

	(void)user;
	ctx_begin(&s);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &s.child, NULL) == 0);
	SIM_CHECK(leat_ctx_child(s.root, LEAT_NEVER, &other, NULL) == 0);
	a = sim_go("destroyer", ctx_destroy_child, &s);
	b = sim_go("other", ctx_destroy_other, other);
	leat_ctx_destroy(s.root);
	sim_join(a);
	sim_join(b);
}

/* ---- deadline against cancel and destroy --------------------------------------- */

static void
ctx_deadline_cancel(void *user)
{
	struct ctx_state s = {0};
	struct sim_thread *a;
	int code;

	(void)user;
	ctx_begin(&s);
	SIM_CHECK(leat_ctx_child(s.root, leat_now_ns() + 300, &s.child, NULL) ==
		0);
	a = sim_go("canceller", ctx_cancel_root, &s);
	SIM_CHECK(leat_ctx_wait(s.child, LEAT_NEVER) == LEAT_OK);
	code = leat_ctx_cause(s.child, NULL);
	SIM_CHECK(code == LEAT_ETIMEDOUT || code == LEAT_ECANCELED);
	sim_join(a);
	leat_ctx_destroy(s.child);
	leat_ctx_destroy(s.root);
}

static void
ctx_deadline_destroy(void *user)
{
	struct ctx_state s = {0};

	(void)user;
	ctx_begin(&s);
	SIM_CHECK(leat_ctx_child(s.root, leat_now_ns() + 300, &s.child, NULL) ==
		0);
	leat_ctx_destroy(s.child);
	leat_ctx_destroy(s.root);
}

/* ---- wait against cancel --------------------------------------------------------- */

static void
ctx_wait_cancel(void *user)
{
	struct ctx_state s = {0};
	int64_t deadline_ns;
	struct sim_thread *a;
	int rc;

	(void)user;
	ctx_begin(&s);
	a = sim_go("canceller", ctx_cancel_root, &s);
	deadline_ns = leat_now_ns() + 400;
	rc = leat_ctx_wait(s.root, deadline_ns);
	SIM_CHECK(rc == LEAT_OK || leat_now_ns() >= deadline_ns);
	SIM_CHECK(leat_ctx_wait(s.root, LEAT_NEVER) == LEAT_OK);
	sim_join(a);
	leat_ctx_destroy(s.root);
}

const struct sim_scenario scenarios_ctx[] = {
	{.name = "ctx_after_stop",
		.idea = "cancel while a callback is taken back",
		.run = ctx_after_stop},
	{.name = "ctx_two_cancel",
		.idea = "two causes, one callback",
		.run = ctx_two_cancel},
	{.name = "ctx_child_create",
		.idea = "cancel while children are made",
		.run = ctx_child_create},
	{.name = "ctx_destroy_cancel",
		.idea = "cancel while a child is destroyed",
		.run = ctx_destroy_cancel},
	{.name = "ctx_destroy_both",
		.idea = "parent and child are destroyed",
		.run = ctx_destroy_both},
	{.name = "ctx_siblings_cancel",
		.idea = "cancel while siblings are destroyed",
		.run = ctx_siblings_cancel},
	{.name = "ctx_siblings_go",
		.idea = "parent and siblings are destroyed",
		.run = ctx_siblings_go},
	{.name = "ctx_deadline_cancel",
		.idea = "deadline against cancel",
		.run = ctx_deadline_cancel},
	{.name = "ctx_deadline_destroy",
		.idea = "deadline against destroy",
		.run = ctx_deadline_destroy},
	{.name = "ctx_wait_cancel",
		.idea = "a wait with a deadline, cancelled",
		.run = ctx_wait_cancel},
	{0},
};
