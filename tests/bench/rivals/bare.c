/*
 * rivals/bare.c -- the floors: what the machine can do when nothing but the
 * bare mechanism is there. No close, no cancel, no count of anything.
 *
 * A ring with cached indices (Lee, Bu and Chandranmenon, MCRingBuffer, IPDPS
 * 2010); the same ring with a spin and then a futex, where the parker pays for
 * the fence by membarrier(2); two futex words; coroutines that switch by an
 * indirect jump (a return would be mispredicted); and the work of chain6 as a
 * loop over one block, called stage by stage or written out.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/rival.h"

#define NOINLINE __attribute__((noinline))
#define LINE     64

/* ---- futex ------------------------------------------------------------------- */

static void
futex_wait(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void
futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
fence_everywhere(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* ---- the ring ---------------------------------------------------------------- */

/* One side of the ring, on lines of its own. */
struct side {
	_Alignas(LINE) uint32_t index; /* released by this side */
	_Alignas(LINE) uint32_t seen;  /* of the other side's index */
	_Alignas(LINE) uint32_t is_parked;
};

struct ring {
	struct side send, recv;
	_Alignas(LINE) uint64_t cells[RIVAL_CAPACITY];
};

static void
ring_init(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
		0);
}

static inline uint32_t
load_acquire(const uint32_t *word)
{
	/* acquire: pairs with the release in side_publish */
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static int64_t spin_ns = RIVAL_SPIN_NS;

/* Wait until index is no longer seen: spin, then sleep. */
static NOINLINE uint32_t
side_wait(struct side *own, uint32_t *index, uint32_t seen)
{
	int64_t end = rival_now_ns() + spin_ns;
	uint32_t now;

	do {
		for (uint32_t k = 0; k < 16; k++) {
			now = load_acquire(index);
			if (now != seen)
				return now;
			__builtin_ia32_pause();
		}
	} while (rival_now_ns() < end);
	__atomic_store_n(&own->is_parked, 1, __ATOMIC_RELAXED);
	fence_everywhere();
	while ((now = load_acquire(index)) == seen)
		futex_wait(index, seen);
	__atomic_store_n(&own->is_parked, 0, __ATOMIC_RELAXED);
	return now;
}

static inline void
side_publish(struct side *own, struct side *other, uint32_t index)
{
	/* release: pairs with the acquire in load_acquire */
	__atomic_store_n(&own->index, index, __ATOMIC_RELEASE);
	__asm__ volatile("" : : : "memory"); /* the parker has the fence */
	if (__atomic_load_n(&other->is_parked, __ATOMIC_RELAXED))
		futex_wake(&own->index);
}

/* Put n items, waiting until all of them fit. */
static inline void
ring_send(struct ring *ring, const uint64_t *items, uint32_t n)
{
	struct side *own = &ring->send;
	uint32_t index = own->index;

	if (RIVAL_CAPACITY - (index - own->seen) < n)
		own->seen = load_acquire(&ring->recv.index);
	while (RIVAL_CAPACITY - (index - own->seen) < n)
		own->seen = side_wait(own, &ring->recv.index, own->seen);
	for (uint32_t k = 0; k < n; k++)
		ring->cells[(index + k) % RIVAL_CAPACITY] = items[k];
	side_publish(own, &ring->recv, index + n);
}

/* Take 1 to n_max items, waiting for the first. */
static inline uint32_t
ring_recv(struct ring *ring, uint64_t *items, uint32_t n_max)
{
	struct side *own = &ring->recv;
	uint32_t index = own->index, n;

	if (own->seen == index)
		own->seen = load_acquire(&ring->send.index);
	if (own->seen == index)
		own->seen = side_wait(own, &ring->send.index, index);
	n = own->seen - index < n_max ? own->seen - index : n_max;
	for (uint32_t k = 0; k < n; k++)
		items[k] = ring->cells[(index + k) % RIVAL_CAPACITY];
	side_publish(own, &ring->send, index + n);
	return n;
}

/* ---- hops -------------------------------------------------------------------- */

struct hop {
	struct ring ring;
	uint64_t n;
};

static void *
hop1_sender(void *arg)
{
	struct hop *hop = arg;

	for (uint64_t k = 0; k < hop->n; k++)
		ring_send(&hop->ring, &k, 1);
	return NULL;
}

static void *
hop256_sender(void *arg)
{
	struct hop *hop = arg;
	uint64_t items[RIVAL_BURST];

	for (uint64_t k = 0; k < hop->n; k += RIVAL_BURST) {
		for (uint32_t i = 0; i < RIVAL_BURST; i++)
			items[i] = k + i;
		ring_send(&hop->ring, items, RIVAL_BURST);
	}
	return NULL;
}

static inline __attribute__((always_inline)) void
hop_run(uint64_t n, struct rival_result *result, uint32_t n_burst,
	void *(*sender)(void *))
{
	static struct hop hop;
	uint64_t items[RIVAL_BURST] = {0}, sum = 0;
	pthread_t thread;
	int64_t begin = rival_now_ns();

	ring_init(&hop.ring);
	hop.n = n;
	thread = rival_thread(sender, &hop);
	for (uint64_t n_got = 0; n_got < n;) {
		uint32_t n_now = ring_recv(&hop.ring, items, n_burst);

		for (uint32_t k = 0; k < n_now; k++)
			sum += items[k];
		n_got += n_now;
	}
	pthread_join(thread, NULL);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	rival_demand_sum(sum, n);
}

static void
hop1(uint64_t n, struct rival_result *result)
{
	hop_run(n, result, 1, hop1_sender);
}

static void
hop256(uint64_t n, struct rival_result *result)
{
	n -= n % RIVAL_BURST;
	hop_run(n, result, RIVAL_BURST, hop256_sender);
}

/* ---- round trips of threads -------------------------------------------------- */

struct trip {
	struct ring there, back;
	uint64_t n;
};

static void *
trip_echo(void *arg)
{
	struct trip *trip = arg;
	uint64_t item = 0;

	for (uint64_t k = 0; k < trip->n; k++) {
		ring_recv(&trip->there, &item, 1);
		ring_send(&trip->back, &item, 1);
	}
	return NULL;
}

static void
rtt_spin(uint64_t n, struct rival_result *result)
{
	static struct trip trip;
	int64_t *times = rival_times(n);
	pthread_t thread;
	uint64_t item = 0, sum = 0;

	ring_init(&trip.there);
	ring_init(&trip.back);
	trip.n = n;
	thread = rival_thread(trip_echo, &trip);
	times[0] = rival_now_ns();
	for (uint64_t k = 0; k < n; k++) {
		ring_send(&trip.there, &k, 1);
		ring_recv(&trip.back, &item, 1);
		sum += item;
		times[k + 1] = rival_now_ns();
	}
	pthread_join(thread, NULL);
	rival_add_times(result, times, n);
	rival_demand_sum(sum, n);
}

/* As long as leat may spin where a wake takes long. */
static void
rtt_spin_long(uint64_t n, struct rival_result *result)
{
	spin_ns = 100 * RIVAL_SPIN_NS;
	rtt_spin(n, result);
	spin_ns = RIVAL_SPIN_NS;
}

struct words {
	_Alignas(LINE) uint32_t there;
	_Alignas(LINE) uint32_t back;
	uint64_t n;
};

static void
word_await(uint32_t *word, uint32_t old)
{
	while (load_acquire(word) == old)
		futex_wait(word, old);
}

static void
word_set(uint32_t *word, uint32_t value)
{
	/* release: pairs with the acquire in word_await */
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	futex_wake(word);
}

static void *
words_echo(void *arg)
{
	struct words *words = arg;

	for (uint32_t k = 0; k < words->n; k++) {
		word_await(&words->there, k);
		word_set(&words->back, k + 1);
	}
	return NULL;
}

static void
rtt_park(uint64_t n, struct rival_result *result)
{
	static struct words words;
	int64_t *times = rival_times(n);
	pthread_t thread;

	memset(&words, 0, sizeof(words));
	words.n = n;
	thread = rival_thread(words_echo, &words);
	times[0] = rival_now_ns();
	for (uint32_t k = 0; k < n; k++) {
		word_set(&words.there, k + 1);
		word_await(&words.back, k);
		times[k + 1] = rival_now_ns();
	}
	pthread_join(thread, NULL);
	rival_add_times(result, times, n);
}

/* ---- coroutines -------------------------------------------------------------- */

/*
 * Save the callee's registers and the stack, and go on where to stands. The
 * compiler saves whatever else it needs, as all of it is declared lost.
 */
#if defined(__x86_64__)
#define STACK_BYTES 65536

struct coroutine {
	void *stack;
	void (*where)(void);
};

static inline __attribute__((always_inline)) void
coroutine_switch(struct coroutine *from, struct coroutine *to)
{
	__asm__ volatile("subq $128, %%rsp\n\t" /* the red zone */
			 "pushq %%rbp\n\t"
			 "pushq %%rbx\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "movq %%rsp, (%[from])\n\t"
			 "movq %%rax, 8(%[from])\n\t"
			 "movq (%[to]), %%rsp\n\t"
			 "jmpq *8(%[to])\n\t"
			 "1:\n\t"
			 "popq %%rbx\n\t"
			 "popq %%rbp\n\t"
			 "addq $128, %%rsp\n\t"
			 : [from] "+D"(from), [to] "+S"(to)
			 :
			 : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
			 "r13", "r14", "r15", "memory", "cc");
}

/* Two of them, and a ring without indices to wait on. */
struct pair {
	struct coroutine main, other;
	struct ring there, back;
	uint64_t n;
};

static struct pair pair;

/* Let entry run on a stack of its own; it never returns. */
static void *
coroutine_start(struct coroutine *coroutine, void (*entry)(void))
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	rival_demand(stack != MAP_FAILED, "a stack");
	coroutine->stack = stack + STACK_BYTES - 2 * LINE - sizeof(void *);
	coroutine->where = entry;
	return stack;
}

static inline bool
cell_put(struct ring *ring, uint64_t item)
{
	if (ring->send.index - ring->recv.index == RIVAL_CAPACITY)
		return false;
	ring->cells[ring->send.index++ % RIVAL_CAPACITY] = item;
	return true;
}

static inline bool
cell_take(struct ring *ring, uint64_t *item)
{
	if (ring->send.index == ring->recv.index)
		return false;
	*item = ring->cells[ring->recv.index++ % RIVAL_CAPACITY];
	return true;
}

static void
pair_sender(void)
{
	for (uint64_t k = 0; k < pair.n; k++)
		while (!cell_put(&pair.there, k))
			coroutine_switch(&pair.other, &pair.main);
	for (;;)
		coroutine_switch(&pair.other, &pair.main);
}

static void
pair_echo(void)
{
	uint64_t item;

	for (;;) {
		while (!cell_take(&pair.there, &item))
			coroutine_switch(&pair.other, &pair.main);
		while (!cell_put(&pair.back, item))
			coroutine_switch(&pair.other, &pair.main);
	}
}

static void
hop1_fiber(uint64_t n, struct rival_result *result)
{
	int64_t begin = rival_now_ns();
	uint64_t item, sum = 0;
	void *stack;

	memset(&pair, 0, sizeof(pair));
	pair.n = n;
	stack = coroutine_start(&pair.other, pair_sender);
	for (uint64_t k = 0; k < n; k++) {
		while (!cell_take(&pair.there, &item))
			coroutine_switch(&pair.main, &pair.other);
		sum += item;
	}
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	munmap(stack, STACK_BYTES);
	rival_demand_sum(sum, n);
}

static void
rtt_fiber(uint64_t n, struct rival_result *result)
{
	int64_t *times = rival_times(n);
	uint64_t item, sum = 0;
	void *stack;

	memset(&pair, 0, sizeof(pair));
	stack = coroutine_start(&pair.other, pair_echo);
	times[0] = rival_now_ns();
	for (uint64_t k = 0; k < n; k++) {
		while (!cell_put(&pair.there, k))
			coroutine_switch(&pair.main, &pair.other);
		while (!cell_take(&pair.back, &item))
			coroutine_switch(&pair.main, &pair.other);
		sum += item;
		times[k + 1] = rival_now_ns();
	}
	munmap(stack, STACK_BYTES);
	rival_add_times(result, times, n);
	rival_demand_sum(sum, n);
}
#endif

/* ---- chain6 ------------------------------------------------------------------ */

static NOINLINE void
block_fill(uint64_t *items, uint64_t first)
{
	for (uint64_t k = 0; k < RIVAL_CHAIN_ITEMS; k++)
		items[k] = first + k;
}

static NOINLINE uint64_t
block_sum(const uint64_t *items)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < RIVAL_CHAIN_ITEMS; k++)
		sum += items[k];
	return sum;
}

