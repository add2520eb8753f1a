/*
 * graph/parse_parallel.c -- replicas of a chain in the text of a graph.
 *
 *	parallel [n | n..m] ["ordered"] key=value* "{" stage ("!" stage)* "}"
 *
 * Keeps: the braces are words of their own; every error has its place.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/parallel.h"
#include "graph/parse.h"

bool
leat__parse_is_word(const struct leat__word *word, const char *text)
{
	return word->kind == LEAT__WORD_TEXT && word->is_plain &&
		!strcmp(word->text, text);
}

/* ---- options ------------------------------------------------------------ */

static int
parallel_bad_count(struct leat__parser *p)
{
	return leat__parse_error(p, p->word.place,
		"'%.64s' is no number of replicas; accepted: n or n..m, from 1 "
		"to %u (LEAT_PARALLEL_MAX)",
		p->word.text, LEAT_PARALLEL_MAX);
}

/* At most four digits. */
static bool
count_read(const char **at, uint32_t *n_out)
{
	const char *from = *at;

	*n_out = 0;
	for (; **at >= '0' && **at <= '9' && *at - from < 4; ++*at)
		*n_out = *n_out * 10 + (uint32_t)(**at - '0');
	return *at > from && *n_out > 0;
}

static int
parallel_count(struct leat__parser *p, struct leat_parallel_opts *opts)
{
	const char *at = p->word.text;

	if (opts->most)
		return leat__parse_error(p, p->word.place,
			"the number of replicas is given twice");
	if (!count_read(&at, &opts->least))
		return parallel_bad_count(p);
	opts->most = opts->least;
	if (at[0] == '.' && at[1] == '.') {
		at += 2;
		if (!count_read(&at, &opts->most))
			return parallel_bad_count(p);
	}
	return *at ? parallel_bad_count(p) : LEAT_OK;
}

static const struct leat_option *
parallel_find(const struct leat__word *word)
{
	const struct leat_option *option = leat__parallel_options;

	for (; option->name; option++)
		if (strlen(option->name) == word->n_key &&
			!memcmp(option->name, word->text, word->n_key))
			return option;
	return NULL;
}

static int
parallel_unknown(struct leat__parser *p)
{
	char buf[256] = "";
	struct leat__text list = {buf, sizeof(buf), 0};
	const struct leat_option *option = leat__parallel_options;

	for (; option->name; option++)
		leat__parse_list(&list, option->name);
	return leat__parse_error(p, p->word.place,
		"parallel does not know '%.64s'; it is written: parallel n..m "
		"ordered key=value { stage ! stage }, with the keys %s",
		p->word.text, buf);
}

static int
parallel_key(struct leat__parser *p, struct leat_parallel_opts *opts,
	struct leat__place *by)
{
	const struct leat__word *word = &p->word;
	const struct leat_option *option = parallel_find(word);
	int rc;

	if (!option)
		return parallel_unknown(p);
	if (!strcmp(option->name, "by"))
		*by = word->value;
	rc = leat__option_parse(p->graph, option, word->text + word->n_key + 1,
		word->n_bytes - word->n_key - 1, opts, p->err);
	return rc < 0 ? leat__parse_place(p, word->value, rc) : rc;
}

static int
parallel_word(struct leat__parser *p, struct leat_parallel_opts *opts,
	struct leat__place *by)
{
	const struct leat__word *word = &p->word;

	if (word->kind != LEAT__WORD_TEXT)
		return leat__parse_error(p,
			word->kind == LEAT__WORD_END ? p->last : word->place,
			"parallel wants the chain in braces, like: parallel "
			"2..4 { upper }");
	if (word->n_key != LEAT__WORD_NO_KEY)
		return parallel_key(p, opts, by);
	if (leat__parse_is_word(word, "ordered")) {
		opts->is_ordered = 1;
		return LEAT_OK;
	}
	if (*word->text >= '0' && *word->text <= '9')
		return parallel_count(p, opts);
	return parallel_unknown(p);
}

/* ---- the chain ---------------------------------------------------------- */

