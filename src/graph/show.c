/*
 * graph/show.c -- write the graph as text that parses to the same graph, and
 * as a picture.
 *
 * Every stage is reached through its in 0, so the chains through in 0 hold
 * all stages once; whatever is linked otherwise is said by name and number.
 * Keeps: show(parse(show(g))) = show(g). Names are written where the parser
 * would number differently, values where they are not the default, quotes
 * where a word could be taken for something else.
 * Threads: any, as long as nobody adds to the graph.
 */
#include <string.h>

#include "graph/live.h"
#include "graph/parallel.h"

#define SHOW_VALUE_BYTES 512u /* longest value that is not a string */

struct show {
	const struct leat_graph *graph;
	struct leat__text *text;
	bool *is_shown;  /* by number */
	uint32_t *order; /* numbers, as they were shown */
	uint32_t n_order;
};

/* ---- words ------------------------------------------------------------- */

static bool
char_is_safe(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || (uint8_t)c >= 0x80)
		return true;
	return c && strchr("_./,:;+@%~^*-|", c);
}

/* Would it be taken for a stage by its name: "t." or "t.1"? */
static bool
word_is_like_reference(const char *word)
{
	size_t n = strlen(word);

	while (n > 0 && word[n - 1] >= '0' && word[n - 1] <= '9')
		n--;
	return n > 1 && word[n - 1] == '.' && leat__name_is_valid(word, n - 1);
}

static bool
word_is_safe(const struct show *s, const char *word)
{
	size_t n = strlen(word);

	for (size_t k = 0; k < n; k++)
		if (!char_is_safe(word[k]))
			return false;
	return n && !word_is_like_reference(word) &&
		!leat__set_find(s->graph->opts.stages, word, n);
}

static char
escape_for(char c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : c;
}

static void
show_quoted(struct leat__text *text, const char *word)
{
	leat__text_add(text, "\"");
	while (*word) {
		size_t n = strcspn(word, "\"\\\n\t");

		leat__text_add(text, "%.*s", (int)n, word);
		word += n;
		if (*word)
			leat__text_add(text, "\\%c", escape_for(*word));
		word += *word != '\0';
	}
	leat__text_add(text, "\"");
}

static void
show_word(struct show *s, const char *word)
{
	if (word_is_safe(s, word))
		leat__text_add(s->text, "%s", word);
	else
		show_quoted(s->text, word);
}

/* ---- stages ------------------------------------------------------------ */

static bool
option_is_default(const struct leat_option *option, const void *opts)
{
	return leat__option_print(option, opts, NULL, 0) == 0;
}

static void
show_value(struct show *s, const struct leat_option *option, const void *opts)
{
	const char *string = leat__option_string(option, opts);
	char buf[SHOW_VALUE_BYTES];

	if (!string) {
		leat__option_print(option, opts, buf, sizeof(buf));
		string = buf;
	}
	show_word(s, string);
}

static void
show_key(struct show *s, const struct leat_option *option, const void *opts)
{
	leat__text_add(s->text, " %s=", option->name);
	show_value(s, option, opts);
}

/* Values without a name come first and in order: one that is left out takes
 * those behind it along. */
static void
show_options(struct show *s, const struct leat_stage *st)
{
	bool is_positional = true;

	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if (!(option->flags & LEAT_OPTION_POSITIONAL))
			continue;
		if (option_is_default(option, st->opts)) {
			is_positional = false;
			continue;
		}
		leat__text_add(s->text, " ");
		if (!is_positional)
			leat__text_add(s->text, "%s=", option->name);
		show_value(s, option, st->opts);
	}
	for (uint32_t k = 0; k < st->n_options; k++) {
		const struct leat_option *option = &st->ops.options[k];

		if ((option->flags & LEAT_OPTION_POSITIONAL) ||
			option_is_default(option, st->opts))
			continue;
		show_key(s, option, st->opts);
	}
}

