/*
 * stages/filter/lines_parse.c -- bytes to rows, one a line, nothing copied.
 *
 * Rows point into the chunk that they came in. The beginning of a line that
 * goes on in the next chunk is carried over in side memory and put in front of
 * that chunk, into its headroom; only a line whose beginning is longer than
 * the headroom gets a frame, and a copy, of its own.
 * A record is all but the newline and one CR before it. Behind the last
 * newline there is a record only if there are bytes, and none if the stream
 * was cut (LEAT_FRAME_CUT).
 */
#include <string.h>

#include <leat/stages.h>

#define LINES_RECORD_BYTES (1u << 20)
#define LINES_ROWS_BYTES   65536 /* of a frame's array: stays in the cache */

struct lines_state {
	const char *origin;
	uint8_t *carry; /* beginning of a line, without its end */
	uint32_t n_carry;
	uint32_t n_max;     /* of a record; the newline does not count */
	uint32_t at;        /* in the frame in hand: next byte to look at */
	uint32_t is_begun;  /* at stands in a frame in hand */
	uint64_t n_records; /* passed on so far */
	uint64_t offset;    /* in the source, of the line that is carried */
};

static int
lines_init(struct leat_stage *st, const void *opts)
{
	const struct leat_lines_parse_opts *o = opts;
	struct lines_state *s = leat_stage_state(st);
	struct leat_needs *needs = leat_stage_needs(st);

	s->n_max = o->max_record_bytes ? (uint32_t)o->max_record_bytes
				       : LINES_RECORD_BYTES;
	/* a frame holds an array of rows, or one row with its text */
	needs->frame_bytes = s->n_max + 64;
	if (needs->frame_bytes < LINES_ROWS_BYTES)
		needs->frame_bytes = LINES_ROWS_BYTES;
	/* with its CR, until it is known to be the end */
	needs->side_bytes = (uint64_t)s->n_max + 4096;
	return LEAT_OK;
}

static int
lines_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct lines_state *s = leat_stage_state(st);

	s->origin = in->origin ? in->origin : "input";
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = in->frame_bytes;
	return LEAT_OK;
}

static int
lines_open(struct leat_stage *st)
{
	struct lines_state *s = leat_stage_state(st);
	void *memory;
	int rc = leat_stage_alloc(st, (size_t)s->n_max + 1, &memory);

	if (rc < 0)
		return leat_stage_fail(
			st, rc, "no memory for a record of %u bytes", s->n_max);
	s->carry = memory;
	return LEAT_OK;
}

static int
lines_fail_long(struct leat_stage *st, uint64_t n_records)
{
	struct lines_state *s = leat_stage_state(st);

	return leat_stage_fail(st, LEAT_EDATA,
		"%s:%llu:1: line longer than %u bytes; raise "
		"max_record_bytes",
		s->origin, (unsigned long long)n_records + 1, s->n_max);
}

/* ---- a line of its own frame -------------------------------------------- */

static int
lines_emit(struct leat_stage *st, struct leat_frame *out)
{
	struct lines_state *s = leat_stage_state(st);

	s->n_records += out->n_items;
	leat_stage_count(st, LEAT_COUNT_READ, out->n_items);
	return leat_stage_emit(st, 0, out);
}

/* What is carried is a whole record. */
static int
lines_emit_carry(struct leat_stage *st)
{
	struct lines_state *s = leat_stage_state(st);
	struct leat_frame *out;
	struct leat_row *rows;
	int rc;

	if (s->n_carry > s->n_max)
		return lines_fail_long(st, s->n_records);
	rc = leat_stage_acquire(st, &out);
	if (rc < 0)
		return rc;
	leat_frame_begin_rows(out, NULL, &rows);
	rows[0] = (struct leat_row){sizeof(rows[0]), s->n_carry};
	memcpy(out->data + sizeof(rows[0]), s->carry, s->n_carry);
	out->len_bytes = (uint32_t)sizeof(rows[0]) + s->n_carry;
	out->n_items = 1;
	out->source_offset = s->offset;
	s->n_carry = 0;
	return lines_emit(st, out);
}

/* Keep n bytes for later: a record may have n_max, and a CR. */
static int
lines_carry(struct leat_stage *st, const uint8_t *data, uint32_t n)
{
	struct lines_state *s = leat_stage_state(st);

	if (n > s->n_max + 1 - s->n_carry)
		return lines_fail_long(st, s->n_records);
	memcpy(s->carry + s->n_carry, data, n);
	s->n_carry += n;
	return LEAT_OK;
}

/* ---- lines of the frame in hand ----------------------------------------- */

/* The first newline ends what was carried. LEAT_MORE: that took the call. */
static int
lines_join(struct leat_stage *st, struct leat_frame *in, uint32_t n_first)
{
	struct lines_state *s = leat_stage_state(st);
	uint32_t headroom = (uint32_t)(in->data - leat_frame_start(in));
	int rc;

	if (s->n_carry <= headroom) {
		in->data -= s->n_carry;
		in->len_bytes += s->n_carry;
		in->source_offset = s->offset;
		memcpy(in->data, s->carry, s->n_carry);
		s->n_carry = 0;
		return LEAT_OK;
	}
	rc = lines_carry(st, in->data, n_first);
	if (rc < 0)
		return rc;
	s->n_carry -= s->carry[s->n_carry - 1] == '\r';
	s->at = n_first + 1;
	rc = lines_emit_carry(st);
	return rc < 0 ? rc : LEAT_MORE;
}

