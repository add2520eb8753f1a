/*
 * span/page.c -- rings of asks and answers between two processes.
 *
 * Keeps: what is published is written before the count that publishes it; a
 * side that parks has said so, and has looked again after that, so a ring that
 * it did not see wakes it. The parent reads one count of the child's, and takes
 * it only if it lies between what it has taken and what it has asked and may
 * be answered; all else it copies.
 * Threads: one of each process.
 */
#include <ck_pr.h>
#include <stddef.h>
#include <string.h>

#include "span/page.h"

#define PAGE_SPINS 20u /* looks before a side parks: about a microsecond */

/* ---- the memory --------------------------------------------------------- */

static size_t
page_round(size_t n_bytes)
{
	return (size_t)leat__round_up(n_bytes, LEAT__CACHE_LINE);
}

/* Where all parts begin, from the page on; the last is the whole. */
struct map_places {
	size_t asks, stock, answers, emits, letter, end;
};

static struct map_places
map_places(const struct leat__span_map *map)
{
	struct map_places at;
	size_t n_emits = (size_t)map->window * map->n_emits_max;

	at.asks = page_round(sizeof(*map->page));
	at.stock = at.asks + page_round(map->window * sizeof(*map->asks));
	at.answers = at.stock + page_round(map->n_stock * sizeof(*map->stock));
	at.emits = at.answers + page_round(map->window * sizeof(*map->answers));
	at.letter = at.emits + page_round(n_emits * sizeof(*map->emits));
	at.end = at.letter + page_round(map->letter_bytes);
	return at;
}

size_t
leat__span_map_bytes(const struct leat__span_map *map)
{
	return map_places(map).end;
}

static void
map_lay_out(struct leat__span_map *map, uint8_t *base)
{
	struct map_places at = map_places(map);

	map->page = (void *)base;
	map->asks = (void *)(base + at.asks);
	map->stock = (void *)(base + at.stock);
	map->answers = (void *)(base + at.answers);
	map->emits = (void *)(base + at.emits);
	map->letter = base + at.letter;
}

int
leat__span_map_init(struct leat__span_map *map, const struct leat__env *env)
{
	void *memory = NULL;
	int sys_errno;

	map->env = env;
	map->n_bytes = leat__span_map_bytes(map);
	sys_errno = env->event_create(env, &map->event_fd);
	if (sys_errno)
		return sys_errno;
	sys_errno = env->map(env, map->n_bytes, "leat-span", &memory, &map->fd);
	if (sys_errno) {
		env->close(env, map->event_fd);
		return sys_errno;
	}
	map_lay_out(map, memory);
	return 0;
}

void
leat__span_map_fini(struct leat__span_map *map)
{
	if (!map->page)
		return;
	map->env->unmap(map->env, map->page, map->n_bytes, map->fd);
	map->env->close(map->env, map->event_fd);
	map->page = NULL;
}

static void
map_clear_event(struct leat__span_map *map)
{
	uint64_t count;

	(void)!map->env->read(map->env, map->event_fd, &count, sizeof(count));
}

void
leat__span_map_reset(struct leat__span_map *map)
{
	memset(map->page, 0, sizeof(*map->page));
	/* what the last child said is no answer to what this one is asked */
	for (uint32_t k = 0; k < map->window; k++)
		map->answers[k].number = 0;
	map_clear_event(map);
}

/* ---- the parent --------------------------------------------------------- */

struct leat__span_ask *
leat__span_ask_begin(
	struct leat__span_map *map, const struct leat__span_parent *parent)
{
	return &map->asks[parent->n_asked & (map->window - 1)];
}

void
leat__span_ask_end(struct leat__span_map *map, struct leat__span_parent *parent)
{
	parent->n_asked++;
	/* release: pairs with the acquire in leat__span_next */
	leat__store_release(&map->page->n_asked, parent->n_asked);
}

void
leat__span_lend(struct leat__span_map *map, struct leat__span_parent *parent,
	struct leat__span_fresh fresh)
{
	map->stock[parent->n_lent & (map->n_stock - 1)] = fresh;
	parent->n_lent++;
	/* release: pairs with the acquire in leat__span_stock */
	leat__store_release(&map->page->n_lent, parent->n_lent);
}

