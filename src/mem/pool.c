/*
 * mem/pool.c -- slots, the frames that carry them, and where free ones wait.
 *
 * Keeps: refs is 0 exactly while a slot is free; a free slot is in the depot
 * of its class or in one magazine; the slot freed last is taken first.
 * The depot is a Treiber stack of slot numbers, its head one 64-bit word of
 * number and tag: any change moves the tag, so a compare-and-swap that holds
 * proves that the numbers read below the head were still chained. ck_stack
 * needs a swap of 128 bits, which ThreadSanitizer cannot see, and its batch
 * pop is unsafe when what was popped comes back at once, as it does here.
 * Threads: any; a cache is one thread's. Source: Bonwick and Adams 2001.
 */
#include <string.h>

#include "ctx/ctx.h"
#include "env/side.h"
#include "mem/mem.h"

#define POOL_SLOT_BYTES   65536u
#define POOL_N_SLOTS      64u
#define POOL_PAGE_BYTES   4096u
#define POOL_POISON       0xa5
#define POOL_POISON_BYTES 64u
#define POOL_OWNERS       8u /* named in a report of leaks */

#ifdef NDEBUG
static const bool pool_is_debug = false;
#else
static const bool pool_is_debug = true;
#endif

_Static_assert(sizeof(struct leat_frame) == LEAT__CACHE_LINE,
	"a frame's header is one cache line");

/* What belongs to a slot and is seldom looked at. */
struct pool_slot {
	struct leat_frame *base; /* released with the frame; NULL = none */
	uint32_t next;           /* below it in the depot, + 1; atomic */
	uint32_t class_;
};

struct pool_class {
	uint8_t *payload; /* of its first slot */
	uint32_t slot_bytes;
	uint32_t n_slots;
	uint32_t first_slot;
};

struct pool_depot {
	/* low half: number of the top slot + 1; high half: tag; atomic */
	_Alignas(LEAT__CACHE_LINE) uint64_t head;
	uint32_t n_used;      /* out or in a magazine; atomic */
	uint32_t n_used_high; /* atomic */
};

struct leat_pool {
	const struct leat__env *env;
	struct leat_frame *frames; /* headers, by slot */
	struct pool_slot *slots;
	struct leat__frame_trace *traces; /* by slot; NULL = none */
	uint8_t *memory;                  /* the mapping */
	uint64_t memory_bytes;
	int memory_fd;
	uint32_t n_slots;
	uint32_t n_classes;
	struct pool_class classes[LEAT_POOL_CLASSES_MAX];
	struct pool_depot depots[LEAT_POOL_CLASSES_MAX];
	_Alignas(LEAT__CACHE_LINE) struct leat__side
		freed;                  /* told of slots in a depot */
	leat__owner_name_fn owner_name; /* for reports; NULL = by numbers */
	const void *owner_user;
};

/* ---- the depot ------------------------------------------------------------ */

static uint64_t
depot_head(uint64_t old_head, uint32_t top)
{
	return ((old_head >> 32) + 1) << 32 | top;
}

static void
depot_count_taken(struct pool_depot *depot, uint32_t n)
{
	uint32_t used = leat__add_relaxed(&depot->n_used, n) + n;
	uint32_t high = leat__load_relaxed(&depot->n_used_high);

	/* acq_rel, of no partner: a maximum needs no order */
	while (used > high &&
		!leat__cas_weak_acq_rel(&depot->n_used_high, &high, used))
		;
}

/*
 * Take up to n_max slots, the hottest last. What is chained below the head may
 * be taken by others while it is read; then the swap fails.
 */
