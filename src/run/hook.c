/*
 * run/hook.c -- a call of a stage with its hooks around it.
 *
 * Keeps: after runs once for every before that went well; a call that failed is
 * made again, or its frame given up, only if the stage says that all is as it
 * was (LEAT_STAGE_REPEATS) and has emitted and rejected nothing. So the ledger
 * holds whatever hooks decide.
 * Threads: the one that steps the stage's task.
 */
#include <stdio.h>

#include "run/hook.h"

/* One call of the stage, with all attempts. */
struct hooked {
	struct leat_stage *st;
	struct leat_frame *frame; /* NULL in produce, finish */
	struct leat__inner inner;
	bool is_called;    /* the stage was, with this frame */
	bool is_failed;    /* the frame is given up after a failure, not shed */
	bool is_recounted; /* it is about so much, and not what it was */
	uint64_t n_items, n_bytes;
};

/* As a hook sees it. */
struct hook_call {
	struct leat_call call;
	struct hooked *hooked;
	struct leat_hook *hook;
	int64_t mark;
	int64_t outer_ns; /* the deadline of the call outside of the hook */
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
		 * it looks who has the old ones, and between the two it runs a
		 * barrier here, or finds that there is none */
		if (leat__likely(!st->graph->is_fencing)) {
			leat__store_relaxed(&st->hooks_in_use, hooks);
			leat__fence_compiler();
		} else {
			leat__store_seq(&st->hooks_in_use, hooks);
		}
		is = leat__load_seq(&st->hooks);
	} while (leat__unlikely(is != hooks));
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

struct leat_stage *
leat__call_stage(const struct leat_call *call)
{
	return call_of(call)->hooked->st;
}

struct leat_hook *
leat__call_hook(const struct leat_call *call)
{
	return call_of(call)->hook;
}

int
leat__call_may_wait(const struct leat_call *call)
{
	struct leat_stage *st = leat__call_stage(call);

	if (st->segment->is_blocking)
		return LEAT_OK;
	return leat_stage_fail(st, LEAT_EBUG,
		"hook '%s' waits, and does not say so (LEAT_HOOK_WAITS)",
		leat__call_hook(call)->ops.name);
}

/* Its context has ended: the run's, or that of the call by its deadline. */
int
leat__call_ended(struct leat_stage *st)
{
	return leat_ctx_is_done(st->graph->ctx) ? LEAT_ECANCELED
						: LEAT_ETIMEDOUT;
}

static int
call_wait(const struct leat_call *call, int64_t until_ns, bool is_pause)
{
	struct hook_call *self = call_of(call);
	struct leat_stage *st = self->hooked->st;
	const struct leat__env *env = st->graph->env;
	int64_t began_ns = env->now_ns(env);
	int rc;

	if (until_ns <= began_ns)
		return LEAT_OK;
	LEAT_TRY(leat__call_may_wait(call));
	leat__run_guard_begin(st);
	if (is_pause || call->kind == LEAT_CALL_PRODUCE)
		rc = leat__sleep_until_drain(st, until_ns);
	else
		rc = leat_sleep_until(leat_stage_ctx(st), until_ns);
	leat__run_wait_end(st);
	leat__add_relaxed(
		&self->hook->wait_ns, (uint64_t)(env->now_ns(env) - began_ns));
	return rc == LEAT_ECANCELED ? leat__call_ended(st) : rc;
}

int
leat_call_wait(const struct leat_call *call, int64_t until_ns)
{
	return call_wait(call, until_ns, false);
}

