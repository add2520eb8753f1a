/*
 * stages/filter/cut.c -- what cut.h promises.
 *
 * The unfinished record at the end of a frame (the carry) is put right in front
 * of the next frame's bytes, so nothing else is copied; where there is no room
 * for it, or a bad record has to stand alone, a frame of the cut's own takes
 * whole records. Every byte is scanned once, as it comes.
 * After a bad quote, or a record that is too long, the next line with as many
 * fields as the schema has is the first that is read again.
 * One thread at a time, that of the stage.
 */
#include "cut.h"

#include <string.h>

#define CUT_ENDS 128

/* ---- life --------------------------------------------------------------- */

void
cut_init(struct leat_stage *st, struct cut *s, uint64_t max_record_bytes)
{
	if (!max_record_bytes)
		max_record_bytes = CUT_RECORD_BYTES;
	s->max_carry = (uint32_t)max_record_bytes + 1;
	s->line = 1;
	leat_stage_needs(st)->side_bytes +=
		(uint64_t)s->max_carry + CUT_CARRY_BYTES + 4096;
}

/* Few records are long: memory for those comes when one does. */
static int
cut_grow(struct leat_stage *st, struct cut *s, uint32_t n_bytes)
{
	uint32_t room =
		n_bytes > CUT_CARRY_BYTES ? s->max_carry + 1 : CUT_CARRY_BYTES;
	void *memory;
	int rc = leat_stage_alloc(st, (size_t)room + CUT_SLACK_BYTES, &memory);

	if (rc)
		return leat_stage_fail(st, rc,
			"no memory for records of %u bytes", s->max_carry - 1);
	if (s->n_carry)
		memcpy(memory, s->carry, s->n_carry);
	leat_stage_free(st, s->carry);
	s->carry = memory;
	s->n_room = room;
	return LEAT_OK;
}

int
cut_negotiate(struct leat_stage *st, struct cut *s, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct leat_needs *needs = leat_stage_needs(st);

	needs->frame_bytes = CUT_HEAD_BYTES + s->max_carry + in->frame_bytes +
		CUT_SLACK_BYTES;
	out->frame_bytes = needs->frame_bytes;
	return cut_grow(st, s, 0);
}

/* ---- a sample that is waited for ------------------------------------------ */

void
cut_wait(struct leat_stage *st, struct cut *s, int64_t wait_ns)
{
	int64_t now_ns = leat_stage_now_ns(st);

	if (s->until_ns || !s->n_carry)
		return;
	if (!wait_ns)
		wait_ns = CUT_WAIT_NS;
	s->until_ns =
		wait_ns < LEAT_NEVER - now_ns ? now_ns + wait_ns : LEAT_NEVER;
	leat_stage_ask(st, s->until_ns);
}

bool
cut_has_waited(struct leat_stage *st, const struct cut *s)
{
	return s->until_ns && leat_stage_now_ns(st) >= s->until_ns;
}

void
cut_wait_no_more(struct leat_stage *st, struct cut *s)
{
	if (s->until_ns)
		leat_stage_ask(st, LEAT_NEVER);
	s->until_ns = 0;
}

/* ---- the carry ---------------------------------------------------------- */

uint32_t
cut_newlines(const uint8_t *text, size_t n_bytes)
{
	const uint8_t *end = text + n_bytes;
	uint32_t n = 0;

	while (n_bytes && (text = memchr(text, '\n', (size_t)(end - text)))) {
		n++;
		text++;
	}
	return n;
}

void
cut_carry(struct cut *s, const uint8_t *data, uint32_t n_bytes)
{
	if (n_bytes)
		memcpy(s->carry + s->n_carry, data, n_bytes);
	s->n_carry += n_bytes;
}

int
cut_add(struct leat_stage *st, struct cut *s, const uint8_t *data,
	uint32_t n_bytes)
{
	int rc = s->n_carry + n_bytes > s->n_room
		? cut_grow(st, s, s->n_carry + n_bytes)
		: LEAT_OK;

	if (!rc)
		cut_carry(s, data, n_bytes);
	return rc;
}

void
cut_drop(struct cut *s, uint32_t n_bytes)
{
	s->line += cut_newlines(s->carry, n_bytes);
	s->offset += n_bytes;
	s->n_carry -= n_bytes;
	memmove(s->carry, s->carry + n_bytes, s->n_carry);
}

/* ---- emitting ----------------------------------------------------------- */