static uint32_t
depot_pop(struct leat_pool *pool, uint32_t class_, uint32_t *slots,
	uint32_t n_max)
{
	struct pool_depot *depot = &pool->depots[class_];
	/* acquire: pairs with the swap in depot_push */
	uint64_t head = leat__load_acquire(&depot->head);
	uint32_t n, top;

	do {
		top = (uint32_t)head;
		for (n = 0; n < n_max && top; n++) {
			slots[n_max - 1 - n] = top - 1;
			top = leat__load_relaxed(&pool->slots[top - 1].next);
		}
		if (n == 0)
			return 0;
		/* seq: pairs with the swap in depot_push */
	} while (!leat__cas_weak_seq(
		&depot->head, &head, depot_head(head, top)));
	depot_count_taken(depot, n);
	if (n < n_max)
		memmove(slots, slots + n_max - n, n * sizeof(*slots));
	return n;
}

/*
 * Put slots back, the hottest last. Swap and look, against pool_wait_once's arm
 * and look: in the one order of both, either the waiter sees the slot or this
 * sees the waiter.
 */
static void
depot_push(struct leat_pool *pool, uint32_t class_, const uint32_t *slots,
	uint32_t n)
{
	struct pool_depot *depot = &pool->depots[class_];
	uint64_t head = leat__load_relaxed(&depot->head);

	for (uint32_t k = 1; k < n; k++)
		leat__store_relaxed(
			&pool->slots[slots[k]].next, slots[k - 1] + 1);
	leat__sub_relaxed(&depot->n_used, n);
	do
		leat__store_relaxed(
			&pool->slots[slots[0]].next, (uint32_t)head);
	/* seq: publishes slots and frames to depot_pop; see above */
	while (!leat__cas_weak_seq(
		&depot->head, &head, depot_head(head, slots[n - 1] + 1)));
	/* seq: pairs with leat__side_arm in pool_wait_once. All of them: the
	 * slot may be in another's magazine before the first one looks */
	if (leat__unlikely(leat__load_seq(&pool->freed.waiting)))
		leat__side_wake(&pool->freed, UINT32_MAX);
}

/* ---- magazines ------------------------------------------------------------ */

void
leat__cache_init(struct leat__cache *cache, struct leat_pool *pool,
	uint32_t magazine_slots)
{
	*cache = (struct leat__cache){.pool = pool};
	for (uint32_t k = 0; k < pool->n_classes; k++)
		cache->magazines[k].n_max = (uint32_t)leat__min_u64(
			leat__magazine_slots(
				pool->classes[k].slot_bytes, magazine_slots),
			LEAT__MAGAZINE_MAX);
}

void
leat__cache_fini(struct leat__cache *cache)
{
	if (!cache->pool)
		return;
	for (uint32_t k = 0; k < cache->pool->n_classes; k++) {
		struct leat__magazine *m = &cache->magazines[k];

		if (m->n > 0)
			depot_push(cache->pool, k, m->slots, m->n);
		m->n = 0;
	}
}

/* Half a magazine moves at once, so that a thread that takes and gives by
 * turns at the edge does not go to the depot each time. */
static uint32_t
magazine_half(const struct leat__magazine *m)
{
	return m->n_max > 1 ? m->n_max / 2 : 1;
}

static struct leat__magazine *
cache_magazine(struct leat__cache *cache, const struct leat_pool *pool,
	uint32_t class_)
{
	if (!cache || cache->pool != pool || !cache->magazines[class_].n_max)
		return NULL;
	return &cache->magazines[class_];
}

static bool
pool_take_slot(struct leat_pool *pool, struct leat__magazine *m,
	uint32_t class_, uint32_t *slot_out)
{
	if (!m)
		return depot_pop(pool, class_, slot_out, 1) == 1;
	if (m->n == 0)
		m->n = depot_pop(pool, class_, m->slots, magazine_half(m));
	if (m->n == 0)
		return false;
	*slot_out = m->slots[--m->n];
	return true;
}

static void
pool_give_slot(struct leat_pool *pool, struct leat__magazine *m,
	uint32_t class_, uint32_t slot)
{
	if (!m) {
		depot_push(pool, class_, &slot, 1);
		return;
	}
	if (m->n == m->n_max) {
		uint32_t n = magazine_half(m);

		depot_push(pool, class_, m->slots, n); /* the coldest */
		m->n -= n;
		memmove(m->slots, m->slots + n, m->n * sizeof(m->slots[0]));
	}
	m->slots[m->n++] = slot;
}

