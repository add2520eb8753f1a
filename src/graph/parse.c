/*
 * graph/parse.c -- the grammar: from words to stages and links.
 *
 *	graph = chain*                  chain = step ("!" step)*
 *	step  = hook* stage value* key=value* | parallel ... | name "." [number]
 *
 * A chain ends at the end of the text, where a reference ends it, and where
 * the next word cannot belong to the stage before: behind a sink that has all
 * its values, or at a reference to a stage that is known by then. A reference
 * behind a ! may name a stage that comes later.
 * Keeps: every error has its place, and says what would be accepted.
 * Threads: the one that builds the graph.  Source: gst-launch(1).
 */
#include <string.h>

#include "graph/parse.h"

/* A chain that ends in a stage that was not known yet. */
struct leat__join {
	struct leat__join *next;
	struct leat__link *link;
	struct leat__word word;
};

/* ---- errors ------------------------------------------------------------ */

int
leat__parse_place(struct leat__parser *p, struct leat__place place, int code)
{
	if (!p->err || p->is_implied)
		return code;
	p->err->at_offset = place.offset;
	p->err->at_bytes = place.n_bytes;
	return code;
}

int
leat__parse_error(struct leat__parser *p, struct leat__place place,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leat__error_v(p->err, LEAT_EINVAL, 0, format, args);
	va_end(args);
	return leat__parse_place(p, place, LEAT_EINVAL);
}

int
leat__parse_next(struct leat__parser *p)
{
	p->last = p->word.place;
	return leat__lex_next(&p->lex, &p->word, p->err);
}

void
leat__parse_list(struct leat__text *text, const char *name)
{
	leat__text_add(text, "%s%s", text->at ? ", " : "", name);
}

/* ---- references -------------------------------------------------------- */

/* At most nine digits; LEAT__PARSE_ANY if there are none. */
static bool
reference_index(const char *digits, size_t n, uint32_t *index_out)
{
	if (n > 9)
		return false;
	*index_out = n ? 0 : LEAT__PARSE_ANY;
	for (size_t k = 0; k < n; k++)
		*index_out = *index_out * 10 + (uint32_t)(digits[k] - '0');
	return true;
}

/* Is the word written like "t." or "t.1"? */
bool
leat__parse_reference(
	const struct leat__word *word, struct leat__reference *ref)
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
parse_unknown_reference(struct leat__parser *p, const struct leat__word *word,
	const struct leat__reference *ref)
{
	struct leat__suggest suggest =
		leat__suggest_for(ref->name, ref->n_bytes);
	char hint_buf[128] = "", list_buf[256] = "";
	struct leat__text hint = {hint_buf, sizeof(hint_buf), 0};
	struct leat__text list = {list_buf, sizeof(list_buf), 0};

	for (uint32_t k = 0; k < p->graph->n_stages; k++) {
		const char *name = p->graph->stages[k]->name;

		leat__suggest_look(&suggest, name, strlen(name));
		leat__parse_list(&list, name);
	}
	leat__suggest_add(&suggest, &hint);
	return leat__parse_error(p, word->place,
		"no stage is called '%.*s'%s; there %s: %s",
		(int)leat__min_u64(ref->n_bytes, 64), ref->name, hint_buf,
		p->graph->n_stages == 1 ? "is" : "are",
		p->graph->n_stages ? list_buf : "none yet");
}

/* ---- links ------------------------------------------------------------- */

static uint32_t
first_free(struct leat__link *const *links, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (!links[k])
			return k;
	return n;
}

static int
parse_full(struct leat__parser *p, const struct leat_stage *st,
	const char *what, uint32_t n, struct leat__place place)
{
	if (n == 0)
		return leat__parse_error(p, place,
			*what == 'i'
				? "'%s' is a source: nothing can flow into it; "
				  "begin a chain with it"
				: "'%s' is a sink: nothing can follow it",
			st->name);
	return leat__parse_error(p, place, "no %s of '%s' is free; it has %u",
		what, st->name, n);
}

