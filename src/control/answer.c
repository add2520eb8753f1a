/*
 * control/answer.c -- what is asked for, and what is said to it.
 *
 * A request is answered by one line, a stream by one again and again, the last
 * of which says that no more come.
 * Keeps: an answer that cannot be made whole, for want of memory, becomes one
 * that says so; half a line is never sent.
 * Threads: the control's own.
 */
#include <string.h>

#include "control/control.h"
#include "watch/json.h"

#define ANSWER_WHY_BYTES   1024u
#define ANSWER_EVERY_LEAST 100u
#define ANSWER_EVERY_MOST  3600000u
#define ANSWER_WITHIN_MOST UINT64_C(86400000)

struct answering {
	struct leat__control_connection *c;
	const struct leat__control_request *request;
	int64_t now_ns;
	struct leat__json j;
	struct leat_error err;
};

/* ---- the line ----------------------------------------------------------- */

static void
answer_begin(struct answering *a, uint64_t id, bool is_good)
{
	leat__json_init(&a->j, leat__control_write, &a->c->out);
	leat__json_open(&a->j, NULL, '{');
	leat__json_number(&a->j, "leat", LEAT_CONTROL_VERSION);
	if (id)
		leat__json_number(&a->j, "id", id);
	leat__json_bool(&a->j, "ok", is_good);
}

static void
answer_end(struct answering *a)
{
	leat__json_close(&a->j, '}');
	leat__json_end(&a->j);
	leat__control_write(&a->c->out, "\n", 1);
}

static void
answer_error(struct answering *a, uint64_t id, int code, const char *text)
{
	answer_begin(a, id, false);
	leat__json_bool(&a->j, "more", false);
	leat__json_open(&a->j, "error", '{');
	leat__json_text(&a->j, "code", leat_err_name(code));
	leat__json_text(&a->j, "text", text);
	leat__json_close(&a->j, '}');
	answer_end(a);
}

void
leat__control_complain(
	struct leat__control_connection *c, int code, const char *text)
{
	struct answering a = {.c = c};

	answer_error(&a, 0, code, text);
}

/* ---- what can be asked for ---------------------------------------------- */

static int
ask_hello(struct answering *a)
{
	struct leat_control *control = a->c->control;

	leat__json_open(&a->j, "data", '{');
	leat__json_text(&a->j, "version", leat_version());
	leat__json_number(&a->j, "protocol", LEAT_CONTROL_VERSION);
	leat__json_number(
		&a->j, "pid", (uint64_t)control->env->sockets->process());
	leat__json_text(&a->j, "job", control->job);
	leat__json_close(&a->j, '}');
	return LEAT_OK;
}

/* What the library writes itself goes between pieces of ours. */
static void
data_begin(struct answering *a)
{
	leat__json_raw(&a->j, "data", "", 0);
	leat__json_end(&a->j);
}

static int
ask_look(struct answering *a)
{
	data_begin(a);
	return leat_look_write(
		a->c->control->look, 0, leat__control_write, &a->c->out);
}

static int
ask_why(struct answering *a)
{
	const struct leat_look *look = a->c->control->look;
	char why[ANSWER_WHY_BYTES];
	struct leat_culprit culprit;

	leat_look_culprit(look, &culprit);
	leat_look_why(look, why, sizeof(why));
	leat__json_open(&a->j, "data", '{');
	leat__json_text(&a->j, "culprit", culprit.name);
	leat__json_bool(
		&a->j, "is_stalled", culprit.flags & LEAT_CULPRIT_STALLED);
	leat__json_real(
		&a->j, "stalled_seconds", (double)culprit.stall_ns / 1e9);
	leat__json_number(&a->j, "stalled_stages", culprit.n_stages);
	leat__json_text(&a->j, "why", why);
	leat__json_close(&a->j, '}');
	return LEAT_OK;
}

/* A text that was written beside the answer, as one of its members. */
static void
text_put(struct answering *a, struct leat__control_answer *text)
{
	leat__control_write(text, "", 1); /* its NUL */
	a->c->out.is_short |= text->is_short;
	if (!text->is_short)
		leat__json_text(&a->j, "text", text->text);
	leat__control_free(text);
}