/* ---- frames --------------------------------------------------------------- */

static uint8_t *
class_payload(const struct pool_class *c, uint32_t slot)
{
	return c->payload + (size_t)(slot - c->first_slot) * c->slot_bytes;
}

static uint8_t *
frame_start(const struct leat_frame *frame)
{
	const struct leat_pool *pool = frame->pool;

	return class_payload(
		&pool->classes[leat__frame_class(frame)], frame->slot);
}

struct leat_frame *
leat__pool_take(
	struct leat_pool *pool, struct leat__cache *cache, uint32_t class_)
{
	struct leat__magazine *m = cache_magazine(cache, pool, class_);
	struct leat_frame *frame;
	uint32_t slot;

	if (!pool_take_slot(pool, m, class_, &slot))
		return NULL;
	frame = &pool->frames[slot];
	LEAT_INVARIANT(leat__load_relaxed(&frame->refs) == 0);
	frame->data = class_payload(&pool->classes[class_], slot);
	frame->stamp = 0;
	frame->source_offset = 0;
	frame->birth_ns = 0;
	frame->len_bytes = 0;
	frame->n_items = 0;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->flags = 0;
	leat__store_relaxed(&frame->owner, (uint16_t)0);
	leat__store_relaxed(&frame->refs, 1);
	return frame;
}

/*
 * Drop one reference; true if it was the last. A sole holder needs no swap: no
 * one else could add or drop one.
 */
static bool
frame_drop(struct leat_frame *frame)
{
	/* acquire: pairs with the release half of the sub below */
	uint32_t refs = leat__load_acquire(&frame->refs);

	/* acq_rel: what this holder wrote, before the slot is taken again */
	if (refs != 1)
		refs = leat__sub_acq_rel(&frame->refs, 1);
	LEAT_INVARIANT(refs != 0); /* released more often than retained */
	return refs == 1;
}

/* Put a frame's slot back; what it was tied to is the caller's to release. */
static struct leat_frame *
frame_free(struct leat__cache *cache, struct leat_frame *frame)
{
	struct leat_pool *pool = frame->pool;
	struct pool_slot *slot = &pool->slots[frame->slot];
	struct leat_frame *base = slot->base;
	struct leat__magazine *m = cache_magazine(cache, pool, slot->class_);

	slot->base = NULL;
	leat__store_relaxed(&frame->owner, (uint16_t)0);
	leat__store_relaxed(&frame->generation, frame->generation + 1);
	if (pool_is_debug)
		memset(frame_start(frame), POOL_POISON, POOL_POISON_BYTES);
	leat__store_relaxed(&frame->refs, 0);
	pool_give_slot(pool, m, slot->class_, frame->slot);
	return base;
}

void
leat__frame_release(struct leat__cache *cache, struct leat_frame *frame)
{
	while (frame && frame_drop(frame))
		frame = frame_free(cache, frame);
}

void
leat_frame_release(struct leat_frame *frame)
{
	leat__frame_release(NULL, frame);
}

void
leat_frame_retain(struct leat_frame *frame)
{
	uint32_t refs = leat__add_relaxed(&frame->refs, 1);

	LEAT_INVARIANT(refs != 0);
}

bool
leat_frame_is_sole(const struct leat_frame *frame)
{
	/* acquire: pairs with the sub in frame_drop; its readers are through */
	return leat__load_acquire(&frame->refs) == 1;
}

uint8_t *
leat_frame_start(const struct leat_frame *frame)
{
	return frame_start(frame);
}

uint32_t
leat_frame_capacity_bytes(const struct leat_frame *frame)
{
	return frame->pool->classes[leat__frame_class(frame)].slot_bytes;
}

uint32_t
leat__frame_class(const struct leat_frame *frame)
{
	return frame->pool->slots[frame->slot].class_;
}

