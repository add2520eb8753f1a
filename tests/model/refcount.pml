/*
 * refcount.pml -- one frame to many receivers by a count of references, as in
 * src/mem/pool.c: a sender takes a slot, fills it, sets the count to the number
 * of receivers, once, before the first push, and pushes it to each one's
 * channel. Each reads it, drops its reference, and gives its channel's credit
 * back. Who drops the last one returns the slot. A receiver may close early;
 * then the sender drops for it, and what is queued there is dropped at the end.
 *
 * Proved: nobody reads a slot that was returned or filled anew; each slot is
 * returned once for each time it was taken; all arrives; slots and credit are
 * whole at the end.
 * Defects: -DDROP_THEN_READ  -DCOUNT_AFTER_PUSH  -DLOAD_THEN_STORE
 *          -DCREDIT_BY_LAST  -DCLOSED_NOT_DROPPED
 */
#ifdef NIGHTLY
#define N_RECEIVERS 3
#define N_FRAMES    4
#define CAPACITY    2
#else
#define N_RECEIVERS 3
#define N_FRAMES    3
#define CAPACITY    1
#endif
#define N_SLOTS (CAPACITY + 1) /* a closed channel may keep its own */
#define FREE    0 /* what a returned slot holds */

byte refs[N_SLOTS];
byte payload[N_SLOTS]; /* FREE, or the number of the frame in it */
chan depot = [N_SLOTS] of {byte};

/* by receiver; a queued frame is its slot and, as a ghost, its number */
chan ring[N_RECEIVERS] = [CAPACITY] of {byte, byte};
byte n_sent[N_RECEIVERS];
byte n_granted[N_RECEIVERS];
bit is_closed[N_RECEIVERS];
byte n_read[N_RECEIVERS];
byte n_over;

inline give_slot(slot)
{
	atomic {
		assert(payload[slot] != FREE);
		payload[slot] = FREE;
		depot!slot
	}
}

/* leat__frame_release; was is 1 for the last */
inline drop(slot, was)
{
#ifdef LOAD_THEN_STORE
	was = refs[slot];
	refs[slot] = was - 1;
#else
	atomic { was = refs[slot]; refs[slot] = was - 1 };
#endif
	assert(was > 0);
	if
	:: was == 1 -> give_slot(slot)
	:: else
	fi
}

/* Each may still be wanted by somebody: no wait before the count is set. */
inline push(k, slot, n, was)
{
	if
	:: is_closed[k] ->
#ifndef CLOSED_NOT_DROPPED
		drop(slot, was)
#else
		skip
#endif
	:: else ->
		atomic { ring[k]!slot, n; n_sent[k]++ }
	fi
}

active proctype sender()
{
	byte n, slot, k, was;

	do
	:: n == N_FRAMES -> break
	:: n < N_FRAMES ->
		n++;
		/* credit everywhere, then a slot */
		k = 0;
		do
		:: k == N_RECEIVERS -> break
		:: k < N_RECEIVERS ->
			is_closed[k] || n_sent[k] - n_granted[k] < CAPACITY;
			k++
		od;
		depot?slot;
		payload[slot] = n;
#ifndef COUNT_AFTER_PUSH
		refs[slot] = N_RECEIVERS;
#else
		refs[slot] = 1;
#endif
		k = 0;
		do
		:: k == N_RECEIVERS -> break
		:: k < N_RECEIVERS -> push(k, slot, n, was); k++
		od;
#ifdef COUNT_AFTER_PUSH
		atomic { refs[slot] = refs[slot] + N_RECEIVERS - 1 };
#endif
		atomic { slot = 0; was = 0; k = 0 }
	od;
	/* the channels' end: all are through */
	n_over == N_RECEIVERS;
	do
	:: k < N_RECEIVERS && nempty(ring[k]) ->
		ring[k]?slot, n;
		drop(slot, was);
		n_granted[k]++
	:: k < N_RECEIVERS && empty(ring[k]) ->
		assert(n_sent[k] == n_granted[k]);
		assert(is_closed[k] || n_read[k] == N_FRAMES);
		k++
	:: k == N_RECEIVERS -> break
	od;
	assert(len(depot) == N_SLOTS)
}

proctype receiver(byte me)
{
	byte n, slot, was;

	do
	:: n_read[me] == N_FRAMES -> break
	:: me == 0 && n_read[me] > 0 -> is_closed[me] = 1; break
	:: n_read[me] < N_FRAMES && nempty(ring[me]) ->
		ring[me]?slot, n;
#ifdef DROP_THEN_READ
		drop(slot, was);
		assert(payload[slot] == n);
#else
		assert(payload[slot] == n);
		drop(slot, was);
#endif
		atomic {
			n_read[me]++;
#ifdef CREDIT_BY_LAST
			if
			:: was == 1 -> n_granted[me]++
			:: else
			fi;
#else
			n_granted[me]++;
#endif
			slot = 0; was = 0; n = 0
		}
	od;
	n_over++
}

init
{
	byte k;

	atomic {
		do
		:: k < N_SLOTS -> depot!k; k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < N_RECEIVERS -> run receiver(k); k++
		:: else -> break
		od
	}
}

ltl ends { <> (n_over == N_RECEIVERS) }
