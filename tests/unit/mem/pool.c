/*
 * unit/mem/pool.c -- slots, frames, magazines.
 */
#include "ctx/ctx.h"
#include "mem/mem.h"

#include "support/fail.h"
#include "support/test.h"

#define N_SLOTS 8u

static struct leat_pool *pool;
static struct leat__cache cache;
static struct leat_error err;
static struct fail_env world;

static void
setup_classes(const struct leat_pool_class *classes, uint32_t n)
{
	fail_env_init(&world);
	ck_assert_int_eq(leat__pool_create(&world.env, classes, n, &pool, &err),
		LEAT_OK);
}

static void
setup(void)
{
	struct leat_pool_class class_ = {4096, N_SLOTS};

	setup_classes(&class_, 1);
}

static void
teardown(void)
{
	leat_pool_destroy(pool);
	ck_assert_uint_eq(world.alloc_live, 0);
	ck_assert_uint_eq(world.map_live, 0);
}

static struct leat_frame *
acquire(void)
{
	struct leat_frame *frame = NULL;

	ck_assert_int_eq(leat_pool_try_acquire(pool, &frame), LEAT_OK);
	return frame;
}

static uint32_t
n_free(void)
{
	struct leat_pool_stats stats;

	leat_pool_stats(pool, &stats);
	return stats.n_free;
}

/* ---- creation ------------------------------------------------------------- */

START_TEST(no_options_are_64_slots_of_64_kib)
{
	struct leat_pool_stats stats;
	struct leat_frame *frame;

	ck_assert_int_eq(leat_pool_create(NULL, &pool, &err), LEAT_OK);
	leat_pool_stats(pool, &stats);
	ck_assert_uint_eq(stats.n_slots, 64);
	ck_assert_uint_eq(stats.n_free, 64);
	ck_assert_uint_eq(stats.n_used_high, 0);
	frame = acquire();
	ck_assert_uint_eq(leat_frame_capacity_bytes(frame), 65536);
	leat_frame_release(frame);
	leat_pool_destroy(pool);
	leat_pool_destroy(NULL);
}
END_TEST

START_TEST(slots_are_rounded_up_to_pages)
{
	struct leat_pool_opts o = {
		LEAT_OPTS_INIT(leat_pool_opts), .slot_bytes = 1, .n_slots = 1};
	struct leat_frame *frame;

	ck_assert_int_eq(leat_pool_create(&o, &pool, &err), LEAT_OK);
	frame = acquire();
	ck_assert_uint_eq(leat_frame_capacity_bytes(frame), 4096);
	leat_frame_release(frame);
	leat_pool_destroy(pool);
}
END_TEST

static int
create(uint32_t flags, uint32_t slot_bytes, uint32_t n_slots)
{
	struct leat_pool_opts o = {
		LEAT_OPTS_INIT(leat_pool_opts), flags, slot_bytes, n_slots};
	int rc = leat_pool_create(&o, &pool, &err);

	if (rc == LEAT_OK)
		leat_pool_destroy(pool);
	return rc;
}

START_TEST(a_field_over_its_limit_is_named)
{
	ck_assert_int_eq(create(1, 0, 0), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "flags"));
	ck_assert_int_eq(create(0, LEAT_SLOT_BYTES_MAX + 1, 1), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "slot_bytes"));
	ck_assert_int_eq(create(0, 0, LEAT_POOL_SLOTS_MAX + 1), LEAT_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "n_slots"));
}
END_TEST

START_TEST(the_limits_themselves_are_accepted)
{
	ck_assert_int_eq(create(0, LEAT_SLOT_BYTES_MAX, 1), LEAT_OK);
	ck_assert_int_eq(create(0, 1, LEAT_POOL_SLOTS_MAX), LEAT_OK);
}
END_TEST

START_TEST(options_of_a_newer_version_are_refused_if_used)
{
	struct {
		struct leat_pool_opts known;
		uint32_t extra;
	} o = {{.size = sizeof(o)}, 1};

	ck_assert_int_eq(leat_pool_create(&o.known, &pool, &err), LEAT_ENOTSUP);
	o.extra = 0;
	ck_assert_int_eq(leat_pool_create(&o.known, &pool, &err), LEAT_OK);
	leat_pool_destroy(pool);
}
END_TEST

