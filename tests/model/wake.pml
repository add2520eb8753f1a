/*
 * wake.pml -- the wake of the public channel with a lopsided fence, on a
 * machine that buffers stores (x86-TSO), as in src/chan/wait.c where one
 * may wait: a sender that waits for credit and a receiver that waits for
 * items, over one ring. fence.pml has many that wait.
 *
 * Who moves an item stores its position and looks at the other's waiter word,
 * without a fence unless the other asked for one (is_fenced). Who would wait
 * puts itself there by a locked exchange, makes every thread pass a fence
 * (unless is_fenced has held since an earlier wait), looks again and sleeps.
 * Whoever takes a waiter out of its word fires it, once; so a waiter that
 * finds itself taken stays until the fire. A cancel fires both, at any time.
 * (A thread's mark, leat__side_doze, is fired by taking it: there is nothing to
 * stay for.)
 * A waiter may switch is_fenced in any wait, but only once it is in its word;
 * it may leave at a deadline too. Between two waits it may switch it off, if it
 * goes by that in the next one (leat__side_relax).
 *
 * Proved: all items arrive in order of credit, nobody sleeps for good, and no
 * waiter is fired that has gone.
 * Defects: -DNO_BARRIER  -DSWITCH_WITHOUT_BARRIER  -DSWITCH_OFF_EARLY
 *          -DLOOK_BEFORE_ARMING  -DLEAVE_BEFORE_FIRE  -DNO_FENCE_WHEN_ASKED
 *          -DRELAX_AND_FORGET
 */
#ifdef NIGHTLY
#define N_ITEMS  4
#define CAPACITY 2
#else
#define N_ITEMS  3
#define CAPACITY 1
#endif
#define CHOICES_MAX 2

#define SENDER   0
#define RECEIVER 1

/* memory; each word is written by its owner, through its store buffer */
byte moved[2];    /* items pushed; items taken and credited */
bit is_fenced[2]; /* wakers of the owner must fence */
bit is_closed[2]; /* by the owner */

/* memory, by locked operations only */
bit waiter[2]; /* the owner is in its word */
bit is_done;   /* the context has ended */

bit is_fired[2];
bit waits[2]; /* ghost: the waiter's memory may be touched */
bit is_over[2];

#define MOVED  0
#define FENCED 1
#define CLOSED 2

/* A store waits here until the machine gets round to it, in order. */
chan stores[2] = [2] of {byte, byte};

#define fence(me) empty(stores[me])

active proctype machine()
{
	byte me, name, value;

end:	do
	:: atomic {
		if
		:: stores[SENDER]?name, value -> me = SENDER
		:: stores[RECEIVER]?name, value -> me = RECEIVER
		fi;
		if
		:: name == MOVED -> moved[me] = value
		:: name == FENCED -> is_fenced[me] = value
		:: name == CLOSED -> is_closed[me] = value
		fi;
		me = 0; name = 0; value = 0
	   }
	od
}

/* Take whoever is in the word and fire it: two steps. */
inline take_and_fire(whom, was)
{
	atomic { was = waiter[whom]; waiter[whom] = 0 };
	if
	:: was -> atomic {
			assert(waits[whom]);
			is_fired[whom] = 1;
			was = 0
		  }
	:: else
	fi
}

inline notify(me, was)
{
#ifndef NO_FENCE_WHEN_ASKED
	if
	:: is_fenced[1 - me] -> fence(me)
	:: else
	fi;
#endif
	if
	:: waiter[1 - me] ->
		fence(me); /* the exchange is locked */
		take_and_fire(1 - me, was)
	:: else
	fi
}

inline close(me, was)
{
	stores[me]!CLOSED, 1;
	fence(me);
	take_and_fire(1 - me, was)
}

/* Is there something to do for me, who moved n? */
#define has_credit(n) (n - moved[RECEIVER] < CAPACITY)
#define has_items(n)  (moved[SENDER] > n)
#define can_move(me, n) ((me == SENDER && has_credit(n)) || \
	(me == RECEIVER && has_items(n)))