/* It holds what begins at s->line, with so many newlines. */
static int
cut_emit(struct leat_stage *st, struct cut *s, struct leat_frame *frame,
	uint64_t n_lines)
{
	struct cut_head head = {
		s->line, s->schema, s->flaw, s->flaw_at, s->file, n_lines};

	memcpy(leat_frame_start(frame), &head, sizeof(head));
	frame->source_offset = s->offset;
	frame->n_items = 0;
	frame->layout = LEAT_LAYOUT_BYTES;
	frame->flags &= (uint8_t) ~(LEAT_FRAME_CUT | LEAT_FRAME_FIRST);
	s->line += n_lines;
	s->offset += frame->len_bytes;
	s->has_emitted = 1;
	return leat_stage_emit(st, 0, frame);
}

/* Emit the first bytes of the carry, and data behind them, in a frame of the
 * cut's own. What was emitted of the carry stays there. */
static int
cut_emit_copy(struct leat_stage *st, struct cut *s, uint32_t n_carry,
	const uint8_t *data, uint32_t n_bytes)
{
	struct leat_frame *frame;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	frame->data = leat_frame_start(frame) + CUT_HEAD_BYTES;
	if (n_carry)
		memcpy(frame->data, s->carry, n_carry);
	if (n_bytes)
		memcpy(frame->data + n_carry, data, n_bytes);
	frame->len_bytes = n_carry + n_bytes;
	memset(frame->data + frame->len_bytes, 0, CUT_SLACK_BYTES);
	rc = cut_emit(
		st, s, frame, cut_newlines(frame->data, frame->len_bytes));
	if (rc)
		leat_stage_release(st, frame);
	return rc;
}

/* ---- bad records -------------------------------------------------------- */

enum cut_fit { CUT_FIT_NO = 0, CUT_FIT_YES, CUT_FIT_UNKNOWN };

/* Does a record with the schema's number of fields begin there? */
static enum cut_fit
cut_fits(const struct cut *s, uint32_t at, bool is_end)
{
	uint32_t n_wanted =
		s->schema && s->schema->n_fields ? s->schema->n_fields : 1;
	uint32_t ends[CUT_ENDS];
	struct leat_scan scan = {0};
	uint32_t n_fields = 0;

	while (at < s->n_carry) {
		uint32_t n_scanned, n, k;

		n = leat_text_scan_exact(&scan, &s->dialect, s->carry + at,
			s->n_carry - at, at, ends, CUT_ENDS, &n_scanned);
		for (k = 0; k < n && s->carry[ends[k]] != '\n'; k++)
			continue;
		n_fields += k;
		if (k < n)
			return n_fields + 1 == n_wanted ? CUT_FIT_YES
							: CUT_FIT_NO;
		if (scan.is_odd || n_fields >= n_wanted)
			return CUT_FIT_NO;
		at += n_scanned;
	}
	if (!is_end)
		return CUT_FIT_UNKNOWN;
	return n_fields + 1 == n_wanted && !scan.in_quotes ? CUT_FIT_YES
							   : CUT_FIT_NO;
}

/* Behind the next newline at or behind a place of the carry; 0 = none. */
static uint32_t
cut_next_line(const struct cut *s, uint32_t at)
{
	const uint8_t *newline = memchr(s->carry + at, '\n', s->n_carry - at);

	return newline ? (uint32_t)(newline - s->carry) + 1 : 0;
}

/* Where in the carry reading goes on after a bad record; false: not yet. */
static bool
cut_find(const struct cut *s, bool is_end, uint32_t *place)
{
	bool is_full = is_end || s->n_carry == s->max_carry;
	bool is_line = s->is_told && !s->is_between;
	uint32_t at = is_line ? 0 : cut_next_line(s, 0);

	/* the bad record is a single line: so is what is lost */
	if (!s->is_told && s->flaw == CUT_CLOSED && at > s->flaw_at) {
		*place = at;
		return true;
	}
	while ((at || is_line) && at < s->n_carry) {
		enum cut_fit fit = cut_fits(s, at, is_end);

		*place = at;
		if (fit != CUT_FIT_NO && !(fit == CUT_FIT_UNKNOWN && is_full))
			return fit == CUT_FIT_YES;
		is_line = false;
		at = cut_next_line(s, at);
	}
	return false;
}

