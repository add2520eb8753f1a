/*
 * graph/args.c -- one stage of the text: its name and its options.
 *
 *	stage value* key=value*
 *
 * Values without a name go to the positional options in the order of the
 * table; the last of them may take the rest. A word with an = is an option if
 * what stands before it could be the name of one. Where a word is one of
 * several and has an option of its own, by=WORD:VALUE gives both.
 * Keeps: no option is set twice; the stage is in the graph only when all of
 * its options were accepted.
 * Threads: the one that builds the graph.
 */
#include <stdio.h>
#include <string.h>

#include "graph/parse.h"

#define LIST_BYTES 300 /* of a list of names; it ends with a whole one */

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

/* ---- stages of the set ------------------------------------------------- */

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

/* Names that are known, up to a whole one, into list. Are these all? */
static bool
unknown_list(const struct leat_stage_set *set,
	const char *(*name)(const struct leat_stage_set *set, uint32_t k),
	struct leat__suggest *suggest, struct leat__text *list)
{
	bool is_whole = true;
	const char *known;

	for (uint32_t k = 0; (known = name(set, k)); k++) {
		leat__suggest_look(suggest, known, strlen(known));
		is_whole = is_whole && list->at + strlen(known) < LIST_BYTES;
		if (is_whole)
			leat__parse_list(list, known);
	}
	return is_whole;
}

int
leat__parse_unknown(struct leat__parser *p, const char *what,
	const char *(*name)(const struct leat_stage_set *set, uint32_t k))
{
	const struct leat__word *word = &p->word;
	struct leat__suggest suggest =
		leat__suggest_for(word->text, word->n_bytes);
	char hint_buf[128] = "", list_buf[LIST_BYTES + 8] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	bool is_whole =
		unknown_list(p->graph->opts.stages, name, &suggest, &list);

	leat__suggest_add(&suggest, &hint);
	if (!is_whole && suggest.best)
		return leat__parse_error(p, word->place,
			"unknown %s '%.64s'%s; leat inspect lists all", what,
			word->text, hint_buf);
	return leat__parse_error(p, word->place,
		"unknown %s '%.64s'%s; there are: %s%s", what, word->text,
		hint_buf, list_buf,
		is_whole ? "" : ", ...; leat inspect lists all");
}

static const char *
stage_name(const struct leat_stage_set *set, uint32_t k)
{
	if (k == set->n_stages)
		return "parallel";
	return k < set->n_stages ? set->stages[k]->name : NULL;
}

/* ---- options of a stage ------------------------------------------------ */

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

/*
 * The option that takes the rest, if all that stand before it may be left out:
 * `window n=count()` says no kind. NULL: there is none.
 */
static const struct leat_option *
args_find_rest(const struct args *a)
{
	for (uint32_t k = 0; k < a->st->n_options; k++) {
		const struct leat_option *option = &a->st->ops.options[k];

		if (option->flags & LEAT_OPTION_REST)
			return option;
		if ((option->flags & LEAT_OPTION_REQUIRED) &&
			!a->st->option_places[k].is_given)
			return NULL;
	}
	return NULL;
}

/* Only stages that share the workers have one. */
static bool
args_takes_priority(const struct args *a)
{
	return !(a->st->ops.flags & LEAT_STAGE_BLOCKING);
}

static void
args_list(const struct args *a, struct leat__text *text)
{
	for (uint32_t k = 0; k < a->st->n_options; k++)
		leat__parse_list(text, a->st->ops.options[k].name);
	leat__parse_list(text, "name");
	if (args_takes_priority(a))
		leat__parse_list(text, "priority");
	if (!leat__stage_can_reject(a->st))
		return;
	leat__parse_list(text, "on_error");
	leat__parse_list(text, "dead_letters");
}

/* An option of a source that is none of its own. */
struct leat__handed {
	struct leat__handed *next;
	struct leat__word word; /* its text is the graph's own */
};

/* A source of bytes may bring a parser along: whose options it gets as well. */
static bool
args_can_hand(const struct leat__parser *p, const struct args *a)
{
	return a->st->ops.produce &&
		a->st->ops.out_layout == LEAT_LAYOUT_BYTES &&
		p->graph->opts.stages->extensions;
}