START_TEST(classes_must_ascend_and_be_few)
{
	struct leat_pool_class classes[LEAT_POOL_CLASSES_MAX + 1];
	const struct leat__env *env = leat__env_posix();

	for (uint32_t k = 0; k <= LEAT_POOL_CLASSES_MAX; k++)
		classes[k] = (struct leat_pool_class){4096 * (k + 1), 1};
	ck_assert_int_eq(
		leat__pool_create(env, classes, 0, &pool, &err), LEAT_EINVAL);
	ck_assert_int_eq(leat__pool_create(env, classes,
				 LEAT_POOL_CLASSES_MAX + 1, &pool, &err),
		LEAT_EINVAL);
	ck_assert_int_eq(leat__pool_create(env, classes, LEAT_POOL_CLASSES_MAX,
				 &pool, &err),
		LEAT_OK);
	ck_assert_uint_eq(leat__pool_n_classes(pool), LEAT_POOL_CLASSES_MAX);
	leat_pool_destroy(pool);
	classes[1].slot_bytes = 4095; /* the same once rounded */
	ck_assert_int_eq(
		leat__pool_create(env, classes, 2, &pool, &err), LEAT_EINVAL);
	classes[1].slot_bytes = 0;
	ck_assert_int_eq(
		leat__pool_create(env, classes, 2, &pool, &err), LEAT_EINVAL);
}
END_TEST

START_TEST(no_memory_is_said_and_leaks_nothing)
{
	struct leat_pool_class class_ = {4096, 4};

	for (uint64_t n = 1; n <= 4; n++) {
		fail_env_init(&world);
		world.alloc_fail_at = n < 4 ? n : 0;
		world.map.fail_at = n < 4 ? 0 : 1;
		err.code = LEAT_OK;
		ck_assert_int_eq(
			leat__pool_create(&world.env, &class_, 1, &pool, &err),
			LEAT_ENOMEM);
		ck_assert_int_eq(err.code, LEAT_ENOMEM);
		ck_assert_uint_eq(world.alloc_live, 0);
		ck_assert_uint_eq(world.map_live, 0);
	}
	ck_assert_int_ne(err.sys_errno, 0);
}
END_TEST

START_TEST(the_planned_size_covers_slots_and_headers)
{
	struct leat_pool_class classes[2] = {{4096, 10}, {8191, 5}};
	uint64_t bytes = leat__pool_bytes(classes, 2);

	ck_assert_uint_ge(bytes, 10 * 4096 + 5 * 8192 + 15 * 64);
	ck_assert_uint_le(bytes, 10 * 4096 + 5 * 8192 + 15 * 96 + 4096);
}
END_TEST

/* ---- frames --------------------------------------------------------------- */

START_TEST(a_fresh_frame_is_empty_and_held_alone)
{
	struct leat_frame *frame;

	setup();
	for (int round = 0; round < 2; round++) {
		frame = acquire();
		ck_assert_ptr_eq(frame->data, leat_frame_start(frame));
		ck_assert_uint_eq((uintptr_t)frame->data % 4096, 0);
		ck_assert_uint_eq((uintptr_t)frame % 64, 0);
		ck_assert_ptr_eq(frame->pool, pool);
		ck_assert_uint_eq(frame->stamp, 0);
		ck_assert_uint_eq(frame->source_offset, 0);
		ck_assert_int_eq(frame->birth_ns, 0);
		ck_assert_uint_eq(leat_frame_span(frame).len, 0);
		ck_assert_uint_eq(frame->n_items, 0);
		ck_assert_uint_eq(frame->flags, 0);
		ck_assert_uint_eq(frame->owner, 0);
		ck_assert(leat_frame_is_sole(frame));
		ck_assert_ptr_null(leat_frame_base(frame));
		frame->data += 100;
		frame->stamp = frame->source_offset = 7;
		frame->birth_ns = 7;
		frame->len_bytes = frame->n_items = 7;
		frame->flags = LEAT_FRAME_CUT;
		frame->owner = 7;
		leat_frame_release(frame);
	}
	leat_frame_release(NULL);
	teardown();
}
END_TEST

