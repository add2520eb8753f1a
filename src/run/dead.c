/*
 * run/dead.c -- stores of dead letters: opening them, and what goes into them.
 *
 * Keeps: one thing at a time in a store. After a letter that could not be
 * written none is any more: the run ends with it.
 * Threads: any.
 */
#include <stdio.h>
#include <string.h>

#include "run/dead.h"
#include "run/run.h"

#define DEAD_ID_BYTES 48

/* ---- life --------------------------------------------------------------- */

void *
leat_dead_state(struct leat_dead *dead)
{
	return dead->state;
}

const char *
leat_dead_path(const struct leat_dead *dead)
{
	return dead->path;
}

const struct leat_dead_ops *
leat_dead_kind(const struct leat_dead *dead)
{
	return dead->ops;
}

/* One piece of memory: the head, the state on a line of its own, the path. */
static struct leat_dead *
dead_alloc(const struct leat__env *env, const struct leat_dead_ops *ops,
	const char *path)
{
	size_t at = leat__round_up(sizeof(struct leat_dead), LEAT__CACHE_LINE);
	size_t n_path = strlen(path) + 1;
	char *memory = env->alloc(env, at + ops->state_bytes + n_path);
	struct leat_dead *dead = (struct leat_dead *)(void *)memory;

	if (!memory)
		return NULL;
	memcpy(memory + at + ops->state_bytes, path, n_path);
	*dead = (struct leat_dead){.env = env,
		.ops = ops,
		.path = memory + at + ops->state_bytes,
		.run = env->random(env),
		.state = memory + at};
	return dead;
}

int
leat__dead_open_store(const struct leat__env *env,
	const struct leat_dead_ops *ops, const char *path, uint32_t how,
	struct leat_dead **dead_out, struct leat_error *err)
{
	struct leat_dead *dead = dead_alloc(env, ops, path);
	int rc;

	if (!dead)
		return leat__error(
			err, LEAT_ENOMEM, "no memory for dead letters");
	rc = ops->open(dead, how, err);
	if (rc < 0) {
		leat_dead_close(dead);
		return rc;
	}
	*dead_out = dead;
	return LEAT_OK;
}

int
leat_dead_open(const struct leat_stage_set *set, const char *path, uint32_t how,
	struct leat_dead **dead_out, struct leat_error *err)
{
	const struct leat__env *env = leat__env_posix();

	if (how > LEAT_DEAD_READ || !*path)
		return leat__error(err, LEAT_EINVAL,
			"dead letters: how is %u, path '%s'; accepted: "
			"LEAT_DEAD_ADD, LEAT_DEAD_READ, and a path",
			how, path);
	return leat__dead_open_store(env,
		leat__dead_ops_for(set ? set : &leat_stages, path), path, how,
		dead_out, err);
}

void
leat_dead_close(struct leat_dead *dead)
{
	if (!dead)
		return;
	dead->ops->close(dead);
	dead->env->free(dead->env, dead);
}

/* ---- letters ------------------------------------------------------------ */

static int
dead_put_locked(struct leat_dead *dead, struct leat_letter *letter,
	struct leat_error *err)
{
	char id[DEAD_ID_BYTES];
	int rc;

	if (dead->is_broken)
		return leat__error(err, LEAT_EIO,
			"cannot write dead letters to '%s': an earlier one "
			"could not be written",
			dead->path);
	if (!letter->id) {
		snprintf(id, sizeof(id), "%016llx-%llu",
			(unsigned long long)dead->run,
			(unsigned long long)++dead->n_letters);
		letter->id = id;
	}
	if (!letter->time_ns)
		letter->time_ns = dead->env->wall_ns(dead->env);
	rc = dead->ops->put(dead, letter, err);
	dead->is_broken = rc < 0;
	return rc;
}

int
leat_dead_put(struct leat_dead *dead, const struct leat_letter *letter,
	struct leat_error *err)
{
	struct leat_letter full = *letter;
	int rc;

	leat__lock_take(&dead->lock, dead->env);
	rc = dead_put_locked(dead, &full, err);
	leat__lock_drop(&dead->lock, dead->env);
	return rc;
}

int
leat_dead_sync(struct leat_dead *dead, struct leat_error *err)
{
	int rc;

	leat__lock_take(&dead->lock, dead->env);
	rc = dead->ops->sync(dead, err);
	leat__lock_drop(&dead->lock, dead->env);
	return rc;
}

int
leat_dead_each(struct leat_dead *dead, leat_letter_fn fn, void *user,
	struct leat_error *err)
{
	int rc;

	leat__lock_take(&dead->lock, dead->env);
	rc = dead->ops->each(dead, fn, user, err);
	leat__lock_drop(&dead->lock, dead->env);
	return rc;
}

int
leat_dead_change(struct leat_dead *dead, leat_letter_change_fn fn, void *user,
	struct leat_error *err)
{
	int rc;

	leat__lock_take(&dead->lock, dead->env);
	rc = dead->ops->change(dead, fn, user, err);
	leat__lock_drop(&dead->lock, dead->env);
	return rc;
}

/* ---- of a graph --------------------------------------------------------- */

static struct leat_dead *
dead_find(const struct leat_graph *graph, const char *path)
{
	struct leat_dead *dead = graph->run->deads;

	while (dead && strcmp(dead->path, path) != 0)
		dead = dead->next;
	return dead;
}

static int
dead_open_for(struct leat_graph *graph, const char *path,
	struct leat_dead **dead_out, struct leat_error *err)
{
	*dead_out = dead_find(graph, path);
	if (*dead_out)
		return LEAT_OK;
	LEAT_TRY(leat__dead_open_store(graph->env,
		leat__dead_ops_for(graph->opts.stages, path), path,
		LEAT_DEAD_ADD, dead_out, err));
	(*dead_out)->ctx = graph->ctx;
	(*dead_out)->next = graph->run->deads;
	graph->run->deads = *dead_out;
	return LEAT_OK;
}

int
leat__dead_open_all(struct leat_graph *graph, struct leat_error *err)
{
	for (uint32_t k = 0; k < graph->n_stages; k++) {
		struct leat_stage *st = graph->stages[k];
		const char *path = leat__stage_dead_path(st);

		if (!path)
			continue;
		LEAT_TRY(dead_open_for(graph, path, &st->dead, err));
		for (uint32_t n = 1; n < leat__stage_n_instances(st); n++)
			leat__stage_instance(st, n)->dead = st->dead;
	}
	return LEAT_OK;
}

int
leat__dead_sync_all(struct leat_graph *graph, struct leat_error *err)
{
	struct leat_dead *dead = graph->run->deads;

	for (; dead; dead = dead->next)
		LEAT_TRY(leat_dead_sync(dead, err));
	return LEAT_OK;
}

void
leat__dead_close_all(struct leat_graph *graph)
{
	while (graph->run->deads) {
		struct leat_dead *dead = graph->run->deads;

		graph->run->deads = dead->next;
		leat_dead_close(dead);
	}
}
