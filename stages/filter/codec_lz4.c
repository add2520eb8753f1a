/*
 * stages/filter/codec_lz4.c -- LZ4 frames, by liblz4.
 *
 * The library wants room for all it may write in a call, so an encoder writes
 * into a buffer of its own first. Frames that are to be skipped are.
 * Source: LZ4 Frame Format 1.6.2.
 */
#include <string.h>

#include "codec.h"

#ifdef LEAT_WITH_LZ4
#define LZ4F_STATIC_LINKING_ONLY
#include <lz4frame.h>

#define LZ4_BLOCK_BYTES   (4u << 20) /* largest of the format */
#define LZ4_PIECE_BYTES   65536      /* compressed in one call */
#define LZ4_ENCODER_BYTES (2u << 20) /* the library's own, for any level */

static LZ4F_CustomMem
lz4_memory(struct leat_stage *st)
{
	return (LZ4F_CustomMem){codec_alloc, NULL, codec_free, st};
}

static const char *
lz4_why(size_t code)
{
	switch (LZ4F_getErrorCode(code)) {
	case LZ4F_ERROR_contentChecksum_invalid:
	case LZ4F_ERROR_blockChecksum_invalid:
	case LZ4F_ERROR_headerChecksum_invalid:
		return "the checksum is wrong, the data are damaged";
	case LZ4F_ERROR_frameSize_wrong:
		return "it is not as long as it says, the data are damaged";
	case LZ4F_ERROR_allocation_failed:
		return "no memory for a block";
	default:
		return "the data are damaged";
	}
}

static uint64_t
lz4_decoder_bytes(uint64_t window_bytes)
{
	(void)window_bytes;
	return 2 * LZ4_BLOCK_BYTES + (1u << 20);
}

static int
lz4_decoder_open(
	struct leat_stage *st, uint64_t window_bytes, void **decoder_out)
{
	LZ4F_dctx *d = LZ4F_createDecompressionContext_advanced(
		lz4_memory(st), LZ4F_VERSION);

	(void)window_bytes;
	*decoder_out = d;
	return d ? LEAT_OK : LEAT_ENOMEM;
}

static enum codec_verdict
lz4_decode(void *decoder, struct codec_io *io)
{
	do {
		size_t n_in = io->n_in, n_out = io->n_out;
		size_t rc = LZ4F_decompress(
			decoder, io->out, &n_out, io->in, &n_in, NULL);

		if (LZ4F_isError(rc)) {
			io->why = lz4_why(rc);
			return LZ4F_getErrorCode(rc) ==
					LZ4F_ERROR_frameType_unknown
				? CODEC_ALIEN
				: CODEC_BAD;
		}
		io->in += n_in;
		io->n_in -= n_in;
		io->out += n_out;
		io->n_out -= n_out;
		if (rc == 0)
			return CODEC_END;
	} while (io->n_in && io->n_out);
	return CODEC_GO;
}

static void
lz4_decoder_close(void *decoder)
{
	LZ4F_freeDecompressionContext(decoder);
}

/* ---- encoding ----------------------------------------------------------- */

struct lz4_encoder {
	struct leat_stage *st;
	LZ4F_cctx *ctx;
	LZ4F_preferences_t preferences;
	size_t at, n, room; /* of what is in buf, of buf */
	bool is_begun;
	bool is_ended;
	uint8_t buf[];
};

static LZ4F_preferences_t
lz4_preferences(uint32_t level)
{
	return (LZ4F_preferences_t){
		.frameInfo.blockSizeID = LZ4F_max256KB,
		.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled,
		.compressionLevel = (int)level,
	};
}

static size_t
lz4_room(uint32_t level)
{
	LZ4F_preferences_t preferences = lz4_preferences(level);

	return LZ4F_compressBound(LZ4_PIECE_BYTES, &preferences) +
		LZ4F_HEADER_SIZE_MAX;
}

static uint64_t
lz4_encoder_bytes(uint32_t level)
{
	return sizeof(struct lz4_encoder) + lz4_room(level) + LZ4_ENCODER_BYTES;
}

