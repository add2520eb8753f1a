/*
 * fan/zip.c -- zip: row k of in 0 beside row k of in 1, and so on.
 *
 * Keeps: of each in there is one frame at most, and an in without one is
 * wanted; so all ins have given the same number of rows to what was made. What
 * is left when the shortest in has ended is filtered, or an error.
 * Threads: the one that steps the stage's task.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "fan/beside.h"
#include "graph/graph.h"
#include <leat/stages.h>

#define ZIP_SIDE_BYTES 64u /* an allocator rounds up */

struct zip {
	const struct leat_zip_opts *opts;
	struct leat__head *heads;  /* by in */
	struct leat__head **nexts; /* the same, as pointers */
	uint64_t n_made;
	uint32_t ended; /* the first in that has; n_ins = none */
	struct leat__beside beside;
};

/* ---- before the run ------------------------------------------------------- */

static int
zip_init(struct leat_stage *st, const void *opts)
{
	struct zip *zip = leat_stage_state(st);

	zip->opts = opts;
	zip->ended = leat_stage_n_ins(st);
	st->ops.out_layout = 0; /* as if it had never been negotiated */
	leat_stage_needs(st)->holds = 1; /* the open frame */
	return LEAT_OK;
}

static int
zip_negotiate(struct leat_stage *st, const struct leat_shape *in,
	struct leat_shape *out)
{
	struct zip *zip = leat_stage_state(st);
	uint32_t n = leat_stage_n_ins(st);
	size_t n_bytes = n * (sizeof(*zip->heads) + sizeof(*zip->nexts));
	void *memory;
	int rc;

	(void)in;
	leat_stage_needs(st)->side_bytes = ZIP_SIDE_BYTES + 2 * n_bytes;
	rc = leat_stage_alloc(st, n_bytes, &memory);
	if (rc)
		return leat_stage_fail(st, rc, "no memory for the ins");
	memset(memory, 0, n_bytes);
	zip->heads = memory;
	zip->nexts = (struct leat__head **)(void *)(zip->heads + n);
	for (uint32_t k = 0; k < n; k++)
		zip->nexts[k] = &zip->heads[k];
	return leat__beside_negotiate(st, &zip->beside, out);
}

/* ---- rows ------------------------------------------------------------------ */

static bool
zip_has_all(struct leat_stage *st, const struct zip *zip)
{
	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (!zip->heads[k].frame)
			return false;
	return true;
}

static void
zip_step(struct leat_stage *st, struct zip *zip)
{
	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++) {
		zip->heads[k].at++;
		if (leat__head_is_used_up(&zip->heads[k]))
			leat__head_drop(st, &zip->heads[k], k);
	}
}

static int
zip_run(struct leat_stage *st, struct zip *zip)
{
	int rc = LEAT_OK;

	while (!rc && zip_has_all(st, zip)) {
		rc = leat__beside_put(st, &zip->beside, zip->nexts);
		if (rc)
			break;
		leat_stage_count(st, LEAT_COUNT_MADE, 1);
		leat_stage_count(st, LEAT_COUNT_FOLDED, leat_stage_n_ins(st));
		zip->n_made++;
		zip_step(st, zip);
	}
	return rc;
}

/* An in has rows for which another, that has ended, has none. */
static int
zip_fail(struct leat_stage *st, const struct zip *zip, uint32_t in)
{
	return leat_stage_fail(st, LEAT_EDATA,
		"zip: in %u ('%s') has ended after %" PRIu64
		" rows, and in %u ('%s') has more",
		zip->ended, st->ins[zip->ended]->from->name, zip->n_made, in,
		st->ins[in]->from->name);
}

