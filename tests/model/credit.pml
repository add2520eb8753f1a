/*
 * credit.pml -- credit, close, cancel and the pool, as in src/chan/chan.c and
 * src/run/task.c: one sending and one receiving task, a channel of CAPACITY
 * frames, and a pool of as many slots: a slot is taken only when there is
 * credit for it, so a channel alone never needs more. The sender is a source
 * that may have to wait for the outside, which may fall silent for good.
 *
 * Wakes are events here (park.pml shows that they are not lost when the flag
 * protocol is kept); arming is a step of its own, so that everything may
 * happen between the look and the sleep.
 *
 * Proved: credit + queued + in hand = capacity at every moment; the pool is
 * never empty when a stage takes its frame; at rest all slots are back, no
 * frame is queued, and without a cancel or an early close all arrived.
 * Defects: -DCANCEL_WITHOUT_WAKE  -DCLOSE_WITHOUT_WAKE  -DGRANT_AT_POP
 *          -DGRANT_TWICE  -DNO_DRAIN
 */
#define CAPACITY 2
#define N_FRAMES 5
#define N_SLOTS  CAPACITY

byte sent, granted, queued, hands; /* hands: popped, not yet granted */
byte n_free = N_SLOTS;
byte received;
bit is_done, is_send_closed, is_recv_closed;
bit sender_armed, receiver_armed, sender_sleeps, receiver_sleeps;
bit waits_outside, is_silent;
bit sender_over, receiver_over;

#define credit (CAPACITY - (sent - granted))
#define is_ledger_right (sent - granted <= CAPACITY && \
	credit + queued + hands == CAPACITY)

inline take_slot()
{
	assert(n_free > 0); /* reserved: emitting cannot fail */
	n_free--
}

inline give_slot()
{
	n_free++;
	assert(n_free <= N_SLOTS)
}

inline wake_sender()
{
	sender_armed = 0;
	sender_sleeps = 0
}

inline wake_receiver()
{
	receiver_armed = 0;
	receiver_sleeps = 0
}

active proctype sender()
{
	byte n = 0;

	do
	:: is_done || is_recv_closed || n == N_FRAMES -> break
	:: else ->
		atomic { waits_outside = !is_done };
		!waits_outside;
		if
		:: credit > 0 ->
			atomic { take_slot() };
			/* the stage fills it; emit pushes it or, if nobody
			 * wants it any more, releases it */
			if
			:: atomic { is_recv_closed -> give_slot() }
			:: atomic { else -> sent++; queued++ };
				atomic {
					if
					:: receiver_armed -> wake_receiver()
					:: else
					fi
				}
			fi;
			n++
		:: else ->
			sender_armed = 1;
			if
			:: credit > 0 || is_recv_closed -> sender_armed = 0
			:: else ->
				/* idle only if no wake came since the arming */
				atomic {
					sender_sleeps = sender_armed &&
						!is_done
				};
				!sender_sleeps
			fi
		fi
	od;
	atomic { is_send_closed = 1; wake_receiver() };
	sender_over = 1
}

active proctype receiver()
{
	bit was_closed;

	do
	:: is_done -> break
	:: received > 0 -> break /* as head: enough */
	:: !is_done ->
		was_closed = is_send_closed;
		if
		:: atomic { queued > 0 ->
			queued--;
			hands++;
#ifdef GRANT_AT_POP
			granted++;
			hands--
#endif
			};
			assert(is_ledger_right);
			/* the stage works, then lets go of the frame */
			atomic { received++; give_slot() };
			atomic {
#ifndef GRANT_AT_POP
				granted++;
				hands--;
#endif
#ifdef GRANT_TWICE
				granted++;
#endif
				if
				:: sender_armed -> wake_sender()
				:: else
				fi
			}
		:: queued == 0 && was_closed -> break
		:: queued == 0 && !was_closed ->
			receiver_armed = 1;
			if
			:: queued > 0 || is_send_closed -> receiver_armed = 0
			:: else ->
				atomic {
					receiver_sleeps = receiver_armed &&
						!is_done
				};
				!receiver_sleeps
			fi
		fi
	od;
	atomic {
		is_recv_closed = 1;
#ifndef CLOSE_WITHOUT_WAKE
		wake_sender()
#endif
	};
	receiver_over = 1
}

/* What the source waits for: comes at once, or never once it is silent. */
active proctype outside()
{
	do
	:: atomic { waits_outside && !is_silent -> waits_outside = 0 }
	:: sender_over -> break
	od
}

/* Maybe, at any time; only a cancel helps a source whose outside is silent. */
active proctype canceller()
{
	if
	:: is_silent = 1;
		atomic {
			is_done = 1;
#ifndef CANCEL_WITHOUT_WAKE
			waits_outside = 0;
			wake_sender();
			wake_receiver()
#endif
		}
	:: skip
	fi
}

/* The ledger may be looked at at any time. */
active proctype auditor()
{
	atomic { !is_ledger_right -> assert(false) }
	unless { sender_over && receiver_over }
}

/* leat__chan_fini, when both ends are through */
active proctype closer()
{
	sender_over && receiver_over ->
#ifndef NO_DRAIN
	do
	:: queued > 0 -> atomic { queued--; give_slot(); granted++ }
	:: else -> break
	od;
#endif
	assert(queued == 0 && hands == 0);
	assert(sent == granted);
	assert(n_free == N_SLOTS)
}

ltl ends { <> (sender_over && receiver_over) }
