/*
 * unit/span/page.c -- the rings between two processes, by hand: what one side
 * puts in comes out at the other, and what cannot be is not taken.
 */
#include <pthread.h>

#include "span/page.h"
#include "support/test.h"

#define N_ASKS 1000u

static struct leat__span_map map;
static struct leat__span_parent parent;
static struct leat__span_side side;
static struct leat__span_answer answer;
static struct leat__span_emit emits[3];
static const char *why;

static void
begin(void)
{
	map = (struct leat__span_map){.window = 4,
		.n_stock = 4,
		.n_emits_max = 3,
		.letter_bytes = 64};
	parent = (struct leat__span_parent){0};
	side = (struct leat__span_side){0};
	ck_assert_int_eq(leat__span_map_init(&map, leat__env_posix()), 0);
}

static void
ask(uint32_t kind)
{
	struct leat__span_ask *a = leat__span_ask_begin(&map, &parent);

	a->number = parent.n_asked + 1;
	a->kind = kind;
	leat__span_ask_end(&map, &parent);
}

static void
reply(uint64_t number, uint32_t n_emits)
{
	struct leat__span_emit *to;
	struct leat__span_answer *a = leat__span_answer_begin(&map, &side, &to);

	a->number = number;
	a->n_emits = n_emits;
	for (uint32_t k = 0; k < n_emits; k++)
		to[k] = (struct leat__span_emit){.of = (uint32_t)number + k};
	leat__span_answer_end(&map, &side);
}

static int
take(void)
{
	return leat__span_answer_take(&map, &parent, &answer, emits, &why);
}

START_TEST(answers_come_in_the_order_of_asks)
{
	begin();
	for (uint64_t k = 1; k <= N_ASKS; k++) {
		ask(LEAT__SPAN_CALL);
		ck_assert_uint_eq(leat__span_next(&map, &side)->number, k);
		ck_assert_int_eq(take(), 0);
		reply(k, (uint32_t)k % 4);
		ck_assert_int_eq(take(), 1);
		ck_assert_uint_eq(answer.number, k);
		ck_assert_uint_eq(answer.n_emits, k % 4);
		for (uint32_t e = 0; e < answer.n_emits; e++)
			ck_assert_uint_eq(emits[e].of, k + e);
	}
	leat__span_map_fini(&map);
}
END_TEST

START_TEST(the_stock_is_taken_as_it_was_lent)
{
	struct leat__span_fresh fresh;

	begin();
	for (uint32_t k = 0; k < N_ASKS; k++) {
		ck_assert(!leat__span_stock(&map, &side, &fresh));
		leat__span_lend(
			&map, &parent, (struct leat__span_fresh){k, k % 4});
		ck_assert(leat__span_stock(&map, &side, &fresh));
		ck_assert_uint_eq(fresh.slot, k);
		ck_assert_uint_eq(fresh.index, k % 4);
	}
	leat__span_map_fini(&map);
}
END_TEST

START_TEST(counts_that_cannot_be_are_not_taken)
{
	static const uint64_t counts[] = {5, 100, UINT64_MAX, 1ull << 63};

	begin();
	ask(LEAT__SPAN_CALL);
	for (size_t k = 0; k < leat__array_len(counts); k++) {
		map.page->n_answered = counts[k];
		ck_assert_int_eq(take(), LEAT_EBUG);
		ck_assert_uint_eq(parent.n_taken, 0);
	}
	map.page->n_answered = 1;
	map.answers[0].n_emits = 4;
	ck_assert_int_eq(take(), LEAT_EBUG);
	map.answers[0].n_emits = UINT32_MAX;
	ck_assert_int_eq(take(), LEAT_EBUG);
	map.answers[0].n_emits = 3;
	ck_assert_int_eq(take(), 1);
	leat__span_map_fini(&map);
}
END_TEST

START_TEST(texts_end)
{
	begin();
	ask(LEAT__SPAN_CALL);
	memset(map.answers[0].text, 'x', sizeof(map.answers[0].text));
	memset(map.answers[0].origin, 'x', sizeof(map.answers[0].origin));
	map.answers[0].rc = LEAT_EDATA;
	map.page->n_answered = 1;
	ck_assert_int_eq(take(), 1);
	ck_assert_uint_eq(strlen(answer.text), sizeof(answer.text) - 1);
	ck_assert_uint_eq(strlen(answer.origin), sizeof(answer.origin) - 1);
	leat__span_map_fini(&map);
}
END_TEST