int
leat_call_pause(const struct leat_call *call, int64_t until_ns)
{
	int rc = call_wait(call, until_ns, true);

	return rc == LEAT_EOS && call->kind != LEAT_CALL_PRODUCE ? LEAT_OK : rc;
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

void
leat_call_set_mark(const struct leat_call *call, int64_t mark)
{
	call_of(call)->mark = mark;
}

int64_t
leat_call_mark(const struct leat_call *call)
{
	return call_of(call)->mark;
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
can_give_up(const struct hooked *h)
{
	return h->frame && !h->inner.is_more && leat__stage_is_as_before(h->st);
}

/* As it was before the first attempt: nothing has happened, or it says so. */
static bool
is_as_before(const struct hooked *h)
{
	return !h->is_called ||
		((h->st->ops.flags & LEAT_STAGE_REPEATS) &&
			leat__stage_is_as_before(h->st));
}

/* May the frame go where on_error says? */
static bool
can_part_with(const struct hook_call *self, int decided)
{
	const struct hooked *h = self->hooked;

	if (!is_as_before(h) || !can_give_up(h))
		return false;
	return decided == LEAT_SHED ||
		(decided == LEAT_ELSEWHERE && h->st->has_fallback &&
			(self->hook->ops.flags & LEAT_HOOK_FALLS_BACK));
}

/* rc, or what the hook decides, if it can be. */
static int
hook_decide(struct hook_call *self, int rc)
{
	struct hooked *h = self->hooked;
	struct leat_stage *st = h->st;
	struct leat_error error;
	int decided;

	if (st->error.code != rc)
		leat_stage_fail(st, rc, "%s", leat_err_text(rc));
	error = st->error;
	self->call.error = &error;
	if (!h->is_called)
		self->call.flags |= LEAT_CALL_REFUSED;
	decided = self->hook->ops.on_error(self->hook, &self->call, rc);
	self->call.error = NULL;
	self->call.flags &= ~LEAT_CALL_REFUSED;
	if (decided == LEAT_AGAIN && is_as_before(h)) {
		leat__add_relaxed(&self->hook->n_again, 1u);
		return LEAT_AGAIN;
	}
	if (decided <= 0 || !can_part_with(self, decided))
		return decided < 0 ? decided : rc;
	leat__add_relaxed(decided == LEAT_SHED ? &self->hook->n_shed
					       : &self->hook->n_elsewhere,
		1u);
	h->is_failed = decided == LEAT_SHED;
	h->n_items = self->call.n_items;
	return decided;
}

/* What the call is about is so much from now on. */
static void
hooked_recount(struct hooked *h, uint64_t n_items, uint64_t n_bytes)
{
	h->is_recounted = true;
	h->n_items = n_items;
	h->n_bytes = n_bytes;
}

/* Some records of the frame. */
static inline bool
hook_has_dropped(const struct hook_call *self)
{
	const struct leat_frame *frame = self->hooked->frame;

	return (self->hook->ops.flags & LEAT_HOOK_IN_PLACE) && frame &&
		frame->n_items != self->call.n_items;
}

static void
hook_shrink(struct hook_call *self)
{
	struct hooked *h = self->hooked;
	uint64_t n_items = h->frame->n_items;

	leat_stage_count(h->st, LEAT_COUNT_SHED, self->call.n_items - n_items);
	hooked_recount(h, n_items, h->frame->len_bytes);
}

/* Its before has returned rc, or may have dropped records. LEAT_OK: go on. */
static __attribute__((noinline)) int
hook_let(struct hook_call *self, int rc)
{
	struct leat_hook *hook = self->hook;
	struct hooked *h = self->hooked;

	if (hook_has_dropped(self))
		hook_shrink(self);
	if (rc == LEAT_OK)
		return LEAT_OK;
	if (rc == LEAT_SHED && can_give_up(h)) {
		leat__add_relaxed(&hook->n_shed, 1u);
		h->n_items = h->frame->n_items;
	} else if (rc > 0) {
		return LEAT_OK;
	} else if (is_failure(rc)) {
		leat__add_relaxed(&hook->n_refused, 1u);
	}
	leat__stage_set_deadline(h->st, self->outer_ns);
	return rc;
}

/* LEAT_OK: go on. Else nothing is to be done after. */
static inline int
hook_before(struct leat_hook *hook, struct hook_call *self)
{
	int rc;

	if (!hook->ops.before)
		return LEAT_OK;
	rc = hook->ops.before(hook, &self->call);
	if (leat__likely(rc == LEAT_OK && !hook_has_dropped(self)))
		return LEAT_OK;
	return hook_let(self, rc);
}

/* A frame that the stage has taken may be gone. */
static inline void
hook_after(const struct hooked *h, struct leat_hook *hook,
	struct hook_call *self, int rc)
{
	if (rc == LEAT_OK || rc == LEAT_EOS)
		self->call.frame = NULL;
	if (leat__unlikely(h->is_recounted)) {
		self->call.n_items = h->n_items;
		self->call.n_bytes = h->n_bytes;
	}
	if (hook->ops.after)
		hook->ops.after(hook, &self->call, rc);
}

/* Of a source: what it has emitted is known after. */
static __attribute__((noinline)) int
hooked_produce(struct hooked *h)
{
	const struct leat__counters *c = &h->st->counters;
	uint64_t n_items = c->out_items, n_bytes = c->out_bytes;
	int rc = h->inner.fn(h->st, h->frame);

	hooked_recount(h, c->out_items - n_items, c->out_bytes - n_bytes);
	return rc;
}

/* The stage itself. */
static inline int
hooked_inner(struct hooked *h)
{
	h->is_called = true;
	h->st->n_attempts++;
	if (leat__unlikely(h->inner.kind == LEAT_CALL_PRODUCE))
		return hooked_produce(h);
	return h->inner.fn(h->st, h->frame);
}

static int hooked_from(struct hooked *h, struct leat_hook *hook);

/* What stands inside the hook, and its after. */
static inline __attribute__((always_inline)) int
hook_go_on(struct hooked *h, struct leat_hook *hook, struct hook_call *self)
{
	struct leat_stage *st = h->st;
	int rc = leat__likely(hook->is_last) ? hooked_inner(h)
					     : hooked_from(h, hook + 1);

	if (leat__unlikely(st->call_deadline_ns != self->outer_ns))
		leat__stage_set_deadline(st, self->outer_ns);
	hook_after(h, hook, self, rc);
	return rc;
}

/* It has failed with rc: once more, as often as the hook says so. */
static __attribute__((noinline)) int
hook_fail(struct hook_call *self, int rc)
{
	struct leat_hook *hook = self->hook;

	while (is_failure(rc) && hook->ops.on_error) {
		rc = hook_decide(self, rc);
		if (rc != LEAT_AGAIN)
			return rc;
		self->call.n_attempts++;
		rc = hook_before(hook, self);
		if (rc != LEAT_OK)
			return rc;
		rc = hook_go_on(self->hooked, hook, self);
	}
	return rc;
}

/* Hook and all that stands inside it. */
static inline __attribute__((always_inline)) int
hook_call_from(struct hooked *h, struct leat_hook *hook)
{
	const struct leat_frame *frame = h->frame;
	struct leat_stage *st = h->st;
	struct hook_call self;
	int rc;

	self.call.frame = frame;
	self.call.n_items = frame ? frame->n_items : 0;
	self.call.n_bytes = frame ? frame->len_bytes : 0;
	self.call.n_attempts = 1;
	self.call.is_more = h->inner.is_more;
	self.call.kind = h->inner.kind;
	self.call.flags = st->is_replicated ? 0 : LEAT_CALL_ALONE;
	self.call.error = NULL;
	self.hooked = h;
	self.hook = hook;
	self.mark = 0;
	self.outer_ns = st->call_deadline_ns;
	rc = hook_before(hook, &self);
	if (leat__unlikely(rc != LEAT_OK))
		return rc;
	rc = hook_go_on(h, hook, &self);
	return leat__likely(rc >= 0) ? rc : hook_fail(&self, rc);
}

/* Those inside of the first, which leat__hooked_call() has in place. */
static __attribute__((noinline)) int
hooked_from(struct hooked *h, struct leat_hook *hook)
{
	return hook_call_from(h, hook);
}

/* It goes on as it came, by the fallback: there is credit for it. */
static int
hooked_hand_over(struct hooked *h)
{
	return leat_stage_emit(h->st, h->st->n_outs - 1, h->frame);
}

/* The frame is not dealt with: it is shed, or failed. */
static int
hooked_drop(struct hooked *h)
{
	struct leat_stage *st = h->st;

	leat_stage_count(st, h->is_failed ? LEAT_COUNT_FAILED : LEAT_COUNT_SHED,
		h->n_items);
	if (h->is_failed)
		leat__bump(&st->counters.given_up_items, h->n_items);
	leat_stage_release(st, h->frame);
	return LEAT_OK;
}

/* The frame is not the stage's to deal with. */
static __attribute__((noinline)) int
hooked_part(struct hooked *h, int rc)
{
	if (rc == LEAT_ELSEWHERE)
		return hooked_hand_over(h);
	return rc == LEAT_SHED ? hooked_drop(h) : rc;
}

int
leat__hooked_call(struct leat_stage *st, struct leat_frame *frame,
	struct leat__inner inner)
{
	struct leat__hooks *hooks = hooks_enter(st);
	struct hooked h;
	int rc;

	h.st = st;
	h.frame = frame;
	h.inner = inner;
	h.is_called = h.is_failed = h.is_recounted = false;
	rc = leat__likely(hooks != NULL) ? hook_call_from(&h, hooks->at)
					 : inner.fn(st, frame);
	hooks_leave(st);
	return leat__unlikely(rc > LEAT_MORE) ? hooked_part(&h, rc) : rc;
}