void
leat_frame_set_base(struct leat_frame *frame, struct leat_frame *base)
{
	struct pool_slot *slot = &frame->pool->slots[frame->slot];

	LEAT_ASSERT(leat_frame_is_sole(frame));
	LEAT_ASSERT(!slot->base);
	LEAT_ASSERT(base != frame);
	slot->base = base;
}

struct leat_frame *
leat_frame_base(const struct leat_frame *frame)
{
	return frame->pool->slots[frame->slot].base;
}

/* ---- traces: the rest is in trace.c --------------------------------------- */

int
leat__pool_trace(struct leat_pool *pool)
{
	const struct leat__env *env = pool->env;

	pool->traces = env->alloc(env, pool->n_slots * LEAT__FRAME_TRACE_BYTES);
	return pool->traces ? LEAT_OK : LEAT_ENOMEM;
}

struct leat__frame_trace *
leat__frame_trace_place(const struct leat_frame *frame)
{
	struct leat__frame_trace *traces = frame->pool->traces;

	return traces ? &traces[frame->slot] : NULL;
}

static void
frame_copy_trace(struct leat_frame *copy, const struct leat_frame *frame)
{
	const struct leat__frame_trace *trace = leat__frame_trace(frame);

	if (trace)
		leat__frame_trace_put(copy, &trace->context, trace);
}

struct leat_frame *
leat__frame_copy(struct leat__cache *cache, struct leat_frame *frame)
{
	struct leat_frame *base = leat_frame_base(frame);
	struct leat_frame *copy =
		leat__pool_take(frame->pool, cache, leat__frame_class(frame));

	if (!copy)
		return NULL;
	copy->data += frame->data - frame_start(frame);
	memcpy(copy->data, frame->data, frame->len_bytes);
	copy->stamp = frame->stamp;
	copy->source_offset = frame->source_offset;
	copy->birth_ns = frame->birth_ns;
	copy->len_bytes = frame->len_bytes;
	copy->n_items = frame->n_items;
	copy->layout = frame->layout;
	copy->flags = frame->flags;
	leat__store_relaxed(&copy->owner, leat__load_relaxed(&frame->owner));
	if (base) {
		leat_frame_retain(base);
		leat_frame_set_base(copy, base);
	}
	if (leat__unlikely(frame->pool->traces != NULL))
		frame_copy_trace(copy, frame);
	return copy;
}

struct leat_handle
leat_frame_handle(const struct leat_frame *frame)
{
	struct leat_handle handle = {frame->slot, frame->generation};

	return handle;
}

int
leat_pool_resolve(struct leat_pool *pool, struct leat_handle handle,
	struct leat_frame **frame_out)
{
	struct leat_frame *frame;

	if (handle.slot >= pool->n_slots)
		return LEAT_EINVAL;
	frame = &pool->frames[handle.slot];
	if (leat__load_relaxed(&frame->refs) == 0 ||
		leat__load_relaxed(&frame->generation) != handle.generation)
		return LEAT_EINVAL;
	*frame_out = frame;
	return LEAT_OK;
}

/* ---- taking, with a wait -------------------------------------------------- */

int
leat_pool_try_acquire(struct leat_pool *pool, struct leat_frame **frame_out)
{
	struct leat_frame *frame = leat__pool_take(pool, NULL, 0);

	if (!frame)
		return LEAT_EAGAIN;
	*frame_out = frame;
	return LEAT_OK;
}

static bool
pool_is_canceled(const struct leat_ctx *ctx)
{
	return ctx && leat_ctx_is_done(ctx);
}

/* One wait for a slot; what dumps of the context say of it. */
struct pool_wait {
	struct leat__ctx_wait wait;
	struct leat__waiter waiter;
};

static void
pool_after(struct leat_ctx *ctx, void *user)
{
	(void)ctx;
	leat__waiter_claim(user, LEAT__TOKEN_CANCEL);
}

