/*
 * stress/run_random.c -- random graphs on real threads against the oracle.
 *
 * support/oracle.h draws, runs and compares; what is here is the seed, the
 * number of rounds, and a text for a round that does not end. LEAT_SEED=n runs
 * that one graph; LEAT_STRESS multiplies the rounds.
 */
#include "support/test.h"

#include <signal.h>
#include <unistd.h>

#include "support/oracle.h"
#include "support/stress.h"

#define ROUND_SECONDS 60

#if defined(__SANITIZE_THREAD__)
#define ROUNDS 100
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROUNDS 100
#endif
#endif
#ifndef ROUNDS
#define ROUNDS 300
#endif

static const struct oracle_scale scale = {.per_frame_max = 64,
	.capacity_max = 6,
	.items_max = 20000,
	.fault_one_in = 8,
	.trouble_one_in = 4,
	.deadline_max_ns = 3000000};

static struct oracle oracle; /* of the round, for the watchdog */

/* The process is lost: nothing is locked and nobody waits for it any more. */
static void
watchdog(int signal_)
{
	char buf[4096];
	struct leat__text text = {buf, sizeof(buf), 0};

	leat__text_add(&text, "LEAT_SEED=%llu does not end: ",
		(unsigned long long)oracle.seed);
	oracle_say_progress(&oracle, &text);
	leat__text_add(&text, "\n");
	if (write(STDERR_FILENO, buf, strlen(buf)) < 0)
		_exit(EXIT_FAILURE);
	signal(signal_, SIG_DFL);
	raise(signal_);
}

static const char *
run_watched(void)
{
	signal(SIGALRM, watchdog);
	alarm(ROUND_SECONDS);
	return oracle_run(&oracle);
}

static void
run_round(uint64_t seed)
{
	const char *text;

	oracle_draw(&oracle, seed, &scale);
	text = run_watched();
	ck_assert_msg(
		!text, "LEAT_SEED=%llu: %s", (unsigned long long)seed, text);
}

START_TEST(random_graphs_deliver_what_the_oracle_says)
{
	uint32_t n = getenv("LEAT_SEED") ? 1 : stress_rounds(ROUNDS);
	uint64_t seed = stress_seed("run_random");

	for (uint32_t k = 0; k < n; k++)
		run_round(seed + k);
	oracle_free(&oracle);
}
END_TEST

/* ---- the oracle itself ------------------------------------------------- */

static void
assert_finds(enum oracle_defect defect, const char *finding)
{
	const char *text;

	oracle_draw_defect(&oracle, defect);
	text = run_watched();
	ck_assert_msg(text && strstr(text, finding), "found: %s",
		text ? text : "nothing");
	oracle_free(&oracle);
}

START_TEST(a_sound_stage_is_not_complained_of)
{
	oracle_draw_defect(&oracle, ORACLE_SOUND);
	ck_assert_ptr_null(run_watched());
	oracle_free(&oracle);
}
END_TEST

START_TEST(an_item_that_is_lost_is_found_out)
{
	assert_finds(ORACLE_LOSES, "item 14 is not as it should be");
}
END_TEST

START_TEST(an_item_that_is_forgotten_shows_in_the_books)
{
	assert_finds(ORACLE_FORGETS, "map1: 1 items are left over");
}
END_TEST

START_TEST(an_item_that_comes_twice_is_found_out)
{
	assert_finds(ORACLE_DOUBLES, "item 13 is not as it should be");
}
END_TEST

START_TEST(items_that_change_places_are_found_out)
{
	assert_finds(ORACLE_SWAPS, "item 12 is not as it should be");
}
END_TEST

START_TEST(a_frame_that_is_not_given_back_is_found_out)
{
	assert_finds(ORACLE_KEEPS, "bytes are not back in the pool");
}
END_TEST

int
main(void)
{
	static const TTest *tests[7];
	size_t n = 0;

	setenv("LEAT_TEST_SECONDS", "3000", 0);
	tests[n++] = a_sound_stage_is_not_complained_of;
	tests[n++] = an_item_that_is_lost_is_found_out;
	tests[n++] = an_item_that_is_forgotten_shows_in_the_books;
	tests[n++] = an_item_that_comes_twice_is_found_out;
	tests[n++] = items_that_change_places_are_found_out;
	tests[n++] = a_frame_that_is_not_given_back_is_found_out;
	tests[n++] = random_graphs_deliver_what_the_oracle_says;
	return test_main("stress/run_random", tests, n);
}
