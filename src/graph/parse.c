/*
 * graph/parse.c -- the grammar: from words to stages and links.
 *
 *	graph = chain*                  chain = step ("!" step)*
 *	step  = stage value* key=value* | name "." [number]
 *
 * A chain ends at the end of the text, where a reference ends it, and where
 * the next word cannot belong to the stage before: behind a sink that has all
 * its values, or at a reference to a stage that is known by then. A reference
 * behind a ! may name a stage that comes later.
 * Keeps: every error has its place, and says what would be accepted.
 * Threads: the one that builds the graph.  Source: gst-launch(1).
 */
#include <stdio.h>
#include <string.h>

#include "graph/graph.h"
#include "graph/lex.h"

#define PARSE_ANY UINT32_MAX /* the next free in or out */

/* A chain that ends in a stage that was not known yet. */
struct join {
	struct join *next;
	struct leat__link *link;
	struct leat__word word;
};

struct parser {
	struct leat_graph *graph;
	struct leat__lex lex;
	struct leat__word word;  /* the one that is looked at */
	struct leat__place last; /* the one before */
	bool is_implied;         /* not the graph's own text: no places */
	struct join *joins;
	struct join **joins_end;
	struct leat_error *err;
};

/* "t." or "t.1" */
struct reference {
	const char *name;
	size_t n_bytes;
	uint32_t index;
};

/* The stage whose options are being read. */
struct args {
	struct leat_stage *st;
	const char *name; /* as given; NULL = none */
	char auto_name[LEAT_ERROR_STAGE_BYTES];
	const struct leat_option *rest; /* being collected */
	char *joined;
	size_t n_joined;
	struct leat__word word; /* of the stage */
};

/* ---- errors ------------------------------------------------------------------ */

static int
parse_place(struct parser *p, struct leat__place place, int code)
{
	if (!p->err || p->is_implied)
		return code;
	p->err->at_offset = place.offset;
	p->err->at_bytes = place.n_bytes;
	return code;
}

LEAT_PRINTF(3, 4)
static int
parse_error(
	struct parser *p, struct leat__place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(p->err, LEAT_EINVAL, 0, format, args);
	va_end(args);
	return parse_place(p, place, LEAT_EINVAL);
}

static int
parse_next(struct parser *p)
{
	p->last = p->word.place;
	return leat__lex_next(&p->lex, &p->word, p->err);
}

static void
list_add(struct leat__text *text, const char *name)
{
	leat__text_add(text, "%s%s", text->at ? ", " : "", name);
}

/* ---- stages of the set -------------------------------------------------------- */

const struct leat_stage_ops *
leat__set_find(
	const struct leat_stage_set *set, const char *name, size_t n_bytes)
{
	for (uint32_t k = 0; k < set->n_stages; k++) {
		const char *other = set->stages[k]->name;

		if (strlen(other) == n_bytes && !memcmp(other, name, n_bytes))
			return set->stages[k];
	}
	return NULL;
}

static int
parse_unknown_stage(struct parser *p)
{
	const struct leat_stage_set *set = p->graph->opts.stages;
	const struct leat__word *word = &p->word;
	struct leat__suggest suggest =
		leat__suggest_for(word->text, word->n_bytes);
	char hint_buf[128] = "", list_buf[384] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};

	for (uint32_t k = 0; k < set->n_stages; k++) {
		const char *name = set->stages[k]->name;

		leat__suggest_look(&suggest, name, strlen(name));
		list_add(&list, name);
	}
	leat__suggest_add(&suggest, &hint);
	return parse_error(p, word->place,
		"unknown stage '%.64s'%s; there are: %s", word->text, hint_buf,
		list_buf);
}

/* ---- references --------------------------------------------------------------- */

/* At most nine digits; PARSE_ANY if there are none. */
static bool
reference_index(const char *digits, size_t n, uint32_t *index_out)
{
	if (n > 9)
		return false;
	*index_out = n ? 0 : PARSE_ANY;
	for (size_t k = 0; k < n; k++)
		*index_out = *index_out * 10 + (uint32_t)(digits[k] - '0');
	return true;
}

/* Is the word written like "t." or "t.1"? */
static bool
word_is_reference(const struct leat__word *word, struct reference *ref)
{
	size_t n = word->n_bytes;

	if (word->kind != LEAT__WORD_TEXT || !word->is_plain)
		return false;
	while (n > 0 && word->text[n - 1] >= '0' && word->text[n - 1] <= '9')
		n--;
	if (n < 2 || word->text[n - 1] != '.')
		return false;
	ref->name = word->text;
	ref->n_bytes = n - 1;
	return leat__name_is_valid(ref->name, ref->n_bytes) &&
		reference_index(word->text + n, word->n_bytes - n, &ref->index);
}

