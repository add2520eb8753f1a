/*
 * graph/ops.c -- is a stage's constant struct fit for use?
 *
 * Checked once per stage that is added, on a full-size copy, so that the rest
 * of the library can rely on it. What zero stands for is filled in here.
 * Threads: the one that builds the graph.
 */
#include <string.h>

#include "graph/graph.h"

#define OPS_FLAGS                                                              \
	(LEAT_STAGE_IN_PLACE | LEAT_STAGE_BLOCKING | LEAT_STAGE_SINK |         \
		LEAT_STAGE_STATELESS | LEAT_STAGE_CHOOSES |                    \
		LEAT_STAGE_GATHERS | LEAT_STAGE_REJECTS | LEAT_STAGE_LIGHT |   \
		LEAT_STAGE_BLIND | LEAT_STAGE_APART | LEAT_STAGE_REPEATS)

static bool
name_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
name_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Does it end like a reference: in "." or ".12"? */
static bool
name_is_reference(const char *name, size_t n_bytes)
{
	while (n_bytes > 0 && name_is_digit(name[n_bytes - 1]))
		n_bytes--;
	return n_bytes > 0 && name[n_bytes - 1] == '.';
}

bool
leat__name_is_valid(const char *name, size_t n_bytes)
{
	if (n_bytes == 0 || !name_is_letter(name[0]))
		return false;
	for (size_t k = 1; k < n_bytes; k++)
		if (!name_is_letter(name[k]) && !name_is_digit(name[k]) &&
			name[k] != '.' && name[k] != '-')
			return false;
	return !name_is_reference(name, n_bytes);
}

static int
ops_check_name(const struct leat_stage_ops *ops, struct leat_error *err)
{
	size_t n = ops->name ? strlen(ops->name) : 0;

	if (n <= LEAT__STAGE_NAME_MAX && n && leat__name_is_valid(ops->name, n))
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"ops.name is '%s'; accepted: 1 to %u letters, digits, . - _, a "
		"letter or _ first, no . at the end",
		n ? ops->name : "", LEAT__STAGE_NAME_MAX);
}

static int
ops_check_work(const struct leat_stage_ops *ops, struct leat_error *err)
{
	int n = !!ops->produce + !!ops->process + !!ops->map_item +
		!!ops->keep_item;

	if (n == 1)
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"stage '%s' has %d of produce, process, map_item, keep_item; "
		"exactly one is wanted",
		ops->name, n);
}

static bool
ends_are_valid(uint32_t n)
{
	return n <= LEAT__STAGE_ENDS_MAX || n == LEAT_ENDS_ANY;
}

static int
ops_check_ends(const struct leat_stage_ops *ops, struct leat_error *err)
{
	bool is_sink = ops->flags & LEAT_STAGE_SINK;

	if (!ends_are_valid(ops->n_ins) || !ends_are_valid(ops->n_outs))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' has %u ins and %u outs; accepted: up to %u "
			"of each, or LEAT_ENDS_ANY",
			ops->name, ops->n_ins, ops->n_outs,
			LEAT__STAGE_ENDS_MAX);
	if (ops->produce && ops->n_ins)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' has produce and %u ins; a source has none",
			ops->name, ops->n_ins);
	if ((ops->flags & LEAT_STAGE_GATHERS) && ops->n_ins <= 1)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' gathers, but has %u ins; it has several",
			ops->name, ops->n_ins);
	if (is_sink && (ops->n_outs || ops->out_layout || ops->produce))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' is a sink: it can have neither n_outs, "
			"out_layout nor produce",
			ops->name);
	return LEAT_OK;
}

static int
ops_check_layouts(const struct leat_stage_ops *ops, struct leat_error *err)
{
	uint32_t out = ops->out_layout;

	if ((ops->in_layouts | out) & ~LEAT_LAYOUT_ANY)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' names an unknown layout: in_layouts 0x%x, "
			"out_layout 0x%x",
			ops->name, ops->in_layouts, out);
	if (out & (out - 1))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s': out_layout is 0x%x, where one bit is "
			"wanted",
			ops->name, out);
	if (ops->produce && (ops->in_layouts || (!out && !ops->negotiate)))
		return leat__error(err, LEAT_EINVAL,
			"source '%s' must say its out_layout, and no "
			"in_layouts",
			ops->name);
	return LEAT_OK;
}