static void
pool_describe(const struct leat__ctx_wait *wait, struct leat__text *text)
{
	const struct pool_wait *w = (const struct pool_wait *)wait;

	leat__waiter_describe(&w->waiter, text);
	leat__text_add(text, " waits for a slot of the pool");
}

static void
pool_park(struct leat_pool *pool, struct pool_wait *w, struct leat_ctx *ctx,
	int64_t deadline_ns)
{
	if (!ctx) {
		leat__waiter_wait(&w->waiter, deadline_ns);
		return;
	}
	w->wait.after.fn = pool_after;
	w->wait.after.user = &w->waiter;
	w->wait.describe = pool_describe;
	w->wait.since_ns = pool->env->now_ns(pool->env);
	leat__ctx_wait_begin(ctx, &w->wait);
	leat__waiter_wait(&w->waiter, deadline_ns);
	leat__ctx_wait_end(ctx, &w->wait);
}

/* Arm, look, park. LEAT_EAGAIN: a slot may be there; the other ends. */
static int
pool_wait_once(struct leat_pool *pool, struct leat_ctx *ctx,
	int64_t deadline_ns, struct leat_frame **frame_out)
{
	struct pool_wait w = {0};
	struct leat__arm arm = {.waiter = &w.waiter};
	int rc;

	leat__waiter_init(&w.waiter, pool->env);
	leat__side_arm(&pool->freed, &arm, 0);
	rc = leat_pool_try_acquire(pool, frame_out);
	if (rc == LEAT_OK)
		leat__waiter_leave(&w.waiter);
	else
		pool_park(pool, &w, ctx, deadline_ns);
	leat__side_disarm(&pool->freed, &arm);
	if (rc == LEAT_OK)
		return LEAT_OK;
	if (pool_is_canceled(ctx))
		return LEAT_ECANCELED;
	rc = leat_pool_try_acquire(pool, frame_out);
	return rc != LEAT_OK && w.waiter.token == LEAT__TOKEN_DEADLINE
		? LEAT_ETIMEDOUT
		: rc;
}

int
leat_pool_acquire(struct leat_pool *pool, struct leat_ctx *ctx,
	int64_t deadline_ns, struct leat_frame **frame_out)
{
	int rc;

	if (pool_is_canceled(ctx))
		return LEAT_ECANCELED;
	rc = leat_pool_try_acquire(pool, frame_out);
	while (rc == LEAT_EAGAIN)
		rc = pool_wait_once(pool, ctx, deadline_ns, frame_out);
	return rc;
}

/* ---- creation ------------------------------------------------------------- */

static int
classes_check(const struct leat_pool_class *classes, uint32_t n_classes,
	struct leat_error *err)
{
	uint64_t last_bytes = 0;

	if (n_classes < 1 || n_classes > LEAT_POOL_CLASSES_MAX)
		return leat__error(err, LEAT_EINVAL,
			"pool: %u classes, where 1 to %d are accepted",
			n_classes, LEAT_POOL_CLASSES_MAX);
	for (uint32_t k = 0; k < n_classes; k++) {
		uint32_t slot_bytes = classes[k].slot_bytes;
		uint32_t n_slots = classes[k].n_slots;
		uint64_t bytes = leat__round_up(slot_bytes, POOL_PAGE_BYTES);

		if (slot_bytes < 1 || slot_bytes > LEAT_SLOT_BYTES_MAX)
			return leat__error(err, LEAT_EINVAL,
				"pool: slot_bytes is %u, where 1 to %u are "
				"accepted",
				slot_bytes, LEAT_SLOT_BYTES_MAX);
		if (n_slots < 1 || n_slots > LEAT_POOL_SLOTS_MAX)
			return leat__error(err, LEAT_EINVAL,
				"pool: n_slots is %u, where 1 to %u are "
				"accepted",
				n_slots, LEAT_POOL_SLOTS_MAX);
		if (bytes <= last_bytes)
			return leat__error(err, LEAT_EINVAL,
				"pool: slot_bytes of class %u is %u, where "
				"more than the %llu before it are accepted",
				k, slot_bytes, (unsigned long long)last_bytes);
		last_bytes = bytes;
	}
	return LEAT_OK;
}

