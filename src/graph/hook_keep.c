/*
 * graph/hook_keep.c -- what hooks keep: memory that goes on when the hooks of a
 * stage are exchanged, or that several of them have in common.
 *
 * Keeps: hooks with the same ops and the same name, or of the same place at the
 * same stage, have the same block as long as there is one of them; the plan
 * counts what is not small, and nothing that is not small comes after it.
 * Threads: as graph/hook.c; what is in the blocks is their hooks'.
 */
#include <string.h>

#include "base/atomic.h"
#include "graph/graph.h"

#define KEEP_SMALL_BYTES 1024u /* is not counted, as hooks are not */

struct leat__keep {
	struct leat__keep *next;
	const struct leat_stage *home; /* of the first that has it */
	char hook[LEAT_CHANGE_WORD_BYTES];
	char name[LEAT_CHANGE_WORD_BYTES]; /* "" = home and ordinal count */
	uint32_t ordinal;
	uint32_t n_refs;
	size_t n_bytes;
	_Alignas(64) uint8_t memory[];
};

static bool
keep_is_of(const struct leat__keep *keep, const struct leat_hook *hook,
	const char *name)
{
	if (strcmp(keep->hook, hook->ops.name) || strcmp(keep->name, name))
		return false;
	return *name ||
		(keep->home == hook->home && keep->ordinal == hook->ordinal);
}

static struct leat__keep *
keep_find(const struct leat_hook *hook, const char *name)
{
	struct leat__keep *keep = hook->stage->graph->keeps;

	while (keep && !keep_is_of(keep, hook, name))
		keep = keep->next;
	return keep;
}

static struct leat__keep *
keep_add(struct leat_hook *hook, const char *name, size_t n_bytes)
{
	struct leat_graph *graph = hook->stage->graph;
	struct leat__keep *keep =
		graph->env->alloc(graph->env, sizeof(*keep) + n_bytes);

	if (!keep)
		return NULL;
	*keep = (struct leat__keep){.next = graph->keeps,
		.home = hook->home,
		.ordinal = hook->ordinal,
		.n_bytes = n_bytes};
	memcpy(keep->hook, hook->ops.name, strlen(hook->ops.name));
	memcpy(keep->name, name, strlen(name));
	graph->keeps = keep;
	return keep;
}

/* With the lock. */
static int
keep_take(struct leat_hook *hook, const char *name, size_t n_bytes)
{
	struct leat_graph *graph = hook->stage->graph;
	struct leat__keep *keep = keep_find(hook, name);

	if (keep && keep->n_bytes < n_bytes)
		return leat_hook_fail(hook, LEAT_ELIMIT,
			"@%s needs %zu bytes, and what it goes on with has "
			"%zu; accepted: no more than before",
			hook->ops.name, n_bytes, keep->n_bytes);
	if (!keep && graph->state != LEAT__GRAPH_BUILDING &&
		n_bytes > KEEP_SMALL_BYTES)
		return leat_hook_fail(hook, LEAT_ELIMIT,
			"@%s needs %zu bytes, which were not there when the "
			"graph was checked; accepted: up to %u",
			hook->ops.name, n_bytes, KEEP_SMALL_BYTES);
	if (!keep)
		keep = keep_add(hook, name, n_bytes);
	if (!keep)
		return leat_hook_fail(hook, LEAT_ENOMEM,
			"no memory for the %zu bytes of @%s", n_bytes,
			hook->ops.name);
	keep->n_refs++;
	hook->keep = keep;
	return LEAT_OK;
}

static int
keep_check(struct leat_hook *hook, const char *name)
{
	if (hook->is_inited || hook->keep)
		return leat_hook_fail(hook, LEAT_ESTATE,
			"@%s: leat_hook_keep() is for init, and once",
			hook->ops.name);
	if (strlen(name) < LEAT_CHANGE_WORD_BYTES &&
		strlen(hook->ops.name) < LEAT_CHANGE_WORD_BYTES)
		return LEAT_OK;
	return leat_hook_fail(hook, LEAT_EINVAL,
		"the name '%s' of what @%s keeps is too long; accepted: up to "
		"%u bytes",
		name, hook->ops.name, LEAT_CHANGE_WORD_BYTES - 1);
}

int
leat_hook_keep(struct leat_hook *hook, const char *name, size_t n_bytes,
	void **memory_out)
{
	struct leat_graph *graph = hook->stage->graph;
	int rc;

	name = name ? name : "";
	LEAT_TRY(keep_check(hook, name));
	leat__lock_take(&graph->keeps_lock, graph->env);
	rc = keep_take(hook, name, n_bytes);
	leat__lock_drop(&graph->keeps_lock, graph->env);
	if (rc == LEAT_OK)
		*memory_out = hook->keep->memory;
	return rc;
}

void
leat__keep_drop(struct leat_hook *hook)
{
	struct leat__keep **at, *keep = hook->keep;
	struct leat_graph *graph;

	if (!keep) /* it may not even have a stage yet */
		return;
	graph = hook->stage->graph;
	at = &graph->keeps;
	hook->keep = NULL;
	leat__lock_take(&graph->keeps_lock, graph->env);
	if (--keep->n_refs == 0) {
		while (*at != keep)
			at = &(*at)->next;
		*at = keep->next;
		graph->env->free(graph->env, keep);
	}
	leat__lock_drop(&graph->keeps_lock, graph->env);
}

uint64_t
leat__keeps_bytes_of(const struct leat_stage *st)
{
	struct leat_graph *graph = st->graph;
	uint64_t n = 0;

	leat__lock_take(&graph->keeps_lock, graph->env);
	for (const struct leat__keep *at = graph->keeps; at; at = at->next)
		if (at->home == st && at->n_bytes > KEEP_SMALL_BYTES)
			n += at->n_bytes;
	leat__lock_drop(&graph->keeps_lock, graph->env);
	return n;
}
