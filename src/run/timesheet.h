/*
 * run/timesheet.h -- what a task has done with its time since the start.
 *
 * Keeps: while nobody writes, the sums and the time since the last entry make
 * up all the time since the first. One thread writes at a time; a reader that
 * met a change looks again.
 * Source: the sequence lock, with the time itself for the number.
 */
#ifndef LEAT_SRC_RUN_TIMESHEET_H
#define LEAT_SRC_RUN_TIMESHEET_H

#include "base/atomic.h"
#include "base/base.h"

enum leat__doing {
	LEAT__DOING_NOTHING = 0, /* not begun, ended, or waits for a worker */
	LEAT__DOING_WORK,
	LEAT__DOING_STARVE, /* waits for input */
	LEAT__DOING_BLOCK,  /* waits for credit */
	LEAT__DOINGS
};

struct leat__timesheet {
	uint64_t entry; /* atomic: when << 2 | enum leat__doing; 0 = being */
			/* written */
	uint64_t spent_ns[LEAT__DOINGS]; /* atomic, one writer */
};

#define LEAT__TIMESHEET_LOOKS 16

static inline void
leat__timesheet_begin(struct leat__timesheet *sheet, int64_t now_ns)
{
	/* release: pairs with the acquire in leat__timesheet_read */
	leat__store_release(
		&sheet->entry, (uint64_t)now_ns << 2 | LEAT__DOING_NOTHING);
}

/* From now on it does this. */
static inline void
leat__timesheet_note(
	struct leat__timesheet *sheet, enum leat__doing doing, int64_t now_ns)
{
	uint64_t entry = leat__load_relaxed(&sheet->entry);
	uint64_t *spent_ns = &sheet->spent_ns[entry & 3u];
	uint64_t ns = (uint64_t)now_ns - (entry >> 2);

	leat__store_relaxed(&sheet->entry, (uint64_t)0);
	/* release: who sees the new sum sees the entry gone; pairs with the
	 * acquires in leat__timesheet_read */
	leat__store_release(spent_ns, leat__load_relaxed(spent_ns) + ns);
	leat__store_release(
		&sheet->entry, (uint64_t)now_ns << 2 | (uint64_t)doing);
}

/* Add up what was done until now_ns. Of a change that goes on and on a sum may
 * be one entry off. */
static inline void
leat__timesheet_read(const struct leat__timesheet *sheet, int64_t now_ns,
	uint64_t sums_ns[LEAT__DOINGS])
{
	uint64_t seen[LEAT__DOINGS], entry = 0;

	for (int k = 0; k < LEAT__TIMESHEET_LOOKS; k++) {
		/* acquire: pairs with the releases in leat__timesheet_note */
		entry = leat__load_acquire(&sheet->entry);
		for (int d = 0; d < LEAT__DOINGS; d++)
			seen[d] = leat__load_acquire(&sheet->spent_ns[d]);
		if (entry && entry == leat__load_relaxed(&sheet->entry))
			break;
	}
	for (int d = 0; d < LEAT__DOINGS; d++)
		sums_ns[d] += seen[d];
	if (entry && (entry >> 2) < (uint64_t)now_ns)
		sums_ns[entry & 3u] += (uint64_t)now_ns - (entry >> 2);
}

#endif
