/*
 * unit/span/hostile.c -- a child that lies: whatever it writes to what both
 * see, the parent's run ends, its records are accounted for, nothing of it is
 * touched that was not lent, and no sanitizer has anything to say.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomic.h"
#include "support/evil.h"

#define DEED(name)                                                             \
	static void name(struct leat_stage *st, struct leat_frame *in)

static struct leat__span_map *
map_of(struct leat_stage *st)
{
	return &leat__span_of(st)->map;
}

/* ---- every word --------------------------------------------------------- */

static uint64_t
next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15u;
	uint64_t z = *state;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Something that could be right elsewhere, or could be nowhere. */
static uint32_t
strange_word(uint64_t *state)
{
	static const uint32_t words[] = {0, 1, 2, 7, 8, 255, 256, 257, 4095,
		4096, 65535, 65536, INT32_MAX, 1u << 31, UINT32_MAX};
	uint64_t r = next_random(state);

	return r % 3 ? words[(r >> 8) % leat__array_len(words)]
		     : (uint32_t)(r >> 8);
}

static void
scribble(struct leat_stage *st, uint64_t *state, uint32_t n)
{
	struct leat__span_map *map = map_of(st);
	uint32_t *words = (uint32_t *)(void *)map->page;
	size_t n_head =
		(size_t)((uint8_t *)map->letter - (uint8_t *)map->page) / 4;

	while (n--)
		leat__store_relaxed(&words[next_random(state) % n_head],
			strange_word(state));
}

/* Words of its answers alone, which are looked at the most. */
static void
scribble_answers(struct leat_stage *st, uint64_t *state, uint32_t n)
{
	struct leat__span_map *map = map_of(st);
	uint32_t *words = (uint32_t *)(void *)map->answers;
	size_t n_words =
		(size_t)((uint8_t *)map->letter - (uint8_t *)words) / 4;

	while (n--)
		leat__store_relaxed(&words[next_random(state) % n_words],
			strange_word(state));
}

static uint64_t seed;

DEED(scribble_now)
{
	uint64_t state = seed ^ in->source_offset ^ (uint64_t)getpid();

	scribble(st, &state, 1 + (uint32_t)(seed % 7));
}

/* As long as it lives, beside its answers. */
DEED(scribble_on)
{
	uint64_t state = seed;

	(void)in;
	if (fork() > 0)
		return;
	for (uint32_t k = 0; k < 3000; k++) {
		if (k % 2)
			scribble(st, &state, 1);
		else
			scribble_answers(st, &state, 1);
		usleep(10);
	}
	_exit(0);
}

/* Ends by a code or without one; balanced, or trial_run() would say so. */
static void
check_survives(enum evil_kind kind,
	void (*deed)(struct leat_stage *, struct leat_frame *), uint64_t at)
{
	struct trial t = trial_of_thousand();

	t.kind = kind;
	t.numbers.n = 300;
	t.evil.deed = deed;
	t.evil.at = at;
	t.isolate.hang_ns = 10000000;
	t.isolate.restarts = 8;
	t.isolate.restart = kind == EVIL_STATEFUL;
	if (kind == EVIL_STATEFUL)
		t.isolate.restarts = 0;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	(void)trial_run(&t);
	ck_assert_uint_eq(n_children(), 0);
}

START_TEST(any_word_may_change_at_any_call)
{
	const char *n_text = getenv("LEAT_SPAN_SEEDS");
	uint64_t n = n_text ? strtoull(n_text, NULL, 10) : 12;

	for (seed = 1; seed <= n; seed++)
		check_survives((enum evil_kind)(seed % EVIL_REPEATER),
			scribble_now, seed % 2 ? 0 : 105);
}
END_TEST

START_TEST(and_all_the_time)
{
	const char *n_text = getenv("LEAT_SPAN_SEEDS");
	uint64_t n = n_text ? strtoull(n_text, NULL, 10) : 8;

	for (seed = 1; seed <= n; seed++)
		check_survives((enum evil_kind)(seed % EVIL_REPEATER),
			scribble_on, 1 + seed * 10);
}
END_TEST

/* ---- answers that nobody asked for ---------------------------------------- */

static uint64_t lied[LEAT_COUNT_N]; /* counts of what is forged */

/* The answer that is next, as the child's own side would write it; it is not
 * told of yet. */
static struct leat__span_answer *
forge_begin(struct leat_stage *st, uint32_t n_emits,
	const struct leat__span_emit *emits, uint64_t number)
{
	struct leat__span_map *map = map_of(st);
	uint64_t n = leat__load_relaxed(&map->page->n_answered);
	uint32_t k = (uint32_t)(n & (map->window - 1));
	struct leat__span_answer *answer = &map->answers[k];

	memset(answer, 0, sizeof(*answer));
	answer->number = number;
	answer->kind = LEAT__SPAN_CALL;
	answer->n_emits = n_emits;
	memcpy(answer->counts, lied, sizeof(lied));
	for (uint32_t e = 0; e < n_emits && e < map->n_emits_max; e++)
		map->emits[(size_t)k * map->n_emits_max + e] = emits[e];
	return answer;
}

