/*
 * mem/create.c -- a pool is laid out, made and destroyed.
 *
 * Keeps: payloads begin on pages, the slots of a class one behind the other; a
 * page that no frame was ever put on costs nothing.
 * Threads: one, before it is shared and after that.
 */
#include "mem/pool.h"

#define POOL_SLOT_BYTES 65536u
#define POOL_N_SLOTS    64u
#define POOL_PAGE_BYTES 4096u

static int
classes_check(const struct leat_pool_class *classes, uint32_t n_classes,
	struct leat_error *err)
{
	uint64_t last_bytes = 0;

	if (n_classes < 1 || n_classes > LEAT_POOL_CLASSES_MAX)
		return leat__error(err, LEAT_EINVAL,
			"pool: %u classes, where 1 to %d are accepted",
			n_classes, LEAT_POOL_CLASSES_MAX);
	for (uint32_t k = 0; k < n_classes; k++) {
		uint32_t slot_bytes = classes[k].slot_bytes;
		uint32_t n_slots = classes[k].n_slots;
		uint64_t bytes = leat__round_up(slot_bytes, POOL_PAGE_BYTES);

		if (slot_bytes < 1 || slot_bytes > LEAT_SLOT_BYTES_MAX)
			return leat__error(err, LEAT_EINVAL,
				"pool: slot_bytes is %u, where 1 to %u are "
				"accepted",
				slot_bytes, LEAT_SLOT_BYTES_MAX);
		if (n_slots < 1 || n_slots > LEAT_POOL_SLOTS_MAX)
			return leat__error(err, LEAT_EINVAL,
				"pool: n_slots is %u, where 1 to %u are "
				"accepted",
				n_slots, LEAT_POOL_SLOTS_MAX);
		if (bytes <= last_bytes)
			return leat__error(err, LEAT_EINVAL,
				"pool: slot_bytes of class %u is %u, where "
				"more than the %llu before it are accepted",
				k, slot_bytes, (unsigned long long)last_bytes);
		last_bytes = bytes;
	}
	return LEAT_OK;
}

static void
pool_lay_out(struct leat_pool *pool, const struct leat_pool_class *classes)
{
	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct leat__pool_class *c = &pool->classes[k];

		c->slot_bytes = (uint32_t)leat__round_up(
			classes[k].slot_bytes, POOL_PAGE_BYTES);
		c->n_slots = classes[k].n_slots;
		c->first_slot = pool->n_slots;
		pool->n_slots += c->n_slots;
		pool->memory_bytes += (uint64_t)c->n_slots * c->slot_bytes;
	}
}

static int
pool_allocate(struct leat_pool *pool, struct leat_error *err)
{
	const struct leat__env *env = pool->env;
	void *memory = NULL;
	int sys_errno;

	pool->frames = env->alloc(env, pool->n_slots * sizeof(*pool->frames));
	pool->slots = env->alloc(env, pool->n_slots * sizeof(*pool->slots));
	if (!pool->frames || !pool->slots)
		return leat__error(err, LEAT_ENOMEM,
			"pool: no memory for the headers of %u slots",
			pool->n_slots);
	sys_errno = env->map(env, (size_t)pool->memory_bytes, "leat-pool",
		&memory, &pool->memory_fd);
	if (sys_errno)
		return leat__error_errno(err, LEAT_ENOMEM, sys_errno,
			"pool: no address space for %u slots, %llu bytes",
			pool->n_slots, (unsigned long long)pool->memory_bytes);
	pool->memory = memory;
	return LEAT_OK;
}

/* All slots of a class into its depot, the first on top. */
static void
pool_fill_depot(struct leat_pool *pool, uint32_t class_)
{
	const struct leat__pool_class *c = &pool->classes[class_];
	uint32_t end = c->first_slot + c->n_slots;

	for (uint32_t k = c->first_slot; k < end; k++) {
		pool->frames[k].pool = pool;
		pool->frames[k].slot = k;
		pool->slots[k].class_ = class_;
		pool->slots[k].next = k + 1 < end ? k + 2 : 0;
	}
	pool->depots[class_].head = c->first_slot + 1;
}

static void
pool_fill(struct leat_pool *pool)
{
	uint8_t *payload = pool->memory;

	for (uint32_t k = 0; k < pool->n_classes; k++) {
		struct leat__pool_class *c = &pool->classes[k];

		c->payload = payload;
		payload += (size_t)c->n_slots * c->slot_bytes;
		pool_fill_depot(pool, k);
	}
}

static void
pool_free(struct leat_pool *pool)
{
	const struct leat__env *env = pool->env;

	if (pool->memory)
		env->unmap(env, pool->memory, (size_t)pool->memory_bytes,
			pool->memory_fd);
	env->free(env, pool->slots);
	env->free(env, pool->traces);
	env->free(env, pool->frames);
	env->free(env, pool);
}

int
leat__pool_create(const struct leat__env *env,
	const struct leat_pool_class *classes, uint32_t n_classes,
	struct leat_pool **pool_out, struct leat_error *err)
{
	struct leat_pool *pool;
	int rc;

	LEAT_TRY(classes_check(classes, n_classes, err));
	pool = env->alloc(env, sizeof(*pool));
	if (!pool)
		return leat__error(err, LEAT_ENOMEM, "pool: no memory");
	pool->env = env;
	pool->n_classes = n_classes;
	leat__side_init(&pool->freed, env, true, true, NULL);
	pool_lay_out(pool, classes);
	rc = pool_allocate(pool, err);
	if (rc < 0) {
		pool_free(pool);
		return rc;
	}
	pool_fill(pool);
	*pool_out = pool;
	return LEAT_OK;
}

int
leat_pool_create(const struct leat_pool_opts *opts, struct leat_pool **pool_out,
	struct leat_error *err)
{
	struct leat_pool_opts o;
	struct leat_pool_class class_;

	LEAT_TRY(leat__opts_copy(
		&o, sizeof(o), opts, "struct leat_pool_opts", err));
	if (o.flags)
		return leat__error(err, LEAT_EINVAL,
			"pool: flags is 0x%x, where none are accepted",
			o.flags);
	class_.slot_bytes = o.slot_bytes ? o.slot_bytes : POOL_SLOT_BYTES;
	class_.n_slots = o.n_slots ? o.n_slots : POOL_N_SLOTS;
	return leat__pool_create(leat__env_posix(), &class_, 1, pool_out, err);
}

void
leat_pool_destroy(struct leat_pool *pool)
{
	struct leat_error err;

	if (!pool)
		return;
	if (LEAT__POOL_IS_DEBUG && leat_pool_leaks(pool, &err) < 0)
		leat__abort(err.text, __FILE__, __LINE__);
	pool_free(pool);
}

uint64_t
leat__pool_bytes(const struct leat_pool_class *classes, uint32_t n_classes)
{
	uint64_t bytes = sizeof(struct leat_pool);

	for (uint32_t k = 0; k < n_classes; k++)
		bytes += classes[k].n_slots *
			(leat__round_up(
				 classes[k].slot_bytes, POOL_PAGE_BYTES) +
				sizeof(struct leat_frame) +
				sizeof(struct leat__pool_slot));
	return bytes;
}
