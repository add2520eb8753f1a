/*
 * stages/filter/length_format.c -- rows to bytes, each with its length before
 * it.
 *
 * A record stands whole in a frame unless it is longer than one. One that is
 * too long for its length to be said is rejected.
 */
#include <stdio.h>

#include <leat/table.h>

#include "length.h"

#define LENGTH_FRAME_BYTES 131072

struct length_format {
	const struct leat_length_format_opts *opts;
	struct leat_writer writer;
	uint64_t n_rows; /* that have come */
	uint32_t row;    /* of the frame in hand: the next one */
};

static int
length_init(struct leat_stage *st, const void *opts)
{
	struct length_format *s = leat_stage_state(st);

	s->opts = opts;
	return LEAT_OK;
}

static int
length_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	(void)in;
	out->frame_bytes = leat_stage_needs(st)->frame_bytes;
	out->base_bytes = 0;
	return LEAT_OK;
}

static int
length_reject(struct leat_stage *st, const struct length_format *s,
	const uint8_t *data, uint32_t len)
{
	char reason[100];
	struct leat_reject reject = {
		.reason = reason, .data = data, .n_bytes = len};

	snprintf(reason, sizeof(reason),
		"record %llu has %u bytes; with this prefix at most %u are "
		"possible",
		(unsigned long long)s->n_rows + 1, len,
		length_most(s->opts->prefix));
	return leat_stage_reject(st, LEAT_EDATA, &reject);
}

static void
length_put(struct length_format *s, const uint8_t *data, uint32_t len)
{
	uint8_t prefix[LENGTH_VARINT_MAX];
	uint32_t n = length_write(s->opts->prefix, len, prefix);

	leat_writer_put(&s->writer, prefix, n);
	leat_writer_put(&s->writer, data, len);
}

static int
length_process(struct leat_stage *st, struct leat_frame *in)
{
	struct length_format *s = leat_stage_state(st);
	struct leat_rows rows = leat_frame_rows(in);

	leat_writer_enter(&s->writer, in);
	while (s->row < rows.n) {
		struct leat_row row = rows.rows[s->row];
		const uint8_t *data = rows.text + row.offset;
		uint32_t n_done = 1;
		int rc;

		if (row.len > length_most(s->opts->prefix)) {
			rc = length_reject(st, s, data, row.len);
		} else {
			rc = leat_writer_begin_record(st, &s->writer);
			if (rc)
				return rc;
			length_put(s, data, row.len);
			n_done = leat_writer_end_record(&s->writer);
		}
		if (rc < 0)
			return rc;
		s->row += n_done;
		s->n_rows += n_done;
	}
	s->row = 0;
	leat_stage_release(st, in);
	return LEAT_OK;
}

static int
length_flush(struct leat_stage *st)
{
	struct length_format *s = leat_stage_state(st);

	leat_writer_enter(&s->writer, NULL);
	return leat_writer_flush(st, &s->writer);
}

static void
length_fini(struct leat_stage *st)
{
	struct length_format *s = leat_stage_state(st);

	leat_stage_release(st, s->writer.frame);
	s->writer.frame = NULL;
}

static const struct leat_option length_options[] = {
	{.name = "prefix",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_length_format_opts, prefix),
		.fallback = "u32be",
		.values = LENGTH_PREFIXES,
		.help = "how the length of a record is written before it"},
	{.name = NULL},
};

const struct leat_stage_ops leat_length_format_ops = {
	LEAT_STAGE_OPS_INIT("length.format"),
	.flags = LEAT_STAGE_REJECTS,
	.summary = "rows to bytes, each with its length before it",
	.help = "The other way round than length.parse. A record that is too "
		"long for its\nlength to be said is rejected.\n"
		"\n"
		"    leat run 'read a.txt ! length.format varint ! write "
		"a.bin'\n",
	.state_bytes = sizeof(struct length_format),
	.opts_bytes = sizeof(struct leat_length_format_opts),
	.options = length_options,
	.in_layouts = LEAT_LAYOUT_ROWS,
	.out_layout = LEAT_LAYOUT_BYTES,
	.needs = {.frame_bytes = LENGTH_FRAME_BYTES, .holds = 1},
	.init = length_init,
	.negotiate = length_negotiate,
	.process = length_process,
	.flush = length_flush,
	.fini = length_fini,
};