static int
parallel_link(struct leat__parser *p, struct leat_stage *from,
	struct leat_stage *to, struct leat__place place)
{
	struct leat__link *link;
	int rc = leat__link_open(p->graph, leat_out(from, 0), &link, p->err);

	if (rc >= 0)
		rc = leat__link_close(link, leat_in(to, 0), p->err);
	if (rc < 0)
		return leat__parse_place(p, place, rc);
	link->place = place;
	return LEAT_OK;
}

static int
parallel_stage(struct leat__parser *p, struct leat_stage **stage_out)
{
	if (p->word.kind != LEAT__WORD_TEXT ||
		leat__parse_is_word(&p->word, "}"))
		return leat__parse_error(p,
			p->word.kind == LEAT__WORD_END ? p->last
						       : p->word.place,
			"a stage is missing here, inside parallel");
	if (leat__parse_is_word(&p->word, "parallel"))
		return leat__parse_error(p, p->word.place,
			"parallel cannot stand inside parallel");
	return leat__parse_hooked(p, stage_out);
}

/* From behind the opening brace to behind the closing one. */
static int
parallel_chain(struct leat__parser *p, struct leat_stage **first,
	struct leat_stage **last)
{
	struct leat__place open = p->last, place;
	struct leat_stage *st;

	LEAT_TRY(parallel_stage(p, first));
	*last = *first;
	while (p->word.kind == LEAT__WORD_LINK) {
		place = p->word.place;
		LEAT_TRY(leat__parse_next(p));
		LEAT_TRY(parallel_stage(p, &st));
		LEAT_TRY(parallel_link(p, *last, st, place));
		*last = st;
	}
	if (leat__parse_is_word(&p->word, "}"))
		return leat__parse_next(p);
	if (p->word.kind == LEAT__WORD_END)
		return leat__parse_error(p, open,
			"this brace is never closed; put a } of its own behind "
			"the chain");
	return leat__parse_error(p, p->word.place,
		"inside parallel stands one chain; accepted here: ! or }");
}

/* Where errors point that name what nobody wrote down: to `by`, if they are of
 * its column, else to `parallel`. */
static int
parallel_places(struct leat__parser *p, const struct leat__parallel *par,
	struct leat__place place, struct leat__place by)
{
	struct leat_stage *split = par->split;
	uint32_t k = 0;

	if (!split)
		return LEAT_OK;
	split->place = place;
	if (par->merge)
		par->merge->place = place;
	split->option_places = leat__graph_own_alloc(
		p->graph, split->n_options * sizeof(*split->option_places));
	if (!split->option_places)
		return leat__graph_no_memory(p->err, "parallel");
	while (strcmp(split->ops.options[k].name, "key"))
		k++;
	split->option_places[k] = (struct leat__option_place){
		.value = by, .is_given = by.n_bytes > 0};
	return LEAT_OK;
}

int
leat__parse_parallel(struct leat__parser *p, struct leat_end *in_out,
	struct leat_end *out_out)
{
	struct leat_parallel_opts opts = {LEAT_OPTS_INIT(leat_parallel_opts)};
	struct leat__place place = p->word.place, by = {0};
	struct leat_stage *first, *last;
	struct leat__parallel *par;
	int rc;

	LEAT_TRY(leat__parse_next(p));
	while (!leat__parse_is_word(&p->word, "{")) {
		LEAT_TRY(parallel_word(p, &opts, &by));
		LEAT_TRY(leat__parse_next(p));
	}
	LEAT_TRY(leat__parse_next(p));
	p->is_inside = true;
	LEAT_TRY(parallel_chain(p, &first, &last));
	p->is_inside = false;
	rc = leat__parallel_make(p->graph, &opts, first, last, &par, p->err);
	if (rc < 0) /* a stage's finding has its own place */
		return p->err && p->err->at_bytes
			? rc
			: leat__parse_place(p, place, rc);
	*in_out = leat__parallel_in(par);
	*out_out = leat__parallel_out(par);
	return parallel_places(p, par, place, by);
}