#define DEFINE_STAGE(k)                                                        \
	static NOINLINE void stage_##k(uint64_t *items)                        \
	{                                                                      \
		for (uint32_t i = 0; i < RIVAL_CHAIN_ITEMS; i++)               \
			items[i] = RIVAL_LINE_##k(items[i]);                   \
	}

DEFINE_STAGE(0)
DEFINE_STAGE(1)
DEFINE_STAGE(2)
DEFINE_STAGE(3)
DEFINE_STAGE(4)
DEFINE_STAGE(5)

/* One block, and every stage a call through a pointer. */
static void
chain6(uint64_t n, struct rival_result *result)
{
	void (*const stages[])(uint64_t *) = {
		stage_0, stage_1, stage_2, stage_3, stage_4, stage_5};
	uint64_t items[RIVAL_CHAIN_ITEMS], sum = 0;
	int64_t begin;

	n -= n % RIVAL_CHAIN_ITEMS;
	rival_keep(stages);
	begin = rival_now_ns();
	for (uint64_t k = 0; k < n; k += RIVAL_CHAIN_ITEMS) {
		block_fill(items, k);
		for (uint32_t i = 0; i < 6; i++)
			stages[i](items);
		sum += block_sum(items);
	}
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	rival_demand_chain(sum, n);
}

/* All six written into one loop: no pipeline any more, for information. */
static void
chain6_inline(uint64_t n, struct rival_result *result)
{
	uint64_t sum = 0;
	int64_t begin = rival_now_ns();

	for (uint64_t k = 0; k < n; k++)
		sum += rival_chain_item(k);
	rival_keep(sum);
	rival_add(result, "ns", (double)(rival_now_ns() - begin) / (double)n);
	rival_demand_chain(sum, n);
}

static const struct rival_case cases[] = {
	{"hop1", 10000000, false, hop1},
	{"hop256", 100000000, false, hop256},
	{"chain6", 100000000, false, chain6},
	{"chain6-inline", 200000000, false, chain6_inline},
#if defined(__x86_64__)
	{"hop1-fiber", 50000000, false, hop1_fiber},
	{"rtt-fiber", 3000000, false, rtt_fiber},
#endif
	{"rtt-spin", 200000, false, rtt_spin},
	{"rtt-spin-long", 200000, false, rtt_spin_long},
	{"rtt-park", 20000, false, rtt_park},
	{NULL, 0, false, NULL},
};

int
main(int argc, char **argv)
{
	return rival_main("bare", cases, argc, argv);
}
