/*
 * support/oracle_trouble.h -- stages of random graphs that fail now and then,
 * and what stands around them: guards, hooks of the tests, sets of hooks that
 * are exchanged while the graph runs.
 *
 * Which frames fail, how often and with what follows from the node's seed and
 * the frame alone; so who looks on knows which failures there may be.
 */
#ifndef LEAT_TESTS_SUPPORT_ORACLE_TROUBLE_H
#define LEAT_TESTS_SUPPORT_ORACLE_TROUBLE_H

#include "support/oracle.h"

#define TROUBLE_HOOKS_MAX 10u

/* Draw the trouble of a node that was drawn; what it may lose is told by its
 * order. */
void trouble_draw(struct oracle_node *node);
/* One that fails on purpose, or that nothing but a drain ends, has no other. */
void trouble_calm(struct oracle *o);
/* Flags of its ops. */
uint32_t trouble_flags(const struct oracle_node *node);
/* Put hooks around the stage of a node; what becomes of its rejects. */
LEAT_MUST_CHECK int trouble_build(struct oracle *o,
	const struct oracle_node *node, struct leat_stage *st);

/* Of a stage at work: does this call fail? 0, or the code, after n failures
 * with the same frame; what says which it is. */
int trouble_strikes(struct oracle_node *node, uint64_t what, uint32_t n);
/* It failed with this. */
void trouble_note(struct oracle_node *node, int code);

/* Exchange hooks while the graph runs. */
void trouble_begin(struct oracle *o);
void trouble_end(struct oracle *o);

/* Can the run have failed with this because of a node's trouble? */
bool trouble_is_cause(const struct oracle *o, const struct leat_error *err);
/* Must it have failed, because of a call or a record that nobody mends? */
bool trouble_is_certain(const struct oracle *o);
/* Does the node let go of what the interpreter keeps? */
bool trouble_loses(const struct oracle_node *node);
/* After the run: hooks were called in pairs, dead letters are all there. */
void trouble_check(struct oracle *o);

#endif