void
leat__span_judge(struct leat__span_map *map, struct leat__span_parent *parent,
	int verdict)
{
	leat__store_relaxed(&map->page->verdict, (int32_t)verdict);
	parent->n_verdicts++;
	/* release: pairs with the acquire in leat__span_await_verdict */
	leat__store_release(&map->page->n_verdicts, parent->n_verdicts);
}

void
leat__span_ring(struct leat__span_map *map, struct leat__span_parent *parent)
{
	struct leat__span_page *page = map->page;

	parent->n_rung = parent->n_asked;
	/* pairs with side_wait: it says that it waits, then looks at the bell
	 */
	leat__add_seq(&page->bell, 1u);
	if (leat__load_seq(&page->child_waits))
		map->env->processes->wake(&page->bell);
}

static uint64_t
parent_look(const struct leat__span_map *map)
{
	/* acquire: pairs with the release in leat__span_answer_end */
	return leat__load_acquire(&map->page->n_answered);
}

/* A count that is not true is one that leat__span_answer_take() finds. */
bool
leat__span_has_answers(const struct leat__span_map *map,
	const struct leat__span_parent *parent, uint64_t n)
{
	return parent_look(map) - parent->n_taken >= n;
}

bool
leat__span_look_often(const struct leat__span_map *map,
	const struct leat__span_parent *parent, uint64_t n)
{
	for (uint32_t k = 0; k < PAGE_SPINS; k++) {
		if (leat__span_has_answers(map, parent, n))
			return true;
		ck_pr_stall();
	}
	return false;
}

/* A copy of what there is to know: of most answers the first lines. */
static void
answer_copy(struct leat__span_answer *to, const struct leat__span_answer *from)
{
	const size_t n_head = offsetof(struct leat__span_answer, sys_errno);

	memcpy(to, from, n_head);
	to->text[0] = to->origin[0] = '\0';
	if (to->rc >= 0 && to->kind != LEAT__SPAN_REJECT)
		return;
	memcpy((char *)to + n_head, (const char *)from + n_head,
		sizeof(*to) - n_head);
	to->text[sizeof(to->text) - 1] = '\0';
	to->origin[sizeof(to->origin) - 1] = '\0';
}

int
leat__span_answer_take(struct leat__span_map *map,
	struct leat__span_parent *parent, struct leat__span_answer *answer_out,
	struct leat__span_emit *emits_out, const char **why_out)
{
	uint32_t k = (uint32_t)(parent->n_taken & (map->window - 1));
	uint64_t n_ahead = parent_look(map) - parent->n_taken;

	if (n_ahead == 0)
		return 0;
	if (n_ahead > map->window) {
		*why_out = "its count of answers";
		return LEAT_EBUG;
	}
	answer_copy(answer_out, &map->answers[k]);
	if (answer_out->n_emits > map->n_emits_max) {
		*why_out = "how many frames it emits";
		return LEAT_EBUG;
	}
	memcpy(emits_out, &map->emits[(size_t)k * map->n_emits_max],
		answer_out->n_emits * sizeof(*emits_out));
	parent->n_taken++;
	/* release: pairs with the acquire in has_room; it was copied before */
	leat__store_release(&map->page->n_taken, parent->n_taken);
	if (n_ahead == map->window)
		leat__span_ring(map, parent);
	return 1;
}

void
leat__span_parent_arm(struct leat__span_map *map,
	struct leat__span_parent *parent, uint64_t n_answers)
{
	if (++parent->n_arms == 0)
		parent->n_arms = 1;
	leat__store_relaxed(&map->page->n_wanted, parent->n_taken + n_answers);
	/* pairs with side_tell: it counts, then looks who waits */
	leat__store_seq(&map->page->armed, parent->n_arms);
	leat__fence_seq();
}

void
leat__span_parent_heard(struct leat__span_map *map)
{
	map_clear_event(map);
}

void
leat__span_parent_disarm(struct leat__span_map *map)
{
	leat__store_relaxed(&map->page->armed, 0u);
}

/* ---- the child ---------------------------------------------------------- */

/* Ring if the parent waits, for so many answers or for anything at all, and
 * has not been rung for in this wait. */
