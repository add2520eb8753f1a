/*
 * fiber.pml -- fibers over workers, as in src/exec/fiber.c: two workers that are
 * started when they are needed and end when they were idle for long, queues of
 * their own that overflow into one of all, stealing, sleep, and shutdown; two
 * fibers, of which the second is woken by the first, which is woken from
 * outside.
 *
 * A fiber that waits opens its token, looks, and leaves its stack; only then
 * does the worker turn the token from OPEN to PARKED. Who wakes claims the
 * token: if it was PARKED it makes the fiber ready, if it was OPEN the worker
 * finds it claimed and does. (Stores and loads are in order here; park.pml and
 * wake.pml have the fences.)
 *
 * Proved: a fiber is run by one worker at a time and is in one queue at most;
 * none is forgotten; all work is done, and all workers end. (worker.pml has the
 * executor as it is; here any worker that sleeps is woken.)
 * Defects: -DPARK_BEFORE_SWITCH  -DNO_LAST_LOOK  -DPARK_WITHOUT_CLAIM_SEEN
 *          -DNO_LOOK  -DSTOP_WITHOUT_WAKE
 */
#define N_FIBERS    2
#define WORKERS_MAX 2
#ifdef NIGHTLY
#define N_THREADS 3 /* one may be ending while its successor begins */
#else
#define N_THREADS 2
#endif
#define N_SIGNALS    2
#define TIMEOUTS_MAX 1

#define CLAIMED 0
#define OPEN    1
#define PARKED  2

#define ALL    N_THREADS /* the queue of all */
#define NOBODY 255

byte token[N_FIBERS];
byte n_signals[N_FIBERS]; /* what a fiber waits for */
byte n_taken[N_FIBERS];
byte n_queued[N_FIBERS];   /* ghost: queues that hold it */
byte n_on_stack[N_FIBERS]; /* ghost: workers on its stack */
byte n_fibers_left = N_FIBERS;
bit is_over;

chan own[N_THREADS] = [1] of {byte};
chan all = [N_FIBERS] of {byte};
bit is_parked[N_THREADS];
byte n_wakes[N_THREADS]; /* of the parkers */
byte n_alive;            /* workers that run or sleep */
byte n_starts;           /* threads that have been started, not yet running */
byte n_timeouts;

/* After a push: somebody must look at the queues again. */
inline wake_one(k)
{
	k = 0;
	do
	:: k == N_THREADS ->
		atomic {
			if
			:: n_alive < WORKERS_MAX -> n_alive++; n_starts++
			:: else
			fi
		};
		break
	:: k < N_THREADS ->
		atomic { /* the exchange; the wake itself is an event */
			if
			:: is_parked[k] -> is_parked[k] = 0; k = NOBODY
			:: else -> k++
			fi
		};
		if
		:: k == NOBODY -> break
		:: else
		fi
	od;
	k = 0
}

inline make_ready(hint, fiber, k)
{
	atomic {
		n_queued[fiber]++;
		assert(n_queued[fiber] == 1);
		if
		:: hint < ALL && nfull(own[hint]) -> own[hint]!fiber
		:: else -> all!fiber
		fi
	};
	wake_one(k)
}

/* leat__waiter_claim and its wakeup */
inline claim(hint, fiber, k, was)
{
	atomic { was = token[fiber]; token[fiber] = CLAIMED };
	if
	:: was == PARKED -> make_ready(hint, fiber, k)
	:: else
	fi;
	was = 0
}

inline take(queue, fiber)
{
	if
	:: atomic { queue?fiber -> n_queued[fiber]-- }
	:: empty(queue)
	fi
}

inline look(me, fiber)
{
	take(own[me], fiber);
	if
	:: fiber == NOBODY -> take(all, fiber)
	:: else
	fi;
	if
	:: fiber == NOBODY -> take(own[(me + 1) % N_THREADS], fiber)
	:: else
	fi
#ifdef NIGHTLY
	;
	if
	:: fiber == NOBODY -> take(own[(me + 2) % N_THREADS], fiber)
	:: else
	fi
#endif
}

