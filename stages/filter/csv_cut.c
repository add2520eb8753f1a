/*
 * stages/filter/csv_cut.c -- bytes of a CSV cut where records end.
 *
 * What it emits is said in cut.h: frames of whole records, without the header.
 * The schema is made of what the source shows of itself, if that suffices, else
 * of the first frames, as far as they have come while infer_wait went by; every
 * frame's head points to it.
 * One thread at a time.
 */
#include <string.h>

#include "csv_schema.h"

static const uint8_t csv_mark[3] = {0xef, 0xbb, 0xbf}; /* byte order mark */

struct csv_cut {
	struct cut cut;
	struct csv_names names;
	uint32_t n_mark;        /* bytes of the mark that have come */
	uint32_t has_start;     /* the mark is behind us, or there is none */
	uint32_t has_header;    /* so is the first record */
	uint32_t must_sniff;    /* the dialect is not known yet */
	uint32_t must_gather;   /* neither are the columns */
	uint64_t n_lines;       /* that were gathered */
	uint32_t is_sampled;    /* these are enough */
	uint32_t has_asked;     /* whether the first record settles the types */
	struct csv_known known; /* where it is one of several files */
};

/* ---- the header --------------------------------------------------------- */

static struct csv_record
csv_carried(const struct csv_cut *s)
{
	return (struct csv_record){
		s->cut.carry, s->cut.n_carry, s->cut.line, s->cut.offset};
}

static const char *
csv_origin(const struct csv_cut *s)
{
	return s->cut.file ? s->cut.file : s->names.origin;
}

static int
csv_fail(struct leat_stage *st, const struct csv_cut *s,
	const struct csv_finding *finding)
{
	struct csv_record r = csv_carried(s);
	struct leat_position p = csv_position(&r, finding->offset);

	leat_stage_count(st, LEAT_COUNT_READ, 1);
	leat_stage_count(st, LEAT_COUNT_FAILED, 1);
	leat_stage_fail(st, LEAT_EDATA, "%s:%llu:%llu: %s", csv_origin(s),
		(unsigned long long)p.line, (unsigned long long)p.column,
		finding->text);
	return leat_stage_locate(st, csv_origin(s), p.line, p.column, p.offset);
}

/* The carry is not a beginning of a header. */
static int
csv_fail_open(struct leat_stage *st, const struct csv_cut *s, bool is_end)
{
	struct csv_record r = csv_carried(s);
	struct csv_finding finding;

	csv_find_open(&s->names.dialect, &r,
		is_end ? 0 : (uint64_t)s->cut.max_carry - 1, &finding);
	return csv_fail(st, s, &finding);
}

static int
csv_fail_closed(struct leat_stage *st, const struct csv_cut *s, uint32_t offset)
{
	struct csv_finding finding = {CSV_CLOSED_TEXT, offset};

	return csv_fail(st, s, &finding);
}

/* Is a record of so many bytes a blank line? */
static bool
csv_is_blank(const uint8_t *text, uint32_t n)
{
	return n == 1 || (n == 2 && text[0] == '\r');
}

/* Is there text behind the blank lines, and no line end behind that? */
static bool
csv_has_no_line(const uint8_t *text, uint32_t n)
{
	uint32_t at = 0;

	while (at < n && (text[at] == '\n' || text[at] == '\r'))
		at++;
	return at < n && !memchr(text + at, '\n', n - at);
}

/* Make the schema, with all its columns. */
static int
csv_make_schema(struct leat_stage *st, struct csv_cut *s,
	const struct csv_record *r, struct leat_text rows)
{
	struct leat_schema *schema;
	int rc = csv_schema_make(st, &s->names, r, rows, &schema);

	if (!rc)
		schema->head = csv_schema_head(st, &s->names, r);
	if (!rc)
		rc = csv_schema_add_file(st, &s->names, &schema);
	if (!rc)
		s->cut.schema = schema;
	return rc;
}

