/*
 * fan/split.h -- split, for those who change it while it runs.
 */
#ifndef LEAT_SRC_FAN_SPLIT_H
#define LEAT_SRC_FAN_SPLIT_H

#include <leat/stages.h>

/*
 * From the next frame on only outs 0 to n - 1 get any. n is brought to 1 up to
 * all. Keys move as the ring has it: with one more or one less, none but those
 * of that branch.
 * Threads: any, between the check and the end of the graph. Waits: no.
 */
void leat__split_set_active(struct leat_stage *st, uint32_t n);

#endif