static void
forge_end(struct leat_stage *st)
{
	struct leat__span_map *map = map_of(st);

	leat__store_release(&map->page->n_answered,
		leat__load_relaxed(&map->page->n_answered) + 1);
	map->env->event_set(map->env, map->event_fd);
}

static void
forge(struct leat_stage *st, uint32_t n_emits,
	const struct leat__span_emit *emits, uint64_t number, uint32_t kind,
	int rc)
{
	struct leat__span_answer *answer =
		forge_begin(st, n_emits, emits, number);

	answer->kind = kind;
	answer->rc = rc;
	forge_end(st);
	for (;;)
		pause();
}

static uint64_t
number_in_hand(struct leat_stage *st)
{
	return leat__load_relaxed(&map_of(st)->page->n_begun);
}

static struct leat__span_emit
right_emit(const struct leat_frame *in)
{
	return (struct leat__span_emit){.of = 0,
		.base = LEAT__SPAN_NONE,
		.frame = {.slot = in->slot,
			.len_bytes = in->len_bytes,
			.n_items = in->n_items,
			.layout = in->layout}};
}

static uint32_t lie;

DEED(lie_about_emits)
{
	struct leat__span_emit emits[2] = {right_emit(in), right_emit(in)};
	uint64_t number = number_in_hand(st);
	uint32_t n = 1;

	switch (lie) {
	case 0:
		emits[0].of = 1; /* a base that there is not */
		break;
	case 1:
		emits[0].of = LEAT__SPAN_FRESH + 1000000;
		break;
	case 2:
		emits[0].of = LEAT__SPAN_FRESH; /* no stock was lent */
		break;
	case 3:
		n = 2; /* more than the stage may emit */
		break;
	case 4:
		n = UINT32_MAX;
		break;
	case 5:
		number += 1;
		break;
	case 6:
		number = 0;
		break;
	case 7:
		n = 0; /* ten records are gone */
		break;
	default:
		emits[0].of = LEAT__SPAN_NONE;
	}
	forge(st, n, emits, number, LEAT__SPAN_CALL, LEAT_OK);
}

/* In place: the header is the child's to say. */
DEED(lie_about_heads)
{
	struct leat__span_emit emit = right_emit(in);

	switch (lie) {
	case 0:
		emit.frame.data_at = UINT32_MAX;
		break;
	case 1:
		emit.frame.len_bytes = UINT32_MAX;
		break;
	case 2:
		emit.frame.data_at = 4080; /* the rest lies behind it */
		break;
	case 3:
		emit.frame.n_items++;
		break;
	case 4:
		emit.frame.layout = LEAT_LAYOUT_TABLE;
		break;
	case 5:
		emit.frame.layout = 0xff;
		break;
	case 6:
		emit.frame.flags = LEAT_FRAME_FIRST;
		break;
	case 7:
		emit.frame.flags = LEAT_FRAME_MARKED;
		break;
	default:
		emit.frame.data_at = 4;
	}
	forge(st, 1, &emit, number_in_hand(st), LEAT__SPAN_CALL, LEAT_OK);
}

DEED(lie_about_results)
{
	static const int codes[] = {
		3, INT32_MAX, LEAT_EAGAIN, LEAT_OK, LEAT_OK, LEAT_OK, LEAT_OK};
	static const uint32_t kinds[] = {LEAT__SPAN_CALL, LEAT__SPAN_CALL,
		LEAT__SPAN_CALL, LEAT__SPAN_OPEN, LEAT__SPAN_FINISH,
		LEAT__SPAN_REJECT, 99};
	struct leat__span_emit emit = right_emit(in);
	uint32_t k = lie % (uint32_t)leat__array_len(codes);

	forge(st, 1, &emit, number_in_hand(st), kinds[k], codes[k]);
}

/* What cannot be is told as what it is, and the run goes on without. */
static void
check_caught(enum evil_kind kind,
	void (*deed)(struct leat_stage *, struct leat_frame *))
{
	for (lie = 0; lie < 9; lie++) {
		struct trial t = trial_of_thousand();

		t.kind = kind;
		t.evil.deed = deed;
		t.evil.at = kind == EVIL_WRITER ? 506 : 505;
		t.isolate.restart = 1;
		t.isolate.hang_ns = 5000000000;
		ck_assert_msg(trial_run(&t) == LEAT_EBUG, "lie %u", lie);
		ck_assert_msg(strstr(t.err.text, "answered what cannot be"),
			"lie %u: %s", lie, t.err.text);
		ck_assert_uint_le(t.seen.n, 500);
	}
}

START_TEST(a_frame_that_it_has_not_got_is_not_taken)
{
	check_caught(EVIL_STATELESS, lie_about_emits);
}
END_TEST

START_TEST(nor_is_a_head_that_leads_elsewhere)
{
	check_caught(EVIL_WRITER, lie_about_heads);
}
END_TEST

/* Records of frames that it has not answered for. */
DEED(lie_about_others)
{
	lied[LEAT_COUNT_FILTERED] = in->n_items + 1;
	forge(st, 0, NULL, number_in_hand(st), LEAT__SPAN_CALL, LEAT_OK);
}