/* map_item and keep_item: one in, one out, items, nothing else. */
static int
ops_check_items(const struct leat_stage_ops *ops, struct leat_error *err)
{
	if (!ops->map_item && !ops->keep_item)
		return LEAT_OK;
	if (ops->n_ins <= 1 && ops->n_outs <= 1 && !ops->out_layout &&
		!(ops->in_layouts & ~LEAT_LAYOUT_ITEMS) &&
		!(ops->flags & (LEAT_STAGE_SINK | LEAT_STAGE_BLOCKING)))
		return LEAT_OK;
	return leat__error(err, LEAT_EINVAL,
		"stage '%s' has map_item or keep_item: it has one in and one "
		"out of layout items, and neither waits nor is a sink",
		ops->name);
}

static int
ops_check_sizes(const struct leat_stage_ops *ops, struct leat_error *err)
{
	if (ops->state_bytes > LEAT__STATE_BYTES_MAX)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s': state_bytes is %u; accepted: up to %u",
			ops->name, ops->state_bytes, LEAT__STATE_BYTES_MAX);
	if (ops->opts_bytes > LEAT__OPTS_BYTES_MAX ||
		(ops->opts_bytes && ops->opts_bytes < 2 * sizeof(uint32_t)))
		return leat__error(err, LEAT_EINVAL,
			"stage '%s': opts_bytes is %u; accepted: 0, or 8 (size "
			"and flags) to %u",
			ops->name, ops->opts_bytes, LEAT__OPTS_BYTES_MAX);
	return LEAT_OK;
}

static bool
ops_has_option_before(const struct leat_stage_ops *ops, uint32_t k)
{
	for (uint32_t j = 0; j < k; j++)
		if (!strcmp(ops->options[j].name, ops->options[k].name))
			return true;
	return false;
}

/* Can its stage be changed that way? */
static int
ops_check_way(const struct leat_stage_ops *ops,
	const struct leat_option *option, struct leat_error *err)
{
	if ((option->flags & LEAT_OPTION_LIVE) && !ops->change)
		return leat__error(err, LEAT_EINVAL,
			"option '%s' of stage '%s' is LIVE, and nothing tells "
			"the stage: ops.change",
			option->name, ops->name);
	if ((option->flags & LEAT_OPTION_RENEWS) &&
		(!(ops->flags & LEAT_STAGE_STATELESS) ||
			(ops->flags & LEAT_STAGE_BLOCKING) || ops->produce ||
			ops->n_ins > 1))
		return leat__error(err, LEAT_EINVAL,
			"option '%s' of stage '%s' RENEWS it: accepted of "
			"stages that are STATELESS, do not block and have one "
			"in",
			option->name, ops->name);
	return LEAT_OK;
}

static int
ops_check_options(const struct leat_stage_ops *ops, struct leat_error *err)
{
	const struct leat_option *rest = NULL;

	for (uint32_t k = 0; ops->options && ops->options[k].name; k++) {
		const struct leat_option *option = &ops->options[k];

		LEAT_TRY(
			leat__option_check_entry(option, ops->opts_bytes, err));
		LEAT_TRY(ops_check_way(ops, option, err));
		if (ops_has_option_before(ops, k))
			return leat__error(err, LEAT_EINVAL,
				"option '%s' of stage '%s' is there twice",
				option->name, ops->name);
		if (rest && (option->flags & LEAT_OPTION_POSITIONAL))
			return leat__error(err, LEAT_EINVAL,
				"option '%s' of stage '%s' is positional and "
				"stands behind '%s', which takes the rest",
				option->name, ops->name, rest->name);
		if (option->flags & LEAT_OPTION_REST)
			rest = option;
	}
	return LEAT_OK;
}

static void
ops_fill(struct leat_stage_ops *ops)
{
	if (!ops->produce && !ops->n_ins)
		ops->n_ins = 1;
	if (!(ops->flags & LEAT_STAGE_SINK) && !ops->n_outs)
		ops->n_outs = 1;
	if (ops->map_item || ops->keep_item) {
		ops->in_layouts = LEAT_LAYOUT_ITEMS;
		/* both write over their input */
		ops->flags |= LEAT_STAGE_IN_PLACE;
	}
}

int
leat__ops_check(struct leat_stage_ops *ops, struct leat_error *err)
{
	LEAT_TRY(ops_check_name(ops, err));
	if (ops->flags & ~OPS_FLAGS)
		return leat__error(err, LEAT_EINVAL,
			"stage '%s' has flags 0x%x; known are 0x%x", ops->name,
			ops->flags, OPS_FLAGS);
	LEAT_TRY(ops_check_work(ops, err));
	LEAT_TRY(ops_check_ends(ops, err));
	LEAT_TRY(ops_check_layouts(ops, err));
	LEAT_TRY(ops_check_items(ops, err));
	LEAT_TRY(ops_check_sizes(ops, err));
	LEAT_TRY(ops_check_options(ops, err));
	ops_fill(ops);
	return LEAT_OK;
}
