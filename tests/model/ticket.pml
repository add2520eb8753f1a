/*
 * ticket.pml -- replicas of a segment that emit in order, as in
 * src/run/region.c: who takes a frame draws a ticket, under the region's lock;
 * what comes of the frame goes through the ticket's place in a window, which
 * holds one output; whoever gets hold of the emitting sends what the oldest
 * ticket has, and after it what those after it have, as far as there is credit.
 *
 * Who finds that another one emits leaves: that one looks again afterwards. Who
 * runs out of credit says that the region is stalled, arms the sender and looks
 * again; the grant takes both back and wakes one that rests, or leaves a note.
 * Atomics are in order; what is done under the lock is one step; there is
 * always input, or its end. (elastic.pml has the waiting for input.)
 *
 * Proved: what comes out is in order and complete; a place is not drawn twice;
 * nobody rests for good; all end.
 * Defects: -DNO_SECOND_LOOK  -DDONE_BEFORE_OUTPUTS  -DDONE_READ_LATE
 *          -DISSUE_BEYOND_WINDOW  -DARM_WITHOUT_LOOK  -DSTALLED_AFTER_ARMING
 *          -DNO_NOTE
 */
#ifdef NIGHTLY
#define N_WORKERS 3
#else
#define N_WORKERS 2
#endif
#define N_FRAMES 3
#define WINDOW  2
#define OUT_MAX 2 /* outputs of a frame: none or so many */
#define NONE    255

/* under the lock */
byte next; /* the ticket to be drawn */
byte n_live = N_WORKERS;
bit is_in_ended, must_emit;
mtype = {RUNS, RESTS_FOR_INPUT, RESTS_FOR_ROOM};
mtype rest[N_WORKERS] = RUNS;

/* places, by ticket modulo WINDOW */
byte done[WINDOW]; /* ticket + 1, once nothing more comes of it */
bit is_full[WINDOW];
byte holder[WINDOW]; /* worker + 1 */
byte n_to_go[WINDOW]; /* ghost: outputs that have not gone out */

byte head; /* the oldest ticket that has not gone out */
bit is_emitting, is_stalled;

byte credit = 1; /* of the out */
bit is_armed, is_closed;
bit is_notified[N_WORKERS] = 1;

#define slot(t)    ((t) % WINDOW)
#define is_done(t) (done[slot(t)] == (t) + 1)
#define is_over    (is_in_ended && next == head)
#ifdef ISSUE_BEYOND_WINDOW
#define has_ticket (next <= head + WINDOW)
#else
#define has_ticket (next < head + WINDOW)
#endif

/* ---- under the lock ---- */

/* region_pick_locked: k rests for this, and does not any more; NONE = nobody */
inline pick(what, k)
{
	k = 0;
	do
	:: k == N_WORKERS -> k = NONE; break
	:: k < N_WORKERS && rest[k] == what -> rest[k] = RUNS; break
	:: k < N_WORKERS && rest[k] != what -> k++
	od
}

inline notify(k)
{
	if
	:: k != NONE -> is_notified[k] = 1; k = NONE
	:: else
	fi
}

inline invite(k)
{
	if
	:: !is_in_ended && has_ticket ->
		pick(RESTS_FOR_INPUT, k);
		notify(k)
	:: else
	fi
}

inline end_all(k)
{
	k = 0;
	do
	:: k < N_WORKERS && is_over -> is_notified[k] = 1; k++
	:: else -> k = NONE; break
	od
}

/* leat__region_take */
inline take(me, ticket, k)
{
	rest[me] = RUNS;
	if
	:: has_ticket && next < N_FRAMES ->
		ticket = next;
		next++;
		assert(holder[slot(ticket)] == 0);
		holder[slot(ticket)] = me + 1;
		invite(k)
	:: has_ticket && next == N_FRAMES ->
		is_in_ended = 1;
		end_all(k)
	:: !has_ticket
	fi
}

/* region_lacks_locked */
#define lacks_input (is_in_ended -> !is_over : !has_ticket)

/* leat__region_rest */
inline try_rest(me, what, lacks, emits, rests)
{
	rest[me] = RUNS;
	emits = must_emit;
	must_emit = 0;
	if
	:: !emits && lacks -> rest[me] = what; rests = 1
	:: else
	fi
}

/* ---- emitting ---- */

/* region_advance */
inline advance(k)
{
	assert(n_to_go[slot(head)] == 0);
	holder[slot(head)] = 0;
	head++;
	invite(k);
	end_all(k)
}

/* region_tell_holder: of the oldest ticket */
inline tell_holder(k)
{
	k = holder[slot(head)] - 1;
	if
	:: rest[k] == RESTS_FOR_ROOM -> rest[k] = RUNS; notify(k)
	:: else -> k = NONE
	fi
}

