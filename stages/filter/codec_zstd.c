/*
 * stages/filter/codec_zstd.c -- Zstandard frames, by libzstd.
 *
 * All memory is the stage's: a decoder takes as much as the frame's window
 * asks for and no more than it was opened for. Frames that are to be skipped
 * are, by the library. Source: RFC 8878.
 */
#include "codec.h"

#ifdef LEAT_WITH_ZSTD
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

static const char *
zstd_why(size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_checksum_wrong:
		return "the checksum is wrong, the data are damaged";
	case ZSTD_error_frameParameter_windowTooLarge:
		return "it needs a larger window than window=N allows";
	case ZSTD_error_dictionary_wrong:
		return "it was made with a dictionary";
	case ZSTD_error_memory_allocation:
		return "no memory for its window";
	default:
		return "the data are damaged";
	}
}

static ZSTD_customMem
zstd_memory(struct leat_stage *st)
{
	return (ZSTD_customMem){codec_alloc, codec_free, st};
}

static uint64_t
zstd_decoder_bytes(uint64_t window_bytes)
{
	return ZSTD_estimateDStreamSize(window_bytes) + 4096;
}

static int
zstd_decoder_open(
	struct leat_stage *st, uint64_t window_bytes, void **decoder_out)
{
	ZSTD_DCtx *d = ZSTD_createDCtx_advanced(zstd_memory(st));

	if (!d)
		return LEAT_ENOMEM;
	ZSTD_DCtx_setMaxWindowSize(d, window_bytes);
	*decoder_out = d;
	return LEAT_OK;
}

static enum codec_verdict
zstd_decode(void *decoder, struct codec_io *io)
{
	while (1) {
		ZSTD_inBuffer in = {io->in, io->n_in, 0};
		ZSTD_outBuffer out = {io->out, io->n_out, 0};
		size_t rc = ZSTD_decompressStream(decoder, &out, &in);

		io->in += in.pos;
		io->n_in -= in.pos;
		io->out += out.pos;
		io->n_out -= out.pos;
		if (ZSTD_isError(rc)) {
			io->why = zstd_why(rc);
			return ZSTD_getErrorCode(rc) ==
					ZSTD_error_prefix_unknown
				? CODEC_ALIEN
				: CODEC_BAD;
		}
		if (rc == 0)
			return CODEC_END;
		if (!io->n_in || !io->n_out)
			return CODEC_GO;
	}
}

static void
zstd_decoder_close(void *decoder)
{
	ZSTD_freeDCtx(decoder);
}

static uint64_t
zstd_encoder_bytes(uint32_t level)
{
	return ZSTD_estimateCStreamSize((int)level) + 4096;
}

static int
zstd_encoder_open(struct leat_stage *st, uint32_t level, void **encoder_out)
{
	ZSTD_CCtx *c = ZSTD_createCCtx_advanced(zstd_memory(st));

	if (!c)
		return LEAT_ENOMEM;
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, (int)level);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	*encoder_out = c;
	return LEAT_OK;
}

static enum codec_verdict
zstd_encode(void *encoder, struct codec_io *io, enum codec_action action)
{
	static const ZSTD_EndDirective directives[] = {
		ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
	ZSTD_inBuffer in = {io->in, io->n_in, 0};
	ZSTD_outBuffer out = {io->out, io->n_out, 0};
	size_t rc =
		ZSTD_compressStream2(encoder, &out, &in, directives[action]);

	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	if (ZSTD_isError(rc)) {
		io->why = ZSTD_getErrorName(rc);
		return CODEC_BAD;
	}
	return rc == 0 && action != CODEC_RUN ? CODEC_END : CODEC_GO;
}

static void
zstd_encoder_close(void *encoder)
{
	ZSTD_freeCCtx(encoder);
}
#endif

const struct codec codec_zstd = {
	.name = "zstd",
	.library = "libzstd-dev",
	.magic = {0x28, 0xb5, 0x2f, 0xfd},
	.n_magic = 4,
	.max_level = 19,
	.usual_level = 3,
#ifdef LEAT_WITH_ZSTD
	.decoder_bytes = zstd_decoder_bytes,
	.decoder_open = zstd_decoder_open,
	.decode = zstd_decode,
	.decoder_close = zstd_decoder_close,
	.encoder_bytes = zstd_encoder_bytes,
	.encoder_open = zstd_encoder_open,
	.encode = zstd_encode,
	.encoder_close = zstd_encoder_close,
#endif
};
