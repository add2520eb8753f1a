/*
 * rest.pml -- fibers that rest at a side without a token, and that leave
 * straight to the next one, as in src/env/side.c and src/exec/fiber.c: two
 * workers that steal; two fibers that rest, each at a side of its own; one
 * that sends to them, and parks in between; and a thread that tells one of
 * them too, as a close does.
 *
 * Who rests says that it is on its stack, puts itself on the side, looks, and
 * takes itself off or leaves. Who tells takes it by one exchange and makes it
 * ready at once; who runs it next waits until it is away. Who leaves takes the
 * next one from its worker's queue, and that one says for it that it is away;
 * a next one that is not away itself is handed to the worker, which runs it
 * before all others. (Stores and loads are in order, wake.pml has the fences;
 * workers that find nothing look again, worker.pml has their sleep.)
 *
 * Proved: a fiber is on one worker at a time, and in one queue or handed once;
 * none is forgotten, also if nobody tells it again; all end.
 * Defects: -DAWAY_NOT_AWAITED  -DTAKEN_RUNS_ON  -DLOOK_BEFORE_REST
 *          -DAWAY_AFTER_PUSH  -DTAKE_WITHOUT_EXCHANGE  -DLEFT_NOT_SETTLED
 *          -DHANDED_TWICE
 */
#define N_RESTERS 2
#define N_FIBERS  3
#define SENDER    2 /* the fiber that parks */
#ifdef NIGHTLY
#define N_ITEMS 4 /* to the resters in turn */
#else
#define N_ITEMS 2
#endif

#ifdef HANDED_TWICE
#define has_handed(me) false
#else
#define has_handed(me) (handed[me] != NOBODY)
#endif

#define CLAIMED 0
#define OPEN    1
#define PARKED  2

#define RESTS  0
#define PARKS  1
#define YIELDS 2
#define ENDS   3

#define OUTSIDE 2 /* the hint of a thread without a queue */
#define LOOP    254 /* a worker's own stack */
#define NOBODY  255

/* sides */
bit waiting[N_RESTERS]; /* its fiber is on */
byte n_sent[N_RESTERS];

/* fibers */
bit is_away[N_FIBERS] = 1;
byte n_queued[N_FIBERS]; /* ghost: queues that hold it, or handed */
byte token;              /* the sender's */
byte n_signals;          /* what the sender waits for */
byte n_left = N_FIBERS;

/* workers */
byte runs[2] = LOOP;   /* whose stack it is on */
byte last[2];          /* the fiber that ran, or runs */
byte why[2];           /* the one before it has left */
byte left[2] = NOBODY; /* who has left, straight to the one that runs */
byte handed[2] = NOBODY;
chan own[2] = [N_FIBERS] of {byte};
chan common = [N_FIBERS] of {byte};

/* ---- queues, telling ---- */

inline push(to, fiber)
{
	atomic {
		n_queued[fiber]++;
		assert(n_queued[fiber] == 1);
		if
		:: to == OUTSIDE -> common!fiber
		:: else -> own[to]!fiber
		fi
	}
}

inline take(queue, fiber)
{
	atomic {
		if
		:: queue?fiber -> n_queued[fiber]--
		:: empty(queue)
		fi
	}
}

/* leat__side_tell, side_wake_the_one */
inline tell(side, hint, was)
{
#ifdef TAKE_WITHOUT_EXCHANGE
	was = waiting[side];
	waiting[side] = 0;
#else
	atomic { was = waiting[side]; waiting[side] = 0 };
#endif
	if
	:: was -> push(hint, side); was = 0
	:: else
	fi
}

/* leat__waiter_claim and its wakeup, of the sender */
inline claim()
{
	atomic {
		if
		:: token == PARKED -> token = CLAIMED; push(OUTSIDE, SENDER)
		:: else -> token = CLAIMED
		fi
	}
}

/* ---- from stack to stack ---- */

inline enter(me, fiber)
{
	assert(runs[1 - me] != fiber);
	last[me] = fiber;
	runs[me] = fiber
}

/* fiber_settle, of who has left; is_ready: it is, and in no queue */
inline settle(me, fiber, is_ready)
{
#ifndef AWAY_AFTER_PUSH
	is_away[fiber] = 1;
#endif
	atomic {
		if
		:: why[me] == YIELDS -> is_ready = 1
		:: why[me] == PARKS && token == OPEN -> token = PARKED
		:: why[me] == PARKS && token != OPEN -> is_ready = 1
		:: else
		fi
	}
}

inline push_again(me, fiber)
{
	push(me, fiber);
#ifdef AWAY_AFTER_PUSH
	is_away[fiber] = 1
#endif
}

/* When it is switched to: fiber_arrive. */
inline arrive(fiber, me, other, is_ready)
{
	atomic {
		runs[0] == fiber || runs[1] == fiber;
		me = (runs[0] == fiber -> 0 : 1);
		other = left[me];
		left[me] = NOBODY
	};
	if
#ifndef LEFT_NOT_SETTLED
	:: other != NOBODY ->
		settle(me, other, is_ready);
		if
		:: is_ready -> push_again(me, other)
		:: else
		fi
#endif
	:: else
	fi;
	atomic { other = 0; is_ready = 0 }
}