START_TEST(a_reset_is_a_beginning)
{
	begin();
	ask(LEAT__SPAN_CALL);
	(void)leat__span_next(&map, &side);
	reply(1, 0);
	leat__span_map_reset(&map);
	parent = (struct leat__span_parent){0};
	ck_assert_int_eq(take(), 0);
	/* it says that it has answered, and has not */
	ask(LEAT__SPAN_CALL);
	map.page->n_answered = 1;
	ck_assert_int_eq(take(), 1);
	ck_assert_uint_ne(answer.number, 1);
	leat__span_map_fini(&map);
}
END_TEST

START_TEST(the_parent_is_rung_for_once_in_a_wait)
{
	uint64_t n;

	begin();
	for (uint32_t k = 0; k < 4; k++)
		ask(LEAT__SPAN_CALL);
	leat__span_parent_arm(&map, &parent, 2);
	reply(1, 0);
	ck_assert_int_lt(
		map.env->read(map.env, map.event_fd, &n, sizeof(n)), 0);
	reply(2, 0);
	reply(3, 0);
	ck_assert_int_eq(
		map.env->read(map.env, map.event_fd, &n, sizeof(n)), 8);
	ck_assert_uint_eq(n, 1);
	leat__span_parent_arm(&map, &parent, 4);
	reply(4, 0);
	ck_assert_int_eq(
		map.env->read(map.env, map.event_fd, &n, sizeof(n)), 8);
	leat__span_parent_disarm(&map);
	leat__span_map_fini(&map);
}
END_TEST

/* ---- two at once -------------------------------------------------------- */

#define N_TALK 3000u

static void *
talk_child(void *arg)
{
	uint32_t kind;

	(void)arg;
	do {
		const struct leat__span_ask *a = leat__span_next(&map, &side);

		/* once it is answered its place is another one's */
		kind = a->kind;
		reply(a->number, (uint32_t)a->number % 4);
	} while (kind != LEAT__SPAN_END);
	return NULL;
}

/* As the parent does it, without what else may end a wait. */
static void
talk_await(uint64_t n)
{
	struct leat__poll poll = {.fd = map.event_fd, .want = LEAT__POLL_READ};

	leat__span_ring(&map, &parent);
	while (!leat__span_has_answers(&map, &parent, n)) {
		leat__span_parent_arm(&map, &parent, n);
		if (!leat__span_has_answers(&map, &parent, n))
			ck_assert_int_eq(
				map.env->poll(map.env, &poll, 1, LEAT_NEVER),
				1);
		if (poll.got)
			leat__span_parent_heard(&map);
	}
	leat__span_parent_disarm(&map);
}

static void
talk_take(uint64_t *taken)
{
	while (take() == 1) {
		ck_assert_uint_eq(answer.number, ++*taken);
		ck_assert_uint_eq(answer.n_emits, *taken % 4);
		for (uint32_t e = 0; e < answer.n_emits; e++)
			ck_assert_uint_eq(emits[e].of, *taken + e);
	}
}

START_TEST(both_sides_sleep_and_are_woken)
{
	uint64_t asked = 0, taken = 0;
	pthread_t thread;

	begin();
	ck_assert_int_eq(pthread_create(&thread, NULL, talk_child, NULL), 0);
	while (taken < N_TALK) {
		while (asked < N_TALK && asked - taken < map.window)
			ask(++asked < N_TALK ? LEAT__SPAN_CALL
					     : LEAT__SPAN_END);
		talk_await(1 + asked % (asked - taken));
		talk_take(&taken);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	leat__span_map_fini(&map);
}
END_TEST

TEST_MAIN("span/page", answers_come_in_the_order_of_asks,
	the_stock_is_taken_as_it_was_lent, counts_that_cannot_be_are_not_taken,
	texts_end, a_reset_is_a_beginning,
	the_parent_is_rung_for_once_in_a_wait, both_sides_sleep_and_are_woken)
