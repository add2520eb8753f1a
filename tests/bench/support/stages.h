/*
 * support/stages.h -- stages that do next to nothing: what is measured then is
 * what is around them.
 */
#ifndef LEAT_TESTS_BENCH_SUPPORT_STAGES_H
#define LEAT_TESTS_BENCH_SUPPORT_STAGES_H

#include <leat/leat.h>

/* Of a source: emit the next of n_frames frames of n_bytes, as items of 8; *n
 * counts them, from 0. */
int bench_produce(struct leat_stage *st, uint64_t *n, uint64_t n_frames,
	uint32_t n_bytes);
/* So many bytes are items of 8. */
void bench_fill(struct leat_frame *frame, uint32_t n_bytes);
/* A source's negotiate: items of 8. */
int bench_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out);
/* A filter's process: the frame goes on. */
int bench_pass(struct leat_stage *st, struct leat_frame *in);
/* A sink's process: the frame is counted, and gone. */
int bench_end(struct leat_stage *st, struct leat_frame *in);

extern const struct leat_stage_ops bench_end_ops;

#endif
