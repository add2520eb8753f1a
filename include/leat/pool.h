/*
 * leat/pool.h -- the slot pool and the frames that live in it.
 *
 * A pool is one mapping cut into slots of one or a few sizes (classes). A
 * frame is a slot on its way: a header of one cache line, apart from the
 * payload, and the payload itself, page-aligned. Data lives nowhere else.
 *
 * Ownership: acquire gives a frame with one reference; whoever holds it alone
 * may write. retain adds a reader; release takes one away and at none the slot
 * is free again. A handle (slot + generation) stays valid until then, and is
 * refused afterwards.
 */
#ifndef LEAT_POOL_H
#define LEAT_POOL_H

#include <stdbool.h>

#include <leat/base.h>
#include <leat/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_pool;

/* How to read a payload. As bits, a stage says which it accepts. */
#define LEAT_LAYOUT_BYTES (1u << 0) /* a piece of a byte stream */
#define LEAT_LAYOUT_ITEMS (1u << 1) /* n items of one fixed size */
#define LEAT_LAYOUT_ROWS  (1u << 2) /* n byte strings and their offsets */
#define LEAT_LAYOUT_TABLE (1u << 3) /* columns, see leat/table.h */
#define LEAT_LAYOUT_ANY   0xfu

/**
 * A frame's header: one cache line, in private memory of this process.
 * Read any field; write data (within the slot), len_bytes, n_items, layout
 * and source_offset while you hold the only reference. The rest is the pool's.
 */
struct leat_frame {
	uint8_t *data;          /* first payload byte */
	struct leat_pool *pool; /* where the slot goes back to */
	uint64_t stamp;         /* Lamport stamp, 0 = none */
	uint64_t source_offset; /* of data[0] in its source, bytes */
	int64_t birth_ns;       /* when its source made it, to 4 ns; 0 =
				   unknown */
	uint32_t len_bytes;     /* payload filled */
	uint32_t n_items;       /* records in it (for bytes: ended in it) */
	uint8_t layout;         /* one LEAT_LAYOUT_ bit */
	uint8_t flags;          /* LEAT_FRAME_* */
	uint16_t owner;         /* stage that holds it, 0 = none */
	uint32_t refs;          /* readers; atomic, the pool's */
	uint32_t slot;          /* index in the pool */
	uint32_t generation;    /* counts the slot's lives */
};

/** In flags, of bytes: the stream was stopped here, it did not end. */
#define LEAT_FRAME_CUT (1u << 0)
/**
 * In flags, of bytes: a file begins with this frame, and what came before has
 * ended. leat_frame_file() says what it is called.
 */
#define LEAT_FRAME_FIRST (1u << 1)
/**
 * In flags, of bytes: the stage before has put a head of its own behind
 * leat_frame_start(), for this stage, which knows it.
 */
#define LEAT_FRAME_MARKED (1u << 2)
/**
 * In flags, of rows: the frame that they point into begins with a head that
 * says where its text stands, known to the stages that come with the library.
 */
#define LEAT_FRAME_PLACED (1u << 3)
/** In flags: three bits for the priority, see leat_frame_priority(). */
#define LEAT_FRAME_PRIORITY_SHIFT 5
#define LEAT_FRAME_PRIORITY_MAX   7u

/** Payload of a frame as bytes. */
struct leat_span {
	uint8_t *data;
	size_t len; /* bytes */
};

/** Where a frame is, for other processes and for logs. */
struct leat_handle {
	uint32_t slot;
	uint32_t generation;
};

struct leat_pool_class {
	uint32_t slot_bytes; /* payload of one slot; rounded up to 4096 */
	uint32_t n_slots;    /* 1 to LEAT_POOL_SLOTS_MAX */
};

#define LEAT_POOL_SLOTS_MAX   (1u << 20)
#define LEAT_POOL_CLASSES_MAX 8
#define LEAT_SLOT_BYTES_MAX   (1u << 31)

struct leat_pool_opts {
	uint32_t size;       /* by LEAT_OPTS_INIT(leat_pool_opts) */
	uint32_t flags;      /* none yet; unknown bits are refused */
	uint32_t slot_bytes; /* payload of a slot; 0 = 65536 */
	uint32_t n_slots;    /* 0 = 64 */
};

/** What a pool holds, all in slots; a snapshot, exact when at rest. */
struct leat_pool_stats {
	uint32_t n_slots;
	uint32_t n_free;
	uint32_t n_used_high; /* most that were ever out at once */
};

/**
 * Create a pool. Address space is reserved, memory is touched on first use,
 * and the slot released last is taken first, so that few slots stay hot.
 *
 * @param opts      NULL = all defaults                                  [lent]
 * @param pool_out  to be ended by leat_pool_destroy()                  [given]
 *
 * @return LEAT_OK, or
 *   LEAT_EINVAL  a field over its limit; the text names it
 *   LEAT_ENOTSUP opts is from a newer version and uses what this one lacks
 *   LEAT_ENOMEM  no address space or no memory for the headers
 *
 * Threads: any. Waits: no. Allocates: yes.
 * Source:  Bonwick and Adams, Magazines and Vmem, USENIX 2001.
 */
LEAT_API LEAT_MUST_CHECK int leat_pool_create(const struct leat_pool_opts *opts,
	struct leat_pool **pool_out, struct leat_error *err);