static int
parse_unknown_reference(struct parser *p, const struct leat__word *word,
	const struct reference *ref)
{
	struct leat__suggest suggest =
		leat__suggest_for(ref->name, ref->n_bytes);
	char hint_buf[128] = "", list_buf[256] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};

	for (uint32_t k = 0; k < p->graph->n_stages; k++) {
		const char *name = p->graph->stages[k]->name;

		leat__suggest_look(&suggest, name, strlen(name));
		list_add(&list, name);
	}
	leat__suggest_add(&suggest, &hint);
	return parse_error(p, word->place,
		"no stage is called '%.*s'%s; there %s: %s",
		(int)leat__min_u64(ref->n_bytes, 64), ref->name, hint_buf,
		p->graph->n_stages == 1 ? "is" : "are",
		p->graph->n_stages ? list_buf : "none yet");
}

/* ---- links -------------------------------------------------------------------- */

static uint32_t
first_free(struct leat__link *const *links, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (!links[k])
			return k;
	return n;
}

static int
parse_full(struct parser *p, const struct leat_stage *st, const char *what,
	uint32_t n, struct leat__place place)
{
	if (n == 0)
		return parse_error(p, place,
			*what == 'i'
				? "'%s' is a source: nothing can flow into it; "
				  "begin a chain with it"
				: "'%s' is a sink: nothing can follow it",
			st->name);
	return parse_error(p, place, "no %s of '%s' is free; it has %u", what,
		st->name, n);
}

static int
parse_close(struct parser *p, struct leat__link *link, struct leat_stage *st,
	uint32_t index, struct leat__place place)
{
	int rc;

	if (index == PARSE_ANY) {
		index = first_free(st->ins, st->n_ins);
		if (index == st->n_ins)
			return parse_full(p, st, "in", st->n_ins, place);
	}
	rc = leat__link_close(link, leat_in(st, index), p->err);
	return rc < 0 ? parse_place(p, place, rc) : rc;
}

/* The link for the ! that is looked at; the ! is passed. */
static int
parse_open(struct parser *p, struct leat_stage *st, uint32_t index,
	struct leat__place place, struct leat__link **link_out)
{
	int rc;

	if (index == PARSE_ANY) {
		index = first_free(st->outs, st->n_outs);
		if (index == st->n_outs)
			return parse_full(
				p, st, "out", st->n_outs, p->word.place);
	}
	rc = leat__link_open(p->graph, leat_out(st, index), link_out, p->err);
	if (rc < 0)
		return parse_place(p, place, rc);
	(*link_out)->place = p->word.place;
	return parse_next(p);
}

/* ---- options of a stage ------------------------------------------------------- */

static const struct leat_option *
args_find(const struct args *a, const char *name, size_t n_bytes)
{
	for (uint32_t k = 0; k < a->st->n_options; k++) {
		const struct leat_option *option = &a->st->ops.options[k];

		if (strlen(option->name) == n_bytes &&
			!memcmp(option->name, name, n_bytes))
			return option;
	}
	return NULL;
}

static struct leat__option_place *
args_place(const struct args *a, const struct leat_option *option)
{
	return &a->st->option_places[option - a->st->ops.options];
}

/* The option that the next value without a name goes to, or NULL. */
static const struct leat_option *
args_next_positional(const struct args *a)
{
	if (a->rest)
		return a->rest;
	for (uint32_t k = 0; k < a->st->n_options; k++)
		if ((a->st->ops.options[k].flags & LEAT_OPTION_POSITIONAL) &&
			!a->st->option_places[k].is_given)
			return &a->st->ops.options[k];
	return NULL;
}

static void
args_list(const struct args *a, struct leat__text *text)
{
	for (uint32_t k = 0; k < a->st->n_options; k++)
		list_add(text, a->st->ops.options[k].name);
	list_add(text, "name");
}

static int
args_unknown_option(struct parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	struct leat__suggest suggest =
		leat__suggest_for(word->text, word->n_key);
	char hint_buf[128] = "", list_buf[192] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	struct leat__place place = {
		word->place.offset, (uint32_t)word->n_key};

	for (uint32_t k = 0; k < a->st->n_options; k++)
		leat__suggest_look(&suggest, a->st->ops.options[k].name,
			strlen(a->st->ops.options[k].name));
	leat__suggest_add(&suggest, &hint);
	args_list(a, &list);
	return parse_error(p, place,
		"unknown option '%.*s' of stage '%s'%s; there %s: %s (a value "
		"that holds = stands in quotes)",
		(int)leat__min_u64(word->n_key, 64), word->text,
		a->st->ops.name, hint_buf,
		a->st->n_options ? "are" : "is only", list_buf);
}

