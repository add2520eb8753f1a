/*
 * stages/filter/csv_lean.h -- tables of which only the first fields are
 * indexed.
 */
#ifndef LEAT_STAGES_CSV_LEAN_H
#define LEAT_STAGES_CSV_LEAN_H

#include <leat/stage.h>
#include <leat/table.h>

/* Of the first instance, where all others find it. */
struct csv_lean {
	const struct leat_schema *from; /* NULL: all fields are indexed */
	struct leat_schema *to;
	uint32_t n_kept; /* fields; what is behind them is one more */
};

/* Side memory that it takes, of the first instance only. */
uint64_t csv_lean_bytes(const struct leat_schema *from);

/*
 * Does it pay for the columns that are wanted? Then the schema of tables that
 * have these alone is made. LEAT_OK, or a code that has been said.
 */
int csv_lean_make(struct leat_stage *st, const struct leat_schema *from,
	struct csv_lean *lean);

/* The ends of all fields become those of a lean table. */
void csv_lean_ends(
	const struct csv_lean *lean, uint32_t *ends, uint32_t n_rows);

#endif
