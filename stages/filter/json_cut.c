/*
 * json_cut.c -- bytes of NDJSON cut where lines end.
 *
 * What it emits is said in cut.h: frames of whole lines, whose heads point to
 * the columns. These are declared, or made of what the source shows of itself,
 * or else of the first lines: then as much is gathered as a sample has, so that
 * a pipe gives the same columns as a file; or as has come while infer_wait went
 * by, if that is a line.
 * One thread at a time.
 */
#include <string.h>

#include "json.h"

#define JSON_SAMPLE_BYTES 65536 /* that columns are made from */
#define JSON_SAMPLE_ROWS  1000  /* the same; default of infer_rows */

static const uint8_t json_mark[3] = {0xef, 0xbb, 0xbf}; /* byte order mark */

struct json_cut {
	struct cut cut;
	const struct leat_json_parse_opts *opts;
	const char *origin;
	uint32_t n_mark;    /* bytes of the mark that have come */
	uint32_t has_start; /* the mark is behind us, or there is none */
	uint32_t n_objects; /* of the sample that is being gathered, */
	uint32_t n_counted; /* in so many bytes */
};

static uint32_t
json_sample_bytes(const struct json_cut *s)
{
	return s->cut.max_carry < JSON_SAMPLE_BYTES ? s->cut.max_carry
						    : JSON_SAMPLE_BYTES;
}

/* ---- columns ------------------------------------------------------------ */

static int
json_make(struct leat_stage *st, struct json_cut *s, struct leat_text sample,
	bool is_all)
{
	struct json_source source = {.opts = s->opts,
		.sample = sample.data,
		.n_bytes = sample.len,
		.is_all = is_all,
		.origin = s->origin};
	struct json_columns *columns;
	int rc = leat__json_make_columns(st, &source, &columns);

	if (!rc && columns)
		s->cut.schema = &columns->schema;
	return rc;
}

/* How many lines with JSON are in the carry? */
static void
json_count(struct json_cut *s)
{
	const struct cut *c = &s->cut;

	while (s->n_counted < c->n_carry) {
		const uint8_t *line = c->carry + s->n_counted;
		const uint8_t *end =
			memchr(line, '\n', c->n_carry - s->n_counted);
		struct leat_json_fault fault;
		struct leat_text x = {line, 0};

		if (!end)
			break;
		x.len = (uint32_t)(end - line);
		s->n_counted += x.len + 1;
		s->n_objects += leat_json_check(x, &fault) == LEAT_OK;
	}
}

/* Is the carry as long as a sample, or has it as many lines, or one and has it
 * been waited for others long enough? Then it is one. */
static int
json_look(struct leat_stage *st, struct json_cut *s, bool is_end)
{
	uint64_t wanted =
		s->opts->infer_rows ? s->opts->infer_rows : JSON_SAMPLE_ROWS;
	struct cut *c = &s->cut;

	json_count(s);
	if (!is_end && c->n_carry < c->max_carry && s->n_objects < wanted &&
		(c->n_carry < json_sample_bytes(s) || !s->n_counted) &&
		!(s->n_objects && cut_has_waited(st, c))) {
		cut_wait(st, c, s->opts->infer_wait_ns);
		return LEAT_OK;
	}
	cut_wait_no_more(st, c);
	s->n_objects = s->n_counted = 0;
	c->is_fresh = 1;
	/* a line that is too long says nothing of those behind it, which are
	 * not to go out with it before there are columns */
	if (!is_end && c->n_carry == c->max_carry &&
		!memchr(c->carry, '\n', c->n_carry)) {
		c->flaw = CUT_LONG;
		return LEAT_OK;
	}
	return json_make(
		st, s, (struct leat_text){c->carry, c->n_carry}, is_end);
}

/* ---- bytes -------------------------------------------------------------- */

/* Take the mark away, as far as it comes. What looked like one and is none is
 * the beginning of a line. */
static void
json_start(struct json_cut *s, const struct leat_frame *in)
{
	struct cut *c = &s->cut;

	while (!s->has_start && c->at < in->len_bytes) {
		if (s->n_mark < sizeof(json_mark) &&
			in->data[c->at] == json_mark[s->n_mark]) {
			s->n_mark++;
			c->at++;
			continue;
		}
		s->has_start = 1;
	}
	if (!s->has_start)
		return;
	if (s->n_mark == sizeof(json_mark))
		c->offset = sizeof(json_mark);
	else
		cut_carry(c, json_mark, s->n_mark);
	c->is_fresh = c->n_carry > 0;
	s->n_mark = 0;
}

/* Without columns bytes are gathered: a sample, or one line if that is longer.
 */
