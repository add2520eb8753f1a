/*
 * json.format -- a table, or rows, to one JSON object a line.
 *
 * A row is written straight into the frame where there is room for the most
 * that it can take, else piece by piece; keys are escaped once per schema. What
 * is made of a frame is emitted with it, in frames of its own.
 */
#include <string.h>

#include "json_put.h"

#define JSON_FRAME_BYTES 262144

struct json {
	const struct leat_json_format_opts *opts;
	struct leat_writer writer;
	struct json_put put;
	uint32_t row; /* of the input frame, next */
};

/* ---- the stage ---------------------------------------------------------- */

static int
json_table(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	struct leat_writer *w = &s->writer;
	struct leat_table t;
	int rc;

	leat_table_open(in, &t);
	rc = leat__json_put_bind(st, &s->put, t.schema);
	if (!rc)
		rc = leat__json_put_open(st, &s->put, &t);
	while (!rc && s->row < t.n_rows) {
		uint32_t row = leat_table_row(&t, s->row);

		rc = leat_writer_begin_record(st, w);
		if (rc)
			break;
		if (!leat__json_put_clean(&s->put, row) &&
			!leat__json_put_fast(&s->put, row))
			leat__json_put_row(&s->put, row);
		if (!leat_writer_end_record(w))
			return LEAT_MORE;
		s->row++;
	}
	return rc;
}

static int
json_lines(struct leat_stage *st, struct json *s, struct leat_frame *in)
{
	struct leat_rows rows = leat_frame_rows(in);
	struct leat_writer *w = &s->writer;
	int rc = LEAT_OK;

	while (s->row < rows.n) {
		struct leat_row row = rows.rows[s->row];
		struct leat_text x = {rows.text + row.offset, row.len};

		rc = leat_writer_begin_record(st, w);
		if (rc)
			break;
		leat_writer_put(w, "{\"line\":", 8);
		leat__json_put_string(w, x, 0);
		leat_writer_put(w, "}\n", 2);
		if (!leat_writer_end_record(w))
			return LEAT_MORE;
		s->row++;
	}
	return rc;
}

/* One frame is emitted a call; what is written ends with it. */
static int
json_process(struct leat_stage *st, struct leat_frame *in)
{
	struct json *s = leat_stage_state(st);
	int rc, flushed;

	leat_writer_enter(&s->writer, in);
	rc = in->layout == LEAT_LAYOUT_TABLE ? json_table(st, s, in)
					     : json_lines(st, s, in);
	if (rc < 0)
		return rc;
	flushed = leat_writer_flush(st, &s->writer);
	if (flushed || rc)
		return flushed ? flushed : rc;
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static void
json_fini(struct leat_stage *st)
{
	struct json *s = leat_stage_state(st);

	leat_frame_release(s->writer.frame);
	s->writer.frame = NULL;
}

static int
json_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)st;
	*out = (struct leat_shape){
		.layout = LEAT_LAYOUT_BYTES,
		.frame_bytes = JSON_FRAME_BYTES,
		.origin = in->origin,
	};
	return LEAT_OK;
}

static int
json_init(struct leat_stage *st, const void *opts)
{
	struct json *s = leat_stage_state(st);

	s->opts = opts;
	s->put.writer = &s->writer;
	s->put.all_strings = s->opts->strings;
	return LEAT_OK;
}

static const struct leat_option json_options[] = {
	{.name = "strings",
		.type = LEAT_OPTION_BOOL,
		.offset = offsetof(struct leat_json_format_opts, strings),
		.fallback = "off",
		.help = "all that is not null as strings; an empty field is "
			"one"},
	{.name = NULL},
};

const struct leat_stage_ops leat_json_format_ops = {
	LEAT_STAGE_OPS_INIT("json.format"),
	.flags = LEAT_STAGE_STATELESS,
	.summary = "a table to one JSON object a line",
	.help = "Columns of numbers and of bool are written as such: as they "
		"stand in\n"
		"the source where that is JSON, else converted (+1 becomes 1, "
		".5\n"
		"0.5); what does not convert is a string. All other types are\n"
		"strings, but columns of JSON text, which stay what they are. "
		"A\n"
		"null, also an empty field of a CSV, is null; so are NaN and\n"
		"infinity, which JSON does not have. Bytes that are not UTF-8\n"
		"become U+FFFD. Rows of text become {\"line\":\"...\"}.\n"
		"\n"
		"    leat run 'read a.csv ! json.format ! write a.ndjson'\n",
	.state_bytes = sizeof(struct json),
	.opts_bytes = sizeof(struct leat_json_format_opts),
	.options = json_options,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = JSON_FRAME_BYTES,
		.side_bytes = JSON_PUT_SIDE_BYTES},
	.init = json_init,
	.negotiate = json_negotiate,
	.process = json_process,
	.fini = json_fini,
};