static void
lz4_encoder_close(void *encoder)
{
	struct lz4_encoder *e = encoder;

	if (!e)
		return;
	LZ4F_freeCompressionContext(e->ctx);
	leat_stage_free(e->st, e);
}

/* A member is not to depend on those before it, of which a context keeps
 * something that is looked at. */
static bool
lz4_renew(struct lz4_encoder *e)
{
	LZ4F_freeCompressionContext(e->ctx);
	e->ctx = LZ4F_createCompressionContext_advanced(
		lz4_memory(e->st), LZ4F_VERSION);
	return e->ctx != NULL;
}

static int
lz4_encoder_open(struct leat_stage *st, uint32_t level, void **encoder_out)
{
	size_t room = lz4_room(level);
	struct lz4_encoder *e;
	void *memory;
	int rc = leat_stage_alloc(st, sizeof(*e) + room, &memory);

	if (rc < 0)
		return rc;
	memset(memory, 0, sizeof(*e));
	e = memory;
	e->st = st;
	e->room = room;
	e->preferences = lz4_preferences(level);
	*encoder_out = e;
	return lz4_renew(e) ? LEAT_OK : LEAT_ENOMEM;
}

/* Compress the next piece, or do what is to be done at the end, into buf. */
static size_t
lz4_step(struct lz4_encoder *e, struct codec_io *io, enum codec_action action)
{
	size_t n = io->n_in < LZ4_PIECE_BYTES ? io->n_in : LZ4_PIECE_BYTES;
	const uint8_t *in = io->in;

	if (!e->is_begun) {
		e->is_begun = true;
		return LZ4F_compressBegin(
			e->ctx, e->buf, e->room, &e->preferences);
	}
	if (n) {
		io->in += n;
		io->n_in -= n;
		return LZ4F_compressUpdate(
			e->ctx, e->buf, e->room, in, n, NULL);
	}
	e->is_ended = true;
	if (action == CODEC_FINISH)
		return LZ4F_compressEnd(e->ctx, e->buf, e->room, NULL);
	return LZ4F_flush(e->ctx, e->buf, e->room, NULL);
}

static void
lz4_move(struct lz4_encoder *e, struct codec_io *io)
{
	size_t n = e->n - e->at < io->n_out ? e->n - e->at : io->n_out;

	memcpy(io->out, e->buf + e->at, n);
	io->out += n;
	io->n_out -= n;
	e->at += n;
}

static enum codec_verdict
lz4_encode(void *encoder, struct codec_io *io, enum codec_action action)
{
	struct lz4_encoder *e = encoder;

	while (1) {
		lz4_move(e, io);
		if (e->at < e->n)
			return CODEC_GO;
		if (e->is_ended) {
			e->is_ended = false;
			e->is_begun = action != CODEC_FINISH;
			io->why = "there is no memory";
			return e->is_begun || lz4_renew(e) ? CODEC_END
							   : CODEC_BAD;
		}
		if (!io->n_in && action == CODEC_RUN)
			return CODEC_GO;
		e->at = 0;
		e->n = lz4_step(e, io, action);
		if (LZ4F_isError(e->n)) {
			io->why = LZ4F_getErrorName(e->n);
			e->n = 0;
			return CODEC_BAD;
		}
	}
}
#endif

const struct codec codec_lz4 = {
	.name = "lz4",
	.library = "liblz4-dev",
	.magic = {0x04, 0x22, 0x4d, 0x18},
	.n_magic = 4,
	.max_level = 12,
	.usual_level = 1,
#ifdef LEAT_WITH_LZ4
	.decoder_bytes = lz4_decoder_bytes,
	.decoder_open = lz4_decoder_open,
	.decode = lz4_decode,
	.decoder_close = lz4_decoder_close,
	.encoder_bytes = lz4_encoder_bytes,
	.encoder_open = lz4_encoder_open,
	.encode = lz4_encode,
	.encoder_close = lz4_encoder_close,
#endif
};