static int
ask_dump(struct answering *a)
{
	struct leat_control *control = a->c->control;
	struct leat__control_answer text = {.control = control};
	int code;

	if (!a->request->is_text) {
		data_begin(a);
		return leat_graph_dump(control->graph, LEAT_DUMP_JSON,
			leat__control_write, &a->c->out);
	}
	leat__json_open(&a->j, "data", '{');
	code = leat_graph_dump(control->graph, 0, leat__control_write, &text);
	text_put(a, &text);
	leat__json_close(&a->j, '}');
	return code;
}

static int
ask_set(struct answering *a)
{
	leat__json_open(&a->j, "data", '{');
	leat__json_close(&a->j, '}');
	a->err = a->c->set.err;
	return a->c->set.code;
}

/* ---- what a program may see to itself ----------------------------------- */

static int
ask_program(struct answering *a)
{
	const struct leat_control_opts *opts = &a->c->control->opts;
	struct leat_control_request request = {
		.size = (uint32_t)sizeof(request),
		.ask = a->request->ask,
		.value = a->request->value ? a->request->value : ""};
	struct leat__control_answer text = {.control = a->c->control};
	int code = LEAT_ENOTSUP;

	if (opts->ask)
		code = opts->ask(opts->user, &request, leat__control_write,
			&text, &a->err);
	if (code == LEAT_ENOTSUP) {
		leat__control_free(&text);
		return code;
	}
	leat__json_open(&a->j, "data", '{');
	text_put(a, &text);
	leat__json_close(&a->j, '}');
	return code;
}

static int
drain_within(struct answering *a)
{
	struct leat_graph *graph = a->c->control->graph;
	uint64_t ms = a->request->within_ms;
	int code;

	if (ms > ANSWER_WITHIN_MOST)
		return leat__error(&a->err, LEAT_EINVAL,
			"within_ms is %llu; accepted: up to a day, 86400000",
			(unsigned long long)ms);
	code = leat_graph_drain_until(graph, a->now_ns + (int64_t)ms * 1000000);
	return code == LEAT_ESTATE ? LEAT_OK : code;
}

static int
ask_drain(struct answering *a)
{
	int code = a->request->within_ms ? LEAT_ENOTSUP : ask_program(a);

	if (code != LEAT_ENOTSUP)
		return code;
	leat__json_open(&a->j, "data", '{');
	leat__json_close(&a->j, '}');
	if (a->request->within_ms)
		return drain_within(a);
	leat_graph_drain(a->c->control->graph);
	return LEAT_OK;
}

static int
ask_cancel(struct answering *a)
{
	int code = ask_program(a);

	if (code != LEAT_ENOTSUP)
		return code;
	leat__json_open(&a->j, "data", '{');
	leat__json_close(&a->j, '}');
	leat_graph_cancel(a->c->control->graph);
	return LEAT_OK;
}

static int
ask_tap(struct answering *a)
{
	return leat__control_tap(a->c, a->request, &a->j, &a->err);
}

static int
ask_stop(struct answering *a)
{
	a->c->stream.period_ns = 0;
	leat__control_tap_close(a->c);
	leat__json_open(&a->j, "data", '{');
	leat__json_close(&a->j, '}');
	return LEAT_OK;
}

/* ---- the table ---------------------------------------------------------- */

static const struct ask {
	const char *name;
	int (*fn)(struct answering *a);
	bool is_stream; /* can be asked for again and again: every_ms */
} asks[] = {
	{"hello", ask_hello, false},
	{"look", ask_look, true},
	{"why", ask_why, true},
	{"tap", ask_tap, true},
	{"dump", ask_dump, false},
	{"set", ask_set, false},
	{"drain", ask_drain, false},
	{"cancel", ask_cancel, false},
	{"stop", ask_stop, false},
};