static int
parse_close(struct leat__parser *p, struct leat__link *link,
	struct leat_stage *st, uint32_t index, struct leat__place place)
{
	int rc;

	if (index == LEAT__PARSE_ANY) {
		index = first_free(st->ins, st->n_ins);
		if (index == st->n_ins && st->ops.n_ins != LEAT_ENDS_ANY)
			return parse_full(p, st, "in", st->n_ins, place);
	}
	rc = leat__link_close(link, leat_in(st, index), p->err);
	return rc < 0 ? leat__parse_place(p, place, rc) : rc;
}

/* The link for the ! that is looked at; the ! is passed. */
static int
parse_open(struct leat__parser *p, struct leat_stage *st, uint32_t index,
	struct leat__place place, struct leat__link **link_out)
{
	/* the fallback is gone on from by the stage's name */
	uint32_t n_outs = index == LEAT__PARSE_OWN ? leat__stage_n_own_outs(st)
						   : st->n_outs;
	int rc;

	if (index == LEAT__PARSE_ANY || index == LEAT__PARSE_OWN) {
		index = first_free(st->outs, n_outs);
		if (index == n_outs && st->ops.n_outs != LEAT_ENDS_ANY)
			return parse_full(p, st, "out", n_outs, p->word.place);
	}
	rc = leat__link_open(p->graph, leat_out(st, index), link_out, p->err);
	if (rc < 0)
		return leat__parse_place(p, place, rc);
	(*link_out)->place = p->word.place;
	return leat__parse_next(p);
}

/* ---- steps ------------------------------------------------------------- */

/* A chain that goes on from a known stage: "t. ! ..." */
static int
parse_continue(struct leat__parser *p, struct leat__link **link_out)
{
	struct leat__word word = p->word;
	struct leat__reference ref;
	struct leat_stage *st;

	leat__parse_reference(&word, &ref);
	st = leat__graph_find(p->graph, ref.name, ref.n_bytes);
	if (!st)
		return parse_unknown_reference(p, &word, &ref);
	LEAT_TRY(leat__parse_next(p));
	if (p->word.kind != LEAT__WORD_LINK)
		return leat__parse_error(p, word.place,
			"nothing follows '%s'; put ! and a stage behind it",
			word.text);
	return parse_open(p, st, ref.index, word.place, link_out);
}

/* A chain that ends in a stage by its name: "... ! t." */
static int
parse_join(struct leat__parser *p, struct leat__link *link)
{
	struct leat__join *join =
		leat__graph_own_alloc(p->graph, sizeof(*join));

	if (!join)
		return leat__graph_no_memory(p->err, "a link");
	join->link = link;
	join->word = p->word;
	*p->joins_end = join;
	p->joins_end = &join->next;
	LEAT_TRY(leat__parse_next(p));
	if (p->word.kind == LEAT__WORD_LINK)
		return leat__parse_error(p, p->word.place,
			"the chain ends at '%s'; begin a new one to go on from "
			"there: %s ! ...",
			join->word.text, join->word.text);
	return LEAT_OK;
}

static int
parse_joins(struct leat__parser *p)
{
	for (struct leat__join *join = p->joins; join; join = join->next) {
		struct leat_stage *st;
		struct leat__reference ref;

		leat__parse_reference(&join->word, &ref);
		st = leat__graph_find(p->graph, ref.name, ref.n_bytes);
		if (!st)
			return parse_unknown_reference(p, &join->word, &ref);
		LEAT_TRY(parse_close(
			p, join->link, st, ref.index, join->word.place));
	}
	return LEAT_OK;
}

/* A stage, or replicas of a chain: where it begins, and where it ends. */
static int
parse_unit(struct leat__parser *p, struct leat_stage **first,
	struct leat_stage **last)
{
	struct leat_end in, out;