static int
args_hand(struct leat__parser *p, struct args *a)
{
	struct leat__handed **end = &a->st->handed;
	struct leat__handed *handed =
		leat__graph_own_alloc(p->graph, sizeof(*handed));

	if (handed) {
		handed->word = p->word;
		handed->word.text = leat__graph_own_text(
			p->graph, p->word.text, p->word.n_bytes);
	}
	if (!handed || !handed->word.text)
		return leat__graph_no_memory(p->err, "an option");
	while (*end)
		end = &(*end)->next;
	*end = handed;
	return LEAT_OK;
}

static int
args_unknown_option(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	struct leat__suggest suggest =
		leat__suggest_for(word->text, word->n_key);
	char hint_buf[128] = "", list_buf[192] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	struct leat__place place = {word->place.offset, (uint32_t)word->n_key};

	for (uint32_t k = 0; k < a->st->n_options; k++)
		leat__suggest_look(&suggest, a->st->ops.options[k].name,
			strlen(a->st->ops.options[k].name));
	leat__suggest_add(&suggest, &hint);
	args_list(a, &list);
	return leat__parse_error(p, place,
		"unknown option '%.*s' of stage '%s'%s; there %s: %s (a value "
		"that holds = stands in quotes)",
		(int)leat__min_u64(word->n_key, 64), word->text,
		a->st->ops.name, hint_buf,
		a->st->n_options || args_takes_priority(a) ? "are" : "is only",
		list_buf);
}

/* The option that a value like key:date brings along, or NULL. */
static const struct leat_option *
args_find_brought(const struct args *a, const struct leat_option *option,
	const char *text, size_t n_bytes)
{
	const char *colon = memchr(text, ':', n_bytes);
	const struct leat_option *brought;

	if (option->type != LEAT_OPTION_ENUM || !colon)
		return NULL;
	brought = args_find(a, text, (size_t)(colon - text));
	return brought && brought->type == LEAT_OPTION_STRING ? brought : NULL;
}

static int
args_set(struct leat__parser *p, struct args *a,
	const struct leat_option *option, const char *text, size_t n_bytes,
	struct leat__place place)
{
	const struct leat_option *brought =
		args_find_brought(a, option, text, n_bytes);
	int rc;

	if (brought) {
		size_t n = strlen(brought->name);
		struct leat__place rest = place;

		rest.offset += (uint32_t)n + 1;
		rest.n_bytes -= (uint32_t)n + 1;
		LEAT_TRY(args_set(
			p, a, brought, text + n + 1, n_bytes - n - 1, rest));
		n_bytes = n;
	}