/* leat__worker_pop, fiber_next, fiber_leave */
inline leave(fiber, me, how, other, is_ready)
{
	other = NOBODY;
	if
	:: !has_handed(me) -> take(own[me], other)
#ifdef NIGHTLY
	:: true /* it is time to look elsewhere */
#else
	:: else
#endif
	fi;
#ifndef AWAY_NOT_AWAITED
	if
	:: other != NOBODY && !is_away[other] ->
		atomic {
			handed[me] = other;
			n_queued[other]++;
			other = NOBODY
		}
	:: else
	fi;
#endif
	atomic {
		why[me] = how;
		if
		:: other == NOBODY -> runs[me] = LOOP
		:: else -> left[me] = fiber; enter(me, other)
		fi
	};
	arrive(fiber, me, other, is_ready)
}

inline end(me)
{
	atomic { why[me] = ENDS; runs[me] = LOOP }
}

/* ---- fibers ---- */

/* leat__side_rest, a look, leat__side_unrest, strand->rest */
inline rest(fiber, me, n, can, other, is_ready)
{
#ifdef LOOK_BEFORE_REST
	can = (n_sent[fiber] > n);
#endif
	atomic { is_away[fiber] = 0; waiting[fiber] = 1 };
#ifndef LOOK_BEFORE_REST
	can = (n_sent[fiber] > n);
#endif
	atomic {
		if
		:: can && waiting[fiber] -> waiting[fiber] = 0
#ifndef TAKEN_RUNS_ON
		:: can && !waiting[fiber] -> can = 0
#endif
		:: else
		fi
	};
	if
	:: can -> can = 0
	:: else -> leave(fiber, me, RESTS, other, is_ready)
	fi
}

/* Takes what is sent to it, and yields in between. */
active [N_RESTERS] proctype rester()
{
	byte fiber = _pid;
	byte me, n, other;
	bit can, is_ready;

	arrive(fiber, me, other, is_ready);
	do
	:: n == N_ITEMS / N_RESTERS + (fiber == 0) -> break
	:: else ->
		if
		:: n < n_sent[fiber] ->
			n++;
			leave(fiber, me, YIELDS, other, is_ready)
		:: n == n_sent[fiber] ->
			rest(fiber, me, n, can, other, is_ready)
		fi
	od;
	end(me)
}

/* To each in turn; then it waits for a signal. */
active proctype sender()
{
	byte me, n, other;
	bit is_ready, was;

	arrive(SENDER, me, other, is_ready);
	do
	:: n == N_ITEMS -> break
	:: else ->
		n_sent[n % N_RESTERS]++;
		tell(n % N_RESTERS, me, was);
		atomic { n++; token = OPEN };
		if
		:: n_signals > 0 -> token = CLAIMED
		:: else -> leave(SENDER, me, PARKS, other, is_ready)
		fi;
		n_signals--
	od;
	end(me)
}

/* Starts them all, signals, and tells rester 0 of one thing more: an item, or
 * a close. */
active proctype outside()
{
	byte n;
	bit was;

	atomic {
		push(OUTSIDE, 0);
		push(OUTSIDE, SENDER);
		push(OUTSIDE, 1)
	};
	n_sent[0]++;
	tell(0, OUTSIDE, was);
	do
	:: n == N_ITEMS -> break
	:: else -> atomic { n++; n_signals++ }; claim()
	od
}

/* ---- workers ---- */

/* What was handed, else from any queue, in any turn; wait until there is one,
 * or none will be. */
inline look(me, fiber)
{
	if
	:: handed[me] != NOBODY ->
		atomic {
			fiber = handed[me];
			handed[me] = NOBODY;
			n_queued[fiber]--
		}
	:: handed[me] == NOBODY && nempty(own[me]) -> take(own[me], fiber)
	:: handed[me] == NOBODY && nempty(common) -> take(common, fiber)
	:: handed[me] == NOBODY && nempty(own[1 - me]) ->
		take(own[1 - me], fiber)
	:: n_left == 0
	fi
}

/* fiber_back: fiber is the one to run on at once, or NOBODY */
inline back(me, fiber, is_ready)
{
	if
	:: why[me] == ENDS -> fiber = NOBODY; n_left--
	:: else ->
		settle(me, fiber, is_ready);
		if
		:: is_ready && why[me] == PARKS && !has_handed(me)
		:: is_ready && (why[me] == YIELDS || has_handed(me)) ->
			push_again(me, fiber);
			fiber = NOBODY
		:: !is_ready -> fiber = NOBODY
		fi;
		is_ready = 0
	fi
}

/* fiber_run, and the loop that it is called from */
active [2] proctype worker()
{
	byte me = _pid % 2;
	byte fiber = NOBODY;
	bit is_ready;

	do
	:: n_left == 0 -> break
	:: else ->
		look(me, fiber);
#ifndef AWAY_NOT_AWAITED
		if
		:: fiber != NOBODY && !is_away[fiber] ->
			push(me, fiber);
			fiber = NOBODY
		:: else
		fi;
#endif
		do
		:: fiber == NOBODY -> break
		:: else ->
			atomic { enter(me, fiber) };
			atomic { runs[me] == LOOP; fiber = last[me] };
			back(me, fiber, is_ready)
		od
	od
}