START_TEST(slots_do_not_overlap_and_are_of_their_class)
{
	struct leat_pool_class classes[2] = {{4096, 3}, {12288, 2}};
	struct leat_frame *frames[5];

	setup_classes(classes, 2);
	for (uint32_t k = 0; k < 5; k++) {
		frames[k] = leat__pool_take(pool, NULL, k < 3 ? 0 : 1);
		ck_assert_uint_eq(leat__frame_class(frames[k]), k < 3 ? 0 : 1);
		memset(frames[k]->data, (int)k,
			leat_frame_capacity_bytes(frames[k]));
	}
	ck_assert_ptr_null(leat__pool_take(pool, NULL, 0));
	ck_assert_ptr_null(leat__pool_take(pool, NULL, 1));
	for (uint32_t k = 0; k < 5; k++) {
		uint32_t n = leat_frame_capacity_bytes(frames[k]);

		ck_assert_uint_eq(n, k < 3 ? 4096 : 12288);
		for (uint32_t j = 0; j < n; j++)
			ck_assert_uint_eq(frames[k]->data[j], k);
		leat_frame_release(frames[k]);
	}
	teardown();
}
END_TEST

START_TEST(the_slot_released_last_is_taken_first)
{
	struct leat_frame *a, *b, *c;

	setup();
	a = acquire();
	b = acquire();
	c = acquire();
	leat_frame_release(c);
	leat_frame_release(a);
	leat_frame_release(b);
	ck_assert_ptr_eq(acquire(), b);
	ck_assert_ptr_eq(acquire(), a);
	ck_assert_ptr_eq(acquire(), c);
	leat_frame_release(a);
	leat_frame_release(b);
	leat_frame_release(c);
	teardown();
}
END_TEST