static void
pool_lay_out(struct leat_pool *pool, const struct leat_pool_class *classes)
{
	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct pool_class *c = &pool->classes[k];

		c->slot_bytes = (uint32_t)leat__round_up(
			classes[k].slot_bytes, POOL_PAGE_BYTES);
		c->n_slots = classes[k].n_slots;
		c->first_slot = pool->n_slots;
		pool->n_slots += c->n_slots;
		pool->memory_bytes += (uint64_t)c->n_slots * c->slot_bytes;
	}
}

static int
pool_allocate(struct leat_pool *pool, struct leat_error *err)
{
	const struct leat__env *env = pool->env;
	void *memory = NULL;
	int sys_errno;

	pool->frames = env->alloc(env, pool->n_slots * sizeof(*pool->frames));
	pool->slots = env->alloc(env, pool->n_slots * sizeof(*pool->slots));
	if (!pool->frames || !pool->slots)
		return leat__error(err, LEAT_ENOMEM,
			"pool: no memory for the headers of %u slots",
			pool->n_slots);
	sys_errno = env->map(env, (size_t)pool->memory_bytes, "leat-pool",
		&memory, &pool->memory_fd);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ENOMEM, sys_errno,
			"pool: no address space for %u slots, %llu bytes",
			pool->n_slots, (unsigned long long)pool->memory_bytes);
	pool->memory = memory;
	return LEAT_OK;
}

/* All slots of a class into its depot, the first on top. */
static void
pool_fill_depot(struct leat_pool *pool, uint32_t class_)
{
	const struct pool_class *c = &pool->classes[class_];
	uint32_t end = c->first_slot + c->n_slots;

	for (uint32_t k = c->first_slot; k < end; k++) {
		pool->frames[k].pool = pool;
		pool->frames[k].slot = k;
		pool->slots[k].class_ = class_;
		pool->slots[k].next = k + 1 < end ? k + 2 : 0;
	}
	pool->depots[class_].head = c->first_slot + 1;
}

static void
pool_fill(struct leat_pool *pool)
{
	uint8_t *payload = pool->memory;

	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct pool_class *c = &pool->classes[k];

		c->payload = payload;
		payload += (size_t)c->n_slots * c->slot_bytes;
		pool_fill_depot(pool, k);
	}
}

static void
pool_free(struct leat_pool *pool)
{
	const struct leat__env *env = pool->env;

	if (pool->memory)
		env->unmap(env, pool->memory, (size_t)pool->memory_bytes,
			pool->memory_fd);
	env->free(env, pool->slots);
	env->free(env, pool->traces);
	env->free(env, pool->frames);
	env->free(env, pool);
}

int
leat__pool_create(const struct leat__env *env,
	const struct leat_pool_class *classes, uint32_t n_classes,
	struct leat_pool **pool_out, struct leat_error *err)
{
	struct leat_pool *pool;
	int rc;

	LEAT_TRY(classes_check(classes, n_classes, err));
	pool = env->alloc(env, sizeof(*pool));
	if (!pool)
		return leat__error(err, LEAT_ENOMEM, "pool: no memory");
	pool->env = env;
	pool->n_classes = n_classes;
	leat__side_init(&pool->freed, env, true, true, NULL);
	pool_lay_out(pool, classes);
	rc = pool_allocate(pool, err);
	if (rc < 0) {
		pool_free(pool);
		return rc;
	}
	pool_fill(pool);
	*pool_out = pool;
	return LEAT_OK;
}

int
leat_pool_create(const struct leat_pool_opts *opts, struct leat_pool **pool_out,
	struct leat_error *err)
{
	struct leat_pool_opts o;
	struct leat_pool_class class_;

