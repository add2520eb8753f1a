/*
 * run/hook.c -- a call of a stage with its hooks around it.
 *
 * Keeps: after runs once for every before that went well; a call that failed is
 * made again, or its frame given up, only if the stage says that all is as it
 * was (LEAT_STAGE_REPEATS) and has emitted nothing. So the ledger holds
 * whatever hooks decide.
 * Threads: the one that steps the stage's task.
 */
#include <stdio.h>

#include "run/hook.h"

/* One call of the stage, with all attempts. */
struct hooked {
	struct leat_stage *st;
	struct leat__hooks *hooks;
	struct leat_frame *frame; /* NULL in produce, finish */
	const struct leat__inner *inner;
	uint64_t n_items, n_bytes;
	bool is_failed; /* the frame was given to the stage, and then given up
			 */
};

/* As a hook sees it. */
struct hook_call {
	struct leat_call call;
	struct hooked *hooked;
	struct leat_hook *hook;
};

/* ---- which hooks -------------------------------------------------------- */

/* See graph/hook.c for what is kept. */
static struct leat__hooks *
hooks_enter(struct leat_stage *st)
{
	struct leat__hooks *hooks, *is = leat__load_acquire(&st->hooks);

	do {
		hooks = is;
		/* both pair with hooks_exchange: it stores the new ones before
		 * it looks who has the old ones */
		leat__store_seq(&st->hooks_in_use, hooks);
		is = leat__load_seq(&st->hooks);
	} while (is != hooks);
	return hooks;
}

static void
hooks_leave(struct leat_stage *st)
{
	/* release: all that was done with them comes before they are freed */
	leat__store_release(&st->hooks_in_use, NULL);
}

/* ---- for callbacks ------------------------------------------------------ */

static struct hook_call *
call_of(const struct leat_call *call)
{
	return (struct hook_call *)(uintptr_t)call;
}

int
leat_call_wait(const struct leat_call *call, int64_t until_ns)
{
	struct hook_call *self = call_of(call);
	struct leat_stage *st = self->hooked->st;
	const struct leat__env *env = st->graph->env;
	int64_t began_ns = env->now_ns(env);
	int rc;

	if (until_ns <= began_ns)
		return LEAT_OK;
	if (!st->segment->is_blocking)
		return leat_stage_fail(st, LEAT_EBUG,
			"hook '%s' waits, and does not say so "
			"(LEAT_HOOK_WAITS)",
			self->hook->ops.name);
	leat__run_wait_begin(st, LEAT__DOING_BLOCK);
	rc = leat_sleep_until(leat_stage_ctx(st), until_ns);
	leat__run_wait_end(st);
	leat__add_relaxed(
		&self->hook->wait_ns, (uint64_t)(env->now_ns(env) - began_ns));
	return rc;
}

void
leat_call_set_deadline(
	const struct leat_call *call, int64_t deadline_ns, bool is_reset)
{
	struct leat_stage *st = call_of(call)->hooked->st;
	int64_t outer_ns = st->call_deadline_ns;

	if (is_reset || !outer_ns || deadline_ns < outer_ns)
		leat__stage_set_deadline(st, deadline_ns);
}

int
leat_call_fail(const struct leat_call *call, int code, const char *format, ...)
{
	struct leat_stage *st = call_of(call)->hooked->st;
	char text[LEAT_ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!call->error)
		return leat_stage_fail(st, code, "%s", text);
	return leat_stage_fail_errno(st, code, call->error->sys_errno,
		"%.*s; %s", LEAT_ERROR_TEXT_BYTES / 2, call->error->text, text);
}

/* ---- the call ----------------------------------------------------------- */

/* Is the result a failure that hooks are asked about? */
static bool
is_failure(int rc)
{
	return rc < 0 && rc != LEAT_EOS && rc != LEAT_EAGAIN &&
		rc != LEAT_ECANCELED;
}

static bool
has_emitted(const struct leat_stage *st)
{
	for (uint32_t k = 0; k < st->n_outs; k++)
		if (st->n_emitted[k])
			return true;
	return false;
}

static bool
can_give_up(const struct hooked *h)
{
	return h->frame && !h->inner->is_more && !has_emitted(h->st);
}

static int hooked_from(struct hooked *h, uint32_t k);

