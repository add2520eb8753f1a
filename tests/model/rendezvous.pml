/*
 * rendezvous.pml -- channels of capacity 0 between selects, as in
 * src/chan/rendezvous.c and select.c: two selects that each send on one and
 * receive on the other of two channels, a plain sender, and a cancel.
 *
 * A select locks all its channels in the order of their addresses, looks for
 * a waiter on the other side and claims its token; else it puts itself on all
 * lists and parks. Who was claimed takes itself off all lists, under their
 * locks, one after the other, before it goes on. (Waits are events here.)
 *
 * Proved: each hand-off happens once and both know of it, nobody waits for a
 * lock or a partner for good, and no list holds a waiter that has gone.
 * Defects: -DLOCKS_IN_CASE_ORDER  -DTOKEN_NOT_CHECKED  -DNO_DEQUEUE
 *          -DLOOK_BEFORE_LOCK
 */
#define N_ENDS 3 /* 0 and 1 select; 2 sends on channel 0 only */
#ifdef NIGHTLY
#define TIMES 2
#else
#define TIMES 1
#endif

#define RECV 0
#define SEND 1
#define NONE 9

/* tokens; a claim by a partner is DONE + the direction of the case */
#define OPEN     0
#define CANCELED 1
#define LEFT     2
#define DONE     4

bit is_locked[2];
bit is_listed[12]; /* by list(channel, direction, end) */
byte token[N_ENDS] = LEFT;
bit waits[N_ENDS]; /* ghost: the waiter's memory may be touched */
bit has_item[N_ENDS]; /* ghost: handed over by a partner */
bit is_canceled;
byte n_sent[2], n_received[2];
byte n_over;

#define list(ch, dir, end) (((ch) * 2 + (dir)) * N_ENDS + (end))

inline lock(ch)
{
	if
	:: ch == NONE
	:: ch != NONE -> atomic { !is_locked[ch] -> is_locked[ch] = 1 }
	fi
}

inline unlock(ch)
{
	if
	:: ch == NONE
	:: ch != NONE -> is_locked[ch] = 0
	fi
}

inline lock_all(to, from)
{
#ifdef LOCKS_IN_CASE_ORDER
	lock(to);
	lock(from)
#else
	if
	:: to < from -> lock(to); lock(from)
	:: to > from -> lock(from); lock(to)
	fi
#endif
}

inline count(ch, dir)
{
	if
	:: dir == SEND -> n_sent[ch]++
	:: dir == RECV -> n_received[ch]++
	fi
}

/* Under the lock: claim one who waits on the other side of this case. */
inline meet(me, ch, dir, is_met, end)
{
	end = 0;
	do
	:: is_met || ch == NONE || end == N_ENDS -> break
	:: else ->
		atomic {
			if
			:: end != me && is_listed[list(ch, 1 - dir, end)] ->
				is_listed[list(ch, 1 - dir, end)] = 0;
				assert(waits[end]);
				if
#ifdef TOKEN_NOT_CHECKED
				:: true ->
#else
				:: token[end] == OPEN ->
#endif
					token[end] = DONE + 1 - dir;
					assert(!has_item[end]);
					has_item[end] = 1;
					count(ch, dir);
					is_met = 1
#ifndef TOKEN_NOT_CHECKED
				:: else
#endif
				fi
			:: else
			fi;
			end++
		}
	od;
	end = 0
}

inline enter(me, ch, dir)
{
	if
	:: ch == NONE
	:: ch != NONE -> is_listed[list(ch, dir, me)] = 1
	fi
}

inline leave(me, ch, dir)
{
	lock(ch);
#ifndef NO_DEQUEUE
	if
	:: ch == NONE
	:: ch != NONE -> is_listed[list(ch, dir, me)] = 0
	fi;
#endif
	unlock(ch)
}

inline claim(end, value)
{
	atomic {
		if
		:: token[end] == OPEN -> token[end] = value
		:: else
		fi
	}
}

/* Parked until claimed; then off all lists, and what it was claimed for. */
inline wait(me, to, from, n)
{
	if
	:: is_canceled -> claim(me, CANCELED)
	:: else
	fi;
	token[me] != OPEN;
	leave(me, to, SEND);
	leave(me, from, RECV);
	atomic {
		waits[me] = 0;
		if
		:: token[me] == DONE + SEND -> count(to, SEND); n++
		:: token[me] == DONE + RECV -> count(from, RECV); n++
		:: else
		fi;
		assert(has_item[me] == (token[me] >= DONE));
		has_item[me] = 0;
		token[me] = LEFT
	}
}

proctype chooser(byte me, to, from, times)
{
	byte n, end;
	bit is_met;

	do
	:: n == times || is_canceled -> break
	:: n < times && !is_canceled ->
#ifdef LOOK_BEFORE_LOCK
		meet(me, to, SEND, is_met, end);
		meet(me, from, RECV, is_met, end);
		lock_all(to, from);
#else
		lock_all(to, from);
		if
		:: true ->
			meet(me, to, SEND, is_met, end);
			meet(me, from, RECV, is_met, end)
		:: true ->
			meet(me, from, RECV, is_met, end);
			meet(me, to, SEND, is_met, end)
		fi;
#endif
		if
		:: !is_met ->
			atomic {
				token[me] = OPEN;
				waits[me] = 1;
				enter(me, to, SEND);
				enter(me, from, RECV)
			}
		:: else
		fi;
		unlock(to);
		unlock(from);
		if
		:: is_met -> atomic { is_met = 0; n++ }
		:: else -> wait(me, to, from, n)
		fi
	od;
	n_over++;
	n_over == N_ENDS;
	assert(n_sent[0] == n_received[0] && n_sent[1] == n_received[1]);
	assert(is_canceled || n == times)
}

/* leat_ctx_cancel, maybe, at any time */
proctype canceller()
{
	is_canceled = 1;
	claim(0, CANCELED);
	claim(1, CANCELED);
	claim(2, CANCELED)
}

init
{
	atomic {
		run chooser(0, 0, 1, TIMES);
		run chooser(1, 1, 0, TIMES + 1);
		run chooser(2, 0, NONE, 1);
		if
		:: run canceller()
		:: skip
		fi
	}
}

ltl ends { <> (n_over == N_ENDS) }