	LEAT_TRY(leat__opts_copy(
		&o, sizeof(o), opts, "struct leat_pool_opts", err));
	if (o.flags)
		return leat__error(err, LEAT_EINVAL,
			"pool: flags is 0x%x, where none are accepted",
			o.flags);
	class_.slot_bytes = o.slot_bytes ? o.slot_bytes : POOL_SLOT_BYTES;
	class_.n_slots = o.n_slots ? o.n_slots : POOL_N_SLOTS;
	return leat__pool_create(leat__env_posix(), &class_, 1, pool_out, err);
}

void
leat_pool_destroy(struct leat_pool *pool)
{
	struct leat_error err;

	if (!pool)
		return;
	if (pool_is_debug && leat_pool_leaks(pool, &err) < 0)
		leat__abort(err.text, __FILE__, __LINE__);
	pool_free(pool);
}

/* ---- inspection ----------------------------------------------------------- */

uint32_t
leat__pool_n_classes(const struct leat_pool *pool)
{
	return pool->n_classes;
}

void
leat__pool_class_stats(const struct leat_pool *pool, uint32_t class_,
	struct leat_pool_class *class_out, struct leat_pool_stats *stats_out)
{
	const struct pool_class *c = &pool->classes[class_];
	const struct pool_depot *depot = &pool->depots[class_];

	if (class_out)
		*class_out =
			(struct leat_pool_class){c->slot_bytes, c->n_slots};
	if (stats_out)
		*stats_out = (struct leat_pool_stats){
			.n_slots = c->n_slots,
			.n_free =
				c->n_slots - leat__load_relaxed(&depot->n_used),
			.n_used_high = leat__load_relaxed(&depot->n_used_high),
		};
}

void
leat_pool_stats(const struct leat_pool *pool, struct leat_pool_stats *stats_out)
{
	struct leat_pool_stats sum = {0};

	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct leat_pool_stats one;

		leat__pool_class_stats(pool, k, NULL, &one);
		sum.n_slots += one.n_slots;
		sum.n_free += one.n_free;
		sum.n_used_high += one.n_used_high;
	}
	*stats_out = sum;
}

uint64_t
leat__pool_used_bytes(const struct leat_pool *pool)
{
	uint64_t bytes = 0;

	for (uint32_t k = 0; k < pool->n_classes; k++)
		bytes += (uint64_t)pool->classes[k].slot_bytes *
			leat__load_relaxed(&pool->depots[k].n_used);
	return bytes;
}

uint64_t
leat__pool_high_bytes(const struct leat_pool *pool)
{
	uint64_t bytes = 0;

	for (uint32_t k = 0; k < pool->n_classes; k++)
		bytes += (uint64_t)pool->classes[k].slot_bytes *
			leat__load_relaxed(&pool->depots[k].n_used_high);
	return bytes;
}

uint64_t
leat__pool_bytes(const struct leat_pool_class *classes, uint32_t n_classes)
{
	uint64_t bytes = sizeof(struct leat_pool);

	for (uint32_t k = 0; k < n_classes; k++)
		bytes += classes[k].n_slots *
			(leat__round_up(
				 classes[k].slot_bytes, POOL_PAGE_BYTES) +
				sizeof(struct leat_frame) +
				sizeof(struct pool_slot));
	return bytes;
}

/* ---- shared with a child process ------------------------------------------ */

uint32_t
leat__pool_n_slots(const struct leat_pool *pool)
{
	return pool->n_slots;
}

struct leat_frame *
leat__pool_frame(struct leat_pool *pool, uint32_t slot)
{
	return &pool->frames[slot];
}

int
leat__pool_fd(const struct leat_pool *pool)
{
	return pool->memory_fd;
}

void
leat__pool_class_memory(const struct leat_pool *pool, uint32_t class_,
	void **memory_out, size_t *n_bytes_out)
{
	const struct pool_class *c = &pool->classes[class_];

	*memory_out = c->payload;
	*n_bytes_out = (size_t)c->n_slots * c->slot_bytes;
}