static int
zip_process(struct leat_stage *st, struct leat_frame *in)
{
	struct zip *zip = leat_stage_state(st);
	uint32_t from = leat_stage_in(st);
	struct leat__head *head = &zip->heads[from];
	int rc = LEAT_OK;

	if (in->n_items == 0) {
		leat_stage_release(st, in);
		return LEAT_OK;
	}
	if (zip->ended < leat_stage_n_ins(st))
		return zip_fail(st, zip, from);
	leat__beside_enter(&zip->beside);
	if (!head->frame) {
		leat__head_take(head, in);
		leat__beside_note(&zip->beside, in);
		rc = leat__beside_learn(st, &zip->beside, from, head);
	}
	if (!rc)
		rc = zip_run(st, zip);
	if (!rc)
		leat__head_keep(st, head, from);
	return rc;
}

/* The shortest decides; or nobody may have more. */
static int
zip_end_in(struct leat_stage *st, uint32_t in)
{
	struct zip *zip = leat_stage_state(st);

	if (zip->opts->ends == LEAT_ZIP_SHORTEST)
		return LEAT_EOS;
	if (zip->ended == leat_stage_n_ins(st))
		zip->ended = in;
	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++)
		if (zip->heads[k].frame)
			return zip_fail(st, zip, k);
	return LEAT_OK;
}

static int
zip_flush(struct leat_stage *st)
{
	struct zip *zip = leat_stage_state(st);

	leat__beside_enter(&zip->beside);
	return leat__beside_flush(st, &zip->beside);
}

/* What is left has no partner. */
static int
zip_finish(struct leat_stage *st)
{
	struct zip *zip = leat_stage_state(st);

	for (uint32_t k = 0; k < leat_stage_n_ins(st); k++) {
		struct leat__head *head = &zip->heads[k];

		leat_stage_count(st, LEAT_COUNT_FILTERED, head->n - head->at);
		leat__head_fini(st, head);
		head->n = head->at = 0;
	}
	return LEAT_OK;
}

static void
zip_fini(struct leat_stage *st)
{
	struct zip *zip = leat_stage_state(st);

	for (uint32_t k = 0; zip->heads && k < leat_stage_n_ins(st); k++)
		leat__head_fini(st, &zip->heads[k]);
	leat_stage_free(st, zip->heads);
	zip->heads = NULL;
	leat__beside_fini(st, &zip->beside);
}

/* Row by row: no branch is mixed with another. */
static uint32_t
zip_promises(struct leat_stage *st, uint32_t out)
{
	(void)st;
	(void)out;
	return 0;
}

static const struct leat_option zip_options[] = {
	{.name = "ends",
		.type = LEAT_OPTION_ENUM,
		.flags = LEAT_OPTION_POSITIONAL,
		.offset = offsetof(struct leat_zip_opts, ends),
		.fallback = "shortest",
		.values = "shortest|strict",
		.help = "with the shortest branch; strict: others have no "
			"more"},
	{.name = NULL},
};

const struct leat_stage_ops leat_zip_ops = {
	LEAT_STAGE_OPS_INIT("zip"),
	.flags = LEAT_STAGE_GATHERS,
	.summary = "rows of all branches side by side",
	.help = "The first row of each branch makes one row, then the second, "
		"and\n"
		"so on: columns of all of them, and where a name is there "
		"already\n"
		"it gets _2. Items are put behind each other. It ends with "
		"the\n"
		"shortest branch; with strict it is an error if another has "
		"more.\n"
		"The branches may hang together nowhere else in the graph; "
		"join\n"
		"is for those of one tee.\n"
		"\n"
		"    leat run 'read a.csv ! z.  read b.csv ! z.\n"
		"        zip strict name=z ! write c.csv'\n",
	.state_bytes = sizeof(struct zip),
	.opts_bytes = sizeof(struct leat_zip_opts),
	.options = zip_options,
	.n_ins = LEAT_ENDS_ANY,
	.in_layouts = LEAT_LAYOUT_TABLE | LEAT_LAYOUT_ITEMS,
	.init = zip_init,
	.negotiate = zip_negotiate,
	.process = zip_process,
	.flush = zip_flush,
	.finish = zip_finish,
	.fini = zip_fini,
	.promises = zip_promises,
	.end_in = zip_end_in,
};
