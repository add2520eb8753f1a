/*
 * sim/report.c -- who waits on what, since when, and who touched it last.
 */
#include <inttypes.h>

#include "sim/internal.h"

static struct sim_touched report_touched[SIM_TOUCHED_MAX];

void
sim_name(const void *memory, size_t n_bytes, const char *name)
{
	if (sim.n_names < SIM_NAMES_MAX)
		sim.names[sim.n_names++] =
			(struct sim_named){memory, n_bytes, name};
}

void
sim_watch(const uint32_t *word, bool (*holds)(void *user), void *user)
{
	if (sim.n_watches < SIM_WATCHES_MAX)
		sim.watches[sim.n_watches++] =
			(struct sim_watched){word, holds, user};
}

static bool
watch_is_of(const struct sim_watched *watch, const struct sim_thread *thread)
{
	return !watch->word || watch->word == thread->word;
}

const struct sim_thread *
sim_find_lost(void)
{
	for (uint32_t k = 0; k < sim.n_threads; k++) {
		const struct sim_thread *thread = &sim_threads[k];

		if (thread->state != SIM_PARKED)
			continue;
		for (uint32_t w = 0; w < sim.n_watches; w++)
			if (watch_is_of(&sim.watches[w], thread) &&
				sim.watches[w].holds(sim.watches[w].user))
				return thread;
	}
	return NULL;
}

void
sim_say_memory(struct leat__text *text, const volatile void *memory)
{
	uintptr_t at = (uintptr_t)memory;

	for (uint32_t k = sim.n_names; k-- > 0;) {
		const struct sim_named *n = &sim.names[k];
		uintptr_t offset = at - (uintptr_t)n->start;

		if (at < (uintptr_t)n->start || offset >= n->n_bytes)
			continue;
		leat__text_add(text, "%s", n->name);
		if (offset)
			leat__text_add(text, "+%" PRIuPTR, offset);
		return;
	}
	leat__text_add(text, "%#" PRIxPTR, at);
}

/* ---- accesses --------------------------------------------------------------- */

static struct sim_touched *
touched_of(const volatile void *memory)
{
	uint64_t hash = sim_mix((uint64_t)(uintptr_t)memory);

	return &report_touched[hash % SIM_TOUCHED_MAX];
}

static SIM_NO_ASAN uint64_t
access_value(const volatile void *memory, uint32_t n_bytes)
{
	switch (n_bytes) {
	case 1:
		return *(const volatile uint8_t *)memory;
	case 2:
		return *(const volatile uint16_t *)memory;
	case 4:
		return *(const volatile uint32_t *)memory;
	case 8:
		return *(const volatile uint64_t *)memory;
	default:
		return 0;
	}
}

static void
access_print(const volatile void *memory, uint32_t n_bytes, enum sim_op op)
{
	static const char *const names[] = {"load", "store", "swap", "fence"};
	char buf[128];
	struct leat__text text = {buf, sizeof(buf), 0};

	buf[0] = '\0';
	if (memory)
		sim_say_memory(&text, memory);
	printf("%6" PRIu64 "  %-14s %-5s %s", sim_hot.steps, sim.current->name,
		names[op], buf);
	if (memory)
		printf("  (%#" PRIx64 ")", access_value(memory, n_bytes));
	printf("\n");
}

void
sim_report_touch(const volatile void *memory, uint32_t n_bytes, enum sim_op op)
{
	if (sim.opts.is_verbose)
		access_print(memory, n_bytes, op);
	if (op == SIM_OP_STORE || op == SIM_OP_SWAP)
		*touched_of(memory) = (struct sim_touched){
			memory, sim.current->number, sim_hot.steps};
}

/* ---- the wait-for graph ----------------------------------------------------- */

/* The word's memory may be gone by now. */
static SIM_NO_ASAN uint32_t
word_value(const volatile uint32_t *word)
{
	return *word;
}

static void
report_word(struct leat__text *text, const struct sim_thread *thread)
{
	const struct sim_touched *touched = touched_of(thread->word);

	leat__text_add(text, "parked on ");
	sim_say_memory(text, thread->word);
	leat__text_add(text, " (is %u, was %u when it parked)",
		word_value(thread->word), thread->expected);
	if (sim.opts.is_watched && touched->memory == thread->word)
		leat__text_add(text, ", last written by '%s' at step %" PRIu64,
			sim_threads[touched->thread].name, touched->step);
}

static void
report_thread(struct leat__text *text, const struct sim_thread *thread)
{
	leat__text_add(text, "  %u '%s': ", thread->number, thread->name);
	switch (thread->state) {
	case SIM_READY:
		leat__text_add(text, "can run");
		break;
	case SIM_PARKED:
		report_word(text, thread);
		break;
	case SIM_SLEEPING:
		leat__text_add(text, "sleeps");
		break;
	case SIM_JOINING:
		leat__text_add(text, "waits for the end of %u '%s'",
			thread->joined->number, thread->joined->name);
		break;
	case SIM_ENDED:
		leat__text_add(text, "has ended");
		break;
	}
	if (thread->state != SIM_READY && thread->state != SIM_ENDED)
		leat__text_add(text, ", since step %" PRIu64 ", %" PRId64 " ns",
			thread->since_steps, sim.now_ns - thread->since_ns);
	if (thread->deadline_ns != LEAT_NEVER && thread->state != SIM_READY &&
		thread->state != SIM_ENDED)
		leat__text_add(text, ", for %" PRId64 " ns more",
			thread->deadline_ns - sim.now_ns);
	if (sim_n_stores(thread))
		leat__text_add(
			text, ", %u stores not seen yet", sim_n_stores(thread));
	leat__text_add(text, "\n");
}

void
sim_report(struct leat__text *text)
{
	leat__text_add(text,
		"  at step %" PRIu64 ", virtual time %" PRId64 " ns, in '%s'\n",
		sim_hot.steps, sim.now_ns - SIM_START_NS, sim.current->name);
	for (uint32_t k = 0; k < sim.n_threads; k++)
		report_thread(text, &sim_threads[k]);
}