START_TEST(an_empty_pool_says_so_and_changes_nothing)
{
	struct leat_frame *frames[N_SLOTS], *none = NULL;

	setup();
	for (uint32_t k = 0; k < N_SLOTS; k++) {
		frames[k] = acquire();
		ck_assert_uint_eq(n_free(), N_SLOTS - 1 - k);
	}
	ck_assert_int_eq(leat_pool_try_acquire(pool, &none), LEAT_EAGAIN);
	ck_assert_ptr_null(none);
	for (uint32_t k = 0; k < N_SLOTS; k++)
		leat_frame_release(frames[k]);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

START_TEST(the_slot_is_free_when_the_last_reader_is_through)
{
	struct leat_frame *frame;

	setup();
	frame = acquire();
	leat_frame_retain(frame);
	leat_frame_retain(frame);
	ck_assert(!leat_frame_is_sole(frame));
	leat_frame_release(frame);
	leat_frame_release(frame);
	ck_assert(leat_frame_is_sole(frame));
	ck_assert_uint_eq(n_free(), N_SLOTS - 1);
	leat_frame_release(frame);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

static void
release(void *frame)
{
	leat_frame_release(frame);
}

static void
retain(void *frame)
{
	leat_frame_retain(frame);
}

START_TEST(a_release_or_retain_too_many_is_noticed)
{
	struct leat_frame *frame;

	setup();
	frame = acquire();
	leat_frame_release(frame);
	ck_assert(fail_aborts(release, frame));
	ck_assert(fail_aborts(retain, frame));
	teardown();
}
END_TEST

#ifndef NDEBUG
static void
destroy(void *arg)
{
	leat_pool_destroy(arg);
}

START_TEST(destroying_a_pool_with_frames_out_is_noticed)
{
	struct leat_frame *frame;

	setup();
	frame = acquire();
	ck_assert(fail_aborts(destroy, pool));
	leat_frame_release(frame);
	teardown();
}
END_TEST

START_TEST(what_is_left_in_a_free_slot_is_poison)
{
	struct leat_frame *frame;
	uint8_t *data;

	setup();
	frame = acquire();
	data = frame->data;
	memset(data, 1, 4096);
	leat_frame_release(frame);
	for (int k = 0; k < 64; k++)
		ck_assert_uint_eq(data[k], 0xa5);
	teardown();
}
END_TEST
#else
START_TEST(destroying_a_pool_with_frames_out_is_noticed)
{
}
END_TEST

START_TEST(what_is_left_in_a_free_slot_is_poison)
{
}
END_TEST
#endif

/* ---- handles -------------------------------------------------------------- */

START_TEST(a_handle_finds_its_frame_while_it_lives)
{
	struct leat_frame *frame, *found = NULL;
	struct leat_handle handle;

	setup();
	frame = acquire();
	handle = leat_frame_handle(frame);
	ck_assert_int_eq(leat_pool_resolve(pool, handle, &found), LEAT_OK);
	ck_assert_ptr_eq(found, frame);
	leat_frame_release(frame);
	ck_assert_int_eq(leat_pool_resolve(pool, handle, &found), LEAT_EINVAL);
	ck_assert_ptr_eq(acquire(), frame); /* the same slot, a new life */
	ck_assert_int_eq(leat_pool_resolve(pool, handle, &found), LEAT_EINVAL);
	ck_assert_uint_eq(leat_frame_handle(frame).slot, handle.slot);
	ck_assert_uint_ne(
		leat_frame_handle(frame).generation, handle.generation);
	handle.slot = N_SLOTS;
	ck_assert_int_eq(leat_pool_resolve(pool, handle, &found), LEAT_EINVAL);
	leat_frame_release(frame);
	teardown();
}
END_TEST

/* ---- frames tied to frames ------------------------------------------------ */

START_TEST(a_base_lives_as_long_as_what_points_into_it)
{
	struct leat_frame *view, *base;

	setup();
	view = acquire();
	base = acquire();
	leat_frame_set_base(view, base);
	ck_assert_ptr_eq(leat_frame_base(view), base);
	leat_frame_retain(view);
	leat_frame_release(view);
	ck_assert_uint_eq(n_free(), N_SLOTS - 2);
	leat_frame_release(view);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	view = acquire();
	ck_assert_ptr_null(leat_frame_base(view));
	leat_frame_release(view);
	teardown();
}
END_TEST

START_TEST(a_chain_of_bases_goes_in_one_release)
{
	struct leat_frame *top, *frame;

	setup();
	top = acquire();
	for (uint32_t k = 1; k < N_SLOTS; k++) {
		frame = acquire();
		leat_frame_set_base(frame, top);
		top = frame;
	}
	leat_frame_release(top);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

START_TEST(a_copy_is_private_and_shares_the_base)
{
	struct leat_frame *frame, *base, *copy;

	setup();
	frame = acquire();
	base = acquire();
	leat_frame_set_base(frame, base);
	frame->data += 24;
	memcpy(frame->data, "payload", 8);
	frame->len_bytes = 8;
	frame->n_items = 2;
	frame->stamp = 3;
	frame->source_offset = 4;
	frame->birth_ns = 5;
	frame->layout = LEAT_LAYOUT_ROWS;
	frame->flags = LEAT_FRAME_CUT;
	frame->owner = 6;
	leat_frame_retain(frame);
	copy = leat__frame_copy(NULL, frame);
	ck_assert_ptr_nonnull(copy);
	ck_assert_ptr_ne(copy, frame);
	ck_assert(leat_frame_is_sole(copy));
	ck_assert_int_eq(copy->data - leat_frame_start(copy), 24);
	ck_assert_str_eq((char *)copy->data, "payload");
	ck_assert_uint_eq(copy->len_bytes, 8);
	ck_assert_uint_eq(copy->n_items, 2);
	ck_assert_uint_eq(copy->stamp, 3);
	ck_assert_uint_eq(copy->source_offset, 4);
	ck_assert_int_eq(copy->birth_ns, 5);
	ck_assert_uint_eq(copy->layout, LEAT_LAYOUT_ROWS);
	ck_assert_uint_eq(copy->flags, LEAT_FRAME_CUT);
	ck_assert_uint_eq(copy->owner, 6);
	ck_assert_ptr_eq(leat_frame_base(copy), base);
	leat_frame_release(frame);
	leat_frame_release(frame);
	ck_assert_uint_eq(n_free(), N_SLOTS - 2);
	leat_frame_release(copy);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

START_TEST(bytes_that_begin_in_a_slot_end_in_it)
{
	struct leat_frame *frame, *other;

	setup();
	frame = acquire();
	other = acquire();
	frame->len_bytes = 4096;
	ck_assert(leat__frame_fits(frame));
	frame->len_bytes = 4097;
	ck_assert(!leat__frame_fits(frame));
	frame->data += 4090;
	frame->len_bytes = 6;
	ck_assert(leat__frame_fits(frame));
	frame->len_bytes = 7;
	ck_assert(!leat__frame_fits(frame));
	/* those of a view are not its own */
	frame->data = leat_frame_start(other);
	ck_assert(leat__frame_fits(frame));
	frame->data = leat_frame_start(frame);
	leat_frame_release(frame);
	leat_frame_release(other);
	teardown();
}
END_TEST

START_TEST(a_copy_needs_a_free_slot)
{
	struct leat_pool_class class_ = {4096, 1};
	struct leat_frame *frame;

	setup_classes(&class_, 1);
	frame = acquire();
	ck_assert_ptr_null(leat__frame_copy(NULL, frame));
	leat_frame_release(frame);
	teardown();
}
END_TEST

/* ---- magazines ------------------------------------------------------------ */

START_TEST(a_magazine_takes_from_the_depot_by_halves)
{
	struct leat_frame *frame;

	setup();
	leat__cache_init(&cache, pool, 6);
	frame = leat__pool_take(pool, &cache, 0);
	ck_assert_uint_eq(n_free(), N_SLOTS - 3);
	ck_assert_uint_eq(cache.magazines[0].n, 2);
	leat__frame_release(&cache, frame);
	ck_assert_uint_eq(cache.magazines[0].n, 3);
	ck_assert_ptr_eq(leat__pool_take(pool, &cache, 0), frame);
	leat__frame_release(&cache, frame);
	leat__cache_fini(&cache);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

START_TEST(a_full_magazine_gives_its_coldest_half_back)
{
	struct leat_frame *frames[N_SLOTS];

	setup();
	leat__cache_init(&cache, pool, 4);
	for (uint32_t k = 0; k < N_SLOTS; k++)
		frames[k] = acquire();
	for (uint32_t k = 0; k < 5; k++)
		leat__frame_release(&cache, frames[k]);
	ck_assert_uint_eq(cache.magazines[0].n, 3);
	ck_assert_uint_eq(n_free(), 2);
	ck_assert_ptr_eq(leat__pool_take(pool, &cache, 0), frames[4]);
	ck_assert_ptr_eq(acquire(), frames[1]);
	leat_frame_release(frames[1]);
	for (uint32_t k = 4; k < N_SLOTS; k++)
		leat__frame_release(&cache, frames[k]);
	leat__cache_fini(&cache);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	teardown();
}
END_TEST

START_TEST(every_size_of_magazine_keeps_all_slots)
{
	struct leat_frame *frames[N_SLOTS];
	uint32_t n;

	for (uint32_t size = 0; size <= LEAT__MAGAZINE_MAX + 1; size++) {
		setup();
		leat__cache_init(&cache, pool, size);
		ck_assert_uint_le(cache.magazines[0].n_max, LEAT__MAGAZINE_MAX);
		for (int round = 0; round < 5; round++) {
			for (n = 0; n < N_SLOTS; n++) {
				frames[n] = leat__pool_take(pool, &cache, 0);
				ck_assert_ptr_nonnull(frames[n]);
			}
			ck_assert_ptr_null(leat__pool_take(pool, &cache, 0));
			while (n > 0)
				leat__frame_release(&cache, frames[--n]);
		}
		leat__cache_fini(&cache);
		ck_assert_uint_eq(n_free(), N_SLOTS);
		teardown();
	}
}
END_TEST

START_TEST(another_pools_frame_goes_back_to_its_own)
{
	struct leat_pool *second;
	struct leat_frame *frame;

	setup();
	ck_assert_int_eq(leat_pool_create(NULL, &second, &err), LEAT_OK);
	leat__cache_init(&cache, second, 8);
	frame = acquire();
	leat__frame_release(&cache, frame);
	ck_assert_uint_eq(n_free(), N_SLOTS);
	leat__cache_fini(&cache);
	leat_pool_destroy(second);
	teardown();
}
END_TEST

START_TEST(a_cache_that_was_never_set_up_may_end)
{
	struct leat__cache empty = {0};

	leat__cache_fini(&empty);
}
END_TEST

/* ---- inspection ----------------------------------------------------------- */

START_TEST(what_is_out_is_counted_by_class)
{
	struct leat_pool_class classes[2] = {{4096, 3}, {8192, 2}}, class_;
	struct leat_pool_stats stats;
	struct leat_frame *a, *b;

	setup_classes(classes, 2);
	a = leat__pool_take(pool, NULL, 0);
	b = leat__pool_take(pool, NULL, 1);
	ck_assert_uint_eq(leat__pool_used_bytes(pool), 4096 + 8192);
	leat_frame_release(a);
	ck_assert_uint_eq(leat__pool_used_bytes(pool), 8192);
	ck_assert_uint_eq(leat__pool_high_bytes(pool), 4096 + 8192);
	leat__pool_class_stats(pool, 1, &class_, &stats);
	ck_assert_uint_eq(class_.slot_bytes, 8192);
	ck_assert_uint_eq(class_.n_slots, 2);
	ck_assert_uint_eq(stats.n_free, 1);
	ck_assert_uint_eq(stats.n_used_high, 1);
	leat__pool_class_stats(pool, 0, NULL, NULL);
	leat_pool_stats(pool, &stats);
	ck_assert_uint_eq(stats.n_slots, 5);
	ck_assert_uint_eq(stats.n_free, 4);
	ck_assert_uint_eq(stats.n_used_high, 2);
	leat_frame_release(b);
	teardown();
}
END_TEST

/* ---- taking, with a wait -------------------------------------------------- */

static struct leat_frame *held;

static void
release_held(void *arg)
{
	(void)arg;
	leat_frame_release(held);
}

static void
cancel(void *ctx)
{
	leat_ctx_cancel(ctx, LEAT_ECANCELED, NULL);
}

static void
setup_empty(void)
{
	struct leat_pool_class class_ = {4096, 1};

	setup_classes(&class_, 1);
	held = acquire();
}

static void
run_thread(struct leat__thread *thread, void (*fn)(void *), void *arg)
{
	*thread = (struct leat__thread){.fn = fn, .arg = arg};
	ck_assert_int_eq(world.env.thread_start(&world.env, thread), 0);
}

START_TEST(who_waits_gets_the_slot_that_is_released)
{
	struct leat_frame *frame = NULL;
	struct leat__thread thread;

	setup_empty();
	run_thread(&thread, release_held, NULL);
	ck_assert_int_eq(
		leat_pool_acquire(pool, NULL, LEAT_NEVER, &frame), LEAT_OK);
	ck_assert_ptr_eq(frame, held);
	world.env.thread_join(&world.env, &thread);
	leat_frame_release(frame);
	teardown();
}
END_TEST

START_TEST(the_wait_ends_with_the_context)
{
	struct leat_frame *frame = NULL;
	struct leat__thread thread;
	struct leat_ctx *ctx;

	setup_empty();
	ck_assert_int_eq(leat_ctx_create(&ctx, NULL), LEAT_OK);
	run_thread(&thread, cancel, ctx);
	ck_assert_int_eq(leat_pool_acquire(pool, ctx, LEAT_NEVER, &frame),
		LEAT_ECANCELED);
	ck_assert_ptr_null(frame);
	world.env.thread_join(&world.env, &thread);
	leat_frame_release(held);
	ck_assert_int_eq(leat_pool_acquire(pool, ctx, LEAT_NEVER, &frame),
		LEAT_ECANCELED); /* though there is one */
	leat_ctx_destroy(ctx);
	teardown();
}
END_TEST

START_TEST(the_wait_ends_at_the_deadline)
{
	int64_t deadline_ns = leat_now_ns() + 2000000;
	struct leat_frame *frame = NULL;
	struct leat_ctx *ctx;

	setup_empty();
	ck_assert_int_eq(leat_ctx_create(&ctx, NULL), LEAT_OK);
	ck_assert_int_eq(
		leat_pool_acquire(pool, ctx, 0, &frame), LEAT_ETIMEDOUT);
	ck_assert_int_eq(leat_pool_acquire(pool, ctx, deadline_ns, &frame),
		LEAT_ETIMEDOUT);
	ck_assert_int_ge(leat_now_ns(), deadline_ns);
	ck_assert_ptr_null(frame);
	leat_frame_release(held);
	ck_assert_int_eq(leat_pool_acquire(pool, ctx, 0, &frame), LEAT_OK);
	leat_frame_release(frame);
	leat_ctx_destroy(ctx);
	teardown();
}
END_TEST

/* ---- leaks ---------------------------------------------------------------- */

static const char *
name_owner(const void *user, uint16_t owner)
{
	const char *const *names = user;

	return owner < 3 ? names[owner] : NULL;
}

/* The owner of frame k is owners[k]. */
static void
take_owned(struct leat_frame **frames, const uint16_t *owners, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		ck_assert_int_eq(
			leat_pool_try_acquire(pool, &frames[k]), LEAT_OK);
		frames[k]->owner = owners[k];
	}
}

START_TEST(frames_not_released_are_counted_by_owner)
{
	static const char *const names[] = {"nobody", "read", "upper"};
	static const uint16_t owners[] = {2, 7, 0, 2, 0, 1, 2};
	struct leat_frame *frames[7];

	setup();
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_OK);
	take_owned(frames, owners, 7);
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_ESTATE);
	ck_assert_int_eq(err.code, LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"7 frames not released: 3 of owner 2, 1 of "
		"owner 7, 2 of nobody, 1 of owner 1");
	leat__pool_name_owners(pool, name_owner, names);
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text,
		"7 frames not released: 3 of upper, 1 of "
		"owner 7, 2 of nobody, 1 of read");
	for (int k = 1; k < 7; k++)
		leat_frame_release(frames[k]);
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_ESTATE);
	ck_assert_str_eq(err.text, "1 frame not released: 1 of upper");
	leat_frame_release(frames[0]);
	ck_assert_int_eq(leat_pool_leaks(pool, NULL), LEAT_OK);
	teardown();
}
END_TEST