/**
 * Unmap a pool; NULL is accepted. All frames must have been released: debug
 * builds abort and name the owners of those that were not.
 */
LEAT_API void leat_pool_destroy(struct leat_pool *pool);

/**
 * Take a free slot, waiting for one.
 *
 * @param ctx          ends the wait; NULL = none                        [lent]
 * @param deadline_ns  absolute; LEAT_NEVER = no limit
 * @param frame_out    one frame, len_bytes 0, one reference            [given]
 *
 * @return LEAT_OK, LEAT_ETIMEDOUT, or LEAT_ECANCELED.
 *
 * Threads: any. Waits: yes, cancellable. Allocates: no. Cost: O(1).
 */
LEAT_API LEAT_MUST_CHECK int leat_pool_acquire(struct leat_pool *pool,
	struct leat_ctx *ctx, int64_t deadline_ns,
	struct leat_frame **frame_out);

/** As leat_pool_acquire, but LEAT_EAGAIN instead of a wait. */
LEAT_API LEAT_MUST_CHECK int leat_pool_try_acquire(
	struct leat_pool *pool, struct leat_frame **frame_out);

LEAT_API void leat_pool_stats(
	const struct leat_pool *pool, struct leat_pool_stats *stats_out);

/**
 * Was every frame released? For the end of a program or a test.
 *
 * @return LEAT_OK, or LEAT_ESTATE with a text that counts the frames that are
 * out by who holds them: the stage by name, another owner by number, or nobody
 * where none is noted.
 *
 * Threads: any; exact when nobody uses the pool. Waits: no. Allocates: no.
 * Cost: O(slots).
 */
LEAT_API LEAT_MUST_CHECK int leat_pool_leaks(
	const struct leat_pool *pool, struct leat_error *err);

/** One more reader of a frame. [shared] */
LEAT_API void leat_frame_retain(struct leat_frame *frame);

/**
 * One reader less; at none the slot is free. NULL is accepted.
 * Order: what any holder wrote happens before the slot is taken again.
 * Inside a stage leat_stage_release() is faster.
 */
LEAT_API void leat_frame_release(struct leat_frame *frame);

/** May the holder write, i.e. is nobody else reading? */
LEAT_API bool leat_frame_is_sole(const struct leat_frame *frame);

/** First byte of the slot: data - slot start is the headroom. */
LEAT_API uint8_t *leat_frame_start(const struct leat_frame *frame);

/** Bytes of the slot, from leat_frame_start(). */
LEAT_API uint32_t leat_frame_capacity_bytes(const struct leat_frame *frame);

/**
 * Tie the life of another frame to this one: base is released when frame is
 * freed. For views that point into another slot.
 *
 * @param frame  held alone, without a base
 * @param base   [moved]
 */
LEAT_API void leat_frame_set_base(
	struct leat_frame *frame, struct leat_frame *base);

/** The frame tied by leat_frame_set_base(), or NULL. [lent] */
LEAT_API struct leat_frame *leat_frame_base(const struct leat_frame *frame);

LEAT_API struct leat_handle leat_frame_handle(const struct leat_frame *frame);

/**
 * Find a frame again by its handle.
 * @return LEAT_OK, or LEAT_EINVAL if the slot does not exist, is free or has
 * been taken again since.
 */
LEAT_API LEAT_MUST_CHECK int leat_pool_resolve(struct leat_pool *pool,
	struct leat_handle handle, struct leat_frame **frame_out);

/** How much it is worth if not all can be kept: 0 (the least, and what is not
 * said) to LEAT_FRAME_PRIORITY_MAX. A frame that a stage takes has that of the
 * frame in hand. */
static inline uint32_t
leat_frame_priority(const struct leat_frame *frame)
{
	return (uint32_t)frame->flags >> LEAT_FRAME_PRIORITY_SHIFT;
}

/** Of a frame that nobody else reads; higher numbers count as the highest. */
static inline void
leat_frame_set_priority(struct leat_frame *frame, uint32_t priority)
{
	uint32_t most = LEAT_FRAME_PRIORITY_MAX;
	uint32_t rest = frame->flags & ((1u << LEAT_FRAME_PRIORITY_SHIFT) - 1);

	priority = priority < most ? priority : most;
	frame->flags = (uint8_t)(rest | priority << LEAT_FRAME_PRIORITY_SHIFT);
}

/** Of bytes with LEAT_FRAME_FIRST: what the file is called. [lent] by its
 * source, as long as the graph lives */
static inline const char *
leat_frame_file(const struct leat_frame *frame)
{
	return *(const char *const *)(const void *)leat_frame_start(frame);
}

/** A file begins with this frame; its payload begins behind the name's place,
 * 8 bytes from leat_frame_start() or more. */
static inline void
leat_frame_set_file(struct leat_frame *frame, const char *name)
{
	*(const char **)(void *)leat_frame_start(frame) = name;
	frame->flags |= LEAT_FRAME_FIRST;
}

/** The payload that is filled. */
static inline struct leat_span
leat_frame_span(struct leat_frame *frame)
{
	struct leat_span s = {frame->data, frame->len_bytes};

	return s;
}

#ifdef __cplusplus
}
#endif
#endif