void
leat__pool_disown(struct leat_pool *pool)
{
	for (uint32_t k = 0; k < pool->n_slots; k++) {
		pool->slots[k].base = NULL;
		pool->frames[k].refs = 0;
	}
	for (uint32_t k = 0; k < pool->n_classes; k++)
		leat__pool_disown_class(pool, k);
}

void
leat__pool_disown_class(struct leat_pool *pool, uint32_t class_)
{
	struct pool_depot *depot = &pool->depots[class_];

	leat__store_relaxed(&depot->n_used, pool->classes[class_].n_slots);
	leat__store_relaxed(
		&depot->head, depot_head(leat__load_relaxed(&depot->head), 0));
}

struct leat_frame *
leat__pool_forget(struct leat_frame *frame)
{
	struct pool_slot *slot = &frame->pool->slots[frame->slot];
	struct leat_frame *base = slot->base;

	slot->base = NULL;
	leat__store_relaxed(&frame->refs, 0);
	return base;
}

void
leat__pool_put(struct leat_pool *pool, uint32_t slot)
{
	depot_push(pool, pool->slots[slot].class_, &slot, 1);
}

/* ---- leaks ---------------------------------------------------------------- */

struct leaks_owner {
	uint16_t owner;
	uint32_t n; /* frames */
};

struct leaks {
	uint32_t n_frames;
	uint32_t n_others; /* frames of owners that have no place */
	uint32_t n_owners;
	struct leaks_owner owners[POOL_OWNERS];
};

void
leat__pool_name_owners(
	struct leat_pool *pool, leat__owner_name_fn name, const void *user)
{
	pool->owner_name = name;
	pool->owner_user = user;
}

static void
leaks_count(struct leaks *leaks, uint16_t owner)
{
	uint32_t k = 0;

	leaks->n_frames++;
	while (k < leaks->n_owners && leaks->owners[k].owner != owner)
		k++;
	if (k == POOL_OWNERS) {
		leaks->n_others++;
		return;
	}
	if (k == leaks->n_owners)
		leaks->owners[leaks->n_owners++].owner = owner;
	leaks->owners[k].n++;
}

/* "3 of upper", "1 of owner 7" or "2 of nobody" */
static void
leaks_add_owner(const struct leat_pool *pool, const struct leaks_owner *of,
	struct leat__text *text)
{
	const char *name = of->owner && pool->owner_name
		? pool->owner_name(pool->owner_user, of->owner)
		: NULL;

	leat__text_add(text, "%s%u of ", text->at ? ", " : "", of->n);
	if (name)
		leat__text_add(text, "%.40s", name);
	else if (of->owner)
		leat__text_add(text, "owner %u", of->owner);
	else
		leat__text_add(text, "nobody");
}

int
leat_pool_leaks(const struct leat_pool *pool, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leaks leaks = {0};

	for (uint32_t k = 0; k < pool->n_slots; k++)
		if (leat__load_relaxed(&pool->frames[k].refs) != 0)
			leaks_count(&leaks,
				leat__load_relaxed(&pool->frames[k].owner));
	if (leaks.n_frames == 0)
		return LEAT_OK;
	for (uint32_t k = 0; k < leaks.n_owners; k++)
		leaks_add_owner(pool, &leaks.owners[k], &text);
	if (leaks.n_others > 0)
		leat__text_add(&text, ", %u of others", leaks.n_others);
	return leat__error(err, LEAT_ESTATE, "%u %s not released: %s",
		leaks.n_frames, leaks.n_frames == 1 ? "frame" : "frames", buf);
}

void
leat__pool_count_owners(
	const struct leat_pool *pool, uint32_t *n, uint32_t n_owners)
{
	for (uint32_t k = 0; k < pool->n_slots; k++) {
		uint16_t owner = leat__load_relaxed(&pool->frames[k].owner);

		if (leat__load_relaxed(&pool->frames[k].refs) != 0)
			n[owner < n_owners ? owner : 0]++;
	}
}