	if (args_place(a, option)->is_given)
		return leat__parse_error(p, place,
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
	return leat__parse_place(p, place, rc);
}

static int
args_key(struct leat__parser *p, struct args *a,
	const struct leat_option *option)
{
	const struct leat__word *word = &p->word;

	if (word->value.n_bytes == 0)
		return leat__parse_error(p, word->place,
			"option '%s' has no value; write %s=VALUE, or %s=\"\" "
			"for the default",
			option->name, option->name, option->name);
	return args_set(p, a, option, word->text + word->n_key + 1,
		word->n_bytes - word->n_key - 1, word->value);
}

/* One more value for the option that takes the rest. */
static int
args_rest(struct leat__parser *p, struct args *a,
	const struct leat_option *option)
{
	const struct leat__word *word = &p->word;
	struct leat__option_place *place = args_place(a, option);

	if (word->n_bytes == 0)
		return leat__parse_error(p, word->place,
			"option '%s' of stage '%s' gets an empty value",
			option->name, a->st->ops.name);
	if (!a->rest) {
		a->rest = option;
		place->value = word->place;
		/* the rest is never longer than the text */
		a->joined = leat__graph_own_alloc(p->graph, p->lex.n_bytes + 1);
		if (!a->joined)
			return leat__graph_no_memory(p->err, "an option");
	} else if (a->joined[a->n_joined - 1] != ',' && *word->text != ',') {
		a->joined[a->n_joined++] = ',';
	}
	memcpy(a->joined + a->n_joined, word->text, word->n_bytes);
	a->n_joined += word->n_bytes;
	place->value.n_bytes =
		word->place.offset + word->place.n_bytes - place->value.offset;
	return LEAT_OK;
}

/* What may have been meant by a value too many. */
static const char *
args_too_many_hint(const struct leat__parser *p)
{
	static const char *const joints[] = {"|", "||", "|>", "->", "=>", ">>"};
	const struct leat__word *word = &p->word;

	for (uint32_t k = 0; word->is_plain && k < leat__array_len(joints); k++)
		if (!strcmp(word->text, joints[k]))
			return "stages are joined by !";
	if (leat__lex_is_hook(&p->lex, word))
		return "a guard stands before its stage, as in ! @rate(5) "
		       "write a.csv";
	return "one with spaces stands in \"quotes\"";
}

static int
args_too_many(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	char list_buf[192] = "";
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	const char *name = a->st->ops.name;

	if (leat__set_find(p->graph->opts.stages, word->text, word->n_bytes))
		return leat__parse_error(p, word->place,
			"'%.64s' is a stage: put a ! before it, or quotes "
			"around it if it is a value of '%s'",
			word->text, name);
	args_list(a, &list);
	return leat__parse_error(p, word->place,
		"stage '%s' takes no further value without a name, like "
		"'%.64s' (%s); its options are: %s",
		name, word->text, args_too_many_hint(p), list_buf);
}

static int
args_positional(struct leat__parser *p, struct args *a)
{
	const struct leat_option *option = args_next_positional(a);

	if (!option)
		return args_too_many(p, a);
	if (option->flags & LEAT_OPTION_REST)
		return args_rest(p, a, option);
	return args_set(
		p, a, option, p->word.text, p->word.n_bytes, p->word.place);
}

static int
args_name(struct leat__parser *p, struct args *a)
{
	const char *name = p->word.text + p->word.n_key + 1;

	if (a->name)
		return leat__parse_error(p, p->word.place,
			"stage '%s' is given two names", a->st->ops.name);
	/* checked here for its place; the rest is leat__stage_insert's */
	if (!leat__name_is_valid(name, strlen(name)))
		return leat__parse_error(p, p->word.place,
			"'%.64s' cannot be a name; accepted: letters, digits, "
			". - _, a letter or _ first, no . at the end",
			name);
	if (leat__graph_find(p->graph, name, strlen(name)))
		return leat__parse_error(p, p->word.place,
			"there is a stage called '%.64s' already", name);
	a->name = name;
	return LEAT_OK;
}

static int
args_priority(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	const char *text = word->text + word->n_key + 1;
	uint32_t priority;
	int rc;

	if (a->st->has_priority)
		return leat__parse_error(p, word->place,
			"stage '%s' is given two priorities", a->st->ops.name);
	if (!leat__priority_parse(text, strlen(text), &priority))
		return leat__parse_error(p, word->place,
			"priority is '%.64s'; accepted: high, normal, low, or "
			"0 (first) to %u",
			text, LEAT_PRIORITIES - 1);
	rc = leat__priority_check(a->st, priority, p->err);
	a->st->priority = priority;
	a->st->has_priority = true;
	return rc < 0 ? leat__parse_place(p, word->place, rc) : rc;
}

/* "skip(100)"; false = neither that nor another one. */
static bool
on_error_parse(const char *text, uint32_t *how, uint64_t *max)
{
	static const char *const names[] = {"stop", "skip", "dead-letter"};
	char rest[2];
	uint32_t n;

	*max = 0;
	for (uint32_t k = 0; k < leat__array_len(names); k++) {
		*how = k;
		if (!strcmp(text, names[k]))
			return true;
	}
	*how = LEAT_ON_ERROR_SKIP;
	if (sscanf(text, "skip(%9u%1[)]", &n, rest) != 2 || !n ||
		strchr(text, ')')[1])
		return false;
	*max = n;
	return true;
}

static int
args_on_error(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	const char *text = word->text + word->n_key + 1;
	uint32_t how;
	uint64_t max;
	int rc;

	if (a->st->has_on_error)
		return leat__parse_error(p, word->place,
			"stage '%s' is told on_error twice", a->st->ops.name);
	if (!on_error_parse(text, &how, &max))
		return leat__parse_error(p, word->place,
			"on_error is '%.64s'; accepted: stop, skip, skip(MAX), "
			"dead-letter",
			text);
	rc = leat_stage_set_on_error(a->st, how, max, p->err);
	return rc < 0 ? leat__parse_place(p, word->place, rc) : rc;
}

static int
args_dead_letters(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	int rc;

	if (a->st->dead_path)
		return leat__parse_error(p, word->place,
			"stage '%s' is told dead_letters twice",
			a->st->ops.name);
	rc = leat_stage_set_dead_letters(
		a->st, word->text + word->n_key + 1, p->err);
	return rc < 0 ? leat__parse_place(p, word->place, rc) : rc;
}

static bool
word_has_key(const struct leat__word *word, const char *key)
{
	return word->n_key == strlen(key) &&
		!memcmp(word->text, key, word->n_key);
}

/* A word that looks as if it had a key, which no option is called. */
static int
args_unnamed(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	const struct leat_option *rest = args_find_rest(a);

	if (rest)
		return args_rest(p, a, rest);
	if (!leat__name_is_valid(word->text, word->n_key))
		return args_positional(p, a);
	return args_can_hand(p, a) ? args_hand(p, a)
				   : args_unknown_option(p, a);
}

static int
args_word(struct leat__parser *p, struct args *a)
{
	const struct leat__word *word = &p->word;
	const struct leat_option *option;

	if (word->n_key == LEAT__WORD_NO_KEY)
		return args_positional(p, a);
	if (word_has_key(word, "name"))
		return args_name(p, a);
	option = args_find(a, word->text, word->n_key);
	if (option)
		return args_key(p, a, option);
	if (word_has_key(word, "priority"))
		return args_priority(p, a);
	if (word_has_key(word, "on_error") && !args_can_hand(p, a))
		return args_on_error(p, a);
	if (word_has_key(word, "dead_letters") && !args_can_hand(p, a))
		return args_dead_letters(p, a);
	return args_unnamed(p, a);
}

/* Is the word a reference to a stage that is known, this one included? */
static bool
args_is_known_reference(const struct leat__parser *p, const struct args *a)
{
	const char *own = a->name ? a->name : a->auto_name;
	struct leat__reference ref;

	if (!leat__parse_reference(&p->word, &ref))
		return false;
	return leat__graph_find(p->graph, ref.name, ref.n_bytes) ||
		(strlen(own) == ref.n_bytes &&
			!memcmp(own, ref.name, ref.n_bytes));
}

/* Does the word begin a new chain, rather than belong to this stage? */
static bool
args_is_over(const struct leat__parser *p, const struct args *a)
{
	const struct leat_option *next = args_next_positional(a);
	const struct leat__word *word = &p->word;

	if (word->kind != LEAT__WORD_TEXT)
		return true;
	if (p->is_inside && leat__parse_is_word(word, "}"))
		return true;
	if (!word->is_plain || word->n_key != LEAT__WORD_NO_KEY)
		return false;
	if (next && !a->rest && (next->flags & LEAT_OPTION_REQUIRED))
		return false;
	if (args_is_known_reference(p, a))
		return true;
	return a->st->ops.n_outs == 0 &&
		(!next ||
			leat__set_find(p->graph->opts.stages, word->text,
				word->n_bytes));
}

static int
args_end_rest(struct leat__parser *p, struct args *a)
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

/* ---- the stage --------------------------------------------------------- */

static int
stage_begin(struct leat__parser *p, struct args *a)
{
	struct leat_graph *graph = p->graph;
	const struct leat_stage_ops *ops = leat__set_find(
		graph->opts.stages, p->word.text, p->word.n_bytes);
	int rc;

	if (!ops)
		return leat__parse_unknown(p, "stage", stage_name);
	memset(a, 0, sizeof(*a));
	a->word = p->word;
	rc = leat__stage_create(graph, ops, &a->st, p->err);
	if (rc < 0)
		return leat__parse_place(p, p->word.place, rc);
	leat__graph_auto_name(graph, NULL, ops->name, a->auto_name);
	a->st->option_places = leat__graph_own_alloc(
		graph, a->st->n_options * sizeof(*a->st->option_places));
	if (!a->st->option_places)
		return leat__graph_no_memory(p->err, "a stage");
	return leat__parse_next(p);
}

int
leat__parse_stage(struct leat__parser *p, struct leat_stage **stage_out)
{
	struct args a;
	int rc;

	LEAT_TRY(stage_begin(p, &a));
	while (!args_is_over(p, &a)) {
		LEAT_TRY(args_word(p, &a));
		LEAT_TRY(leat__parse_next(p));
	}
	LEAT_TRY(args_end_rest(p, &a));
	rc = leat__stage_insert(p->graph, a.name, a.st, p->err);
	if (rc < 0)
		return leat__parse_place(p, a.word.place, rc);
	a.st->is_implied = p->is_implied;
	if (p->is_implied)
		a.st->option_places = NULL;
	else
		a.st->place = a.word.place;
	*stage_out = a.st;
	return LEAT_OK;
}

/* ---- options that were handed on ---------------------------------------- */

/* No parser came along: it is there already, nobody wants its table, or the
 * path does not say which. */
static int
handed_without(struct leat__parser *p, struct args *of_source)
{
	const struct leat__word *word = &p->word;
	char list_buf[192] = "";
	struct leat__text list = {list_buf, sizeof(list_buf), 0};
	struct leat__place place = {word->place.offset, (uint32_t)word->n_key};

	args_list(of_source, &list);
	return leat__parse_error(p, place,
		"unknown option '%.*s' of stage '%s'; there are: %s (and here "
		"no "
		"parser comes along: its options stand at it, as in read PATH "
		"! "
		"csv.parse %.*s=...)",
		(int)leat__min_u64(word->n_key, 64), word->text,
		of_source->st->ops.name, list_buf,
		(int)leat__min_u64(word->n_key, 64), word->text);
}

/* The stage that an option is closest to says that it is unknown. */
static int
handed_unknown(struct leat__parser *p, const struct leat_stage *source,
	struct leat_stage *parser)
{
	const struct leat__word *word = &p->word;
	struct leat__suggest suggest =
		leat__suggest_for(word->text, word->n_key);
	struct args of_source = {.st = (struct leat_stage *)(uintptr_t)source};
	struct args of_parser = {.st = parser};