START_TEST(nor_records_that_are_not_its_own_yet)
{
	struct trial t = trial_of_thousand();

	t.kind = EVIL_STATEFUL;
	t.evil.deed = lie_about_others;
	t.evil.at = 505;
	t.isolate.restart = 1;
	t.isolate.hang_ns = 5000000000;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_msg(strstr(t.err.text, "how many records became what"), "%s",
		t.err.text);
}
END_TEST

/* What the children of a trial know of each other. */
static uint32_t *n_liars;

/* The first one makes twenty records of ten. */
DEED(give_more)
{
	(void)st;
	if (leat__add_seq(n_liars, 1u) == 0)
		in->n_items += 10;
}

START_TEST(who_gives_more_than_it_got_is_replaced)
{
	struct trial t = trial_of_thousand();

	n_liars = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(n_liars != MAP_FAILED);
	t.kind = EVIL_MAKER;
	t.evil.deed = give_more;
	t.evil.at = 505;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(*n_liars, 2);
	ck_assert_uint_eq(t.seen.n, 1000);
	munmap(n_liars, 4096);
}
END_TEST

START_TEST(nor_a_result_of_another_call)
{
	check_caught(EVIL_STATELESS, lie_about_results);
}
END_TEST

/* Twice in one answer, or in an answer that more comes after, and then again:
 * the counts would be right. */
static void
emit_twice(struct leat_stage *st, struct leat_frame *in)
{
	struct leat__span_emit emits[2] = {right_emit(in), right_emit(in)};
	uint64_t number = number_in_hand(st);
	uint32_t n = lie ? 1 : 2;

	if (lie) {
		forge_begin(st, 1, emits, number)->rc = LEAT_MORE;
		forge_end(st);
	}
	forge_begin(st, n, emits, number)->counts[LEAT_COUNT_MADE] =
		in->n_items;
	forge_end(st);
	for (;;)
		pause();
}

START_TEST(a_frame_goes_on_once)
{
	for (lie = 0; lie < 2; lie++) {
		struct trial t = trial_of_thousand();

		t.kind = EVIL_PAIR;
		t.evil.deed = emit_twice;
		t.evil.at = 505;
		t.isolate.restart = 1;
		ck_assert_msg(trial_run(&t) == LEAT_EBUG, "lie %u: %s", lie,
			t.err.text);
		ck_assert_msg(strstr(t.err.text, "has gone on before"),
			"lie %u: %s", lie, t.err.text);
		/* told without a look at it, for it may be another's now */
		ck_assert_msg(strstr(t.err.text,
				      "with a frame of 10 records in hand"),
			"lie %u: %s", lie, t.err.text);
		ck_assert_uint_le(t.seen.n, 510);
		ck_assert_uint_eq(t.seen.n_back, 0);
	}
}
END_TEST

START_TEST(who_lies_is_replaced)
{
	struct trial t = trial_of_thousand();

	lie = 0;
	t.evil.deed = lie_about_emits;
	t.evil.at = 505;
	t.isolate.on_poison = 1 + LEAT_ON_ERROR_SKIP;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 999);
}
END_TEST

/* ---- answers twice -------------------------------------------------------- */

/* The count of answers goes ahead of what was answered. */
DEED(answer_twice)
{
	struct leat__span_map *map = map_of(st);

	(void)in;
	leat__store_release(&map->page->n_answered,
		leat__load_relaxed(&map->page->n_answered) + 1);
	map->env->event_set(map->env, map->event_fd);
	for (;;)
		pause();
}

START_TEST(an_answer_counts_once)
{
	struct trial t = trial_of_thousand();

	t.evil.deed = answer_twice;
	t.evil.at = 505;
	t.isolate.restart = 1;
	ck_assert_int_eq(trial_run(&t), LEAT_EBUG);
	ck_assert_uint_le(t.seen.n, 500);
	ck_assert_uint_eq(t.seen.n_back, 0);
}
END_TEST

/* After the answer the slot is another's: what it holds may be wrong then, and
 * nothing worse. */
static void
write_on(struct leat_stage *st, struct leat_frame *in)
{
	(void)st;
	memset(leat_frame_start(in), 0xee, 4096);
}

START_TEST(what_is_written_too_late_breaks_nothing)
{
	struct trial t = trial_of_thousand();

	t.kind = EVIL_WRITER;
	t.evil.late = write_on;
	ck_assert_msg(trial_run(&t) == LEAT_OK, "%s", t.err.text);
	ck_assert_uint_eq(t.seen.n, 1000);
}
END_TEST

TEST_MAIN("span/hostile", any_word_may_change_at_any_call, and_all_the_time,
	a_frame_that_it_has_not_got_is_not_taken,
	nor_is_a_head_that_leads_elsewhere, nor_a_result_of_another_call,
	nor_records_that_are_not_its_own_yet,
	who_gives_more_than_it_got_is_replaced, who_lies_is_replaced,
	a_frame_goes_on_once, an_answer_counts_once,
	what_is_written_too_late_breaks_nothing)