static int
args_set(struct parser *p, struct args *a, const struct leat_option *option,
	const char *text, size_t n_bytes, struct leat__place place)
{
	int rc;

	if (args_place(a, option)->is_given)
		return parse_error(p, place,
			"option '%s' of stage '%s' is given twice",
			option->name, a->st->ops.name);
	args_place(a, option)->is_given = true;
	args_place(a, option)->value = place;
	rc = leat__option_parse(
		p->graph, option, text, n_bytes, a->st->opts, p->err);
	if (rc >= 0)
		return rc;
	if (p->err)
		snprintf(p->err->stage, sizeof(p->err->stage), "%s",
			a->name ? a->name : a->auto_name);
	return parse_place(p, place, rc);
}

static int
args_key(struct parser *p, struct args *a, const struct leat_option *option)
{
	const struct leat__word *word = &p->word;

	if (word->value.n_bytes == 0)
		return parse_error(p, word->place,
			"option '%s' has no value; write %s=VALUE, or %s=\"\" "
			"for the default",
			option->name, option->name, option->name);
	return args_set(p, a, option, word->text + word->n_key + 1,
		word->n_bytes - word->n_key - 1, word->value);
}

/* One more value for the option that takes the rest. */
static int
args_rest(struct parser *p, struct args *a, const struct leat_option *option)
{
	const struct leat__word *word = &p->word;
	struct leat__option_place *place = args_place(a, option);

	if (word->n_bytes == 0)
		return parse_error(p, word->place,
			"option '%s' of stage '%s' gets an empty value",
			option->name, a->st->ops.name);
	if (!a->rest) {
		a->rest = option;
		place->value = word->place;
		/* the rest is never longer than the text */
		a->joined = leat__graph_own_alloc(
			p->graph, p->lex.n_bytes + 1);
		if (!a->joined)
			return leat__graph_no_memory(p->err, "an option");
	} else if (a->joined[a->n_joined - 1] != ',' && *word->text != ',') {
		a->joined[a->n_joined++] = ',';
	}
	memcpy(a->joined + a->n_joined, word->text, word->n_bytes);
	a->n_joined += word->n_bytes;
	place->value.n_bytes = word->place.offset + word->place.n_bytes -
		place->value.offset;
	return LEAT_OK;
}

static int
args_too_many(struct parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	char list_buf[192] = "";
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	const char *name = a->st->ops.name;

	if (leat__set_find(p->graph->opts.stages, word->text, word->n_bytes))
		return parse_error(p, word->place,
			"'%.64s' is a stage: put a ! before it, or quotes "
			"around it if it is a value of '%s'",
			word->text, name);
	args_list(a, &list);
	return parse_error(p, word->place,
		"stage '%s' takes no further value without a name, like "
		"'%.64s'; its options are: %s",
		name, word->text, list_buf);
}

static int
args_positional(struct parser *p, struct args *a)
{
	const struct leat_option *option = args_next_positional(a);

	if (!option)
		return args_too_many(p, a);
	if (option->flags & LEAT_OPTION_REST)
		return args_rest(p, a, option);
	return args_set(p, a, option, p->word.text, p->word.n_bytes,
		p->word.place);
}

static int
args_name(struct parser *p, struct args *a)
{
	const char *name = p->word.text + p->word.n_key + 1;

	if (a->name)
		return parse_error(p, p->word.place,
			"stage '%s' is given two names", a->st->ops.name);
	/* checked here for its place; the rest is leat__stage_insert's */
	if (!leat__name_is_valid(name, strlen(name)))
		return parse_error(p, p->word.place,
			"'%.64s' cannot be a name; accepted: letters, digits, "
			". - _, a letter or _ first, no . at the end",
			name);
	if (leat__graph_find(p->graph, name, strlen(name)))
		return parse_error(p, p->word.place,
			"there is a stage called '%.64s' already", name);
	a->name = name;
	return LEAT_OK;
}

static int
args_word(struct parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	const struct leat_option *option, *next = args_next_positional(a);

	if (word->n_key == LEAT__WORD_NO_KEY)
		return args_positional(p, a);
	if (word->n_key == 4 && !memcmp(word->text, "name", 4))
		return args_name(p, a);
	option = args_find(a, word->text, word->n_key);
	if (option)
		return args_key(p, a, option);
	if (leat__name_is_valid(word->text, word->n_key) &&
		!(next && (next->flags & LEAT_OPTION_REST)))
		return args_unknown_option(p, a);
	return args_positional(p, a);
}

