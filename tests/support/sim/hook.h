/*
 * sim/hook.h -- what every atomic access of the simulated core calls.
 *
 * A point is where the simulator may let another virtual thread run. It costs
 * a counter and a compare: the strategy says beforehand at which step it wants
 * to be asked again. Outside of a run that step never comes.
 */
#ifndef LEAT_TESTS_SIM_HOOK_H
#define LEAT_TESTS_SIM_HOOK_H

#include <stdbool.h>
#include <stdint.h>

enum sim_op { SIM_OP_LOAD, SIM_OP_STORE, SIM_OP_SWAP, SIM_OP_FENCE };

struct sim_hot {
	uint64_t steps;      /* points passed in this run */
	uint64_t next;       /* the step at which to look up */
	uint32_t is_tso;     /* stores go through store buffers */
	uint32_t weak_fails; /* compare-and-swap of the weak kind may fail */
};

extern struct sim_hot sim_hot;

/* The slow half of a point: the strategy chooses who goes on. */
void sim_look(const volatile void *memory, uint32_t n_bytes, enum sim_op op);
/* A store that waits in the running thread's buffer. */
void sim_put(volatile void *memory, uint64_t value, uint32_t n_bytes);
/* All that waits in the running thread's buffer becomes visible. */
void sim_drain(void);
/* A spinning thread: others go first. */
void sim_stall(void);
/* Does a weak compare-and-swap fail for no reason, this time? */
bool sim_draw_weak_failure(void);

static inline void
sim_point(const volatile void *memory, uint32_t n_bytes, enum sim_op op)
{
	if (__builtin_expect(++sim_hot.steps >= sim_hot.next, 0))
		sim_look(memory, n_bytes, op);
}

/* Before a locked instruction or a fence, which empty the store buffer. */
static inline void
sim_point_full(const volatile void *memory, uint32_t n_bytes, enum sim_op op)
{
	sim_point(memory, n_bytes, op);
	if (sim_hot.is_tso)
		sim_drain();
}

static inline bool
sim_weak_fails(void)
{
	return sim_hot.weak_fails && sim_draw_weak_failure();
}

#define SIM_LOAD(p)                                                            \
	__extension__({                                                        \
		sim_point((p), sizeof(*(p)), SIM_OP_LOAD);                     \
		__atomic_load_n((p), __ATOMIC_RELAXED);                        \
	})
#define SIM_STORE(p, v)                                                        \
	__extension__({                                                        \
		__typeof__(*(p)) sim_stored_ = (v);                            \
		uint64_t sim_bits_ = 0;                                        \
		sim_point((p), sizeof(*(p)), SIM_OP_STORE);                    \
		__builtin_memcpy(&sim_bits_, (const void *)&sim_stored_,       \
			sizeof(sim_stored_));                                  \
		if (sim_hot.is_tso)                                            \
			sim_put((p), sim_bits_, sizeof(*(p)));                 \
		else                                                           \
			__atomic_store_n((p), sim_stored_, __ATOMIC_RELAXED);  \
	})
#define SIM_SWAP(call, p, v)                                                   \
	__extension__({                                                        \
		__typeof__(*(p)) sim_operand_ = (v);                           \
		sim_point_full((p), sizeof(*(p)), SIM_OP_SWAP);                \
		call((p), sim_operand_, __ATOMIC_SEQ_CST);                     \
	})
#define SIM_CAS(p, expected, v)                                                \
	__extension__({                                                        \
		__typeof__(*(p)) sim_wanted_ = (v);                            \
		sim_point_full((p), sizeof(*(p)), SIM_OP_SWAP);                \
		__atomic_compare_exchange_n((p), (expected), sim_wanted_, 0,   \
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                   \
	})
#define SIM_CAS_WEAK(p, expected, v)                                           \
	(sim_weak_fails() ? (*(expected) = SIM_LOAD(p), 0)                     \
			  : SIM_CAS(p, expected, v))
#define SIM_FENCE() sim_point_full((const void *)0, 0, SIM_OP_FENCE)

#endif
