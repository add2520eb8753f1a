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

#include "mem/pool.h"

#define POOL_POISON       0xa5
#define POOL_POISON_BYTES 64u

_Static_assert(sizeof(struct leat_frame) == LEAT__CACHE_LINE,
	"a frame's header is one cache line");

/* ---- the depot ------------------------------------------------------------ */

static uint64_t
depot_head(uint64_t old_head, uint32_t top)
{
	return ((old_head >> 32) + 1) << 32 | top;
}

static void
depot_count_taken(struct leat__pool_depot *depot, uint32_t n)
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
	struct leat__pool_depot *depot = &pool->depots[class_];
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
	struct leat__pool_depot *depot = &pool->depots[class_];
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
frame_start(const struct leat_frame *frame)
{
	const struct leat_pool *pool = frame->pool;

	return leat__pool_payload(
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
	frame->data = leat__pool_payload(&pool->classes[class_], slot);
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
	struct leat__pool_slot *slot = &pool->slots[frame->slot];
	struct leat_frame *base = slot->base;
	struct leat__magazine *m = cache_magazine(cache, pool, slot->class_);

	slot->base = NULL;
	leat__store_relaxed(&frame->owner, (uint16_t)0);
	leat__store_relaxed(&frame->generation, frame->generation + 1);
	if (LEAT__POOL_IS_DEBUG)
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

bool
leat__frame_fits(const struct leat_frame *frame)
{
	uint32_t n_bytes = leat_frame_capacity_bytes(frame);
	uintptr_t at = (uintptr_t)frame->data - (uintptr_t)frame_start(frame);

	return at >= n_bytes || frame->len_bytes <= n_bytes - at;
}

uint32_t
leat__frame_class(const struct leat_frame *frame)
{
	return frame->pool->slots[frame->slot].class_;
}

void
leat_frame_set_base(struct leat_frame *frame, struct leat_frame *base)
{
	struct leat__pool_slot *slot = &frame->pool->slots[frame->slot];

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
leat__frame_copy_head(struct leat__cache *cache, struct leat_frame *frame)
{
	struct leat_frame *base = leat_frame_base(frame);
	struct leat_frame *copy =
		leat__pool_take(frame->pool, cache, leat__frame_class(frame));

	if (!copy)
		return NULL;
	copy->data += frame->data - frame_start(frame);
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

struct leat_frame *
leat__frame_copy(struct leat__cache *cache, struct leat_frame *frame)
{
	struct leat_frame *copy = leat__frame_copy_head(cache, frame);

	if (copy)
		memcpy(copy->data, frame->data, frame->len_bytes);
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
	const struct leat__pool_class *c = &pool->classes[class_];

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
	struct leat__pool_depot *depot = &pool->depots[class_];

	leat__store_relaxed(&depot->n_used, pool->classes[class_].n_slots);
	leat__store_relaxed(
		&depot->head, depot_head(leat__load_relaxed(&depot->head), 0));
}

struct leat_frame *
leat__pool_forget(struct leat_frame *frame)
{
	struct leat__pool_slot *slot = &frame->pool->slots[frame->slot];
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