/* Is the word a reference to a stage that is known, this one included? */
static bool
args_is_known_reference(const struct parser *p, const struct args *a)
{
	const char *own = a->name ? a->name : a->auto_name;
	struct reference ref;

	if (!word_is_reference(&p->word, &ref))
		return false;
	return leat__graph_find(p->graph, ref.name, ref.n_bytes) ||
		(strlen(own) == ref.n_bytes &&
			!memcmp(own, ref.name, ref.n_bytes));
}

/* Does the word begin a new chain, rather than belong to this stage? */
static bool
args_is_over(const struct parser *p, const struct args *a)
{
	const struct leat_option *next = args_next_positional(a);
	const struct leat__word *word = &p->word;

	if (word->kind != LEAT__WORD_TEXT)
		return true;
	if (!word->is_plain || word->n_key != LEAT__WORD_NO_KEY)
		return false;
	if (next && !a->rest && (next->flags & LEAT_OPTION_REQUIRED))
		return false;
	if (args_is_known_reference(p, a))
		return true;
	return a->st->n_outs == 0 && (!next ||
		leat__set_find(p->graph->opts.stages, word->text,
			word->n_bytes));
}

static int
args_end_rest(struct parser *p, struct args *a)
{
	const struct leat_option *option = a->rest;
	int rc;

	if (!option)
		return LEAT_OK;
	a->rest = NULL;
	rc = args_set(p, a, option, a->joined, a->n_joined,
		args_place(a, option)->value);
	leat__graph_own_free(p->graph, a->joined);
	return rc;
}

/* ---- steps -------------------------------------------------------------------- */

static int
stage_begin(struct parser *p, struct args *a)
{
	struct leat_graph *graph = p->graph;
	const struct leat_stage_ops *ops = leat__set_find(
		graph->opts.stages, p->word.text, p->word.n_bytes);
	int rc;

	if (!ops)
		return parse_unknown_stage(p);
	memset(a, 0, sizeof(*a));
	a->word = p->word;
	rc = leat__stage_create(graph, ops, &a->st, p->err);
	if (rc < 0)
		return parse_place(p, p->word.place, rc);
	leat__graph_auto_name(graph, NULL, ops->name, a->auto_name);
	a->st->option_places = leat__graph_own_alloc(
		graph, a->st->n_options * sizeof(*a->st->option_places));
	if (!a->st->option_places)
		return leat__graph_no_memory(p->err, "a stage");
	return parse_next(p);
}

static int
parse_stage(struct parser *p, struct leat_stage **stage_out)
{
	struct args a;
	int rc;

	LEAT_TRY(stage_begin(p, &a));
	while (!args_is_over(p, &a)) {
		LEAT_TRY(args_word(p, &a));
		LEAT_TRY(parse_next(p));
	}
	LEAT_TRY(args_end_rest(p, &a));
	rc = leat__stage_insert(p->graph, a.name, a.st, p->err);
	if (rc < 0)
		return parse_place(p, a.word.place, rc);
	a.st->is_implied = p->is_implied;
	if (p->is_implied)
		a.st->option_places = NULL;
	else
		a.st->place = a.word.place;
	*stage_out = a.st;
	return LEAT_OK;
}

/* A chain that goes on from a known stage: "t. ! ..." */
static int
parse_continue(struct parser *p, struct leat__link **link_out)
{
	struct leat__word word = p->word;
	struct reference ref;
	struct leat_stage *st;

	word_is_reference(&word, &ref);
	st = leat__graph_find(p->graph, ref.name, ref.n_bytes);
	if (!st)
		return parse_unknown_reference(p, &word, &ref);
	LEAT_TRY(parse_next(p));
	if (p->word.kind != LEAT__WORD_LINK)
		return parse_error(p, word.place,
			"nothing follows '%s'; put ! and a stage behind it",
			word.text);
	return parse_open(p, st, ref.index, word.place, link_out);
}

/* A chain that ends in a stage by its name: "... ! t." */
static int
parse_join(struct parser *p, struct leat__link *link)
{
	struct join *join = leat__graph_own_alloc(p->graph, sizeof(*join));

	if (!join)
		return leat__graph_no_memory(p->err, "a link");
	join->link = link;
	join->word = p->word;
	*p->joins_end = join;
	p->joins_end = &join->next;
	LEAT_TRY(parse_next(p));
	if (p->word.kind == LEAT__WORD_LINK)
		return parse_error(p, p->word.place,
			"the chain ends at '%s'; begin a new one to go on from "
			"there: %s ! ...",
			join->word.text, join->word.text);
	return LEAT_OK;
}