/* Is the header that of the file that was first, or was looked at? */
static int
csv_check_header(
	struct leat_stage *st, struct csv_cut *s, const struct csv_record *r)
{
	struct csv_names names = s->names;
	int rc;

	if (!s->cut.file)
		return csv_schema_check(st, &names, r, s->cut.schema);
	names.origin = s->cut.file;
	if (!s->known.schema)
		s->known = (struct csv_known){
			s->names.origin, s->cut.schema, s->cut.schema};
	rc = csv_schema_check_file(st, &names, r, &s->known);
	s->cut.schema = s->known.last;
	return rc;
}

/* The carry begins with the first record that is not blank; rows follow. */
static int
csv_take_header(struct leat_stage *st, struct csv_cut *s, uint32_t n_bytes,
	struct leat_text rows)
{
	struct csv_record r = csv_carried(s);
	int rc;

	r.n_bytes = n_bytes;
	rc = s->cut.schema ? csv_check_header(st, s, &r)
			   : csv_make_schema(st, s, &r, rows);
	if (rc)
		return rc;
	if (!s->known.schema)
		s->known.schema = s->known.last = s->cut.schema;
	if (!s->known.first || s->known.first == s->names.origin)
		s->known.first = s->cut.file;
	s->has_header = 1;
	s->cut.scan = (struct leat_cut){0};
	if (!s->names.opts->header)
		cut_drop(&s->cut, n_bytes);
	s->cut.is_fresh = s->cut.n_carry > 0;
	return LEAT_OK;
}

/* ---- a sample, where nothing can be seen beforehand ---------------------- */

static void
csv_set_dialect(struct csv_cut *s, struct leat_dialect dialect)
{
	s->names.dialect = s->cut.dialect = dialect;
	s->must_sniff = 0;
}

/* The carry is all there is to guess from: then its header is read, if it is
 * complete. */
static int
csv_settle(struct leat_stage *st, struct csv_cut *s)
{
	struct cut *c = &s->cut;
	uint32_t end = 0, at = 0, n_header;

	if (s->must_sniff)
		csv_set_dialect(s, csv_sniff(c->carry, c->n_carry));
	s->must_gather = 0;
	cut_wait_no_more(st, c);
	while (c->n_carry) {
		c->scan = (struct leat_cut){0};
		at = leat_text_cut_first(
			&c->scan, &c->dialect, c->carry, c->n_carry);
		end = c->scan.end;
		if (!end || !csv_is_blank(c->carry, end))
			break;
		cut_drop(c, end);
	}
	if (c->scan.scan.is_odd)
		return csv_fail_closed(st, s, at);
	if (!end || !c->n_carry)
		return LEAT_OK;
	n_header = s->names.opts->header ? 0 : end;
	return csv_take_header(st, s, end,
		(struct leat_text){c->carry + n_header, c->n_carry - n_header});
}

/* How much of a text belongs to the sample: up to so many line ends. */
static uint32_t
csv_sample_part(struct csv_cut *s, const uint8_t *text, uint32_t n)
{
	uint64_t n_rows = s->names.opts->infer_rows;
	uint64_t n_lines = (n_rows ? n_rows : CSV_INFER_ROWS) + 1;
	uint32_t at = 0;

	while (at < n && s->n_lines < n_lines) {
		const uint8_t *end = memchr(text + at, '\n', n - at);

		if (!end)
			return n;
		at = (uint32_t)(end - text) + 1;
		s->n_lines++;
	}
	s->is_sampled = s->n_lines >= n_lines;
	return at;
}

/* Need rows not be waited for? 1: so it is; or a code. Asked once, when the
 * first record is there. */
static int
csv_needs_no_rows(struct leat_stage *st, struct csv_cut *s)
{
	struct csv_record r = csv_carried(s);
	uint32_t n = r.n_bytes;

	if (s->must_sniff || s->has_asked)
		return 0;
	for (r.n_bytes = 0; !r.n_bytes || csv_is_blank(r.text, r.n_bytes);) {
		struct leat_cut cut = {0};

		r.text += r.n_bytes;
		n -= r.n_bytes;
		leat_text_cut_first(&cut, &s->names.dialect, r.text, n);
		if (!cut.end)
			return 0;
		r.n_bytes = cut.end;
	}
	s->has_asked = 1;
	return csv_schema_is_settled(st, &s->names, &r);
}