static int
json_gather(struct leat_stage *st, struct json_cut *s, struct leat_frame *in)
{
	struct cut *c = &s->cut;
	const uint8_t *data = in->data + c->at;
	uint32_t n = in->len_bytes - c->at;
	uint32_t most = json_sample_bytes(s);
	int rc;

	if (c->n_carry >= most) {
		const uint8_t *end = n ? memchr(data, '\n', n) : NULL;

		n = end ? (uint32_t)(end - data) + 1 : n;
		most = c->max_carry;
	}
	n = n < most - c->n_carry ? n : most - c->n_carry;
	rc = cut_add(st, c, data, n);
	c->at += n;
	return rc ? rc : json_look(st, s, false);
}

/* Not enough yet. There may be more of the frame. */
static int
json_wait(struct leat_stage *st, struct cut *c, struct leat_frame *in)
{
	if (c->at < in->len_bytes)
		return LEAT_MORE;
	leat_stage_release(st, in);
	c->is_begun = 0;
	return LEAT_OK;
}

/* The stream was stopped: lines that were gathered are whole, but the last. */
static void
json_stop(struct cut *c)
{
	while (c->n_carry && c->carry[c->n_carry - 1] != '\n')
		c->n_carry--;
	c->is_stopped = 0;
}

/* The file has ended: what is carried of it is all there is. */
static int
json_end_file(struct leat_stage *st, struct json_cut *s)
{
	struct cut *c = &s->cut;
	int rc = LEAT_OK;

	if (!s->has_start && !c->is_stopped) {
		if (s->n_mark < sizeof(json_mark))
			cut_carry(c, json_mark, s->n_mark);
		s->has_start = 1;
	}
	if (!c->schema && !c->flaw && c->is_stopped)
		json_stop(c);
	if (!c->schema && !c->flaw && c->n_carry) {
		rc = json_look(st, s, true);
		c->is_fresh = 1;
	}
	return rc ? rc : cut_end_file(st, c);
}

static int
json_begin_file(
	struct leat_stage *st, struct json_cut *s, struct leat_frame *in)
{
	int rc = json_end_file(st, s);

	if (rc)
		return rc;
	cut_begin_file(&s->cut, in);
	s->has_start = 0;
	s->n_mark = 0;
	return LEAT_OK;
}

static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json_cut *s = leat_stage_state(st);
	struct cut *c = &s->cut;
	int rc;

	if (cut_is_new_file(c, in)) {
		rc = json_begin_file(st, s, in);
		if (rc)
			return rc;
	}
	cut_begin(st, c, in);
	if (!s->has_start)
		json_start(s, in);
	if (!c->schema && !c->flaw) {
		c->is_fresh = 0;
		rc = json_gather(st, s, in);
		if (rc)
			return rc;
		if (!c->is_fresh)
			return json_wait(st, c, in);
	}
	return cut_process(st, c, in);
}

static int
json_finish(struct leat_stage *st)
{
	struct json_cut *s = leat_stage_state(st);
	int rc = json_end_file(st, s);

	return rc ? rc : cut_finish(st, &s->cut);
}

/* ---- before the start --------------------------------------------------- */

/* Make columns from what was declared, or what the source shows of itself. */
static int
json_show(
	struct leat_stage *st, struct json_cut *s, const struct leat_shape *in)
{
	struct leat_text sample = {in->sample, in->sample_bytes};
	bool is_all = in->sample_is_all;

	if (sample.len >= sizeof(json_mark) &&
		!memcmp(sample.data, json_mark, sizeof(json_mark))) {
		sample.data += sizeof(json_mark);
		sample.len -= (uint32_t)sizeof(json_mark);
	}
	if (sample.len > json_sample_bytes(s)) {
		sample.len = json_sample_bytes(s);
		is_all = false;
	}
	return json_make(st, s, sample, is_all);
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct json_cut *s = leat_stage_state(st);
	const char *list = s->opts->schema;
	int rc = cut_negotiate(st, &s->cut, in, out);

	s->origin = in->origin ? in->origin : "input";
	if (!rc && ((in->sample && in->sample_bytes) || (list && list[0])))
		rc = json_show(st, s, in);
	out->schema = s->cut.schema;
	return rc;
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json_cut *s = leat_stage_state(st);

	s->opts = opts;
	s->cut.dialect = (struct leat_dialect){'\n', 0};
	leat_stage_needs(st)->side_bytes = leat__json_columns_bytes();
	cut_init(st, &s->cut, s->opts->max_record_bytes);
	return LEAT_OK;
}

const struct leat_stage_ops leat_json_cut_ops = {
	LEAT_STAGE_OPS_INIT("json.cut"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_LIGHT,
	.summary = "bytes of NDJSON cut where lines end",
	.help = "Comes by itself before json.parse, which several workers then "
		"run at\n"
		"once: every frame that it passes on holds whole lines. It "
		"settles the\n"
		"columns, and has the options of json.parse. Nobody has to "
		"write it.\n",
	.state_bytes = sizeof(struct json_cut),
	.opts_bytes = sizeof(struct leat_json_parse_opts),
	.options = leat__json_parse_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.finish = json_finish,
};
