/*
 * select.pml -- select over two channels with many receivers, as in
 * src/chan/select.c and wait.c: two selectors that receive from both, a sender
 * to each, and a cancel of the first selector.
 *
 * A waiter stands in the list of every channel it waits for, with one token.
 * Whoever makes something ready takes the first waiter of the list whose token
 * it can turn from WAITING to the channel's name, under the channel's lock,
 * and passes over those it cannot. A waiter that was fired by a channel and
 * leaves without having taken from it hands the wake on to the next (baton).
 * Stores and loads are in order here (wake.pml and park.pml have the fences).
 *
 * Proved: every item is taken by somebody who stays, whatever the others do,
 * all see the close, and no waiter is touched that has gone.
 * Defects: -DNO_BATON  -DSTOP_AT_LOST_TOKEN  -DNO_LOOK  -DCLOSE_WAKES_ONE
 *          -DFIRE_UNLOCKED
 */
#define N_CHANNELS 2
#define N_WAITERS  2
#ifdef NIGHTLY
#define N_ITEMS 2 /* of each sender */
#else
#define N_ITEMS 1
#endif

/* tokens: the number of the channel that fired, or */
#define WAITING  9
#define CANCELED 8
#define NOBODY   7 /* nothing fired it */

byte n_items[N_CHANNELS];
byte n_taken[N_CHANNELS];
bit is_closed[N_CHANNELS];
chan list[N_CHANNELS] = [N_WAITERS] of {byte};

byte token[N_WAITERS] = NOBODY;
bit waits[N_WAITERS]; /* ghost: the waiter's memory may be touched */
bit is_canceled;      /* the context of waiter 0 */
byte n_over;

/* Fire the first waiter whose token can still be had. Pop and exchange are
 * under the channel's lock: one step for all others. */
inline wake_one(ch, w)
{
	do
	:: empty(list[ch]) -> break
#ifdef FIRE_UNLOCKED
	:: list[ch]?w ->
		atomic {
#else
	:: atomic {
			list[ch]?w ->
#endif
			assert(waits[w]);
			if
			:: token[w] == WAITING -> token[w] = ch; break
			:: else ->
#ifdef STOP_AT_LOST_TOKEN
				break
#else
				skip
#endif
			fi
		}
	od;
	w = 0
}

inline close(ch, w)
{
	is_closed[ch] = 1;
#ifdef CLOSE_WAKES_ONE
	wake_one(ch, w)
#else
	do
	:: empty(list[ch]) -> break
	:: nempty(list[ch]) -> wake_one(ch, w)
	od
#endif
}

/* One channel of the select, under its lock. */
inline look(ch, is_wanted, took)
{
	atomic {
		if
		:: took == NOBODY && is_wanted && n_items[ch] > 0 ->
			n_items[ch]--;
			n_taken[ch]++;
			took = ch
		:: took == NOBODY && n_items[ch] == 0 && is_closed[ch] ->
			is_wanted = 0
		:: else
		fi
	}
}

#define is_ready(ch, is_wanted) \
	(is_wanted && (n_items[ch] > 0 || is_closed[ch]))

inline enter(ch, me, is_wanted)
{
	atomic {
		if
		:: is_wanted -> list[ch]!me
		:: else
		fi
	}
}

inline leave(ch, me)
{
	atomic {
		if
		:: list[ch]??[eval(me)] -> list[ch]??eval(me)
		:: else
		fi
	}
}

/* Until fired; by whom is in the token. */
inline wait(me, is_ready_now, fired)
{
	atomic {
		waits[me] = 1;
		token[me] = WAITING;
		enter(0, me, wants0)
	};
	enter(1, me, wants1);
#ifndef NO_LOOK
	is_ready_now = is_ready(0, wants0) || (me == 0 && is_canceled);
	is_ready_now = is_ready_now || is_ready(1, wants1);
#endif
	if
	:: is_ready_now
	:: !is_ready_now && token[me] != WAITING
	fi;
	atomic {
		is_ready_now = 0;
		fired = token[me];
		if
		:: fired == WAITING -> fired = NOBODY
		:: else
		fi;
		token[me] = NOBODY;
#ifdef NIGHTLY
	};
	atomic {
#endif
		leave(0, me);
		leave(1, me);
		waits[me] = 0
	}
}

/* It was fired by a channel and leaves with something else. (If it finds
 * nothing, somebody else took it; it stays, and looks again once armed.) */
inline pass_baton(fired, took, w)
{
	if
#ifndef NO_BATON
	:: fired < N_CHANNELS && fired != took && took != NOBODY ->
		wake_one(fired, w)
#endif
	:: else
	fi
}

proctype receiver(byte me; bit wants0, wants1)
{
	byte took = NOBODY;
	byte fired = NOBODY;
	byte w;
	bit is_ready_now;

	do
	:: me == 0 && is_canceled -> pass_baton(fired, CANCELED, w); break
	:: !wants0 && !wants1 -> break
	:: else ->
		took = NOBODY;
		if
		:: skip; look(0, wants0, took); look(1, wants1, took)
		:: skip; look(1, wants1, took); look(0, wants0, took)
		fi;
		pass_baton(fired, took, w);
		fired = NOBODY;
		if
		:: took == NOBODY && (wants0 || wants1) ->
			wait(me, is_ready_now, fired)
		:: else
		fi
	od;
	n_over++
}

proctype sender(byte ch)
{
	byte n, w;

	do
	:: n < N_ITEMS ->
		n++;
		n_items[ch]++;
		wake_one(ch, w)
	:: else -> break
	od;
	/* the close must not be what rescues a lost wake */
#ifdef NIGHTLY
	n_taken[ch] == N_ITEMS;
#else
	n_taken[0] == N_ITEMS && n_taken[1] == N_ITEMS;
#endif
	close(ch, w)
}

/* leat_ctx_cancel, maybe, at any time */
proctype canceller()
{
	is_canceled = 1;
	atomic {
		if
		:: token[0] == WAITING -> token[0] = CANCELED
		:: else
		fi
	}
}

init
{
	atomic {
		run receiver(0, 1, 1);
		run receiver(1, 1, 1);
		run sender(0);
		run sender(1);
		if
		:: run canceller()
		:: skip
		fi
	}
}