static int
ask_unknown(struct answering *a)
{
	char buf[256] = "";
	struct leat__text list = {buf, sizeof(buf), 0};
	int code = ask_program(a);

	if (code != LEAT_ENOTSUP)
		return code;
	for (size_t k = 0; k < leat__array_len(asks); k++)
		leat__text_add(&list, "%s%s", k ? ", " : "", asks[k].name);
	return leat__error(&a->err, LEAT_ENOTSUP,
		"nothing is known of '%.32s'; there are: %s", a->request->ask,
		buf);
}

static const struct ask *
ask_find(const char *name)
{
	for (size_t k = 0; k < leat__array_len(asks); k++)
		if (!strcmp(asks[k].name, name))
			return &asks[k];
	return NULL;
}

static int
answer_check(struct answering *a, const struct ask *ask)
{
	const struct leat__control_request *r = a->request;

	if (r->version && r->version != LEAT_CONTROL_VERSION)
		return leat__error(&a->err, LEAT_ENOTSUP,
			"leat is %llu; this one speaks %d",
			(unsigned long long)r->version, LEAT_CONTROL_VERSION);
	if (r->every_ms && !(ask && ask->is_stream))
		return leat__error(&a->err, LEAT_EINVAL,
			"only look, why and tap are answered again and again");
	if (r->every_ms &&
		(r->every_ms < ANSWER_EVERY_LEAST ||
			r->every_ms > ANSWER_EVERY_MOST))
		return leat__error(&a->err, LEAT_EINVAL,
			"every_ms is %llu; accepted: 100 to 3600000",
			(unsigned long long)r->every_ms);
	return LEAT_OK;
}

/* What has been written is as long as it was, and says something else. */
static void
answer_instead(struct answering *a, size_t n_before, int code)
{
	struct leat__control_answer *out = &a->c->out;

	if (code == LEAT_OK && !out->is_short)
		return;
	if (out->is_short) {
		code = LEAT_ELIMIT;
		leat__error(&a->err, code,
			"the answer is too long for the memory there is");
	}
	out->is_short = false;
	out->n_bytes = n_before;
	answer_error(a, a->request->id, code,
		a->err.text[0] ? a->err.text : leat_err_text(code));
}

static void
answer_line(struct answering *a, const struct ask *ask)
{
	size_t n_before = a->c->out.n_bytes;
	bool is_more = a->request->every_ms != 0;
	int code = answer_check(a, ask);

	answer_begin(a, a->request->id, true);
	leat__json_bool(&a->j, "more", is_more);
	if (code == LEAT_OK)
		code = ask ? ask->fn(a) : ask_unknown(a);
	answer_end(a);
	answer_instead(a, n_before, code);
	if (code || !is_more)
		return;
	a->c->stream = (struct leat__control_stream){
		.period_ns = (int64_t)a->request->every_ms * 1000000,
		.next_ns = a->now_ns + (int64_t)a->request->every_ms * 1000000,
		.id = a->request->id,
		.ask = ask->name};
}

void
leat__control_answer(struct leat__control_connection *c,
	const struct leat__control_request *request, int64_t now_ns)
{
	struct answering a = {.c = c, .request = request, .now_ns = now_ns};
	const struct ask *ask = ask_find(request->ask);

	if (ask && ask->fn == ask_set && !answer_check(&a, ask) &&
		leat__control_set_begin(c, request))
		return;
	answer_line(&a, ask);
}

void
leat__control_answer_set(struct leat__control_connection *c, int64_t now_ns)
{
	struct answering a = {
		.c = c, .request = &c->set.request, .now_ns = now_ns};

	answer_line(&a, ask_find(c->set.request.ask));
}

void
leat__control_repeat(struct leat__control_connection *c)
{
	const struct leat__control_stream *stream = &c->stream;
	struct leat__control_request request = {
		.ask = stream->ask, .id = stream->id};
	struct answering a = {.c = c, .request = &request};
	size_t n_before = c->out.n_bytes;
	int code;

	answer_begin(&a, stream->id, true);
	leat__json_bool(&a.j, "more", true);
	code = ask_find(stream->ask)->fn(&a);
	answer_end(&a);
	answer_instead(&a, n_before, code);
}