	for (uint32_t k = 0; k < source->n_options; k++)
		leat__suggest_look(&suggest, source->ops.options[k].name,
			strlen(source->ops.options[k].name));
	if (!parser && !suggest.best)
		return handed_without(p, &of_source);
	return args_unknown_option(p, suggest.best ? &of_source : &of_parser);
}

static int
handed_word(
	struct leat__parser *p, const struct leat_stage *source, struct args *a)
{
	if (a->st &&
		(args_find(a, p->word.text, p->word.n_key) ||
			((word_has_key(&p->word, "on_error") ||
				 word_has_key(&p->word, "dead_letters")) &&
				leat__stage_can_reject(a->st))))
		return args_word(p, a);
	return handed_unknown(p, source, a->st);
}

int
leat__args_hand_on(const struct leat_stage *source, struct leat_stage *parser,
	struct leat_error *err)
{
	struct leat__parser p = {.graph = source->graph, .err = err};
	struct args a = {.st = parser};

	if (source->handed && parser && !parser->option_places)
		parser->option_places = leat__graph_own_alloc(p.graph,
			parser->n_options * sizeof(*parser->option_places));
	if (source->handed && parser && !parser->option_places)
		return leat__graph_no_memory(err, "options");
	for (const struct leat__handed *k = source->handed; k; k = k->next) {
		p.word = k->word;
		LEAT_TRY(handed_word(&p, source, &a));
	}
	return LEAT_OK;
}