static void
show_on_error(struct show *s, const struct leat_stage *st)
{
	if (st->on_error == LEAT_ON_ERROR_DEAD_LETTER)
		leat__text_add(s->text, " on_error=dead-letter");
	else if (st->max_rejects)
		leat__text_add(s->text, " on_error=skip(%llu)",
			(unsigned long long)st->max_rejects);
	else if (st->on_error == LEAT_ON_ERROR_SKIP)
		leat__text_add(s->text, " on_error=skip");
	if (!st->dead_path)
		return;
	leat__text_add(s->text, " dead_letters=");
	show_word(s, st->dead_path);
}

/* In brackets a value that holds one, or a comma, stands in quotes. */
static void
show_hook_value(
	struct show *s, const struct leat_option *option, const void *opts)
{
	const char *string = leat__option_string(option, opts);

	if (string && strpbrk(string, ",()"))
		show_quoted(s->text, string);
	else
		show_value(s, option, opts);
}

static void
show_hook(struct show *s, const struct leat_hook *hook)
{
	const struct leat_option *option = hook->ops.options;
	const char *between = "(";

	leat__text_add(s->text, "@%s", hook->ops.name);
	for (; option && option->name; option++) {
		if (option_is_default(option, hook->opts))
			continue;
		leat__text_add(s->text, "%s%s=", between, option->name);
		show_hook_value(s, option, hook->opts);
		between = ", ";
	}
	leat__text_add(s->text, "%s ", *between == ',' ? ")" : "");
}

static void
show_hooks(struct show *s, const struct leat_stage *st)
{
	for (uint32_t k = 0; st->hooks && k < st->hooks->n; k++)
		show_hook(s, &st->hooks->at[k]);
}

static void
show_stage(struct show *s, const struct leat_stage *st)
{
	char name[LEAT_ERROR_STAGE_BYTES], priority[8];

	leat__graph_auto_name(s->graph, s->is_shown, st->ops.name, name);
	show_hooks(s, st);
	leat__text_add(s->text, "%s", st->ops.name);
	show_options(s, st);
	if (strcmp(name, st->name))
		leat__text_add(s->text, " name=%s", st->name);
	if (st->has_priority)
		leat__text_add(s->text, " priority=%s",
			leat__priority_text(st->priority, priority));
	show_on_error(s, st);
	s->is_shown[st->number] = true;
	s->order[s->n_order++] = st->number;
}

/* ---- replicas ---------------------------------------------------------- */

static void
show_parallel_options(struct show *s, const struct leat_parallel_opts *opts)
{
	const struct leat_option *option = leat__parallel_options;

	leat__text_add(s->text, "parallel %u", opts->least);
	if (opts->most > opts->least)
		leat__text_add(s->text, "..%u", opts->most);
	if (opts->is_ordered)
		leat__text_add(s->text, " ordered");
	for (; option->name; option++)
		if (!option_is_default(option, opts))
			show_key(s, option, opts);
}

/* Copies are not written down; they count where stages are numbered. */
static void
show_hide(struct show *s, const struct leat__parallel *par)
{
	for (uint32_t k = 0; k < s->graph->n_stages; k++)
		if (s->graph->stages[k]->parallel == par)
			s->is_shown[k] = true;
}

/* Returns the stage whose out goes on; NULL behind sinks. */
static const struct leat_stage *
show_parallel(struct show *s, const struct leat__parallel *par)
{
	const struct leat_stage *st = par->first;

	show_parallel_options(s, &par->elastic.opts);
	leat__text_add(s->text, " { ");
	show_stage(s, st);
	while (st != par->last) {
		st = st->outs[0]->to;
		leat__text_add(s->text, " ! ");
		show_stage(s, st);
	}
	leat__text_add(s->text, " }");
	show_hide(s, par);
	return leat__parallel_out(par).stage;
}

/* ---- chains ------------------------------------------------------------ */

/* The stage that the chain goes on with, or NULL when it ends here. */
static const struct leat_stage *
show_link(struct show *s, const struct leat__link *link)
{
	if (!link || !link->to)
		return NULL;
	leat__text_add(s->text, " ! ");
	if (link->to_index == 0 && !s->is_shown[link->to->number])
		return link->to;
	leat__text_add(s->text, "%s.%u", link->to->name, link->to_index);
	return NULL;
}

