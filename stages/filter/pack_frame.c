/*
 * stages/filter/pack_frame.c -- tables of rows that were bytes.
 *
 * Rows of fields are put into the frame as they come. Rows of vectors are kept
 * until their number is known; text of theirs stands in the frame row by row,
 * as the one field of a text, so that what stands before a value can say that
 * it is a string of JSON.
 * Keeps: what leat__pack_add() took is in the next table that is emitted, in
 * order. Threads: the one that steps the stage's task.
 */
#include "pack_bytes.h"

#define PACK_TEXT_ENOUGH  (1u << 17) /* of a frame, then it goes */
#define PACK_ENDS_ENOUGH  16384u     /* fields of it */
#define PACK_VECTOR_BYTES (1u << 18) /* of fixed size, in a frame */
#define PACK_SLACK_BYTES  64u        /* readable behind a text */

/* ---- frames of fields ----------------------------------------------------- */

static int
pack_open(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_frame *frame;
	uint32_t n_max;
	int rc = leat_stage_acquire(st, &frame);

	if (rc)
		return rc;
	pack->frame = frame;
	pack->at = pack->n_rows = 0;
	if (pack->kinds) {
		pack->max_rows = PACK_ROWS_ENOUGH;
		pack->max_bytes = PACK_TEXT_BYTES;
		return LEAT_OK;
	}
	pack->ends = leat_table_fields_room(frame, &n_max);
	if (n_max > PACK_ENDS_ENOUGH)
		n_max = PACK_ENDS_ENOUGH;
	pack->max_rows = n_max / pack->to->n_fields;
	pack->text = (uint8_t *)(pack->ends + 2 * (size_t)n_max);
	pack->text_offset = (uint32_t)(pack->text - leat_frame_start(frame));
	pack->max_bytes = leat_frame_capacity_bytes(frame) - pack->text_offset -
		PACK_SLACK_BYTES;
	return LEAT_OK;
}

static void
pack_add_fields(struct leat__pack *pack, const uint8_t *row)
{
	uint32_t n = pack->to->n_columns;
	uint32_t *ends = pack->ends + (size_t)pack->n_rows * (n + 1);
	uint32_t at = pack->at;
	uint32_t n_text;
	const uint8_t *lens;

	memcpy(&n_text, row, sizeof(n_text));
	row += sizeof(n_text);
	lens = row + n_text;
	memcpy(pack->text + at, row, n_text);
	for (uint32_t k = 0; k < n; k++) {
		at += pack_get_len(&lens);
		ends[k] = at++;
	}
	pack->text[at - 1] = (uint8_t)pack->to->separator;
	ends[n] = at;
	pack->text[at++] = '\n';
	pack->at = at;
	pack->n_rows++;
}

static int
pack_emit_fields(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_fields fields = {.schema = pack->to,
		.text_offset = pack->text_offset,
		.n_rows = pack->n_rows,
		.has_quotes = pack->has_quotes,
		.source_offset = pack->n_bytes_before,
		.line = pack->n_rows_before + 1};

	leat_table_begin_fields(pack->frame, &fields);
	pack->frame->stamp = pack->stamp;
	pack->frame->birth_ns = pack->birth_ns;
	return leat_stage_emit(st, 0, pack->frame);
}

/* ---- frames of vectors ---------------------------------------------------- */

/* Bytes of one value of a row. */
static uint32_t
pack_skip(const struct leat__pack_kind *kind, const uint8_t *at)
{
	struct pack_place place;

	if (*at == PACK_NULL)
		return 1;
	if (!pack_is_pieces(kind->type))
		return 1 + pack_value_bytes(kind->type);
	memcpy(&place, at + 1, sizeof(place));
	return 1 + (uint32_t)sizeof(place) + place.len;
}

/* Copy a value into the text, behind a quote if it is a string of JSON, and
 * note where it is. */
static uint32_t
pack_place_text(uint8_t *text, uint32_t at, uint8_t *value)
{
	struct pack_place place;

	memcpy(&place, value + 1, sizeof(place));
	text[at++] = *value == PACK_STRING ? '"' : ' ';
	memcpy(text + at, value + 1 + sizeof(place), place.len);
	place.at = at;
	memcpy(value + 1, &place, sizeof(place));
	return at + place.len;
}

/* The text of the frame: that of its rows, one a line. Its ends are those of a
 * field that is no column's. */
static uint32_t
pack_place_rows(struct leat__pack *pack, uint32_t *ends, uint8_t *text)
{
	uint32_t at = 0;

	for (uint32_t row = 0; row < pack->n_rows; row++) {
		uint8_t *value = pack->rows + pack->cursors[row];

		for (uint32_t k = 0; k < pack->to->n_columns; k++) {
			const struct leat__pack_kind *kind = &pack->kinds[k];

			if (pack_is_pieces(kind->type) &&
				(*value == PACK_VALUE || *value == PACK_STRING))
				at = pack_place_text(text, at, value);
			value += pack_skip(kind, value);
		}
		ends[row] = at;
		text[at++] = '\n';
	}
	return at;
}

