/*
 * stages/filter/codec.h -- compressed formats, each a table of functions.
 *
 * A compressed file is one member or several behind each other, each with a
 * head and, mostly, a checksum of its own. Coders work on what is at hand and
 * keep the rest in their state, which lies in side memory of the stage.
 * Formats whose library was left out of the build have no functions.
 */
#ifndef LEAT_STAGES_CODEC_H
#define LEAT_STAGES_CODEC_H

#include <leat/stages.h>

/* Bytes to take and room to fill; both move on. */
struct codec_io {
	const uint8_t *in;
	size_t n_in;
	uint8_t *out;
	size_t n_out;
	const char *why; /* with CODEC_BAD: what is wrong */
};

enum codec_verdict {
	CODEC_GO = 0, /* the input is used up, or the room */
	CODEC_END,    /* the member is complete, or what was asked for done */
	CODEC_ALIEN,  /* what stands here is no beginning of a member */
	CODEC_BAD     /* damaged, or not to be dealt with */
};

enum codec_action { CODEC_RUN = 0, CODEC_FLUSH, CODEC_FINISH };

struct codec {
	const char *name;    /* "zstd" */
	const char *library; /* Debian's name of it, for messages */
	uint8_t magic[4];    /* a member begins with */
	uint32_t n_magic;
	/* of what begins with magic: 1 = it is one, 0 = it is none, -1 = more
	 * bytes are needed, up to CODEC_MAGIC_BYTES; NULL = it is one */
	int (*is_one)(const uint8_t *data, uint32_t n);
	bool is_padded; /* zeros may stand behind the last member */

	/* side memory of a decoder for windows of so many bytes */
	uint64_t (*decoder_bytes)(uint64_t window_bytes);
	int (*decoder_open)(struct leat_stage *st, uint64_t window_bytes,
		void **decoder_out);
	/* GO, END (ready for the next member), ALIEN or BAD */
	enum codec_verdict (*decode)(void *decoder, struct codec_io *io);
	void (*decoder_close)(void *decoder); /* NULL is accepted */

	uint32_t max_level; /* from 1 */
	uint32_t usual_level;
	uint64_t (*encoder_bytes)(uint32_t level);
	int (*encoder_open)(
		struct leat_stage *st, uint32_t level, void **encoder_out);
	/* GO, END (of FLUSH; of FINISH: ready for the next member) or BAD */
	enum codec_verdict (*encode)(
		void *encoder, struct codec_io *io, enum codec_action action);
	void (*encoder_close)(void *encoder); /* NULL is accepted */
};

extern const struct codec codec_gzip;
extern const struct codec codec_zstd;
extern const struct codec codec_lz4;
extern const struct codec codec_bzip2;

#define CODEC_HEADROOM    4096 /* before the bytes of every frame: for parsers */
#define CODEC_SLACK       4096 /* and behind */
#define CODEC_CHUNK       131072
#define CODEC_MAGIC_BYTES 10 /* that are looked at */

/* The built library lacks it: fail. */
int codec_fail_missing(struct leat_stage *st, const struct codec *codec);

/* Memory of a stage for a library that wants malloc and free. */
void *codec_alloc(void *st, size_t n_bytes);
void codec_free(void *st, void *memory);

#endif
