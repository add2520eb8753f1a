/*
 * graph/parse_hook.c -- hooks of a stage: @name(value, key=value) before it.
 *
 * Between the brackets commas and blanks separate; values with either stand in
 * quotes. Values without a name go to the positional options in their order.
 * Keeps: no option is set twice; every error has its place.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/parse.h"

/* The hook whose arguments are being read. */
struct hook_args {
	const struct leat_hook_ops *ops;
	void *opts;
	uint64_t is_given; /* by option */
};

#define HOOK_OPTIONS_MAX 64u /* bits of is_given */

static const struct leat_hook_ops *
hooks_find(const struct leat_stage_set *set, const char *name, size_t n_bytes)
{
	for (uint32_t k = 0; set->guards && set->guards[k]; k++)
		if (strlen(set->guards[k]->name) == n_bytes &&
			!memcmp(set->guards[k]->name, name, n_bytes))
			return set->guards[k];
	return NULL;
}

static const char *
hook_name(const struct leat_stage_set *set, uint32_t k)
{
	return set->guards && set->guards[k] ? set->guards[k]->name : NULL;
}

/* ---- arguments ---------------------------------------------------------- */

static uint32_t
hook_n_options(const struct leat_hook_ops *ops)
{
	uint32_t n = 0;

	while (ops->options && ops->options[n].name && n < HOOK_OPTIONS_MAX)
		n++;
	return n;
}

/* The option that is named, or the next without a name. */
static const struct leat_option *
hook_find_option(const struct hook_args *a, const struct leat__word *word)
{
	uint32_t n = hook_n_options(a->ops);

	for (uint32_t k = 0; k < n; k++) {
		const struct leat_option *option = &a->ops->options[k];

		if (word->n_key == LEAT__WORD_NO_KEY
				? (option->flags & LEAT_OPTION_POSITIONAL) &&
					!(a->is_given >> k & 1)
				: strlen(option->name) == word->n_key &&
					!memcmp(option->name, word->text,
						word->n_key))
			return option;
	}
	return NULL;
}

static int
hook_unknown_option(struct leat__parser *p, const struct hook_args *a)
{
	bool has_key = p->word.n_key != LEAT__WORD_NO_KEY;
	size_t n_key = has_key ? p->word.n_key : p->word.n_bytes;
	struct leat__suggest suggest = leat__suggest_for(p->word.text, n_key);
	char hint_buf[128] = "", list_buf[256] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};

	for (uint32_t k = 0; k < hook_n_options(a->ops); k++) {
		const char *name = a->ops->options[k].name;

		leat__suggest_look(&suggest, name, strlen(name));
		leat__parse_list(&list, name);
	}
	leat__suggest_add(&suggest, &hint);
	return leat__parse_error(p, p->word.place,
		has_key ? "unknown option '%.*s' of guard '@%s'%s; there are: "
			  "%s"
			: "'%.*s': guard '@%s' takes no further value without "
			  "a name%s; its options are: %s",
		(int)leat__min_u64(n_key, 64), p->word.text, a->ops->name,
		hint_buf, list_buf);
}

static int
hook_set_option(struct leat__parser *p, struct hook_args *a)
{
	const struct leat__word *word = &p->word;
	const struct leat_option *option = hook_find_option(a, word);
	size_t n_key = word->n_key == LEAT__WORD_NO_KEY ? 0 : word->n_key + 1;
	uint64_t bit;
	int rc;

	if (!option)
		return hook_unknown_option(p, a);
	bit = 1ull << (option - a->ops->options);
	if (a->is_given & bit)
		return leat__parse_error(p, word->place,
			"option '%s' of guard '@%s' is given twice",
			option->name, a->ops->name);
	a->is_given |= bit;
	rc = leat__option_parse(p->graph, option, word->text + n_key,
		word->n_bytes - n_key, a->opts, p->err);
	return rc < 0 ? leat__parse_place(p, word->value, rc) : rc;
}

/* ---- hooks -------------------------------------------------------------- */

static int
parse_hook(struct leat__parser *p, struct leat_hook_step *step)
{
	struct hook_args a = {0};
	bool has_args;
	uint32_t size;

	LEAT_TRY(leat__lex_hook(&p->lex, &p->word, &has_args, p->err));
	a.ops = hooks_find(
		p->graph->opts.stages, p->word.text, p->word.n_bytes);
	if (!a.ops)
		return leat__parse_unknown(p, "guard", hook_name);
	size = a.ops->opts_bytes;
	if (size) {
		a.opts = leat__graph_own_alloc(p->graph, size);
		if (!a.opts)
			return leat__graph_no_memory(p->err, "a guard");
		memcpy(a.opts, &size, sizeof(size));
	}
	step->ops = a.ops;
	step->opts = a.opts;
	while (has_args) {
		LEAT_TRY(leat__lex_hook_arg(&p->lex, &p->word, p->err));
		if (p->word.kind == LEAT__WORD_END)
			break;
		LEAT_TRY(hook_set_option(p, &a));
	}
	return LEAT_OK;
}

/* Hooks that are written before a stage. */
struct written {
	uint32_t n;
	struct leat_hook_step steps[LEAT_HOOKS_MAX];
	struct leat__place place; /* of all */
};

/* Can the word behind a guard only be an option of it? */
static bool
hooks_is_option(const struct leat__word *word)
{
	return word->kind == LEAT__WORD_TEXT && word->is_plain &&
		(word->n_key != LEAT__WORD_NO_KEY ||
			(word->text[0] >= '0' && word->text[0] <= '9'));
}

static int
parse_hooks(struct leat__parser *p, struct written *hooks)
{
	hooks->n = 0;
	hooks->place = p->word.place;
	while (leat__lex_is_hook(&p->lex, &p->word)) {
		if (hooks->n == LEAT_HOOKS_MAX)
			return leat__parse_error(p, p->word.place,
				"over %u guards before one stage",
				LEAT_HOOKS_MAX);
		LEAT_TRY(parse_hook(p, &hooks->steps[hooks->n++]));
		hooks->place.n_bytes =
			(uint32_t)p->lex.at - hooks->place.offset;
		LEAT_TRY(leat__parse_next(p));
	}
	if (!hooks->n)
		return LEAT_OK;
	if (p->word.kind != LEAT__WORD_TEXT)
		return leat__parse_error(p, hooks->place,
			"a guard stands before a stage, like: @%s write a.csv",
			hooks->steps[0].ops->name);
	if (hooks_is_option(&p->word))
		return leat__parse_error(p, p->word.place,
			"options of a guard stand in parentheses: @%s(%.64s)",
			hooks->steps[hooks->n - 1].ops->name, p->word.text);
	if (leat__parse_is_word(&p->word, "parallel"))
		return leat__parse_error(p, hooks->place,
			"a guard stands before one stage; put it inside "
			"parallel { }");
	return LEAT_OK;
}

int
leat__parse_hooked(struct leat__parser *p, struct leat_stage **stage_out)
{
	struct written hooks;
	int rc;

	LEAT_TRY(parse_hooks(p, &hooks));
	LEAT_TRY(leat__parse_stage(p, stage_out));
	if (!hooks.n)
		return LEAT_OK;
	rc = leat_stage_set_hooks(*stage_out, hooks.steps, hooks.n, p->err);
	return rc < 0 ? leat__parse_place(p, hooks.place, rc) : rc;
}