	if (!leat__parse_is_word(&p->word, "parallel")) {
		LEAT_TRY(leat__parse_hooked(p, first));
		*last = *first;
		return LEAT_OK;
	}
	LEAT_TRY(leat__parse_parallel(p, &in, &out));
	*first = in.stage;
	*last = out.stage;
	if (!out.stage && p->word.kind == LEAT__WORD_LINK)
		return leat__parse_error(p, p->word.place,
			"the chain inside parallel ends in a sink: nothing can "
			"follow it");
	return LEAT_OK;
}

/* A unit, linked to what stands before its !, and the ! behind it. */
static int
parse_step(struct leat__parser *p, struct leat__link **link)
{
	struct leat__place place = p->word.place;
	struct leat_stage *first, *last;

	LEAT_TRY(parse_unit(p, &first, &last));
	if (*link)
		LEAT_TRY(parse_close(p, *link, first, LEAT__PARSE_ANY, place));
	*link = NULL;
	if (p->word.kind == LEAT__WORD_LINK)
		return parse_open(p, last, LEAT__PARSE_OWN, place, link);
	return LEAT_OK;
}

static int
parse_missing(struct leat__parser *p, bool is_first)
{
	if (p->word.kind == LEAT__WORD_LINK)
		return leat__parse_error(
			p, p->word.place, "a stage is missing before this !");
	return leat__parse_error(p, p->last,
		is_first ? "the graph is empty; a graph begins with a source, "
			   "like: read a.csv"
			 : "a stage is missing behind this !");
}

static int
parse_chain(struct leat__parser *p)
{
	struct leat__link *link = NULL;
	struct leat__reference ref;

	if (leat__parse_reference(&p->word, &ref))
		LEAT_TRY(parse_continue(p, &link));
	do {
		if (p->word.kind != LEAT__WORD_TEXT)
			return parse_missing(p, !link);
		if (link && leat__parse_reference(&p->word, &ref))
			return parse_join(p, link);
		LEAT_TRY(parse_step(p, &link));
	} while (link);
	return LEAT_OK;
}

static int
parser_init(struct leat__parser *p, struct leat_graph *graph, const char *text,
	struct leat_error *err)
{
	memset(p, 0, sizeof(*p));
	p->graph = graph;
	p->err = err;
	p->joins_end = &p->joins;
	LEAT_TRY(leat__lex_init(&p->lex, graph, text, err));
	return leat__parse_next(p);
}

/* ---- the whole --------------------------------------------------------- */

static int
parse_text(struct leat_graph *graph, struct leat_error *err)
{
	struct leat__parser p;

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
	struct leat__parser p;

	LEAT_TRY(parser_init(&p, graph, text, err));
	p.is_implied = true;
	if (p.word.kind != LEAT__WORD_TEXT)
		return parse_missing(&p, true);
	LEAT_TRY(leat__parse_stage(&p, stage_out));
	if (p.word.kind != LEAT__WORD_END)
		return leat__parse_error(&p, p.word.place,
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

static int
parse_graph(struct leat_graph *graph, const char *text, struct leat_error *err)
{
	LEAT_TRY(leat__graph_is_open(graph, err));
	if (graph->text)
		return leat__error(err, LEAT_ESTATE,
			"the graph has a description already");
	if (!text)
		return leat__error(err, LEAT_EINVAL,
			"the description of a graph is text, not NULL");
	LEAT_TRY(parse_keep_text(graph, text, err));
	return parse_text(graph, err);
}

int
leat_graph_parse(
	struct leat_graph *graph, const char *text, struct leat_error *err)
{
	uint32_t first = graph->n_stages;

	LEAT_TRY(parse_graph(graph, text, err));
	return leat__implied_add(graph, first, err);
}

int
leat_graph_parse_open(struct leat_graph *graph, const char *text,
	struct leat_end *end_out, struct leat_error *err)
{
	uint32_t first = graph->n_stages;

	LEAT_TRY(parse_graph(graph, text, err));
	return leat__implied_open(graph, first, end_out, err);
}
