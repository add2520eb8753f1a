/*
 * mem/mem.h -- pool, magazines and side memory, for the rest of the library.
 *
 * Invariants: n_free + frames out = n_slots, per class; a slot is in exactly
 * one of depot, one magazine, or out; its generation grows when it is freed;
 * nothing touches a frame after its count reached zero.
 */
#ifndef LEAT_SRC_MEM_MEM_H
#define LEAT_SRC_MEM_MEM_H

#include "env/env.h"
#include <leat/pool.h>
#include <leat/trace.h>

/* ---- pool.c, create.c, stats.c --------------------------------------------- */

#define LEAT__MAGAZINE_MAX 32

/* Free slots that one thread keeps to itself, by class, hottest last. */
struct leat__magazine {
	uint32_t n;
	uint32_t n_max; /* 0 = none: straight to the depot */
	uint32_t slots[LEAT__MAGAZINE_MAX];
};

struct leat__cache {
	struct leat_pool *pool;
	struct leat__magazine magazines[LEAT_POOL_CLASSES_MAX];
};

/*
 * A pool of several classes. Classes must differ in slot_bytes, ascending.
 * A pool whose users hold caches needs n_slots that count magazine_slots per
 * cache on top: a slot in another thread's magazine cannot be had.
 */
LEAT_MUST_CHECK int leat__pool_create(const struct leat__env *env,
	const struct leat_pool_class *classes, uint32_t n_classes,
	struct leat_pool **pool_out, struct leat_error *err);

/* Name of who a frame's owner says holds it, for reports; NULL = unknown. */
typedef const char *(*leat__owner_name_fn)(const void *user, uint16_t owner);

/* name and what it gives live as long as the pool. Before it is shared. */
void leat__pool_name_owners(
	struct leat_pool *pool, leat__owner_name_fn name, const void *user);

/* Of a class whose slots are so large, each is work for longer than a way to
 * the depot takes: threads keep none for themselves. So what one has given back
 * last, the other takes next, and few go round, which stay in the caches: to
 * count a file, 5.9 MiB of 256 KiB frames instead of 9.2, and 4 to 8 % less
 * time to fill and to read them. */
#define LEAT__MAGAZINE_SLOT_BYTES (1u << 17)

/* Slots of a class that a thread may keep, of magazine_slots asked for. */
static inline uint32_t
leat__magazine_slots(uint32_t slot_bytes, uint32_t magazine_slots)
{
	return slot_bytes < LEAT__MAGAZINE_SLOT_BYTES ? magazine_slots : 0;
}

/* magazine_slots over LEAT__MAGAZINE_MAX counts as that. */
void leat__cache_init(struct leat__cache *cache, struct leat_pool *pool,
	uint32_t magazine_slots);
/* Give all back to the depot; the cache is then empty. */
void leat__cache_fini(struct leat__cache *cache);

/* cache NULL = the depot. NULL if the class has no free slot. */
struct leat_frame *leat__pool_take(
	struct leat_pool *pool, struct leat__cache *cache, uint32_t class_);
/* One reference less. */
void leat__frame_release(struct leat__cache *cache, struct leat_frame *frame);

uint32_t leat__frame_class(const struct leat_frame *frame);
/* Do its bytes end in its slot, if they begin there? */
bool leat__frame_fits(const struct leat_frame *frame);
uint32_t leat__pool_n_classes(const struct leat_pool *pool);
void leat__pool_class_stats(const struct leat_pool *pool, uint32_t class_,
	struct leat_pool_class *class_out, struct leat_pool_stats *stats_out);
/* Bytes of slots that are out or in a magazine now, and the most that ever
 * were, class by class. */
uint64_t leat__pool_used_bytes(const struct leat_pool *pool);
uint64_t leat__pool_high_bytes(const struct leat_pool *pool);
/* Add up the frames that are out: n[k] of owner k, those above in n[0]. */
void leat__pool_count_owners(
	const struct leat_pool *pool, uint32_t *n, uint32_t n_owners);