/* LEAT_OK: go on with the lines; LEAT_MORE: a frame has been emitted. */
static int
lines_begin(struct leat_stage *st, struct leat_frame *in)
{
	struct lines_state *s = leat_stage_state(st);
	const uint8_t *newline = memchr(in->data, '\n', in->len_bytes);

	s->is_begun = 1;
	s->at = 0;
	/* records of whoever made these bytes end here, lines begin */
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
	if (!newline || s->n_carry == 0)
		return LEAT_OK;
	return lines_join(st, in, (uint32_t)(newline - in->data));
}

/* Take lines until the array is full. @return how many */
static int
lines_fill(struct leat_stage *st, struct leat_frame *in, struct leat_row *rows,
	uint32_t n_max)
{
	struct lines_state *s = leat_stage_state(st);
	uint32_t start = (uint32_t)(in->data - leat_frame_start(in));
	uint32_t n = 0;

	while (n < n_max) {
		const uint8_t *line = in->data + s->at;
		const uint8_t *end = memchr(line, '\n', in->len_bytes - s->at);
		uint32_t len;

		if (!end)
			break;
		len = (uint32_t)(end - line);
		rows[n].offset = start + s->at;
		rows[n].len = len - (len > 0 && end[-1] == '\r');
		if (rows[n].len > s->n_max)
			return lines_fail_long(st, s->n_records + n);
		s->at += len + 1;
		n++;
	}
	return (int)n;
}

static bool
lines_has_more(const struct lines_state *s, const struct leat_frame *in)
{
	return memchr(in->data + s->at, '\n', in->len_bytes - s->at) != NULL;
}

static int
lines_emit_rows(struct leat_stage *st, struct leat_frame *in)
{
	struct lines_state *s = leat_stage_state(st);
	uint64_t offset = in->source_offset + s->at;
	struct leat_frame *out;
	struct leat_row *rows;
	int n;
	int rc = leat_stage_acquire(st, &out);

	if (rc < 0)
		return rc;
	leat_frame_begin_rows(out, in, &rows);
	n = lines_fill(st, in, rows, LINES_ROWS_BYTES / sizeof(*rows));
	if (n < 0) {
		leat_stage_release(st, out);
		return n;
	}
	out->n_items = (uint32_t)n;
	out->len_bytes = (uint32_t)n * (uint32_t)sizeof(*rows);
	out->source_offset = offset;
	return lines_emit(st, out);
}

/* All lines are out: what is left is the beginning of one. */
static int
lines_end(struct leat_stage *st, struct leat_frame *in)
{
	struct lines_state *s = leat_stage_state(st);
	int rc;

	if (s->n_carry == 0)
		s->offset = in->source_offset + s->at;
	rc = lines_carry(st, in->data + s->at, in->len_bytes - s->at);
	if (rc < 0)
		return rc;
	if (in->flags & LEAT_FRAME_CUT)
		s->n_carry = 0;
	s->is_begun = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
lines_process(struct leat_stage *st, struct leat_frame *in)
{
	struct lines_state *s = leat_stage_state(st);
	int rc = LEAT_OK;

	if (!s->is_begun)
		rc = lines_begin(st, in);
	if (rc == LEAT_OK && lines_has_more(s, in)) {
		rc = lines_emit_rows(st, in);
		if (rc == LEAT_OK && lines_has_more(s, in))
			rc = LEAT_MORE;
	}
	return rc == LEAT_OK ? lines_end(st, in) : rc;
}

static int
lines_finish(struct leat_stage *st)
{
	struct lines_state *s = leat_stage_state(st);

	return s->n_carry > 0 ? lines_emit_carry(st) : LEAT_OK;
}

static const struct leat_option lines_options[] = {
	{.name = "max_record_bytes",
		.type = LEAT_OPTION_BYTES,
		.offset = offsetof(
			struct leat_lines_parse_opts, max_record_bytes),
		.min = 1,
		.max = 1 << 30,
		.fallback = "1M",
		.unit = "bytes",
		.help = "longest line"},
	{.name = NULL},
};

const struct leat_stage_ops leat_lines_parse_ops = {
	LEAT_STAGE_OPS_INIT("lines.parse"),
	/* it writes into the headroom */
	.flags = LEAT_STAGE_IN_PLACE,
	.summary = "bytes to rows, one a line",
	.help = "A line ends with a newline, or with CR and newline; neither "
		"belongs to the record. Everything else does.",
	.state_bytes = sizeof(struct lines_state),
	.opts_bytes = sizeof(struct leat_lines_parse_opts),
	.options = lines_options,
	.in_layouts = LEAT_LAYOUT_BYTES,
	.out_layout = LEAT_LAYOUT_ROWS,
	.init = lines_init,
	.negotiate = lines_negotiate,
	.open = lines_open,
	.process = lines_process,
	.finish = lines_finish,
};