/* Has a row come, and has it been waited for others long enough? */
static bool
csv_has_waited(struct leat_stage *st, struct csv_cut *s)
{
	const struct cut *c = &s->cut;
	struct leat_dialect dialect = s->must_sniff
		? csv_sniff(c->carry, c->n_carry)
		: s->names.dialect;
	uint32_t n_wanted = s->names.opts->header ? 1 : 2, n = 0, at = 0;

	if (!cut_has_waited(st, c))
		return false;
	while (n < n_wanted) {
		struct leat_cut cut = {0};

		leat_text_cut_first(
			&cut, &dialect, c->carry + at, c->n_carry - at);
		if (!cut.end)
			return false;
		n += !csv_is_blank(c->carry + at, cut.end);
		at += cut.end;
	}
	return true;
}

/*
 * Gather what a source that can be looked at would have shown, so that a pipe
 * has the same columns, whatever pieces it comes in. 1: the sample is there,
 * 0: the frame has no more.
 */
static int
csv_sample(struct leat_stage *st, struct csv_cut *s, struct leat_frame *in)
{
	struct cut *c = &s->cut;
	uint32_t most =
		c->max_carry < CUT_CARRY_BYTES ? c->max_carry : CUT_CARRY_BYTES;
	uint32_t n = in->len_bytes - c->at;
	int rc;

	n = n < most - c->n_carry ? n : most - c->n_carry;
	n = csv_sample_part(s, in->data + c->at, n);
	cut_carry(c, in->data + c->at, n);
	c->at += n;
	if (c->n_carry < most && !s->is_sampled && !csv_has_waited(st, s)) {
		rc = csv_needs_no_rows(st, s);
		if (!rc)
			cut_wait(st, c, s->names.opts->infer_wait_ns);
		if (rc <= 0)
			return rc;
	}
	rc = csv_settle(st, s);
	return rc ? rc : 1;
}

/* ---- the first bytes ---------------------------------------------------- */

/* Take the mark away, as far as it comes. What looked like one and is none is
 * the beginning of a record. */
static int
csv_start(struct leat_stage *st, struct csv_cut *s, const struct leat_frame *in)
{
	struct cut *c = &s->cut;
	uint32_t n_mark;

	while (!s->has_start && c->at < in->len_bytes) {
		if (s->n_mark < sizeof(csv_mark) &&
			in->data[c->at] == csv_mark[s->n_mark]) {
			s->n_mark++;
			c->at++;
			continue;
		}
		s->has_start = 1;
	}
	if (!s->has_start)
		return LEAT_OK;
	n_mark = s->n_mark;
	s->n_mark = 0;
	if (n_mark == sizeof(csv_mark))
		c->offset = sizeof(csv_mark);
	if (!n_mark || n_mark == sizeof(csv_mark))
		return LEAT_OK;
	leat_text_cut_first(&c->scan, &c->dialect, csv_mark, n_mark);
	return cut_add(st, c, csv_mark, n_mark);
}

/* Move what the frame has of the first record into the carry. 1: it is there,
 * 0: the frame has no more. */
static int
csv_gather(struct leat_stage *st, struct csv_cut *s, struct leat_frame *in)
{
	struct cut *c = &s->cut;
	const uint8_t *text = in->data + c->at;
	uint32_t room = c->max_carry - c->n_carry;
	uint32_t n_all = in->len_bytes - c->at;
	uint32_t n = leat_text_cut_first(
		&c->scan, &c->dialect, text, n_all < room ? n_all : room);
	int rc = cut_add(st, c, text, n);

	if (rc)
		return rc;
	c->at += n;
	if (c->scan.scan.is_odd)
		return csv_fail_closed(st, s, c->n_carry);
	if (!c->scan.end && n_all > n)
		return csv_fail_open(st, s, false);
	if (!c->scan.end)
		return 0;
	if (csv_is_blank(c->carry, c->n_carry))
		cut_drop(c, c->n_carry);
	return 1;
}

