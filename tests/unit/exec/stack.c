/*
 * unit/exec/stack.c -- stacks: reserved, taken, given back, trimmed.
 */
#include "support/test.h"

#include <errno.h>
#include <sys/mman.h>

#include "exec/stack.h"
#include "support/fail.h"

#define PAGE        ((size_t)4096)
#define STACK_BYTES (16 * PAGE)

/* A world that maps what nobody may touch, and notes what is discarded. */
struct stack_world {
	struct fail_env fail;
	uint32_t n_maps_before_failure;
	uint32_t n_live; /* mappings */
	uint32_t n_discards;
	char *discarded;
	size_t discarded_bytes;
};

static struct stack_world *
world_of(const struct leat__env *env)
{
	return (struct stack_world *)env->self;
}

static int
map_untouchable(const struct leat__env *env, size_t n_bytes, uint32_t n,
	bool may_split, void **memory_out, bool *is_guarded_out)
{
	struct stack_world *world = world_of(env);

	(void)may_split;
	if (world->n_maps_before_failure == 0)
		return ENOMEM;
	world->n_maps_before_failure--;
	world->n_live++;
	*memory_out = mmap(NULL, n * n_bytes, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*is_guarded_out = true;
	return *memory_out == MAP_FAILED ? errno : 0;
}

static void
unmap(const struct leat__env *env, void *memory, size_t n_bytes, int fd)
{
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(munmap(memory, n_bytes), 0);
	world_of(env)->n_live--;
}

static void
note_discard(const struct leat__env *env, void *memory, size_t n_bytes)
{
	struct stack_world *world = world_of(env);

	world->n_discards++;
	world->discarded = memory;
	world->discarded_bytes = n_bytes;
}

static void
world_init(struct stack_world *world, uint32_t n_maps)
{
	memset(world, 0, sizeof(*world));
	fail_env_init(&world->fail);
	world->n_maps_before_failure = n_maps;
	world->fail.env.map_stacks = map_untouchable;
	world->fail.env.unmap = unmap;
	world->fail.env.discard = note_discard;
}

static void
world_check(const struct stack_world *world)
{
	ck_assert_uint_eq(world->n_live, 0);
	ck_assert_uint_eq(world->fail.alloc_live, 0);
}

START_TEST(so_many_are_there_as_are_reserved)
{
	struct stack_world world;
	struct leat__stacks stacks;
	uint32_t n_maps;

	world_init(&world, UINT32_MAX);
	leat__stacks_init(&stacks, &world.fail.env, STACK_BYTES);
	ck_assert_uint_eq(world.n_live, 0);
	ck_assert(leat__stacks_reserve(&stacks, 1000));
	ck_assert_uint_ge(stacks.n_mapped, 1000);
	n_maps = world.n_live;
	ck_assert(leat__stacks_reserve(&stacks, 1000));
	ck_assert(leat__stacks_reserve(&stacks, 10));
	ck_assert_uint_eq(world.n_live, n_maps);
	for (uint32_t k = 0; k < stacks.n_mapped; k++)
		ck_assert_ptr_nonnull(leat__stacks_take(&stacks, NULL));
	leat__stacks_fini(&stacks);
	leat__stacks_fini(&stacks);
	world_check(&world);
}
END_TEST

START_TEST(without_memory_less_is_reserved_and_nothing_is_lost)
{
	for (uint64_t at = 1; at <= 3; at++) {
		struct stack_world world;
		struct leat__stacks stacks;
		uint32_t n_mapped;

		world_init(&world, at == 3 ? 1 : UINT32_MAX);
		world.fail.alloc_fail_at = at == 3 ? 0 : at;
		leat__stacks_init(&stacks, &world.fail.env, STACK_BYTES);
		ck_assert(!leat__stacks_reserve(&stacks, 1000));
		n_mapped = stacks.n_mapped;
		ck_assert_int_eq(n_mapped == 0, at == 1);
		world.n_maps_before_failure = UINT32_MAX;
		ck_assert(leat__stacks_reserve(&stacks, 1000));
		ck_assert_uint_ge(stacks.n_mapped, 1000);
		leat__stacks_fini(&stacks);
		world_check(&world);
	}
}
END_TEST

/* Side by side, each within its own part, and their tops not all alike. */
START_TEST(stacks_do_not_overlap)
{
	struct stack_world world;
	struct leat__stacks stacks;
	const struct leat__stack *one, *other;
	uintptr_t offsets = 0;

	world_init(&world, UINT32_MAX);
	leat__stacks_init(&stacks, &world.fail.env, STACK_BYTES - 1);
	ck_assert(leat__stacks_reserve(&stacks, 100));
	one = leat__stacks_take(&stacks, NULL);
	for (uint32_t k = 1; k < 100; k++) {
		other = leat__stacks_take(&stacks, NULL);
		ck_assert(one->top <= other->low || other->top <= one->low);
		ck_assert(other->top > other->low + STACK_BYTES - PAGE);
		ck_assert(other->top <= other->low + STACK_BYTES);
		ck_assert_ptr_eq(other->lowest, other->top);
		ck_assert(leat__stack_is_within(other, other->low + PAGE));
		ck_assert(!leat__stack_is_within(other, other->low + PAGE - 1));
		offsets |= (uintptr_t)one->top ^ (uintptr_t)other->top;
		one = other;
	}
	ck_assert_uint_ne(offsets % PAGE, 0);
	leat__stacks_fini(&stacks);
	world_check(&world);
}
END_TEST

START_TEST(a_stack_that_grew_keeps_two_pages_when_it_leaves_its_worker)
{
	struct leat__spares_own own = {NULL, 0};
	struct stack_world world;
	struct leat__stacks stacks;
	struct leat__stack *stack;
	char *top_page;

	world_init(&world, UINT32_MAX);
	leat__stacks_init(&stacks, &world.fail.env, STACK_BYTES);
	ck_assert(leat__stacks_reserve(&stacks, 100));
	stack = leat__stacks_take(&stacks, NULL);
	top_page = stack->low + STACK_BYTES - PAGE;
	stack->lowest = top_page - PAGE;
	leat__stacks_give(&stacks, NULL, stack);
	ck_assert_uint_eq(world.n_discards, 0);
	ck_assert_ptr_eq(leat__stacks_take(&stacks, NULL), stack);
	/* kept by its worker it stays as it is */
	stack->lowest = stack->low + PAGE;
	leat__stacks_give(&stacks, &own, stack);
	ck_assert_uint_eq(world.n_discards, 0);
	ck_assert_ptr_eq(leat__stacks_take(&stacks, &own), stack);
	leat__stacks_give(&stacks, NULL, stack);
	ck_assert_uint_eq(world.n_discards, 1);
	ck_assert_ptr_eq(world.discarded, stack->low + PAGE);
	ck_assert_ptr_eq(
		world.discarded + world.discarded_bytes, top_page - PAGE);
	ck_assert_ptr_eq(stack->lowest, stack->top);
	leat__stacks_fini(&stacks);
	world_check(&world);
}
END_TEST

static void
take_too_many(void *arg)
{
	struct leat__stacks *stacks = arg;

	for (uint32_t k = 0; k <= stacks->n_mapped; k++)
		(void)!leat__stacks_take(stacks, NULL);
}

START_TEST(to_take_more_than_were_reserved_ends_the_process)
{
	struct stack_world world;
	struct leat__stacks stacks;

	world_init(&world, UINT32_MAX);
	leat__stacks_init(&stacks, &world.fail.env, STACK_BYTES);
	ck_assert(leat__stacks_reserve(&stacks, 1));
	ck_assert(fail_aborts(take_too_many, &stacks));
	leat__stacks_fini(&stacks);
	world_check(&world);
}
END_TEST

TEST_MAIN("exec/stack", so_many_are_there_as_are_reserved,
	without_memory_less_is_reserved_and_nothing_is_lost,
	stacks_do_not_overlap,
	a_stack_that_grew_keeps_two_pages_when_it_leaves_its_worker,
	to_take_more_than_were_reserved_ends_the_process)
