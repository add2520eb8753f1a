/*
 * cli/doctor/doctor.h -- what leat doctor finds: lines, each good, a warning or
 * a failure, with what to do about it.
 */
#ifndef LEAT_SRC_CLI_DOCTOR_H
#define LEAT_SRC_CLI_DOCTOR_H

#include "cli.h"

enum leat__doctor_mark {
	LEAT__DOCTOR_GOOD = 0,
	LEAT__DOCTOR_WARN,
	LEAT__DOCTOR_FAIL,
	LEAT__DOCTOR_MARKS
};

struct leat__doctor {
	bool is_json;
	bool is_coloured;
	uint32_t n[LEAT__DOCTOR_MARKS];
};

/* One line. advice: what to do; NULL = nothing. */
LEAT_PRINTF(5, 6)
void leat__doctor_tell(struct leat__doctor *d, enum leat__doctor_mark mark,
	const char *name, const char *advice, const char *format, ...);
/* build.c: what this command was built with. */
void leat__doctor_build(struct leat__doctor *d);
/* limits.c: cores, memory, files, as this process may have them. */
void leat__doctor_limits(struct leat__doctor *d);

/* The first line of a file, without its end. false: there is none. */
bool leat__doctor_line(const char *path, char *buf, size_t n_bytes);

#endif