#define can_go(me, n) \
	(can_move(me, n) || is_closed[1 - me] || is_done)

inline arm(me)
{
	atomic {
		fence(me) -> waiter[me] = 1
	}
}

inline switch_fence(me, asks, n_choices)
{
	atomic {
		if
		:: skip
		:: n_choices < CHOICES_MAX ->
			n_choices++;
			asks = !asks;
			stores[me]!FENCED, asks
		fi
	}
}

/* Without a wait: it is not in its word. */
inline relax(me, asks, n_choices)
{
	atomic {
		n_choices++;
#ifndef RELAX_AND_FORGET
		asks = 0;
#endif
		stores[me]!FENCED, 0
	}
}

/* leat__side_arm, a second look, leat__waiter_wait, leat__side_disarm */
inline wait(me, n, asks, asked, can, n_choices, was)
{
	atomic { is_fired[me] = 0; waits[me] = 1; asked = asks };
#ifdef SWITCH_OFF_EARLY
	switch_fence(me, asks, n_choices);
#endif
#ifdef LOOK_BEFORE_ARMING
	can = can_go(me, n);
#endif
	arm(me);
#ifndef SWITCH_OFF_EARLY
	switch_fence(me, asks, n_choices);
#endif
	if
#ifdef NO_BARRIER
	:: true
#endif
#ifdef SWITCH_WITHOUT_BARRIER
	:: asked || asks
	:: !asked && !asks ->
#else
	:: asked
	:: !asked ->
#endif
		fence(me);
		fence(1 - me);
		fence(me)
	fi;
#ifndef LOOK_BEFORE_ARMING
	can = can_go(me, n);
#endif
	if
	:: can
	:: !can && is_fired[me] /* asleep until now */
	:: !can && n_choices < CHOICES_MAX -> n_choices++ /* the deadline */
	fi;
	atomic { fence(me) -> was = waiter[me]; waiter[me] = 0 };
#ifndef LEAVE_BEFORE_FIRE
	was || is_fired[me];
#endif
	atomic { waits[me] = 0; was = 0; can = 0; asked = 0 }
}

active proctype sender()
{
	byte n, n_choices;
	bit asks, asked, can, was;

	do
	:: is_done || is_closed[RECEIVER] || n == N_ITEMS -> break
	:: else ->
		if
		:: has_credit(n) ->
			n++;
			stores[SENDER]!MOVED, n;
			notify(SENDER, was)
		:: asks && n_choices < CHOICES_MAX ->
			relax(SENDER, asks, n_choices)
		:: !has_credit(n) ->
			wait(SENDER, n, asks, asked, can, n_choices, was)
		fi
	od;
	/* nothing more to say for a while: the close must not be what rescues
	 * a receiver that missed an item */
	moved[RECEIVER] == N_ITEMS || is_over[RECEIVER];
	close(SENDER, was);
	is_over[SENDER] = 1
}

active proctype receiver()
{
	byte n, n_choices;
	bit asks, asked, can, was, was_closed;

	do
	:: is_done -> break
	:: n > 0 -> break /* as head: enough */
	:: !is_done ->
		was_closed = is_closed[SENDER]; /* before the ring */
		if
		:: has_items(n) ->
			n++;
			stores[RECEIVER]!MOVED, n;
			notify(RECEIVER, was)
		:: asks && n_choices < CHOICES_MAX ->
			relax(RECEIVER, asks, n_choices)
		:: !has_items(n) && was_closed ->
			assert(n == N_ITEMS || is_done);
			break
		:: !has_items(n) && !was_closed ->
			wait(RECEIVER, n, asks, asked, can, n_choices, was)
		fi
	od;
	close(RECEIVER, was);
	is_over[RECEIVER] = 1
}

/* leat_ctx_cancel: maybe, at any time */
active proctype canceller()
{
	bit was;

	if
	:: is_done = 1;
		take_and_fire(SENDER, was);
		take_and_fire(RECEIVER, was)
	:: skip
	fi
}
