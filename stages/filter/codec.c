/*
 * stages/filter/codec.c -- what all compressed formats share.
 */
#include "codec.h"

int
codec_fail_missing(struct leat_stage *st, const struct codec *codec)
{
	return leat_stage_fail(st, LEAT_ENOTSUP,
		"built without %s (Debian: %s)", codec->name, codec->library);
}

void *
codec_alloc(void *st, size_t n_bytes)
{
	void *memory;

	return leat_stage_alloc(st, n_bytes, &memory) < 0 ? NULL : memory;
}

void
codec_free(void *st, void *memory)
{
	leat_stage_free(st, memory);
}
