/*
 * run/dead.h -- dead letters: records that no stage could deal with, a line
 * each in a file that keeps those of earlier runs.
 *
 *	{"stage":"csv.parse","code":"...","reason":"...","file":"a.csv",
 *	 "line":7,"column":1,"offset":250,"record":"1,2"}
 *
 * A record that is not UTF-8 stands there in hexadecimal as record_hex.
 * Threads: any, one at a time by its lock.
 */
#ifndef LEAT_SRC_RUN_DEAD_H
#define LEAT_SRC_RUN_DEAD_H

#include "graph/graph.h"

#define LEAT__DEAD_BUFFER_BYTES 16384u

struct leat__dead {
	const struct leat__env *env;
	const char *path; /* the graph's */
	struct leat__lock lock;
	/* guarded by it: */
	int fd;
	int sys_errno; /* of the write that failed; 0 = none */
	uint32_t n;    /* bytes in the buffer */
	char buffer[LEAT__DEAD_BUFFER_BYTES];
};

/* NULL where no stage has dead letters. LEAT_OK, or a code with the text. */
LEAT_MUST_CHECK int leat__dead_open(const struct leat_graph *graph,
	struct leat__dead **dead_out, struct leat_error *err);
/* NULL is accepted. */
void leat__dead_close(struct leat__dead *dead);
/* The whole line is in the file, or an errno says why not. */
LEAT_MUST_CHECK int leat__dead_write(struct leat__dead *dead, const char *stage,
	int code, const struct leat_reject *reject);

#endif
