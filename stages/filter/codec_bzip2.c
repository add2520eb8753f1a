/*
 * stages/filter/codec_bzip2.c -- bzip2 streams, by libbz2.
 *
 * Blocks of up to 900 000 bytes: nothing comes out before a block is complete.
 */
#include <string.h>

#include "codec.h"

#ifdef LEAT_WITH_BZIP2
#include <bzlib.h>

#define BZIP2_DECODER_BYTES (4u << 20) /* 3.7 million, as its manual says */
#define BZIP2_ENCODER_BYTES (8u << 20) /* 7.6 million */
#define BZIP2_MOST          (1u << 30) /* bytes in one call */

struct bzip2 {
	bz_stream stream;
	struct leat_stage *st;
	bool is_open;   /* stream is to be ended */
	uint32_t level; /* of an encoder */
};

static void *
bzip2_alloc(void *st, int n, int size)
{
	return codec_alloc(st, (size_t)n * (size_t)size);
}

static unsigned int
bzip2_least(size_t n)
{
	return n < BZIP2_MOST ? (unsigned int)n : BZIP2_MOST;
}

static int
bzip2_new(struct leat_stage *st, struct bzip2 **out)
{
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(struct bzip2), &memory);

	if (rc < 0)
		return rc;
	memset(memory, 0, sizeof(struct bzip2));
	*out = memory;
	(*out)->st = st;
	(*out)->stream.bzalloc = bzip2_alloc;
	(*out)->stream.bzfree = codec_free;
	(*out)->stream.opaque = st;
	return LEAT_OK;
}

static uint64_t
bzip2_decoder_bytes(uint64_t window_bytes)
{
	(void)window_bytes;
	return BZIP2_DECODER_BYTES + sizeof(struct bzip2) + 4096;
}

static int
bzip2_decoder_open(
	struct leat_stage *st, uint64_t window_bytes, void **decoder_out)
{
	struct bzip2 *b = NULL;
	int rc = bzip2_new(st, &b);

	(void)window_bytes;
	*decoder_out = b;
	return rc;
}

static enum codec_verdict
bzip2_verdict(struct bzip2 *b, struct codec_io *io, int rc)
{
	switch (rc) {
	case BZ_OK:
		return CODEC_GO;
	case BZ_STREAM_END:
		BZ2_bzDecompressEnd(&b->stream);
		b->is_open = false;
		return CODEC_END;
	case BZ_DATA_ERROR_MAGIC:
		return CODEC_ALIEN;
	case BZ_MEM_ERROR:
		io->why = "no memory for a block";
		return CODEC_BAD;
	default:
		io->why = "a checksum is wrong, the data are damaged";
		return CODEC_BAD;
	}
}

