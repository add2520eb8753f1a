/*
 * mem/trace.c -- which trace a frame belongs to, beside its slot.
 *
 * A frame's header is full, and few frames have a trace: so it stands in a
 * table by slot, which a pool has only where it is asked for.
 * Keeps: what is there is of the frame in the slot if it names its life, so a
 * slot that is taken again need not be cleared.
 * Threads: who holds the frame; writes by who holds it alone.
 */
#include <string.h>

#include "mem/mem.h"

static uint64_t
frame_life(const struct leat_frame *frame)
{
	return (uint64_t)leat__load_relaxed(&frame->generation) + 1;
}

const struct leat__frame_trace *
leat__frame_trace(const struct leat_frame *frame)
{
	const struct leat__frame_trace *place = leat__frame_trace_place(frame);

	return place && place->life == frame_life(frame) ? place : NULL;
}

void
leat__frame_trace_put(struct leat_frame *frame,
	const struct leat_trace_context *context,
	const struct leat__frame_trace *state)
{
	struct leat__frame_trace *place = leat__frame_trace_place(frame);

	place->context = *context;
	place->is_given = false;
	place->state_bytes = state ? state->state_bytes : 0;
	if (place->state_bytes)
		memcpy(place->state, state->state, place->state_bytes);
	place->state[place->state_bytes] = '\0';
	place->life = frame_life(frame);
}

/* ---- for stages ----------------------------------------------------------- */

bool
leat_trace_is_set(const struct leat_trace_context *context)
{
	for (size_t k = 0; k < sizeof(context->trace_id); k++)
		if (context->trace_id[k])
			return true;
	return false;
}

int
leat_frame_trace_set(struct leat_frame *frame,
	const struct leat_trace_context *context, const char *state)
{
	struct leat__frame_trace *place = leat__frame_trace_place(frame);
	size_t n_bytes = state ? strlen(state) : 0;

	if (!leat_trace_is_set(context) || n_bytes > LEAT_TRACE_STATE_MAX)
		return LEAT_EINVAL;
	if (!place)
		return LEAT_ENOTSUP;
	LEAT_ASSERT(leat_frame_is_sole(frame));
	leat__frame_trace_put(frame, context, NULL);
	place->is_given = true;
	place->state_bytes = (uint16_t)n_bytes;
	if (n_bytes)
		memcpy(place->state, state, n_bytes);
	place->state[n_bytes] = '\0';
	return LEAT_OK;
}

bool
leat_frame_trace_get(
	const struct leat_frame *frame, struct leat_trace_context *context_out)
{
	const struct leat__frame_trace *trace = leat__frame_trace(frame);

	if (trace)
		*context_out = trace->context;
	return trace != NULL;
}

const char *
leat_frame_trace_state(const struct leat_frame *frame)
{
	const struct leat__frame_trace *trace = leat__frame_trace(frame);

	return trace ? trace->state : "";
}