/* region_stall, region_send_ticket: sends what is there, or stalls */
inline send(sends, stalls)
{
	do
	:: !is_full[slot(head)] -> break
	:: atomic { is_full[slot(head)] && credit > 0 ->
			credit--;
			n_to_go[slot(head)]--;
			is_full[slot(head)] = 0;
			sends = 1;
			break
		}
	:: is_full[slot(head)] && credit == 0 ->
#ifndef STALLED_AFTER_ARMING
		is_stalled = 1;
#endif
		is_armed = 1;
		if
#ifdef ARM_WITHOUT_LOOK
		:: stalls = 1
#else
		:: atomic { credit == 0 -> stalls = 1 }
		:: atomic { credit > 0 -> is_armed = 0 };
			is_stalled = 0
#endif
		fi;
		if
		:: stalls ->
#ifdef STALLED_AFTER_ARMING
			is_stalled = 1;
#endif
			break
		:: !stalls
		fi
	od
}

/* region_emit_all */
inline emit_all(k, was_done, sends, stalls)
{
	do
	:: true ->
#ifndef DONE_READ_LATE
		was_done = is_done(head);
#endif
		send(sends, stalls);
#ifdef DONE_READ_LATE
		was_done = is_done(head);
#endif
		if
		:: atomic { stalls -> stalls = 0; was_done = 0; break }
		:: atomic { !stalls && was_done ->
				advance(k);
				sends = 0;
				was_done = 0
			}
		:: atomic { !stalls && !was_done ->
				if
				:: sends -> tell_holder(k)
				:: else
				fi;
				sends = 0;
				break
			}
		fi
	od
}

/* region_emit */
inline emit(k, h, was_done, sends, stalls)
{
	do
	:: atomic { is_stalled -> break }
	:: atomic { !is_stalled -> h = head };
		atomic {
			if
			:: is_done(h) || is_full[slot(h)] -> h = 0
			:: else -> h = 0; break
			fi
		};
		atomic {
			if
			:: !is_emitting -> is_emitting = 1
			:: else -> break
			fi
		};
		emit_all(k, was_done, sends, stalls);
#ifdef NO_SECOND_LOOK
		atomic { is_emitting = 0; break }
#else
		is_emitting = 0
#endif
	od
}

/* ---- tasks ---- */

/*
 * A task that was woken emits; then it goes on with the ticket in hand, or
 * draws the next.
 */
#define goes_on (!rests && !emits && !ends)

active [N_WORKERS] proctype worker()
{
	byte me = _pid;
	byte ticket = NONE, k = NONE, n_left, h;
	bit rests = 1, emits, ends, has_tried;
	bit was_done, sends, stalls;

	do
	:: ends -> break
	:: atomic { rests && is_notified[me] ->
			is_notified[me] = 0;
			rests = 0;
			emits = 1
		}
	:: atomic { emits -> emits = 0 };
		emit(k, h, was_done, sends, stalls)

	/* leat__region_has_room and _put: one output more */
	:: atomic { goes_on && ticket != NONE && n_left > 0 &&
			!is_full[slot(ticket)] ->
#ifdef DONE_BEFORE_OUTPUTS
			if
			:: n_left == 1 -> done[slot(ticket)] = ticket + 1
			:: else
			fi
		};
		atomic {
#endif
			is_full[slot(ticket)] = 1;
			n_left--;
			has_tried = 0
		}
	:: atomic { goes_on && ticket != NONE && n_left > 0 &&
			is_full[slot(ticket)] && !has_tried ->
			emits = 1;
			has_tried = 1
		}
	:: atomic { goes_on && ticket != NONE && n_left > 0 &&
			is_full[slot(ticket)] && has_tried ->
			try_rest(me, RESTS_FOR_ROOM, true, emits, rests);
			has_tried = 0
		}

	/* leat__region_finish */
	:: atomic { goes_on && ticket != NONE && n_left == 0 ->
			done[slot(ticket)] = ticket + 1;
			ticket = NONE;
			emits = 1
		}

	/* leat__region_take and _is_over */
	:: atomic { goes_on && ticket == NONE && !has_tried ->
			take(me, ticket, k);
			if
			:: ticket == NONE -> ends = is_over; has_tried = !ends
			:: ticket != NONE -> n_left = 0
			:: ticket != NONE -> n_left = OUT_MAX
			fi;
			if
			:: ticket != NONE -> n_to_go[slot(ticket)] = n_left
			:: else
			fi
		}
	:: atomic { goes_on && ticket == NONE && has_tried ->
			try_rest(me, RESTS_FOR_INPUT, lacks_input, emits,
				rests);
			has_tried = 0
		}
	od;

	/* leat__region_leave */
	atomic {
		n_live--;
		is_closed = (n_live == 0)
	}
}

/* Downstream; region_on_credit. */
active proctype receiver()
{
	byte k = NONE;
	bit was;

	do
	:: is_closed -> break
	:: atomic { credit == 0 ->
			credit++;
			was = is_armed;
			is_armed = 0
		};
		if
		:: was ->
			is_stalled = 0;
			atomic {
				pick(RESTS_FOR_INPUT, k);
				if
				:: k == NONE -> pick(RESTS_FOR_ROOM, k)
				:: else
				fi;
#ifndef NO_NOTE
				must_emit = (k == NONE);
#endif
				notify(k);
				was = 0
			}
		:: !was
		fi
	od;
	assert(head == N_FRAMES && next == N_FRAMES)
}