START_TEST(a_frame_in_a_magazine_is_no_leak)
{
	setup();
	leat__cache_init(&cache, pool, 4);
	leat__frame_release(&cache, leat__pool_take(pool, &cache, 0));
	ck_assert_int_eq(leat_pool_leaks(pool, NULL), LEAT_OK);
	leat__cache_fini(&cache);
	teardown();
}
END_TEST

START_TEST(owners_without_a_place_in_the_text_are_counted)
{
	static const uint16_t owners[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 8, 10};
	static const struct leat_pool_class class_ = {4096, 13};
	struct leat_frame *frames[13];

	setup_classes(&class_, 1);
	take_owned(frames, owners, 13);
	ck_assert_int_eq(leat_pool_leaks(pool, &err), LEAT_ESTATE);
	ck_assert_ptr_nonnull(strstr(err.text, "2 of owner 8, 4 of others"));
	for (int k = 0; k < 13; k++)
		leat_frame_release(frames[k]);
	teardown();
}
END_TEST

TEST_MAIN("mem/pool", no_options_are_64_slots_of_64_kib,
	slots_are_rounded_up_to_pages, a_field_over_its_limit_is_named,
	the_limits_themselves_are_accepted,
	options_of_a_newer_version_are_refused_if_used,
	classes_must_ascend_and_be_few, no_memory_is_said_and_leaks_nothing,
	the_planned_size_covers_slots_and_headers,
	a_fresh_frame_is_empty_and_held_alone,
	slots_do_not_overlap_and_are_of_their_class,
	the_slot_released_last_is_taken_first,
	an_empty_pool_says_so_and_changes_nothing,
	the_slot_is_free_when_the_last_reader_is_through,
	a_release_or_retain_too_many_is_noticed,
	destroying_a_pool_with_frames_out_is_noticed,
	what_is_left_in_a_free_slot_is_poison,
	a_handle_finds_its_frame_while_it_lives,
	a_base_lives_as_long_as_what_points_into_it,
	a_chain_of_bases_goes_in_one_release,
	a_copy_is_private_and_shares_the_base,
	bytes_that_begin_in_a_slot_end_in_it, a_copy_needs_a_free_slot,
	a_magazine_takes_from_the_depot_by_halves,
	a_full_magazine_gives_its_coldest_half_back,
	every_size_of_magazine_keeps_all_slots,
	another_pools_frame_goes_back_to_its_own,
	a_cache_that_was_never_set_up_may_end, what_is_out_is_counted_by_class,
	who_waits_gets_the_slot_that_is_released,
	the_wait_ends_with_the_context, the_wait_ends_at_the_deadline,
	frames_not_released_are_counted_by_owner,
	a_frame_in_a_magazine_is_no_leak,
	owners_without_a_place_in_the_text_are_counted)
