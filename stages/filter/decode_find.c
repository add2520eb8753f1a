/*
 * stages/filter/decode_find.c -- which format is it, and a decoder for it.
 *
 * Keeps: a decoder takes no more side memory than its stage said that any of
 * those may need which it can come to.
 */
#include <string.h>

#include "decode.h"

#define DECODE_WINDOW_BYTES (8u << 20)

static const struct codec *const decode_codecs[] = {
	&codec_gzip, &codec_zstd, &codec_lz4, &codec_bzip2};
#define DECODE_CODECS (sizeof(decode_codecs) / sizeof(decode_codecs[0]))

/* How many bytes of a magic number stand there: all, or as many as there are.
 */
static bool
find_fits(const struct codec *codec, const uint8_t *data, uint32_t n)
{
	return memcmp(data, codec->magic,
		       n < codec->n_magic ? n : codec->n_magic) == 0;
}

/* A frame that is to be skipped: pzstd begins with one. */
static bool
find_is_skippable(const uint8_t *data, uint32_t n)
{
	return n >= 4 && (data[0] & 0xf0) == 0x50 && data[1] == 0x2a &&
		data[2] == 0x4d && data[3] == 0x18;
}

/* The format of what begins so. false: more bytes are needed to tell. */
bool
decode_find(const uint8_t *data, uint32_t n, const struct codec **codec_out)
{
	*codec_out = find_is_skippable(data, n) ? &codec_zstd : NULL;
	if (n && n < 4 && (data[0] & 0xf0) == 0x50)
		return false;
	for (uint32_t k = 0; k < DECODE_CODECS; k++) {
		const struct codec *codec = decode_codecs[k];
		int is_one = 1;

		if (!find_fits(codec, data, n))
			continue;
		if (n < codec->n_magic)
			return false;
		if (codec->is_one)
			is_one = codec->is_one(data, n);
		if (is_one < 0)
			return false;
		if (is_one)
			*codec_out = codec;
	}
	return true;
}

static uint64_t
decode_window(const struct decode *s)
{
	return s->opts->window ? s->opts->window : DECODE_WINDOW_BYTES;
}

/* Side memory for a decoder of any format that may come. */
uint64_t
decode_decoder_bytes(const struct decode *s)
{
	uint64_t most = 0;

	for (uint32_t k = 0; k < DECODE_CODECS; k++) {
		const struct codec *codec = decode_codecs[k];
		uint64_t n;

		if (!codec->decode || (s->asked && s->asked != codec))
			continue;
		n = codec->decoder_bytes(decode_window(s));
		most = n > most ? n : most;
	}
	return most;
}

static int
decode_fail_memory(struct leat_stage *st, const struct codec *codec, int rc)
{
	return leat_stage_fail(
		st, rc, "no memory for a decoder of %s", codec->name);
}

int
decode_open_codec(struct leat_stage *st, struct decode *s)
{
	int rc;

	if (!s->codec->decode)
		return codec_fail_missing(st, s->codec);
	rc = s->codec->decoder_open(st, decode_window(s), &s->decoder);
	return rc < 0 ? decode_fail_memory(st, s->codec, rc) : LEAT_OK;
}

void
decode_close_codec(struct decode *s)
{
	if (s->codec && s->decoder)
		s->codec->decoder_close(s->decoder);
	s->decoder = NULL;
}
