/*
 * stages/filter/codec_gzip.c -- gzip members: read by ISA-L where it is there,
 * else by zlib; written by zlib.
 *
 * ISA-L decodes in 0.8 s what zlib needs 4 s for. Its state holds the window;
 * nothing else is allocated. Source: RFC 1952.
 */
#include <string.h>

#include "codec.h"

#define GZIP_MOST      (1u << 30) /* bytes in one call */
#define GZIP_WRONG_CRC "the checksum is wrong, the data are damaged"

#if defined(LEAT_WITH_ISAL) || defined(LEAT_WITH_ZLIB)
static uint32_t
gzip_least(size_t n)
{
	return n < GZIP_MOST ? (uint32_t)n : GZIP_MOST;
}
#endif

#ifdef LEAT_WITH_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

/* Parts of a member's head, in their order. */
enum gzip_part {
	GZIP_FIXED = 0,
	GZIP_EXTRA_SIZE,
	GZIP_EXTRA,
	GZIP_NAME,
	GZIP_COMMENT,
	GZIP_HEAD_CRC,
	GZIP_BODY
};

#define GZIP_FIXED_BYTES 10
#define GZIP_HAS_CRC     2u
#define GZIP_HAS_EXTRA   4u
#define GZIP_HAS_NAME    8u
#define GZIP_HAS_COMMENT 16u

struct gzip_decoder {
	struct leat_stage *st;
	enum gzip_part part; /* that comes next */
	uint32_t n_extra;    /* bytes of the extra field to come */
	uint32_t crc;        /* of the head so far, but for its checksum */
	uint32_t n;          /* bytes of the part that have come */
	uint8_t bytes[GZIP_FIXED_BYTES];
	uint8_t flags;
	struct inflate_state state;
};

static uint64_t
gzip_decoder_bytes(uint64_t window_bytes)
{
	(void)window_bytes;
	return sizeof(struct gzip_decoder) + 4096;
}

static void
gzip_begin(struct gzip_decoder *d)
{
	d->part = GZIP_FIXED;
	d->n = 0;
	d->crc = 0;
	d->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
}

static int
gzip_decoder_open(
	struct leat_stage *st, uint64_t window_bytes, void **decoder_out)
{
	struct gzip_decoder *d;
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(*d), &memory);

	(void)window_bytes;
	if (rc < 0)
		return rc;
	d = memory;
	d->st = st;
	isal_inflate_init(&d->state);
	gzip_begin(d);
	*decoder_out = d;
	return LEAT_OK;
}

static enum codec_verdict
gzip_verdict(struct gzip_decoder *d, struct codec_io *io, int rc)
{
	switch (rc) {
	case ISAL_DECOMP_OK:
	case ISAL_END_INPUT:
	case ISAL_OUT_OVERFLOW:
		if (d->state.block_state != ISAL_BLOCK_FINISH)
			return CODEC_GO;
		isal_inflate_reset(&d->state);
		gzip_begin(d);
		return CODEC_END;
	case ISAL_INCORRECT_CHECKSUM:
		io->why = GZIP_WRONG_CRC;
		return CODEC_BAD;
	default:
		io->why = "the data are damaged";
		return CODEC_BAD;
	}
}

/* ---- the head: ISA-L 2.30 loses its way where that comes in pieces ------ */

/* Which flag says that a part is there? */
static uint32_t
gzip_flag(enum gzip_part part)
{
	static const uint8_t flags[] = {
		[GZIP_EXTRA_SIZE] = GZIP_HAS_EXTRA,
		[GZIP_EXTRA] = GZIP_HAS_EXTRA,
		[GZIP_NAME] = GZIP_HAS_NAME,
		[GZIP_COMMENT] = GZIP_HAS_COMMENT,
		[GZIP_HEAD_CRC] = GZIP_HAS_CRC,
	};

	return flags[part];
}

static void
gzip_next(struct gzip_decoder *d)
{
	do {
		d->part++;
	} while (d->part < GZIP_BODY && !(d->flags & gzip_flag(d->part)));
	d->n = 0;
}

/* Keep n bytes of a part. true: they are complete. */
static bool
gzip_keep(struct gzip_decoder *d, uint8_t byte, uint32_t n)
{
	d->bytes[d->n++] = byte;
	return d->n == n;
}

static uint32_t
gzip_number(const struct gzip_decoder *d)
{
	return d->bytes[0] | (uint32_t)d->bytes[1] << 8;
}

