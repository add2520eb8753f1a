/*
 * elastic.pml -- a region whose number of active replicas changes while it
 * runs, as in src/run/region.c: replicas below the number draw tickets, under
 * the region's lock; those above it draw none, finish what they hold, and rest.
 *
 * Who brings input wakes the first active replica in the row that rests, if the
 * region has armed its end of the link; so does who draws a ticket or gets one
 * through, or changes the number, as far as input and tickets are there, and
 * else arms it again. A replica that was woken, and finds itself above the
 * number, just rests again: those before it did not rest then, and look before
 * they do. At the end of all input all are woken. (What is done under the lock
 * is one step; what goes out has always room: ticket.pml has the credit.)
 *
 * Proved: what comes out is in order and complete, at every change; a replica
 * above the number draws no ticket; nobody rests for good while there is work
 * for it; all end.
 * Defects: -DCHANGE_INVITES_NOBODY  -DPICKS_ANY  -DPASSIVE_DROPS_TICKET
 *          -DEND_WAKES_ACTIVE  -DPASSIVE_STILL_DRAWS  -DRESTS_WITHOUT_LOOK
 */
#ifdef NIGHTLY
#define N_FRAMES 5
#define N_CHANGES 4
#else
#define N_FRAMES 4
#define N_CHANGES 3
#endif
#define N_WORKERS 3
#define WINDOW    2
#define CAPACITY  2 /* of the link into the region */
#define NONE      255

/* under the lock */
byte n_active = N_WORKERS;
byte next; /* the ticket to be drawn */
byte head; /* the oldest that has not gone out */
byte n_live = N_WORKERS;
bit is_in_ended;
bit rests[N_WORKERS]; /* for input, a ticket or the end */
bit is_done[WINDOW];  /* by ticket modulo WINDOW */
bit is_drawn[WINDOW];

/* the link into the region */
byte n_queued;
byte n_in_hand;
bit is_closed, is_armed;

bit is_woken[N_WORKERS] = 1;

#define has_ticket    (next < head + WINDOW)
#define is_over       (is_in_ended && next == head)
#define is_active(me) (me < n_active)
#define has_input     (n_queued > 0 || is_closed)

/* ---- under the lock ---- */

#define may_be_picked(k) (rests[k] && is_active(k))

#ifdef PICKS_ANY
#define comes_first(k) true
#else
#define comes_first(k) false
#endif

/* region_pick_locked, and the waking of who was picked: the first in the row */
inline pick(k)
{
	k = 0;
	do
	:: k == N_WORKERS -> break
	:: k < N_WORKERS && may_be_picked(k) ->
		rests[k] = 0;
		is_woken[k] = 1;
		break
	:: k < N_WORKERS && (!may_be_picked(k) || comes_first(k)) -> k++
	od;
	k = 0
}

/* region_invite_locked: who rests is woken if there is something, else told of
 * the next */
inline invite(k)
{
	if
	:: !is_in_ended && has_ticket && has_input -> pick(k)
	:: !is_in_ended && has_ticket && !has_input -> is_armed = 1
	:: is_in_ended || !has_ticket
	fi
}

inline end_all(k)
{
	k = 0;
	do
#ifdef END_WAKES_ACTIVE
	:: k < n_active && is_over -> is_woken[k] = 1; k++
#else
	:: k < N_WORKERS && is_over -> is_woken[k] = 1; k++
#endif
	:: else -> k = 0; break
	od
}

#ifdef PASSIVE_STILL_DRAWS
#define may_draw(me) has_ticket
#else
#define may_draw(me) (is_active(me) && has_ticket)
#endif

/* leat__region_take */
inline take(me, ticket, k)
{
	rests[me] = 0;
	if
	:: may_draw(me) && n_queued > 0 ->
		assert(is_active(me));
		n_queued--;
		n_in_hand++;
		ticket = next;
		next++;
		assert(!is_drawn[ticket % WINDOW]);
		is_drawn[ticket % WINDOW] = 1;
		invite(k)
	:: may_draw(me) && n_queued == 0 && is_closed ->
		is_in_ended = 1;
		end_all(k)
	:: may_draw(me) && n_queued == 0 && !is_closed
	:: !may_draw(me)
	fi
}

/* leat__region_rest: for what it may get, it looks once more */
inline try_rest(me)
{
	if
	:: is_in_ended && is_over
	:: is_in_ended && !is_over -> rests[me] = 1
	:: !is_in_ended && is_active(me) && has_ticket ->
		is_armed = 1;
		if
#ifdef RESTS_WITHOUT_LOOK
		:: rests[me] = 1
#else
		:: has_input -> is_armed = 0
		:: !has_input -> rests[me] = 1
#endif
		fi
	:: !is_in_ended && is_active(me) && !has_ticket -> rests[me] = 1
	:: !is_in_ended && !is_active(me) -> rests[me] = 1
	fi
}

/* leat__region_finish: what is done goes out, the oldest first */
inline finish(ticket, k)
{
	is_done[ticket % WINDOW] = 1;
	do
	:: is_done[head % WINDOW] ->
		is_done[head % WINDOW] = 0;
		is_drawn[head % WINDOW] = 0;
		head++;
		invite(k);
		end_all(k)
	:: else -> break
	od
}

/* ---- tasks ---- */

active [N_WORKERS] proctype worker()
{
	byte me = _pid;
	byte ticket = NONE, k;
	bit ends;

	do
	:: ends -> break
	:: atomic { !ends && rests[me] && is_woken[me] ->
			is_woken[me] = 0;
			rests[me] = 0
		}
	:: atomic { !ends && !rests[me] && ticket == NONE ->
			is_woken[me] = 0;
			take(me, ticket, k);
			ends = (ticket == NONE && is_over)
		};
		atomic {
			if
			:: ticket == NONE && !ends -> try_rest(me)
			:: else
			fi
		}
#ifdef PASSIVE_DROPS_TICKET
	:: atomic { !ends && ticket != NONE && !is_active(me) ->
			rests[me] = 1;
			is_woken[me] = 0
		};
		atomic { rests[me] && is_woken[me] -> rests[me] = 0 }
#endif
	:: atomic { !ends && ticket != NONE ->
			n_in_hand--;
			finish(ticket, k);
			ticket = NONE
		}
	od;
	n_live--
}

/* The sender of the link; region_on_input. */
active proctype source()
{
	byte n, k;
	bit was;

	do
	:: atomic { n < N_FRAMES && n_queued + n_in_hand < CAPACITY ->
			n_queued++;
			n++
		};
		atomic { was = is_armed; is_armed = 0 };
		atomic {
			if
			:: was -> was = 0; pick(k)
			:: else
			fi
		}
	:: n == N_FRAMES -> break
	od;
	atomic { is_closed = 1; is_armed = 0 };
	atomic { pick(k) };
	n_live == 0;
	assert(head == N_FRAMES && next == N_FRAMES)
}

/* region_set_active_locked: another number, and somebody is invited */
active proctype changer()
{
	byte n, k;

	do
	:: n == N_CHANGES -> break
	:: atomic { n < N_CHANGES ->
			n++;
			if
			:: n_active = 1
			:: n_active = 2
			:: n_active = N_WORKERS
			fi;
#ifndef CHANGE_INVITES_NOBODY
			invite(k)
#endif
		}
	od
}
