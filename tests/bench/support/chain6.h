/*
 * support/chain6.h -- leat's side of chain6: a source, six stages and a sink
 * by the graph API, over 8-byte items in frames.
 */
#ifndef LEAT_TESTS_BENCH_SUPPORT_CHAIN6_H
#define LEAT_TESTS_BENCH_SUPPORT_CHAIN6_H

#include <stdint.h>

struct rival_result;

/* About n items, whole frames of them: of RIVAL_CHAIN_FRAME, as large as a slot
 * of the pool by default; or of RIVAL_CHAIN_ITEMS. */
void chain6(uint64_t n, struct rival_result *result);
void chain6_small(uint64_t n, struct rival_result *result);

#endif