static enum codec_verdict
gzip_fixed(struct gzip_decoder *d, struct codec_io *io, uint8_t byte)
{
	static const uint8_t magic[] = {0x1f, 0x8b, 8};

	if (d->n < 2 && byte != magic[d->n])
		return CODEC_ALIEN;
	io->why = "its method is not deflate";
	if (d->n == 2 && byte != magic[2])
		return CODEC_BAD;
	if (!gzip_keep(d, byte, GZIP_FIXED_BYTES))
		return CODEC_GO;
	d->flags = d->bytes[3];
	io->why = "its head has flags that are unknown";
	return d->flags < 2 * GZIP_HAS_COMMENT ? CODEC_END : CODEC_BAD;
}

static enum codec_verdict
gzip_extra_size(struct gzip_decoder *d, uint8_t byte)
{
	if (!gzip_keep(d, byte, 2))
		return CODEC_GO;
	d->n_extra = gzip_number(d);
	if (!d->n_extra)
		d->part = GZIP_EXTRA; /* nothing of that comes */
	return CODEC_END;
}

static enum codec_verdict
gzip_head_crc(struct gzip_decoder *d, struct codec_io *io, uint8_t byte)
{
	if (!gzip_keep(d, byte, 2))
		return CODEC_GO;
	io->why = GZIP_WRONG_CRC;
	return gzip_number(d) == (d->crc & 0xffff) ? CODEC_END : CODEC_BAD;
}

/* One byte of the head. END: of the part. */
static enum codec_verdict
gzip_head_byte(struct gzip_decoder *d, struct codec_io *io, uint8_t byte)
{
	switch (d->part) {
	case GZIP_FIXED:
		return gzip_fixed(d, io, byte);
	case GZIP_EXTRA_SIZE:
		return gzip_extra_size(d, byte);
	case GZIP_EXTRA:
		return --d->n_extra ? CODEC_GO : CODEC_END;
	case GZIP_HEAD_CRC:
		return gzip_head_crc(d, io, byte);
	default:
		return byte ? CODEC_GO : CODEC_END;
	}
}

static enum codec_verdict
gzip_head(struct gzip_decoder *d, struct codec_io *io)
{
	while (io->n_in && d->part != GZIP_BODY) {
		enum codec_verdict verdict = gzip_head_byte(d, io, *io->in);

		if (verdict == CODEC_ALIEN)
			return verdict;
		if (d->part != GZIP_HEAD_CRC)
			d->crc = crc32_gzip_refl(d->crc, io->in, 1);
		io->in++;
		io->n_in--;
		if (verdict == CODEC_BAD)
			return verdict;
		if (verdict == CODEC_END)
			gzip_next(d);
	}
	return CODEC_GO;
}

/* ---- the body ----------------------------------------------------------- */

static enum codec_verdict
gzip_decode(void *decoder, struct codec_io *io)
{
	struct gzip_decoder *d = decoder;
	enum codec_verdict verdict = gzip_head(d, io);
	uint32_t n_in = gzip_least(io->n_in), n_out = gzip_least(io->n_out);
	int rc;

	if (verdict != CODEC_GO || d->part != GZIP_BODY)
		return verdict;
	d->state.next_in = (uint8_t *)(uintptr_t)io->in;
	d->state.avail_in = n_in;
	d->state.next_out = io->out;
	d->state.avail_out = n_out;
	rc = isal_inflate(&d->state);
	io->in += n_in - d->state.avail_in;
	io->n_in -= n_in - d->state.avail_in;
	io->out += n_out - d->state.avail_out;
	io->n_out -= n_out - d->state.avail_out;
	return gzip_verdict(d, io, rc);
}

static void
gzip_decoder_close(void *decoder)
{
	struct gzip_decoder *d = decoder;

	if (d)
		leat_stage_free(d->st, d);
}
#endif

#ifdef LEAT_WITH_ZLIB
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_BITS          (15 + 16) /* window of 32 KiB, gzip's head */
#define GZIP_MEMORY_LEVEL  8
#define GZIP_INFLATE_BYTES (64u << 10)
#define GZIP_DEFLATE_BYTES (384u << 10)

struct gzip_zlib {
	struct leat_stage *st;
	z_stream stream;
	bool is_open; /* stream is to be ended */
};

static void *
gzip_zalloc(void *st, unsigned int n, unsigned int size)
{
	return codec_alloc(st, (size_t)n * size);
}

static int
gzip_zlib_new(struct leat_stage *st, struct gzip_zlib **out)
{
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(struct gzip_zlib), &memory);

	if (rc < 0)
		return rc;
	memset(memory, 0, sizeof(struct gzip_zlib));
	*out = memory;
	(*out)->st = st;
	(*out)->stream.zalloc = gzip_zalloc;
	(*out)->stream.zfree = codec_free;
	(*out)->stream.opaque = st;
	return LEAT_OK;
}

/* Hand the buffers over, and see afterwards what has become of them. */
static void
gzip_zlib_set(struct gzip_zlib *z, const struct codec_io *io)
{
	z->stream.next_in = io->in;
	z->stream.avail_in = gzip_least(io->n_in);
	z->stream.next_out = io->out;
	z->stream.avail_out = gzip_least(io->n_out);
}

