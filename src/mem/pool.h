/*
 * mem/pool.h -- what a pool is made of, for the files of this folder.
 */
#ifndef LEAT_SRC_MEM_POOL_H
#define LEAT_SRC_MEM_POOL_H

#include "env/side.h"
#include "mem/mem.h"

#ifdef NDEBUG
#define LEAT__POOL_IS_DEBUG false
#else
#define LEAT__POOL_IS_DEBUG true
#endif

/* What belongs to a slot and is seldom looked at. */
struct leat__pool_slot {
	struct leat_frame *base; /* released with the frame; NULL = none */
	uint32_t next;           /* below it in the depot, + 1; atomic */
	uint32_t class_;
};

struct leat__pool_class {
	uint8_t *payload; /* of its first slot */
	uint32_t slot_bytes;
	uint32_t n_slots;
	uint32_t first_slot;
};

struct leat__pool_depot {
	/* low half: number of the top slot + 1; high half: tag; atomic */
	_Alignas(LEAT__CACHE_LINE) uint64_t head;
	uint32_t n_used;      /* out or in a magazine; atomic */
	uint32_t n_used_high; /* atomic */
};

struct leat_pool {
	const struct leat__env *env;
	struct leat_frame *frames; /* headers, by slot */
	struct leat__pool_slot *slots;
	struct leat__frame_trace *traces; /* by slot; NULL = none */
	uint8_t *memory;                  /* the mapping */
	uint64_t memory_bytes;
	int memory_fd;
	uint32_t n_slots;
	uint32_t n_classes;
	struct leat__pool_class classes[LEAT_POOL_CLASSES_MAX];
	struct leat__pool_depot depots[LEAT_POOL_CLASSES_MAX];
	_Alignas(LEAT__CACHE_LINE) struct leat__side
		freed;                  /* told of slots in a depot */
	leat__owner_name_fn owner_name; /* for reports; NULL = by numbers */
	const void *owner_user;
};

static inline uint8_t *
leat__pool_payload(const struct leat__pool_class *c, uint32_t slot)
{
	return c->payload + (size_t)(slot - c->first_slot) * c->slot_bytes;
}

#endif