/* Put a value where row `row` of a vector is. */
static int
pack_fill(struct leat_table *t, const struct leat__pack_kind *kind,
	const struct leat_vector_room *room, uint32_t row, const uint8_t *at)
{
	struct leat_piece *pieces = room->values;
	uint32_t n = pack_value_bytes(kind->type);
	struct pack_place place;
	uint8_t tag = *at++;

	if (tag == PACK_NULL) {
		room->valid[row / 8] &= (uint8_t) ~(1u << (row % 8));
	} else if (pack_is_pieces(kind->type)) {
		memcpy(&place, at, sizeof(place));
		if (tag == PACK_OWN)
			return leat_table_add_text(
				t, at + sizeof(place), place.len, &pieces[row]);
		pieces[row] = (struct leat_piece){place.at, place.len};
	} else if (kind->type == LEAT_TYPE_BOOL) {
		((uint8_t *)room->values)[row / 8] |=
			(uint8_t)(*at << (row % 8));
	} else {
		memcpy((uint8_t *)room->values + (size_t)row * n, at, n);
	}
	return LEAT_OK;
}

/* The next column of all rows. */
static int
pack_fill_column(struct leat__pack *pack, struct leat_table *t,
	const struct leat__pack_kind *kind)
{
	struct leat_vector_room room;
	int rc = leat_table_add_vector(t,
		kind->type ? kind->type : LEAT_TYPE_TEXT,
		kind->type == LEAT_TYPE_DECIMAL ? kind->scale : 0, &room);

	for (uint32_t row = 0; !rc && row < pack->n_rows; row++) {
		const uint8_t *at = pack->rows + pack->cursors[row];

		rc = pack_fill(t, kind, &room, row, at);
		pack->cursors[row] += pack_skip(kind, at);
	}
	return rc;
}

static int
pack_emit_vectors(struct leat_stage *st, struct leat__pack *pack)
{
	struct leat_frame *frame = pack->frame;
	struct leat_fields fields = {.schema = pack->to,
		.n_rows = pack->n_rows,
		.source_offset = pack->n_bytes_before,
		.line = pack->n_rows_before + 1};
	uint32_t n_max;
	uint32_t *ends = leat_table_fields_room(frame, &n_max);
	uint8_t *text = (uint8_t *)(ends + 2 * (size_t)pack->n_rows);
	struct leat_table t;
	int rc = LEAT_OK;

	fields.text_offset = (uint32_t)(text - leat_frame_start(frame));
	pack_place_rows(pack, ends, text);
	leat_table_begin_fields(frame, &fields);
	leat_table_open(frame, &t);
	for (uint32_t k = 0; !rc && k < pack->to->n_columns; k++)
		rc = pack_fill_column(pack, &t, &pack->kinds[k]);
	if (rc)
		return leat_stage_fail(st, rc,
			"%s: rows do not fit into a frame of %u bytes",
			leat_stage_name(st), leat_frame_capacity_bytes(frame));
	frame->stamp = pack->stamp;
	frame->birth_ns = pack->birth_ns;
	return leat_stage_emit(st, 0, frame);
}

/* Bytes of vectors that have as many rows. */
static uint64_t
pack_fixed_bytes(const struct leat__pack *pack, uint32_t n_rows)
{
	return (uint64_t)pack->to->n_columns * (n_rows * 16ull + 256);
}

static bool
pack_has_place(const struct leat__pack *pack, uint32_t n_bytes)
{
	uint32_t n = pack->n_rows;

	if (n == pack->max_rows || (n && pack->at >= PACK_TEXT_ENOUGH))
		return false;
	if (!pack->kinds)
		return n_bytes + 2 <= pack->max_bytes - pack->at;
	return n_bytes <= pack->max_bytes - pack->at &&
		(!n || pack_fixed_bytes(pack, n + 1) <= PACK_VECTOR_BYTES);
}

/* ---- frames --------------------------------------------------------------- */

int
leat__pack_add(struct leat_stage *st, struct leat__pack *pack,
	const uint8_t *row, uint32_t n_bytes)
{
	int rc = pack->frame ? LEAT_OK : pack_open(st, pack);

	if (rc)
		return rc;
	if (!pack_has_place(pack, n_bytes)) {
		if (pack->n_rows)
			return 0;
		return leat_stage_fail(st, LEAT_ELIMIT,
			"%s: a record of %u bytes, where a frame holds %u",
			leat_stage_name(st), n_bytes, pack->max_bytes);
	}
	if (!pack->kinds) {
		pack_add_fields(pack, row);
		return 1;
	}
	memcpy(pack->rows + pack->at, row, n_bytes);
	pack->cursors[pack->n_rows++] = pack->at;
	pack->at += n_bytes;
	return 1;
}

int
leat__pack_emit(struct leat_stage *st, struct leat__pack *pack)
{
	int rc = LEAT_OK;

	if (!pack->frame && (pack->has_emitted || !pack->to))
		return LEAT_OK;
	if (!pack->frame)
		rc = pack_open(st, pack);
	if (!rc)
		rc = pack->kinds ? pack_emit_vectors(st, pack)
				 : pack_emit_fields(st, pack);
	if (rc)
		return rc;
	pack->frame = NULL;
	pack->n_rows_before += pack->n_rows;
	pack->n_bytes_before += pack->at;
	pack->has_emitted = 1;
	return LEAT_OK;
}

void
leat__pack_fini(struct leat_stage *st, struct leat__pack *pack)
{
	leat_stage_release(st, pack->frame);
	pack->frame = NULL;
}
