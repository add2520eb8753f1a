/*
 * ctx/value.c -- what contexts carry: values by key, and a name for people.
 *
 * Keeps: values are added by a context's owner, never changed or taken away
 * while it lives, and end when it is freed; so others read them without locks.
 * A name is a value under a key of our own.
 * Threads: one adds, any reads. Source: Go's package context, WithValue.
 */
#include <string.h>

#include "ctx/node.h"

static const struct leat_ctx_key value_name_key = {"name"};

/* A copy of a name; its end needs the world it came from. */
struct value_name {
	const struct leat__env *env;
	char text[];
};

static const struct ctx_value *
value_find(const struct leat_ctx *ctx, const struct leat_ctx_key *key)
{
	/* acquire: pairs with the release in leat_ctx_set_value */
	const struct ctx_value *value = leat__load_acquire(&ctx->values);

	while (value && value->key != key)
		value = value->next;
	return value;
}

int
leat_ctx_set_value(struct leat_ctx *ctx, const struct leat_ctx_key *key,
	void *value, void (*end)(void *))
{
	const struct leat__env *env = ctx->root->env;
	struct ctx_value *entry;

	if (value_find(ctx, key))
		return LEAT_ESTATE;
	entry = env->alloc(env, sizeof(*entry));
	if (!entry)
		return LEAT_ENOMEM;
	*entry = (struct ctx_value){ctx->values, key, value, end};
	/* release: pairs with the acquire in value_find */
	leat__store_release(&ctx->values, entry);
	return LEAT_OK;
}

void *
leat_ctx_value(const struct leat_ctx *ctx, const struct leat_ctx_key *key)
{
	for (; ctx; ctx = ctx->parent) {
		const struct ctx_value *value = value_find(ctx, key);

		if (value)
			return value->value;
	}
	return NULL;
}

void
leat__ctx_end_values(struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	struct ctx_value *value;

	while ((value = ctx->values)) {
		ctx->values = value->next;
		if (value->end)
			value->end(value->value);
		env->free(env, value);
	}
}

/* ---- names ---------------------------------------------------------------- */

static void
name_end(void *value)
{
	struct value_name *name = value;

	name->env->free(name->env, name);
}

int
leat_ctx_set_name(struct leat_ctx *ctx, const char *text)
{
	const struct leat__env *env = ctx->root->env;
	size_t n_bytes = strlen(text) + 1;
	struct value_name *name = env->alloc(env, sizeof(*name) + n_bytes);
	int rc;

	if (!name)
		return LEAT_ENOMEM;
	name->env = env;
	memcpy(name->text, text, n_bytes);
	rc = leat_ctx_set_value(ctx, &value_name_key, name, name_end);
	if (rc < 0)
		name_end(name);
	return rc;
}

const char *
leat__ctx_name(const struct leat_ctx *ctx)
{
	const struct ctx_value *value = value_find(ctx, &value_name_key);
	const struct value_name *name = value ? value->value : NULL;

	return name ? name->text : NULL;
}

bool
leat__ctx_key_is_name(const struct leat_ctx_key *key)
{
	return key == &value_name_key;
}
