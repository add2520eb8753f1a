/*
 * park.pml -- going idle without losing a wake, on a machine that buffers
 * stores (x86-TSO), as in src/chan/chan.c and src/env/parker.c.
 *
 * Who finds nothing draws a ticket, looks, arms its flag, fences, looks once
 * more and only then waits on the ticket. Who makes something publishes it,
 * fences, and takes the flag if it is up. A close and a cancel wake without
 * looking at the flag; for them the ticket alone must do.
 *
 * Proved: the waiter gets all that was made, then the end, and never sleeps
 * for good (no invalid end state).
 * Defects: -DNO_FENCE_MAKER  -DNO_FENCE_WAITER  -DLATE_TICKET
 */
#define MADE_MAX 3

/* names of the shared words, for the store buffers */
#define MADE   0 /* frames pushed */
#define CLOSED 1
#define ARMED  2
#define N_WORDS 3

byte word[N_WORDS];
bit is_done;  /* the context has ended: a locked store */
byte count;   /* of the parker: an event count */
byte got;
bit is_over;

/* A store waits here until the machine gets round to it, in order. */
chan maker_stores = [2] of {byte, byte};
chan waiter_stores = [2] of {byte, byte};

#define store(buffer, name, value) buffer!name, value
#define fence(buffer) empty(buffer)
/* every locked operation empties the store buffer first */
#define wake(buffer) atomic { empty(buffer) -> count++ }

active proctype machine()
{
	byte name, value;

end:	do
	:: atomic { maker_stores?name, value -> word[name] = value }
	:: atomic { waiter_stores?name, value -> word[name] = value }
	od
}

/* leat__chan_push and leat__chan_notify, then leat__chan_close_send */
active proctype maker()
{
	byte n = 0;
	bit was_armed;

	do
	:: n < MADE_MAX ->
		n++;
		store(maker_stores, MADE, n);
#ifndef NO_FENCE_MAKER
		fence(maker_stores);
#endif
		if
		:: word[ARMED] ->
			atomic { /* swap: one taker only */
				empty(maker_stores);
				was_armed = word[ARMED];
				word[ARMED] = 0
			}
			if
			:: was_armed -> wake(maker_stores)
			:: else
			fi
		:: else
		fi
	:: else -> break
	od;
	/* nothing more to say for a while: the close must not be what rescues
	 * a waiter that missed a push */
	got == MADE_MAX || is_over;
	store(maker_stores, CLOSED, 1);
	store(maker_stores, ARMED, 0);
	wake(maker_stores)
}

/* leat_ctx_cancel: maybe, at any time */
active proctype canceller()
{
	if
	:: is_done = 1;
		count++
	:: skip
	fi
}

/* a task, or a thread, that receives */
active proctype waiter()
{
	byte ticket, n;
	bit is_closed;

	do
	::
#ifndef LATE_TICKET
		ticket = count;
#endif
		if
		:: is_done -> break
		:: else
		fi;
		is_closed = word[CLOSED]; /* before the ring, never after */
		n = word[MADE];
		if
		:: n > got ->
			got++
		:: n == got && is_closed ->
			break
		:: else ->
			store(waiter_stores, ARMED, 1);
#ifndef NO_FENCE_WAITER
			fence(waiter_stores);
#endif
			if
			:: word[MADE] > got || word[CLOSED] ->
				store(waiter_stores, ARMED, 0)
			:: else ->
#ifdef LATE_TICKET
				ticket = count;
#endif
				count != ticket /* sleeps while they are equal */
			fi
		fi
	od;
	assert(is_done || got == MADE_MAX);
	is_over = 1
}

ltl ends { <> (is_over) }