/* Reading goes on at a place of the carry. */
static int
cut_mended(struct leat_stage *st, struct cut *s, uint32_t place)
{
	int rc = s->is_told ? LEAT_OK : cut_emit_copy(st, s, place, NULL, 0);

	if (rc)
		return rc;
	if (!s->is_told) { /* emitted: counted already */
		s->n_carry -= place;
		memmove(s->carry, s->carry + place, s->n_carry);
	} else {
		cut_drop(s, place);
	}
	s->scan = (struct leat_cut){0};
	s->flaw = s->flaw_at = 0;
	s->is_told = s->is_between = 0;
	s->is_fresh = 1;
	return LEAT_MORE;
}

/* The carry is full, or the input has ended: it is lost but for its last,
 * unfinished line. */
static int
cut_lose(struct leat_stage *st, struct cut *s, bool is_end)
{
	uint32_t at = s->n_carry;
	uint32_t n_kept;

	while (at && s->carry[at - 1] != '\n')
		at--;
	s->is_between = !at;
	n_kept = at && !is_end ? s->n_carry - at : 0;
	if (!s->is_told) {
		int rc = cut_emit_copy(st, s, s->n_carry - n_kept, NULL, 0);

		if (rc)
			return rc;
		memmove(s->carry, s->carry + s->n_carry - n_kept, n_kept);
		s->n_carry = n_kept;
	} else {
		cut_drop(s, s->n_carry - n_kept);
	}
	s->is_told = !is_end;
	if (is_end)
		s->flaw = 0;
	return LEAT_MORE;
}

/* The carry is as long as a record may be: is it one of a quote left open? */
static void
cut_tell_long(struct cut *s)
{
	s->scan = (struct leat_cut){0};
	leat_text_cut_first(&s->scan, &s->dialect, s->carry, s->n_carry);
	if (s->scan.scan.in_quotes)
		s->flaw = CUT_OPEN;
}

/* The record that the carry begins with is bad. in NULL: the input has ended.
 */
static int
cut_mend(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	uint32_t room = s->max_carry - s->n_carry;
	uint32_t n = in ? in->len_bytes - s->at : 0;
	uint32_t place;
	int rc;

	n = n < room ? n : room;
	rc = n ? cut_add(st, s, in->data + s->at, n) : LEAT_OK;
	if (rc)
		return rc;
	s->at += n;
	if (s->flaw == CUT_LONG && !s->is_told)
		cut_tell_long(s);
	if (cut_find(s, !in, &place))
		return cut_mended(st, s, place);
	if (!in || s->n_carry == s->max_carry)
		return cut_lose(st, s, !in);
	leat_stage_release(st, in);
	s->is_begun = 0;
	return LEAT_OK;
}

/* ---- records ------------------------------------------------------------ */

/* A carry that came out of a bad record. LEAT_OK: it is a beginning now. */
static int
cut_process_fresh(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	uint32_t n_scanned, end;
	int rc;

	s->scan = (struct leat_cut){0};
	memset(s->carry + s->n_carry, 0, CUT_SLACK_BYTES);
	n_scanned = leat_text_cut(&s->scan, &s->dialect, s->carry, s->n_carry);
	end = s->scan.end;
	s->is_fresh = end && s->scan.scan.is_odd;
	if (!end && s->scan.scan.is_odd) {
		s->flaw = CUT_CLOSED;
		s->flaw_at = n_scanned;
		return cut_mend(st, s, in);
	}
	if (!end)
		return LEAT_OK;
	rc = cut_emit_copy(st, s, end, NULL, 0);
	s->n_carry -= end;
	memmove(s->carry, s->carry + end, s->n_carry);
	s->scan.n_lines -= s->scan.n_end_lines;
	return rc ? rc : LEAT_MORE;
}

/* Can the frame itself go, with the carry in front and the tail taken out? */
static bool
cut_can_pass(const struct cut *s, const struct leat_frame *in)
{
	const uint8_t *start = leat_frame_start(in);
	uint64_t before = (uint64_t)(in->data - start) + s->at;
	uint64_t end = before + s->scan.end;

	return before >= (uint64_t)CUT_HEAD_BYTES + s->n_carry &&
		in->len_bytes - s->at - s->scan.end <= s->max_carry &&
		end + CUT_SLACK_BYTES <= leat_frame_capacity_bytes(in) &&
		!s->scan.scan.is_odd;
}