static enum codec_verdict
bzip2_decode(void *decoder, struct codec_io *io)
{
	struct bzip2 *b = decoder;
	unsigned int n_in = bzip2_least(io->n_in);
	unsigned int n_out = bzip2_least(io->n_out);
	int rc;

	if (!b->is_open && BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
		return bzip2_verdict(b, io, BZ_MEM_ERROR);
	b->is_open = true;
	b->stream.next_in = (char *)(uintptr_t)io->in;
	b->stream.avail_in = n_in;
	b->stream.next_out = (char *)io->out;
	b->stream.avail_out = n_out;
	rc = BZ2_bzDecompress(&b->stream);
	io->in += n_in - b->stream.avail_in;
	io->n_in -= n_in - b->stream.avail_in;
	io->out += n_out - b->stream.avail_out;
	io->n_out -= n_out - b->stream.avail_out;
	return bzip2_verdict(b, io, rc);
}

static void
bzip2_decoder_close(void *decoder)
{
	struct bzip2 *b = decoder;

	if (!b)
		return;
	if (b->is_open)
		BZ2_bzDecompressEnd(&b->stream);
	leat_stage_free(b->st, b);
}

static uint64_t
bzip2_encoder_bytes(uint32_t level)
{
	(void)level;
	return BZIP2_ENCODER_BYTES + sizeof(struct bzip2) + 4096;
}

/* For the next member. */
static int
bzip2_encoder_begin(struct bzip2 *b)
{
	if (!b->is_open &&
		BZ2_bzCompressInit(&b->stream, (int)b->level, 0, 0) != BZ_OK)
		return LEAT_ENOMEM;
	b->is_open = true;
	return LEAT_OK;
}

static int
bzip2_encoder_open(struct leat_stage *st, uint32_t level, void **encoder_out)
{
	struct bzip2 *b = NULL;
	int rc = bzip2_new(st, &b);

	*encoder_out = b;
	if (rc < 0)
		return rc;
	b->level = level;
	return bzip2_encoder_begin(b);
}

static void
bzip2_encoder_end(struct bzip2 *b)
{
	if (b->is_open)
		BZ2_bzCompressEnd(&b->stream);
	b->is_open = false;
}

static enum codec_verdict
bzip2_encode(void *encoder, struct codec_io *io, enum codec_action action)
{
	static const int actions[] = {BZ_RUN, BZ_FLUSH, BZ_FINISH};
	struct bzip2 *b = encoder;
	unsigned int n_in = bzip2_least(io->n_in);
	unsigned int n_out = bzip2_least(io->n_out);
	int rc;

	if (action == CODEC_RUN && !n_in)
		return CODEC_GO;
	io->why = "there is no memory";
	if (bzip2_encoder_begin(b) < 0)
		return CODEC_BAD;
	b->stream.next_in = (char *)(uintptr_t)io->in;
	b->stream.avail_in = n_in;
	b->stream.next_out = (char *)io->out;
	b->stream.avail_out = n_out;
	rc = BZ2_bzCompress(&b->stream, actions[action]);
	io->in += n_in - b->stream.avail_in;
	io->n_in -= n_in - b->stream.avail_in;
	io->out += n_out - b->stream.avail_out;
	io->n_out -= n_out - b->stream.avail_out;
	if (rc < 0)
		io->why = "libbz2 cannot go on";
	if (rc == BZ_STREAM_END)
		bzip2_encoder_end(b);
	return rc < 0                                      ? CODEC_BAD
		: rc == BZ_STREAM_END                      ? CODEC_END
		: action == CODEC_FLUSH && rc == BZ_RUN_OK ? CODEC_END
							   : CODEC_GO;
}

static void
bzip2_encoder_close(void *encoder)
{
	struct bzip2 *b = encoder;

	if (!b)
		return;
	bzip2_encoder_end(b);
	leat_stage_free(b->st, b);
}
#endif

/* Text may begin with BZh as well; behind it stand a digit and the mark of a
 * block, or of the end. */
static int
bzip2_is_one(const uint8_t *data, uint32_t n)
{
	static const uint8_t marks[2][6] = {
		{0x31, 0x41, 0x59, 0x26, 0x53, 0x59},
		{0x17, 0x72, 0x45, 0x38, 0x50, 0x90}};
	uint32_t n_mark = n > 4 ? n - 4 : 0;

	if (n < 4)
		return -1;
	if (n_mark > sizeof(marks[0]))
		n_mark = sizeof(marks[0]);
	if (data[3] < '1' || data[3] > '9' ||
		(memcmp(data + 4, marks[0], n_mark) &&
			memcmp(data + 4, marks[1], n_mark)))
		return 0;
	return n < CODEC_MAGIC_BYTES ? -1 : 1;
}

bool
leat_bzip2_shown(const struct leat_shape *shape)
{
	return bzip2_is_one(shape->sample, shape->sample_bytes) > 0;
}

const struct codec codec_bzip2 = {
	.name = "bzip2",
	.library = "libbz2-dev",
	.magic = {'B', 'Z', 'h'},
	.n_magic = 3,
	.is_one = bzip2_is_one,
	.max_level = 9,
	.usual_level = 9,
#ifdef LEAT_WITH_BZIP2
	.decoder_bytes = bzip2_decoder_bytes,
	.decoder_open = bzip2_decoder_open,
	.decode = bzip2_decode,
	.decoder_close = bzip2_decoder_close,
	.encoder_bytes = bzip2_encoder_bytes,
	.encoder_open = bzip2_encoder_open,
	.encode = bzip2_encode,
	.encoder_close = bzip2_encoder_close,
#endif
};
