/*
 * stages/sink/split_file.c -- the bytes of files of which few are open at once.
 *
 * Keeps: the one that was not written to for longest is let go of, and opened
 * again when it is needed. Each has a buffer while it is open; where files are
 * compressed, a buffer becomes a member of its own, so that one encoder is
 * enough for all files. One thread at a time.
 */
#include <string.h>

#include "split.h"

#define SPLIT_BUFFER_BYTES 65536
#define SPLIT_MEMBER_BYTES 262144 /* of text, before it is compressed */

uint64_t
split_file_side_bytes(const struct split *s)
{
	const struct codec *codec = s->text.codec;
	uint64_t n_bytes = codec ? SPLIT_MEMBER_BYTES : SPLIT_BUFFER_BYTES;

	n_bytes = (n_bytes + 64) * (s->max_open + 1u);
	if (s->text.format == SPLIT_JSON)
		n_bytes += JSON_PUT_SIDE_BYTES;
	if (codec)
		n_bytes +=
			CODEC_CHUNK + codec->encoder_bytes(codec->usual_level);
	return n_bytes;
}

int
split_file_start(struct leat_stage *st, struct split *s)
{
	const struct codec *codec = s->text.codec;
	void *memory;
	int rc;

	s->buffer_bytes = codec ? SPLIT_MEMBER_BYTES : SPLIT_BUFFER_BYTES;
	if (!codec)
		return LEAT_OK;
	rc = leat_stage_alloc(st, CODEC_CHUNK, &memory);
	if (rc == LEAT_OK) {
		s->coded = memory;
		rc = codec->encoder_open(st, codec->usual_level, &s->encoder);
	}
	return rc < 0 ? leat_stage_fail(st, rc,
				"no memory for an encoder of %s", codec->name)
		      : LEAT_OK;
}

/* ---- bytes ------------------------------------------------------------------ */

/* What the buffer has, as a member. */
static int
file_encode(struct leat_stage *st, struct split *s, struct split_file *f)
{
	struct codec_io io = {.in = f->buf, .n_in = f->n_buf};
	enum codec_verdict verdict;
	size_t n;
	int rc = LEAT_OK;

	do {
		io.out = s->coded;
		io.n_out = CODEC_CHUNK;
		verdict = s->text.codec->encode(s->encoder, &io, CODEC_FINISH);
		if (verdict == CODEC_BAD)
			return leat_stage_fail(st, LEAT_EIO, "%s: %s",
				s->text.codec->name, io.why);
		n = CODEC_CHUNK - io.n_out;
		if (n)
			rc = leat_file_write(f->file, s->coded, n);
	} while (rc == LEAT_OK && verdict != CODEC_END);
	f->has_members = 1;
	return rc;
}

static int
file_write_out(struct leat_stage *st, struct split *s, struct split_file *f)
{
	int rc = LEAT_OK;

	if (f->n_buf)
		rc = s->text.codec ? file_encode(st, s, f)
				   : leat_file_write(f->file, f->buf, f->n_buf);
	f->n_buf = 0;
	return rc;
}

/* Format a record behind what the file has; one that is longer than the buffer
 * is written piece by piece. */
int
split_file_put(struct leat_stage *st, struct split *s, struct split_file *f,
	const struct split_source *at)
{
	struct leat_writer *w = &s->text.writer;
	uint64_t skip = 0;
	int rc;

	while (1) {
		*w = (struct leat_writer){.at = f->buf + f->n_buf,
			.end = f->buf + s->buffer_bytes,
			.skip = skip,
			.skip_left = skip};
		if (at)
			split_text_row(&s->text, at);
		else
			csv_put_header(&s->text.csv, s->schema);
		if (!w->is_full)
			break;
		if (f->n_buf == 0) {
			skip += s->buffer_bytes;
			f->n_buf = s->buffer_bytes;
			f->n_bytes += s->buffer_bytes;
		}
		rc = file_write_out(st, s, f);
		if (rc < 0)
			return rc;
	}
	f->n_bytes += (uint64_t)(w->at - f->buf) - f->n_buf;
	f->n_buf = (uint32_t)(w->at - f->buf);
	return LEAT_OK;
}

/* ---- open, and not ---------------------------------------------------------- */

int
split_file_close(struct leat_stage *st, struct split *s, struct split_file *f)
{
	int rc = file_write_out(st, s, f);

	leat_file_suspend(f->file);
	leat_stage_free(st, s->spare);
	s->spare = f->buf;
	f->buf = NULL;
	s->n_open--;
	return rc;
}

/* The one that was not written to for longest. */
static struct split_file *
file_oldest(const struct split *s)
{
	struct split_file *oldest = NULL;

	for (struct split_file *f = s->files; f; f = f->older)
		if (f->buf && (!oldest || f->used < oldest->used))
			oldest = f;
	return oldest;
}

/* That of the one that was let go of last, or a new one. */
static int
file_take_buffer(struct leat_stage *st, struct split *s, struct split_file *f)
{
	void *memory = s->spare;
	int rc = LEAT_OK;

	s->spare = NULL;
	if (!memory)
		rc = leat_stage_alloc(st, s->buffer_bytes, &memory);
	if (rc < 0)
		return leat_stage_fail(st, rc, "no memory for a buffer");
	f->buf = memory;
	f->n_buf = 0;
	return LEAT_OK;
}

int
split_file_open(struct leat_stage *st, struct split *s, struct split_file *f)
{
	int rc = LEAT_OK;

	f->used = ++s->clock;
	if (f->buf)
		return LEAT_OK;
	if (s->n_open == s->max_open)
		rc = split_file_close(st, s, file_oldest(s));
	if (rc == LEAT_OK && !f->file)
		rc = leat_file_create(st, f->path,
			s->opts->sync ? LEAT_FILE_NO_SYNC : 0, &f->file);
	if (rc < 0)
		return rc;
	rc = file_take_buffer(st, s, f);
	s->n_open += rc == LEAT_OK;
	return rc;
}

int
split_file_complete(
	struct leat_stage *st, struct split *s, struct split_file *f)
{
	int rc = LEAT_OK;

	if (f->buf)
		rc = split_file_close(st, s, f);
	if (rc == LEAT_OK && s->text.codec && !f->has_members)
		rc = file_encode(st, s, f);
	return rc;
}