static void
side_tell(
	struct leat__span_map *map, struct leat__span_side *side, bool is_idle)
{
	struct leat__span_page *page = map->page;
	uint32_t armed;

	/* pairs with leat__span_parent_arm */
	leat__fence_seq();
	armed = leat__load_seq(&page->armed);
	if (!armed || armed == side->told)
		return;
	if (!is_idle && side->n_answered < leat__load_relaxed(&page->n_wanted))
		return;
	side->told = armed;
	map->env->event_set(map->env, map->event_fd);
}

typedef bool (*side_ready_fn)(
	const struct leat__span_map *map, const struct leat__span_side *side);

static void
side_wait(struct leat__span_map *map, struct leat__span_side *side,
	side_ready_fn is_ready)
{
	struct leat__span_page *page = map->page;

	for (uint32_t k = 0; k < PAGE_SPINS; k++) {
		if (is_ready(map, side))
			return;
		ck_pr_stall();
	}
	side_tell(map, side, true);
	while (!is_ready(map, side)) {
		uint32_t bell = leat__load_seq(&page->bell);

		/* pairs with leat__span_ring */
		leat__store_seq(&page->child_waits, 1u);
		if (!is_ready(map, side))
			map->env->processes->park(
				&page->bell, bell, LEAT_NEVER);
		leat__store_relaxed(&page->child_waits, 0u);
	}
}

static bool
has_ask(const struct leat__span_map *map, const struct leat__span_side *side)
{
	/* acquire: pairs with the release in leat__span_ask_end */
	return leat__load_acquire(&map->page->n_asked) != side->n_begun;
}

static bool
has_stock(const struct leat__span_map *map, const struct leat__span_side *side)
{
	/* acquire: pairs with the release in leat__span_lend */
	return leat__load_acquire(&map->page->n_lent) != side->n_lent;
}

static bool
has_verdict(
	const struct leat__span_map *map, const struct leat__span_side *side)
{
	/* acquire: pairs with the release in leat__span_judge */
	return leat__load_acquire(&map->page->n_verdicts) != side->n_verdicts;
}

static bool
has_room(const struct leat__span_map *map, const struct leat__span_side *side)
{
	/* acquire: pairs with the release in leat__span_answer_take */
	return side->n_answered - leat__load_acquire(&map->page->n_taken) <
		map->window;
}

const struct leat__span_ask *
leat__span_next(struct leat__span_map *map, struct leat__span_side *side)
{
	uint64_t k;

	side_wait(map, side, has_ask);
	k = side->n_begun++;
	leat__store_relaxed(&map->page->n_begun, side->n_begun);
	return &map->asks[k & (map->window - 1)];
}

bool
leat__span_stock(struct leat__span_map *map, struct leat__span_side *side,
	struct leat__span_fresh *fresh_out)
{
	if (!has_stock(map, side))
		return false;
	*fresh_out = map->stock[side->n_lent++ & (map->n_stock - 1)];
	return true;
}

void
leat__span_await_stock(struct leat__span_map *map, struct leat__span_side *side)
{
	side_wait(map, side, has_stock);
}

int
leat__span_await_verdict(
	struct leat__span_map *map, struct leat__span_side *side)
{
	side_wait(map, side, has_verdict);
	side->n_verdicts++;
	return leat__load_relaxed(&map->page->verdict);
}

struct leat__span_answer *
leat__span_answer_begin(struct leat__span_map *map,
	struct leat__span_side *side, struct leat__span_emit **emits_out)
{
	uint32_t k = (uint32_t)(side->n_answered & (map->window - 1));
	struct leat__span_answer *answer = &map->answers[k];

	side_wait(map, side, has_room);
	memset(answer, 0, offsetof(struct leat__span_answer, text));
	answer->text[0] = answer->origin[0] = '\0';
	*emits_out = &map->emits[(size_t)k * map->n_emits_max];
	return answer;
}

void
leat__span_answer_end(struct leat__span_map *map, struct leat__span_side *side)
{
	side->n_answered++;
	/* release: pairs with the acquire in parent_look */
	leat__store_release(&map->page->n_answered, side->n_answered);
	side_tell(map, side, false);
}