/* rc, LEAT_AGAIN or LEAT_SHED, as the hook decides and as can be. */
static int
hook_decide(struct hook_call *self, int rc)
{
	struct hooked *h = self->hooked;
	struct leat_stage *st = h->st;
	struct leat_error error;
	bool is_as_before =
		(st->ops.flags & LEAT_STAGE_REPEATS) && !has_emitted(st);
	int decided;

	if (st->error.code != rc)
		leat_stage_fail(st, rc, "%s", leat_err_text(rc));
	error = st->error;
	self->call.error = &error;
	decided = self->hook->ops.on_error(self->hook, &self->call, rc);
	self->call.error = NULL;
	if (decided == LEAT_AGAIN && is_as_before) {
		leat__add_relaxed(&self->hook->n_again, 1u);
		return LEAT_AGAIN;
	}
	if (decided == LEAT_SHED && is_as_before && can_give_up(h)) {
		leat__add_relaxed(&self->hook->n_shed, 1u);
		h->is_failed = true;
		return LEAT_SHED;
	}
	return decided < 0 ? decided : rc;
}

static int
hook_before(struct hook_call *self)
{
	struct leat_hook *hook = self->hook;
	int rc = hook->ops.before ? hook->ops.before(hook, &self->call)
				  : LEAT_OK;

	if (rc == LEAT_SHED && can_give_up(self->hooked))
		leat__add_relaxed(&hook->n_shed, 1u);
	else if (rc > 0)
		rc = LEAT_OK;
	else if (is_failure(rc))
		leat__add_relaxed(&hook->n_refused, 1u);
	return rc;
}

/* A frame that the stage has taken may be gone. */
static void
hook_after(struct hook_call *self, int rc)
{
	const struct hooked *h = self->hooked;

	if (rc == LEAT_OK || rc == LEAT_EOS)
		self->call.frame = NULL;
	self->call.n_items = h->n_items;
	self->call.n_bytes = h->n_bytes;
	if (self->hook->ops.after)
		self->hook->ops.after(self->hook, &self->call, rc);
}

static int
hook_attempt(struct hook_call *self, uint32_t k)
{
	struct leat_stage *st = self->hooked->st;
	int64_t outer_ns = st->call_deadline_ns;
	int rc = hook_before(self);
	bool is_let = rc == LEAT_OK;

	if (is_let)
		rc = hooked_from(self->hooked, k + 1);
	leat__stage_set_deadline(st, outer_ns);
	if (!is_let)
		return rc;
	hook_after(self, rc);
	if (is_failure(rc) && self->hook->ops.on_error)
		rc = hook_decide(self, rc);
	return rc;
}

/* The stage itself; of a source, what it has emitted is known after. */
static int
hooked_inner(struct hooked *h)
{
	struct leat_stage *st = h->st;
	uint64_t n_items = st->counters.out_items;
	uint64_t n_bytes = st->counters.out_bytes;
	int rc = h->inner->fn(st, h->frame);

	if (h->inner->kind == LEAT_CALL_PRODUCE) {
		h->n_items = st->counters.out_items - n_items;
		h->n_bytes = st->counters.out_bytes - n_bytes;
	}
	return rc;
}

/* Hook k and all that stands inside it. */
static int
hooked_from(struct hooked *h, uint32_t k)
{
	struct hook_call self;
	int rc;

	if (k == h->hooks->n)
		return hooked_inner(h);
	self = (struct hook_call){.call = {.frame = h->frame,
					  .n_items = h->n_items,
					  .n_bytes = h->n_bytes,
					  .n_attempts = 1,
					  .is_more = h->inner->is_more,
					  .kind = h->inner->kind},
		.hooked = h,
		.hook = &h->hooks->at[k]};
	while ((rc = hook_attempt(&self, k)) == LEAT_AGAIN)
		self.call.n_attempts++;
	return rc;
}

/* The frame is not dealt with: it is shed, or failed. */
static int
hooked_drop(struct hooked *h)
{
	struct leat_stage *st = h->st;

	leat_stage_count(st, h->is_failed ? LEAT_COUNT_FAILED : LEAT_COUNT_SHED,
		h->n_items);
	leat_stage_release(st, h->frame);
	return LEAT_OK;
}

int
leat__hooked_call(struct leat_stage *st, struct leat_frame *frame,
	const struct leat__inner *inner)
{
	struct hooked h = {.st = st,
		.hooks = hooks_enter(st),
		.frame = frame,
		.inner = inner,
		.n_items = frame ? frame->n_items : 0,
		.n_bytes = frame ? frame->len_bytes : 0};
	int rc = h.hooks ? hooked_from(&h, 0) : inner->fn(st, frame);

	hooks_leave(st);
	return rc == LEAT_SHED ? hooked_drop(&h) : rc;
}