/* Whole size: slots and headers. What the plan counts. */
uint64_t leat__pool_bytes(
	const struct leat_pool_class *classes, uint32_t n_classes);

/* A private copy of a frame: same class, payload copied, base shared. NULL if
 * the class has no free slot. */
struct leat_frame *leat__frame_copy(
	struct leat__cache *cache, struct leat_frame *frame);
/* The same, but for its bytes: they are still to be written. */
struct leat_frame *leat__frame_copy_head(
	struct leat__cache *cache, struct leat_frame *frame);

/*
 * For a child process, whose copy of the headers is its own while payloads are
 * shared: it disowns all slots, and puts those that it is lent. Slots are
 * below leat__pool_n_slots(). One thread only.
 */
uint32_t leat__pool_n_slots(const struct leat_pool *pool);
struct leat_frame *leat__pool_frame(struct leat_pool *pool, uint32_t slot);
int leat__pool_fd(const struct leat_pool *pool); /* -1 = not shared */
void leat__pool_class_memory(const struct leat_pool *pool, uint32_t class_,
	void **memory_out, size_t *n_bytes_out);
void leat__pool_disown(struct leat_pool *pool);
/* None of its slots is free any more. */
void leat__pool_disown_class(struct leat_pool *pool, uint32_t class_);
void leat__pool_put(struct leat_pool *pool, uint32_t slot);
/* A frame is not its any more, and not free either. Returns its base. */
struct leat_frame *leat__pool_forget(struct leat_frame *frame);

/* ---- trace.c: which trace frames belong to ------------------------------------ */

/* Beside a slot; of the frame in it if life is its generation + 1. Written by
 * who holds the frame alone. */
struct leat__frame_trace {
	struct leat_trace_context context; /* and the last span */
	uint64_t life;
	bool is_given; /* by the stage that has it, and not emitted yet */
	uint16_t state_bytes;
	char state[LEAT_TRACE_STATE_MAX + 1];
};

/* Bytes for each slot. */
#define LEAT__FRAME_TRACE_BYTES sizeof(struct leat__frame_trace)

/* Before any slot is taken. LEAT_OK, LEAT_ENOMEM. */
LEAT_MUST_CHECK int leat__pool_trace(struct leat_pool *pool);
/* The place beside a frame's slot; NULL: its pool has none. */
struct leat__frame_trace *leat__frame_trace_place(
	const struct leat_frame *frame);
/* The same, if the frame has a trace. */
const struct leat__frame_trace *leat__frame_trace(
	const struct leat_frame *frame);
/* It belongs to this trace; state: of another frame, or NULL. */
void leat__frame_trace_put(struct leat_frame *frame,
	const struct leat_trace_context *context,
	const struct leat__frame_trace *state);

/* ---- side.c: side memory ------------------------------------------------------ */

/*
 * One arena per graph: jemalloc's own, when jemalloc is in the process, else
 * the world's alloc. An account counts what one stage holds against a cap.
 */
struct leat__arena;

struct leat__account {
	struct leat__arena *arena;
	uint64_t cap_bytes;
	uint64_t used_bytes; /* atomic */
	uint64_t high_bytes; /* atomic */
	void *list;          /* all its blocks, freed at the latest by fini */
};

LEAT_MUST_CHECK int leat__arena_create(
	const struct leat__env *env, struct leat__arena **arena_out);
void leat__arena_destroy(struct leat__arena *arena);
/* Is it jemalloc's? For explain. */
bool leat__arena_is_jemalloc(const struct leat__arena *arena);

void leat__account_init(struct leat__account *account,
	struct leat__arena *arena, uint64_t cap_bytes);
void leat__account_fini(struct leat__account *account);
/* LEAT_OK, LEAT_ELIMIT (over the cap, counted with block headers), LEAT_ENOMEM.
 * One thread at a time. */
LEAT_MUST_CHECK int leat__account_alloc(
	struct leat__account *account, size_t n_bytes, void **memory_out);
void leat__account_free(struct leat__account *account, void *memory);

#endif