/* 1: the header has been taken, 0: more is needed, or a code. An empty frame
 * may mean that a sample has been waited for long enough. */
static int
csv_header(struct leat_stage *st, struct csv_cut *s, struct leat_frame *in)
{
	struct cut *c = &s->cut;

	while (!s->has_header && (c->at < in->len_bytes || s->must_gather)) {
		int rc;

		if (s->must_gather) {
			rc = csv_sample(st, s, in);
			if (rc <= 0)
				return rc;
			continue;
		}
		rc = csv_gather(st, s, in);
		/* no sample reaches so far: a type would hang on the frames */
		if (rc > 0 && c->n_carry)
			rc = csv_take_header(st, s, c->n_carry,
				(struct leat_text){c->carry + c->n_carry, 0});
		if (rc < 0)
			return rc;
	}
	return s->has_header != 0;
}

/* ---- the end of a file --------------------------------------------------- */

/* What was gathered is all; a header alone may lack its line end. */
static int
csv_finish_sample(struct leat_stage *st, struct csv_cut *s)
{
	static const uint8_t newline[1] = {'\n'};
	struct cut *c = &s->cut;
	int rc = LEAT_OK;

	if (csv_has_no_line(c->carry, c->n_carry))
		rc = cut_add(st, c, newline, 1);
	return rc ? rc : csv_settle(st, s);
}

/* The input has ended inside the first record: that is all of it. */
static int
csv_finish_header(struct leat_stage *st, struct csv_cut *s)
{
	static const uint8_t newline[1] = {'\n'};
	struct cut *c = &s->cut;

	int rc = LEAT_OK;

	if (s->n_mark && s->n_mark < sizeof(csv_mark))
		rc = cut_add(st, c, csv_mark, s->n_mark);
	if (!rc && s->must_gather && c->n_carry)
		rc = csv_finish_sample(st, s);
	if (rc || s->has_header)
		return rc;
	if (!c->n_carry)
		return LEAT_OK;
	if (c->scan.scan.in_quotes)
		return csv_fail_open(st, s, true);
	rc = cut_add(st, c, newline, 1);
	if (rc)
		return rc;
	if (csv_is_blank(c->carry, c->n_carry)) {
		c->n_carry = 0;
		return LEAT_OK;
	}
	return csv_take_header(st, s, c->n_carry,
		(struct leat_text){c->carry + c->n_carry, 0});
}

/* The file has ended: what is carried of it is all there is. */
static int
csv_end_file(struct leat_stage *st, struct csv_cut *s)
{
	int rc = LEAT_OK;

	if (!s->has_header && !s->cut.is_stopped)
		rc = csv_finish_header(st, s);
	else if (!s->has_header && s->must_gather)
		rc = csv_settle(st, s);
	if (rc)
		return rc;
	s->has_header = 1;
	return cut_end_file(st, &s->cut);
}

/* Another one begins. */
static int
csv_begin_file(struct leat_stage *st, struct csv_cut *s, struct leat_frame *in)
{
	int rc = s->cut.file ? csv_end_file(st, s) : LEAT_OK;

	if (rc)
		return rc;
	cut_begin_file(&s->cut, in);
	s->n_mark = 0;
	s->has_start = 0;
	s->has_header = 0;
	s->n_lines = 0;
	s->is_sampled = 0;
	s->has_asked = 0;
	return LEAT_OK;
}

/* ---- the stage ------------------------------------------------------------ */