static void
show_chain(struct show *s, const struct leat_stage *st)
{
	while (st) {
		if (st->parallel) {
			st = show_parallel(s, st->parallel);
		} else {
			show_stage(s, st);
		}
		st = show_link(s,
			st && leat__stage_n_own_outs(st) ? st->outs[0] : NULL);
	}
	leat__text_add(s->text, "\n");
}

/* Chains that begin at the other outs of a stage. */
static void
show_other_outs(struct show *s, const struct leat_stage *st)
{
	uint32_t k = leat__stage_n_own_outs(st) ? 1 : 0;

	for (; k < st->n_outs; k++) {
		if (!st->outs[k] || !st->outs[k]->to)
			continue;
		leat__text_add(s->text, "%s.%u", st->name, k);
		show_chain(s, show_link(s, st->outs[k]));
	}
}

static void
show_root(struct show *s, const struct leat_stage *st)
{
	uint32_t at = s->n_order;

	show_chain(s, st);
	for (; at < s->n_order; at++)
		show_other_outs(s, s->graph->stages[s->order[at]]);
}

static void
show_all(struct show *s)
{
	const struct leat_graph *graph = s->graph;

	for (uint32_t k = 0; k < graph->n_stages; k++) {
		const struct leat_stage *st = graph->stages[k];

		if (st->n_ins == 0 || !st->ins[0])
			show_root(s, st);
	}
	/* what is left is circles, which the check will refuse */
	for (uint32_t k = 0; k < graph->n_stages; k++)
		if (!s->is_shown[k])
			show_root(s, graph->stages[k]);
}

size_t
leat_graph_show(const struct leat_graph *graph, char *buf, size_t n_bytes)
{
	const struct leat__env *env = graph->env;
	struct leat__text text = {buf, n_bytes, 0};
	struct show s = {.graph = graph, .text = &text};
	size_t n = graph->n_stages;

	if (n_bytes)
		buf[0] = '\0';
	if (n == 0)
		return 0;
	s.is_shown = env->alloc(env, n * sizeof(*s.is_shown));
	s.order = env->alloc(env, n * sizeof(*s.order));
	/* not while an option is changed */
	leat__opts_lock(graph);
	if (s.is_shown && s.order)
		show_all(&s);
	leat__opts_unlock(graph);
	env->free(env, s.order);
	env->free(env, s.is_shown);
	return text.at;
}

/* ---- the picture ------------------------------------------------------- */

static const char *
dot_shape(const struct leat_stage *st)
{
	if (st->n_ins == 0)
		return "cds";
	return st->n_outs == 0 ? "note" : "box";
}

static void
dot_stage(struct leat__text *text, const struct leat_stage *st)
{
	leat__text_add(text, "\t\"%s\" [shape=%s%s];\n", st->name,
		dot_shape(st), st->is_implied ? ", style=dashed" : "");
}

static void
dot_link(struct leat__text *text, const struct leat__link *link)
{
	const struct leat_graph *graph = link->from->graph;

	if (!link->to)
		return;
	leat__text_add(
		text, "\t\"%s\" -> \"%s\"", link->from->name, link->to->name);
	if (graph->state != LEAT__GRAPH_BUILDING)
		leat__text_add(text, " [label=\"%s\"%s]",
			leat__layout_name(leat__link_shape(link)->layout),
			link->is_fused ? ", style=bold"
				: leat__link_is_fallback(link)
				? ", style=dashed"
				: "");
	leat__text_add(text, ";\n");
}

size_t
leat_graph_write_dot(const struct leat_graph *graph, char *buf, size_t n_bytes)
{
	struct leat__text text = {buf, n_bytes, 0};

	leat__text_add(&text, "digraph leat {\n\trankdir=LR;\n");
	for (uint32_t k = 0; k < graph->n_stages; k++)
		dot_stage(&text, graph->stages[k]);
	for (uint32_t k = 0; k < graph->n_links; k++)
		dot_link(&text, graph->links[k]);
	leat__text_add(&text, "}\n");
	return text.at;
}