inline stop()
{
	is_over = 1;
#ifndef STOP_WITHOUT_WAKE
	is_parked[0] = 0;
	is_parked[1] = 0;
#ifdef NIGHTLY
	is_parked[2] = 0
#endif
#endif
}

/* One stay on a fiber's stack. It takes signals until it must wait. */
inline run_fiber(me, fiber, k, was)
{
	atomic {
		n_on_stack[fiber]++;
		assert(n_on_stack[fiber] == 1)
	};
	do
	:: atomic { n_signals[fiber] > 0 -> n_signals[fiber]--; n_taken[fiber]++ };
		if
		:: fiber == 0 -> n_signals[1]++; claim(me, 1, k, was)
		:: else
		fi;
		if
		:: n_taken[fiber] == N_SIGNALS ->
			atomic {
				n_on_stack[fiber]--;
				n_fibers_left--;
				was = n_fibers_left
			};
			if
			:: was == 0 -> stop()
			:: else
			fi;
			break
		:: else
		fi
	:: n_signals[fiber] == 0 ->
		token[fiber] = OPEN;
		if
		:: n_signals[fiber] > 0 -> token[fiber] = CLAIMED
		:: else ->
#ifdef PARK_BEFORE_SWITCH
			atomic {
				was = token[fiber];
				if
				:: was == OPEN -> token[fiber] = PARKED
				:: else
				fi
			};
			n_on_stack[fiber]--;
#else
			n_on_stack[fiber]--; /* the switch to the worker */
			atomic {
				was = token[fiber];
				if
				:: was == OPEN -> token[fiber] = PARKED
#ifdef PARK_WITHOUT_CLAIM_SEEN
				:: else -> was = OPEN; token[fiber] = PARKED
#else
				:: else
#endif
				fi
			};
#endif
			if
			:: was == OPEN
			:: else -> make_ready(me, fiber, k)
			fi;
			break
		fi
	od;
	was = 0
}

/* Say so, look once more, sleep. ends: idle for too long. */
inline park(me, fiber, ends)
{
	is_parked[me] = 1;
#ifndef NO_LOOK
	look(me, fiber);
#endif
	if
	:: fiber == NOBODY && !is_over ->
		if
		:: !is_parked[me] /* who wakes has taken the flag */
		:: n_timeouts < TIMEOUTS_MAX ->
			n_timeouts++;
			/* not if a wake is on its way */
			atomic { ends = is_parked[me]; is_parked[me] = 0 }
		fi
	:: else
	fi;
	is_parked[me] = 0
}

/* No longer counted; then whoever makes something ready starts another. What
 * was made ready before that is found here. */
inline end_idle(me, ends)
{
	n_alive--;
#ifndef NO_LAST_LOOK
	if
	:: nempty(all) || nempty(own[0]) || nempty(own[1]) ->
		atomic {
			if
			:: n_alive < WORKERS_MAX -> n_alive++; ends = 0
			:: else
			fi
		}
	:: else
	fi
#endif
}

active [N_THREADS] proctype worker()
{
	byte fiber = NOBODY;
	byte k, was;
	bit ends;
	byte me = _pid;

end:	do
	:: atomic { n_starts > 0 -> n_starts-- };
		do
		:: fiber == NOBODY -> look(me, fiber);
			if
			:: fiber == NOBODY && !is_over -> park(me, fiber, ends)
			:: else
			fi;
			if
			:: ends -> end_idle(me, ends)
			:: else
			fi;
			if
			:: ends -> break
			:: !ends && fiber == NOBODY && is_over ->
				n_alive--;
				break
			:: else
			fi
		:: fiber != NOBODY ->
			run_fiber(me, fiber, k, was);
			fiber = NOBODY
		od;
		ends = 0;
		assert(empty(own[me]))
	od
}

active proctype outside()
{
	byte n, k, was;

	make_ready(ALL, 0, k);
	make_ready(ALL, 1, k);
	do
	:: n < N_SIGNALS ->
		n++;
		n_signals[0]++;
		claim(ALL, 0, k, was)
	:: else -> break
	od;
	is_over;
	assert(n_taken[0] == N_SIGNALS && n_taken[1] == N_SIGNALS);
	n_alive == 0 && n_starts == 0
}