static int
parse_joins(struct parser *p)
{
	for (struct join *join = p->joins; join; join = join->next) {
		struct leat_stage *st;
		struct reference ref;

		word_is_reference(&join->word, &ref);
		st = leat__graph_find(p->graph, ref.name, ref.n_bytes);
		if (!st)
			return parse_unknown_reference(p, &join->word, &ref);
		LEAT_TRY(parse_close(
			p, join->link, st, ref.index, join->word.place));
	}
	return LEAT_OK;
}

/* A stage, linked to what stands before its !, and the ! behind it. */
static int
parse_step(struct parser *p, struct leat__link **link)
{
	struct leat__place place = p->word.place;
	struct leat_stage *st;

	LEAT_TRY(parse_stage(p, &st));
	if (*link)
		LEAT_TRY(parse_close(p, *link, st, PARSE_ANY, place));
	*link = NULL;
	if (p->word.kind == LEAT__WORD_LINK)
		return parse_open(p, st, PARSE_ANY, place, link);
	return LEAT_OK;
}

static int
parse_missing(struct parser *p, bool is_first)
{
	if (p->word.kind == LEAT__WORD_LINK)
		return parse_error(p, p->word.place,
			"a stage is missing before this !");
	return parse_error(p, p->last,
		is_first ? "the graph is empty; a graph begins with a source, "
			   "like: read a.csv"
			 : "a stage is missing behind this !");
}

static int
parse_chain(struct parser *p)
{
	struct leat__link *link = NULL;
	struct reference ref;

	if (word_is_reference(&p->word, &ref))
		LEAT_TRY(parse_continue(p, &link));
	do {
		if (p->word.kind != LEAT__WORD_TEXT)
			return parse_missing(p, !link);
		if (link && word_is_reference(&p->word, &ref))
			return parse_join(p, link);
		LEAT_TRY(parse_step(p, &link));
	} while (link);
	return LEAT_OK;
}

static int
parser_init(struct parser *p, struct leat_graph *graph, const char *text,
	struct leat_error *err)
{
	memset(p, 0, sizeof(*p));
	p->graph = graph;
	p->err = err;
	p->joins_end = &p->joins;
	LEAT_TRY(leat__lex_init(&p->lex, graph, text, err));
	return parse_next(p);
}

/* ---- the whole ---------------------------------------------------------------- */

static int
parse_text(struct leat_graph *graph, struct leat_error *err)
{
	struct parser p;

	LEAT_TRY(parser_init(&p, graph, graph->text, err));
	do
		LEAT_TRY(parse_chain(&p));
	while (p.word.kind != LEAT__WORD_END);
	LEAT_TRY(parse_joins(&p));
	leat__lex_fini(&p.lex, graph);
	return LEAT_OK;
}

int
leat__parse_implied(struct leat_graph *graph, const char *text,
	struct leat_stage **stage_out, struct leat_error *err)
{
	struct parser p;

	LEAT_TRY(parser_init(&p, graph, text, err));
	p.is_implied = true;
	if (p.word.kind != LEAT__WORD_TEXT)
		return parse_missing(&p, true);
	LEAT_TRY(parse_stage(&p, stage_out));
	if (p.word.kind != LEAT__WORD_END)
		return parse_error(&p, p.word.place,
			"the stage set says '%s', where one stage is wanted",
			text);
	leat__lex_fini(&p.lex, graph);
	return LEAT_OK;
}

static int
parse_keep_text(
	struct leat_graph *graph, const char *text, struct leat_error *err)
{
	size_t n = strnlen(text, (size_t)LEAT_GRAPH_TEXT_MAX + 1);

	if (n > LEAT_GRAPH_TEXT_MAX)
		return leat__error(err, LEAT_ELIMIT,
			"the graph's text is longer than %u bytes "
			"(LEAT_GRAPH_TEXT_MAX)",
			LEAT_GRAPH_TEXT_MAX);
	graph->text = leat__graph_own_text(graph, text, n);
	return graph->text ? LEAT_OK : leat__graph_no_memory(err, "the text");
}

int
leat_graph_parse(
	struct leat_graph *graph, const char *text, struct leat_error *err)
{
	uint32_t first = graph->n_stages;

	LEAT_TRY(leat__graph_is_open(graph, err));
	if (graph->text)
		return leat__error(err, LEAT_ESTATE,
			"the graph has a description already");
	if (!text)
		return leat__error(err, LEAT_EINVAL,
			"the description of a graph is text, not NULL");
	LEAT_TRY(parse_keep_text(graph, text, err));
	LEAT_TRY(parse_text(graph, err));
	return leat__implied_add(graph, first, err);
}