static void
gzip_zlib_get(struct gzip_zlib *z, struct codec_io *io)
{
	io->n_in -= (size_t)(z->stream.next_in - io->in);
	io->in = z->stream.next_in;
	io->n_out -= (size_t)(z->stream.next_out - io->out);
	io->out = z->stream.next_out;
}

static uint64_t
gzip_encoder_bytes(uint32_t level)
{
	(void)level;
	return sizeof(struct gzip_zlib) + GZIP_DEFLATE_BYTES;
}

static int
gzip_encoder_open(struct leat_stage *st, uint32_t level, void **encoder_out)
{
	struct gzip_zlib *z = NULL;
	int rc = gzip_zlib_new(st, &z);

	*encoder_out = z;
	if (rc < 0)
		return rc;
	if (deflateInit2(&z->stream, (int)level, Z_DEFLATED, GZIP_BITS,
		    GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return LEAT_ENOMEM;
	z->is_open = true;
	return LEAT_OK;
}

static enum codec_verdict
gzip_encode(void *encoder, struct codec_io *io, enum codec_action action)
{
	static const int actions[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
	struct gzip_zlib *z = encoder;
	int rc;

	gzip_zlib_set(z, io);
	rc = deflate(&z->stream, actions[action]);
	gzip_zlib_get(z, io);
	if (rc == Z_STREAM_END)
		deflateReset(&z->stream);
	if (rc == Z_STREAM_END || (action == CODEC_FLUSH && io->n_out))
		return CODEC_END;
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return CODEC_GO;
	io->why = "zlib cannot go on";
	return CODEC_BAD;
}

static void
gzip_encoder_close(void *encoder)
{
	struct gzip_zlib *z = encoder;

	if (!z)
		return;
	if (z->is_open)
		deflateEnd(&z->stream);
	leat_stage_free(z->st, z);
}
#endif

#if defined(LEAT_WITH_ZLIB) && !defined(LEAT_WITH_ISAL)
static uint64_t
gzip_decoder_bytes(uint64_t window_bytes)
{
	(void)window_bytes;
	return sizeof(struct gzip_zlib) + GZIP_INFLATE_BYTES;
}

static int
gzip_decoder_open(
	struct leat_stage *st, uint64_t window_bytes, void **decoder_out)
{
	struct gzip_zlib *z = NULL;
	int rc = gzip_zlib_new(st, &z);

	(void)window_bytes;
	*decoder_out = z;
	if (rc < 0)
		return rc;
	if (inflateInit2(&z->stream, GZIP_BITS) != Z_OK)
		return LEAT_ENOMEM;
	z->is_open = true;
	return LEAT_OK;
}

static enum codec_verdict
gzip_fail(const struct gzip_zlib *z, struct codec_io *io)
{
	const char *why = z->stream.msg ? z->stream.msg : "";

	if (strcmp(why, "incorrect header check") == 0)
		return CODEC_ALIEN;
	io->why = strcmp(why, "incorrect data check") == 0 ||
			strcmp(why, "incorrect length check") == 0
		? GZIP_WRONG_CRC
		: "the data are damaged";
	return CODEC_BAD;
}

static enum codec_verdict
gzip_decode(void *decoder, struct codec_io *io)
{
	struct gzip_zlib *z = decoder;
	int rc;

	gzip_zlib_set(z, io);
	rc = inflate(&z->stream, Z_NO_FLUSH);
	gzip_zlib_get(z, io);
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return CODEC_GO;
	if (rc != Z_STREAM_END)
		return gzip_fail(z, io);
	inflateReset(&z->stream);
	return CODEC_END;
}

static void
gzip_decoder_close(void *decoder)
{
	struct gzip_zlib *z = decoder;

	if (!z)
		return;
	if (z->is_open)
		inflateEnd(&z->stream);
	leat_stage_free(z->st, z);
}
#endif

const struct codec codec_gzip = {
	.name = "gzip",
	.library = "libisal-dev or zlib1g-dev",
	.magic = {0x1f, 0x8b},
	.n_magic = 2,
	.is_padded = true,
	.max_level = 9,
	.usual_level = 6,
#if defined(LEAT_WITH_ISAL) || defined(LEAT_WITH_ZLIB)
	.decoder_bytes = gzip_decoder_bytes,
	.decoder_open = gzip_decoder_open,
	.decode = gzip_decode,
	.decoder_close = gzip_decoder_close,
#endif
#ifdef LEAT_WITH_ZLIB
	.encoder_bytes = gzip_encoder_bytes,
	.encoder_open = gzip_encoder_open,
	.encode = gzip_encode,
	.encoder_close = gzip_encoder_close,
#endif
};