static int
csv_process(struct leat_stage *st, struct leat_frame *in)
{
	struct csv_cut *s = leat_stage_state(st);
	struct cut *c = &s->cut;
	int rc = LEAT_OK;

	if (cut_is_new_file(c, in))
		rc = csv_begin_file(st, s, in);
	if (rc)
		return rc;
	cut_begin(st, c, in);
	if (!s->has_start)
		rc = csv_start(st, s, in);
	if (!rc)
		rc = s->has_header ? 1 : csv_header(st, s, in);
	if (rc < 0)
		return rc;
	if (rc)
		return cut_process(st, c, in);
	leat_stage_release(st, in);
	c->is_begun = 0;
	return LEAT_OK;
}

static int
csv_finish(struct leat_stage *st)
{
	struct csv_cut *s = leat_stage_state(st);
	int rc = csv_end_file(st, s);

	return rc ? rc : cut_finish(st, &s->cut);
}

/* ---- before the start --------------------------------------------------- */

/* Make the schema from what the source shows of itself, if that suffices. */
static int
csv_look(struct leat_stage *st, struct csv_cut *s, const struct leat_shape *in)
{
	const uint8_t *text = in->sample;
	uint32_t n = in->sample_bytes;
	struct csv_record r = {text, 0, 1, 0};

	if (n >= sizeof(csv_mark) &&
		!memcmp(text, csv_mark, sizeof(csv_mark))) {
		text += sizeof(csv_mark);
		n -= (uint32_t)sizeof(csv_mark);
	}
	if (s->must_sniff && csv_has_no_line(text, n))
		return LEAT_OK;
	if (s->must_sniff)
		csv_set_dialect(s, csv_sniff(text, n));
	do {
		struct leat_cut cut = {0};

		text += r.n_bytes;
		n -= r.n_bytes;
		r.line += r.n_bytes > 0;
		leat_text_cut_first(&cut, &s->names.dialect, text, n);
		if (!cut.end || cut.end > s->cut.max_carry)
			return LEAT_OK;
		r.text = text;
		r.n_bytes = cut.end;
	} while (csv_is_blank(text, r.n_bytes));
	text += s->names.opts->header ? 0 : r.n_bytes;
	n -= s->names.opts->header ? 0 : r.n_bytes;
	return csv_make_schema(st, s, &r, (struct leat_text){text, n});
}

static int
csv_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct csv_cut *s = leat_stage_state(st);
	int rc;

	s->names.origin = in->origin ? in->origin : "input";
	rc = cut_negotiate(st, &s->cut, in, out);
	if (!rc && in->sample && in->sample_bytes)
		rc = csv_look(st, s, in);
	s->must_gather = !s->cut.schema;
	out->schema = s->cut.schema;
	return rc;
}

static int
csv_init(struct leat_stage *st, const void *opts)
{
	struct csv_cut *s = leat_stage_state(st);
	int rc;

	s->names.opts = opts;
	s->names.origin = "input";
	leat_stage_needs(st)->side_bytes = 4 * CSV_SCHEMA_BYTES;
	cut_init(st, &s->cut, s->names.opts->max_record_bytes);
	rc = csv_dialect(st, s->names.opts, &s->names.dialect);
	s->cut.dialect = s->names.dialect;
	s->must_sniff = s->names.opts->sniff;
	return rc;
}

const struct leat_stage_ops leat_csv_cut_ops = {
	LEAT_STAGE_OPS_INIT("csv.cut"),
	.flags = LEAT_STAGE_IN_PLACE | LEAT_STAGE_LIGHT,
	.summary = "bytes of a CSV cut where records end",
	.help = "Comes by itself before csv.parse, which several workers then "
		"run at\n"
		"once: every frame that it passes on holds whole records. It "
		"takes the\n"
		"header, and has the options of csv.parse. Nobody has to write "
		"it.\n",
	.state_bytes = sizeof(struct csv_cut),
	.opts_bytes = sizeof(struct leat_csv_parse_opts),
	.options = leat__csv_parse_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.init = csv_init,
	.negotiate = csv_negotiate,
	.process = csv_process,
	.finish = csv_finish,
};
