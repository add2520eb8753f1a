/*
 * fence.pml -- who pays for the fence when many wait at one side, on a machine
 * that buffers stores (x86-TSO), as in src/chan/wait.c: a sender and two
 * receivers, each of which may look and, cancelled, leave without taking.
 *
 * The side's word is UNFENCED, FENCING or FENCED. Who tells fences unless it
 * reads UNFENCED. Who has put its arm on may switch UNFENCED to FENCING and
 * FENCED to UNFENCED; it runs a barrier on all threads unless the word is and
 * stays FENCED, and then switches FENCING to FENCED, if it is still the same
 * switching-on, by its number. (Without the number nothing goes wrong here
 * either: who switches is on the list until its barrier is through, so who
 * tells meanwhile does not pass by.)
 *
 * Proved: no item lies there while somebody who waits sleeps for good.
 * Defects: -DNO_BARRIER  -DFENCED_BEFORE_BARRIER  -DFENCE_ONLY_WHEN_FENCED
 *          -DNO_BATON
 */
#define N_RECEIVERS 2
#ifdef NIGHTLY
#define N_ITEMS   2
#define WAITS_MAX 3
#else
#define N_ITEMS   2
#define WAITS_MAX 2
#endif

#define UNFENCED 0
#define FENCING  1
#define FENCED   2

byte tail; /* memory; the sender's stores get there late */
chan stores = [2] of {byte};

/* by locked operations only */
byte n_taken;
byte mode = UNFENCED;
bit is_old[N_RECEIVERS]; /* the number in mode is not the one it saw */
byte n_waiting;
bit is_on[N_RECEIVERS];    /* its arm is on the list */
bit is_open[N_RECEIVERS];  /* its token can be claimed */
bit is_over[N_RECEIVERS];
bit is_canceled;           /* the context of receiver 0 */

active proctype machine()
{
	byte value;

end:	do
	:: atomic { stores?value -> tail = value; value = 0 }
	od
}

/* The list, under its lock: claim the first that can be had. */
inline wake_one()
{
	atomic {
		if
		:: is_on[0] && is_open[0] -> is_open[0] = 0
		:: is_on[1] && is_open[1] -> is_open[1] = 0
		:: else
		fi
	}
}

active proctype sender()
{
	byte n, seen;

	do
	:: n < N_ITEMS ->
		n++;
		stores!n;
		if
#ifdef FENCE_ONLY_WHEN_FENCED
		:: mode == FENCED -> empty(stores)
#else
		:: mode != UNFENCED -> empty(stores)
#endif
		:: else
		fi;
		if
		:: n_waiting > 0 -> empty(stores); wake_one()
		:: else
		fi
	:: else -> break
	od;
	n_taken == N_ITEMS || (is_over[0] && is_over[1])
}

inline put_on(me, chosen)
{
	atomic {
		is_open[me] = 1;
		is_on[me] = 1;
		n_waiting++;
		/* side_settle, under the same lock */
		chosen = mode;
		if
		:: mode == UNFENCED ->
			mode = FENCING;
			is_old[1 - me] = 1;
			chosen = FENCING
		:: mode == FENCED ->
			mode = UNFENCED;
			chosen = UNFENCED
		:: true
		fi;
		is_old[me] = 0
	}
}

inline switch_on(me, chosen)
{
	atomic {
		if
		:: chosen == FENCING && mode == FENCING && !is_old[me] ->
			mode = FENCED
		:: else
		fi
	}
}

inline pay(me, chosen)
{
#ifdef FENCED_BEFORE_BARRIER
	switch_on(me, chosen);
#endif
	if
#ifndef NO_BARRIER
	:: chosen != FENCED -> empty(stores)
#endif
	:: else
	fi;
#ifndef FENCED_BEFORE_BARRIER
	switch_on(me, chosen)
#endif
}

proctype receiver(byte me)
{
	byte chosen, n_waits;
	bit can, is_hinted;

	do
	:: is_canceled && me == 0 ->
		if
#ifndef NO_BATON
		:: is_hinted -> wake_one() /* and leaves with nothing */
#endif
		:: else
		fi;
		break
	:: n_taken == N_ITEMS -> break
	:: n_taken < N_ITEMS && !(is_canceled && me == 0) ->
		is_hinted = 0;
		if
		:: atomic { tail > n_taken -> n_taken++ };
			/* who takes one of several wakes for the next */
			if
			:: tail > n_taken -> wake_one()
			:: else
			fi
		:: else ->
			put_on(me, chosen);
			pay(me, chosen);
			can = tail > n_taken;
			if
			:: can
			:: n_waits < WAITS_MAX -> n_waits++ /* a deadline */
			:: !can && (!is_open[me] || n_taken == N_ITEMS ||
				(is_canceled && me == 0))
			fi;
			atomic {
				is_hinted = !is_open[me];
				is_open[me] = 0;
				is_on[me] = 0;
				n_waiting--;
				chosen = 0;
				can = 0
			}
		fi
	od;
	is_over[me] = 1
}

init
{
	atomic {
		run receiver(0);
		run receiver(1)
	};
	if
	:: is_canceled = 1
	:: skip
	fi
}