static int
cut_pass(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	uint8_t *text = in->data + s->at;
	uint32_t end = s->scan.end;
	uint32_t n_tail = in->len_bytes - s->at - end;
	uint64_t n_lines = s->scan.n_end_lines;
	int rc;

	in->data = text - s->n_carry;
	in->len_bytes = s->n_carry + end;
	if (s->n_carry)
		memcpy(in->data, s->carry, s->n_carry);
	s->n_carry = 0;
	rc = cut_add(st, s, text + end, n_tail);
	if (rc)
		return rc;
	s->scan.n_lines -= n_lines;
	s->scan.n_end_lines = 0;
	s->is_begun = 0;
	return cut_emit(st, s, in, n_lines);
}

/* Records end in the frame in hand, but it cannot go itself. */
static int
cut_process_copy(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	int rc =
		cut_emit_copy(st, s, s->n_carry, in->data + s->at, s->scan.end);

	s->at += s->scan.end;
	s->n_carry = 0;
	s->scan = (struct leat_cut){0};
	return rc ? rc : LEAT_MORE;
}

/* No record ends in the frame in hand. */
static int
cut_process_part(struct leat_stage *st, struct cut *s, struct leat_frame *in,
	uint32_t n_scanned)
{
	uint64_t n_all = (uint64_t)s->n_carry + n_scanned;
	int rc;

	if (n_all > s->max_carry)
		s->flaw = CUT_LONG;
	else if (s->scan.scan.is_odd)
		s->flaw = CUT_CLOSED;
	if (s->flaw) {
		s->flaw_at = (uint32_t)n_all;
		return cut_mend(st, s, in);
	}
	rc = cut_add(st, s, in->data + s->at, n_scanned);
	if (rc)
		return rc;
	leat_stage_release(st, in);
	s->is_begun = 0;
	return LEAT_OK;
}

void
cut_begin(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	if (s->is_begun)
		return;
	s->is_begun = 1;
	s->at = 0;
	s->is_stopped |= in->flags & LEAT_FRAME_CUT;
	/* records of whoever made these bytes end here */
	leat_stage_count(st, LEAT_COUNT_FOLDED, in->n_items);
}

int
cut_process(struct leat_stage *st, struct cut *s, struct leat_frame *in)
{
	uint32_t n_scanned;

	cut_begin(st, s, in);
	if (s->flaw)
		return cut_mend(st, s, in);
	if (s->is_fresh) {
		int rc = cut_process_fresh(st, s, in);

		if (rc || s->flaw)
			return rc;
	}
	n_scanned = leat_text_cut(
		&s->scan, &s->dialect, in->data + s->at, in->len_bytes - s->at);
	if (!s->scan.end)
		return cut_process_part(st, s, in, n_scanned);
	if (cut_can_pass(s, in))
		return cut_pass(st, s, in);
	return cut_process_copy(st, s, in);
}

/* ---- the end ------------------------------------------------------------ */

/* The last record has no newline: in a CSV it gets one. */
static int
cut_finish_tail(struct leat_stage *st, struct cut *s)
{
	static const uint8_t newline[1] = {'\n'};
	int rc;

	if (s->scan.scan.in_quotes) {
		s->flaw = CUT_OPEN_AT_END;
		return cut_mend(st, s, NULL);
	}
	rc = cut_emit_copy(st, s, s->n_carry, newline, s->dialect.quote != 0);
	s->n_carry = 0;
	return rc ? rc : LEAT_MORE;
}

int
cut_end_file(struct leat_stage *st, struct cut *s)
{
	if (s->is_stopped && s->flaw)
		s->n_carry = s->flaw = 0;
	if (s->flaw && s->n_carry)
		return cut_mend(st, s, NULL);
	if (s->is_fresh) {
		int rc = cut_process_fresh(st, s, NULL);

		if (rc || s->flaw)
			return rc;
	}
	if (s->is_stopped)
		s->n_carry = 0;
	return s->n_carry ? cut_finish_tail(st, s) : LEAT_OK;
}

bool
cut_is_new_file(const struct cut *s, const struct leat_frame *in)
{
	return !s->is_begun && (in->flags & LEAT_FRAME_FIRST);
}

void
cut_begin_file(struct cut *s, const struct leat_frame *in)
{
	s->file = leat_frame_file(in);
	s->scan = (struct leat_cut){0};
	s->line = 1;
	s->offset = 0;
	s->flaw = s->flaw_at = 0;
	s->is_told = s->is_between = s->is_fresh = 0;
}

int
cut_finish(struct leat_stage *st, struct cut *s)
{
	int rc = cut_end_file(st, s);

	if (rc)
		return rc;
	/* a header alone is a table as well */
	if (!s->has_emitted && s->schema)
		return cut_emit_copy(st, s, 0, NULL, 0);
	return LEAT_OK;
}
