/*
 * graph/live.h -- options of stages that run: copies of them, how each can be
 * changed, and instances that are told.
 */
#ifndef LEAT_SRC_GRAPH_LIVE_H
#define LEAT_SRC_GRAPH_LIVE_H

#include "graph/place.h"
#include <leat/live.h>

/* ---- copies -------------------------------------------------------------- */

/* Options of a stage, with their strings; does not change. */
struct leat__opts {
	uint32_t n_refs; /* atomic: of the stage, and of instances */
	const struct leat__env *env;
	_Alignas(16) uint8_t bytes[];
};

/* A copy with one reference; NULL = no memory. */
struct leat__opts *leat__opts_hold(
	const struct leat_stage *st, const void *opts);
/* NULL is accepted. */
void leat__opts_let_go(struct leat__opts *opts);

/* ---- ways ---------------------------------------------------------------- */

/* enum leat_way; why may be NULL. */
uint32_t leat__option_way(const struct leat_stage *st,
	const struct leat_option *option, struct leat_error *why);
/* NULL after err says which there are. */
const struct leat_option *leat__option_find(
	const struct leat_stage *st, const char *name, struct leat_error *err);

/* "@rate#2.items" of a stage: the hook's place and its option's name. false:
 * option is not of that form. LEAT_OK or LEAT_EINVAL: there is no such hook.
 * With graph->hooks_made. */
bool leat__option_is_of_hook(const char *option);
LEAT_MUST_CHECK int leat__hook_find(const struct leat_stage *st,
	const char *option, uint32_t *k_out, const char **name_out,
	struct leat_error *err);

/* Are their values others? What is not given is as the default. */
bool leat__option_differs(
	const struct leat_option *option, const void *now, const void *next);
#define LEAT__OPTION_TEXT_BYTES 64u /* of a value that is no text */
/* What it is; "" = the default. A text is lent, else buf. */
const char *leat__option_text(const struct leat_option *option,
	const void *opts, char buf[LEAT__OPTION_TEXT_BYTES]);

/* ---- hook_like.c: the hooks of another graph's stage ------------------------- */

/* All with graph->hooks_made of the first one's graph. */

/* Have both the same ones, in the same order? */
bool leat__hooks_are_alike(
	const struct leat_stage *now, const struct leat_stage *next);
/* Or other options? */
bool leat__hooks_differ(
	const struct leat_stage *now, const struct leat_stage *next);
/* "@rate @retry". Returns buf. */
const char *leat__hooks_names(
	const struct leat_stage *st, char *buf, size_t n_bytes);
/* Why which ones there are cannot change; NULL = it can. */
const char *leat__hooks_fixed(
	const struct leat_stage *now, const struct leat_stage *next);
/* As leat__hooks_make(), of those that next has; NULL = none. */
LEAT_MUST_CHECK int leat__hooks_like(struct leat_stage *st,
	const struct leat_stage *next, struct leat__hooks **made_out,
	struct leat_error *err);
/* They enter now: it is kept for whoever asks. */
void leat__hooks_tell(const struct leat_stage *st,
	const struct leat_stage *next, const char *who);

/* ---- instances ----------------------------------------------------------- */

/* Would the stage's init accept them? */
LEAT_MUST_CHECK int leat__live_try(
	struct leat_stage *st, void *opts, struct leat_error *err);
/* From its next call on each instance has them. */
void leat__live_post(struct leat_stage *st, struct leat__opts *opts);
/* Of an instance, before a call: it has been given others. */
void leat__live_take(struct leat_stage *st);
/* Nobody runs it: it lets go of all. */
void leat__live_drop(struct leat_stage *st);

/* Around reading or changing what options a stage has, while others may. */
void leat__opts_lock(const struct leat_graph *graph);
void leat__opts_unlock(const struct leat_graph *graph);

#endif
