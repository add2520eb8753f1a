/*
 * ctx/leaks.c -- what was not given back below a context, by where it is from.
 *
 * Keeps: sites are counted as they are met, the first LEAKS_SITES of them by
 * name; the text is bounded and complete, for what has no place in it is
 * counted at its end. A context that was destroyed and only stays for its
 * children is not a leak; they are.
 * Threads: any; exact when nobody else uses the tree.
 */
#include <string.h>

#include "ctx/node.h"

#define LEAKS_SITES 8u

struct leaks_site {
	const char *where;
	uint64_t n;
};

struct leaks {
	uint32_t n_sites;
	struct leaks_site sites[LEAKS_SITES];
	uint64_t n_contexts;
	uint64_t n_elsewhere; /* of these, at sites that have no place */
	uint64_t n_callbacks;
	uint64_t n_timers;
};

static void
leaks_count_site(struct leaks *leaks, const char *where)
{
	uint32_t k = 0;

	leaks->n_contexts++;
	while (k < leaks->n_sites && strcmp(leaks->sites[k].where, where) != 0)
		k++;
	if (k == LEAKS_SITES) {
		leaks->n_elsewhere++;
		return;
	}
	if (k == leaks->n_sites)
		leaks->sites[leaks->n_sites++].where = where;
	leaks->sites[k].n++;
}

static struct leat__ctx_seen
ctx_look(struct leat_ctx *ctx)
{
	const struct leat__env *env = ctx->root->env;
	struct leat__ctx_seen seen = {.where = leat__ctx_where(ctx),
		.is_destroyed = leat__load_relaxed(&ctx->is_destroyed)};

	leat__lock_take(&ctx->lock, env);
	for (const struct leat_ctx_after *node = ctx->afters; node;
		node = node->next)
		seen.n_callbacks++;
	seen.is_armed = leat__load_relaxed(&ctx->state) == CTX_LIVE &&
		leat__load_relaxed(&ctx->deadline_ns) != LEAT_NEVER;
	leat__lock_drop(&ctx->lock, env);
	return seen;
}

void
leat__ctx_each(struct leat_ctx *top, leat__ctx_each_fn fn, void *user)
{
	uint32_t depth = 0;

	for (struct leat_ctx *at = top; at;
		at = leat__ctx_next_below(top, at, &depth)) {
		struct leat__ctx_seen seen = ctx_look(at);

		seen.is_top = at == top;
		fn(user, &seen);
	}
}

static void
leaks_count(void *user, const struct leat__ctx_seen *seen)
{
	struct leaks *leaks = user;

	leaks->n_callbacks += seen->n_callbacks;
	if (seen->is_top)
		return;
	leaks->n_timers += seen->is_armed;
	if (!seen->is_destroyed)
		leaks_count_site(leaks, seen->where);
}

/* "3 contexts created at job.c:41; 1 at main.c:7; 2 elsewhere" */
static void
leaks_add_contexts(const struct leaks *leaks, struct leat__text *text)
{
	for (uint32_t k = 0; k < leaks->n_sites; k++) {
		const struct leaks_site *site = &leaks->sites[k];
		const char *noun = site->n == 1 ? " context" : " contexts";

		leat__text_add(text, "%s%llu%s%s at %.40s", k ? "; " : "",
			(unsigned long long)site->n, k ? "" : noun,
			k ? "" : " created", site->where);
	}
	if (leaks->n_elsewhere > 0)
		leat__text_add(text, "; %llu elsewhere",
			(unsigned long long)leaks->n_elsewhere);
}

static void
leaks_add(struct leat__text *text, uint64_t n, const char *one,
	const char *many, const char *what)
{
	if (n > 0)
		leat__text_add(text, "%s%llu %s %s", text->at ? "; " : "",
			(unsigned long long)n, n == 1 ? one : many, what);
}

int
leat_ctx_leaks(struct leat_ctx *ctx, struct leat_error *err)
{
	char buf[LEAT_ERROR_TEXT_BYTES] = "";
	struct leat__text text = {buf, sizeof(buf), 0};
	struct leaks leaks = {0};

	leat__ctx_each(ctx, leaks_count, &leaks);
	leaks_add_contexts(&leaks, &text);
	leaks_add(&text, leaks.n_callbacks, "callback", "callbacks",
		"not taken back");
	leaks_add(&text, leaks.n_timers, "timer", "timers", "armed");
	if (text.at == 0)
		return LEAT_OK;
	return leat__error(err, LEAT_ESTATE, "not released: %s", buf);
}
