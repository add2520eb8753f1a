/*
 * rank.pml -- the bit that says whether anything of a rank may be queued, as in
 * src/exec/rank.c: two that queue entries, two workers that look only where the
 * bit is set.
 *
 * Who queues looks at the bit afterwards, and sets it if it is clear. Who finds
 * it set and nothing queued clears it, and looks once more; if there is
 * something after all it sets it again, for there may be more. (Loads and
 * stores are in order; the simulator has store buffers.)
 *
 * Proved: no entry is left where the bit is clear and nobody is about to set
 * it; all are run.
 * Defects: -DNOTE_BEFORE_PUSH  -DCLEAR_WITHOUT_LOOK  -DFOUND_WITHOUT_SET
 */
#define N_WORKERS 2
#define N_PUSHERS 2
#ifdef NIGHTLY
#define N_EACH 4
#else
#define N_EACH 2
#endif
#define N_ALL (N_PUSHERS * N_EACH)

byte n_queued; /* in whichever queue */
byte n_run;
bit ready;

inline take(has)
{
	atomic {
		if
		:: n_queued > 0 -> n_queued--; n_run++; has = 1
		:: else
		fi
	}
}

/* leat__rank_note */
inline note()
{
	if
	:: ready
	:: !ready -> ready = 1
	fi
}

active [N_PUSHERS] proctype pusher()
{
	byte n;

	do
	:: n < N_EACH ->
#ifdef NOTE_BEFORE_PUSH
		note();
		n_queued++;
#else
		n_queued++;
		note();
#endif
		n++
	:: else -> break
	od
}

/* leat__rank_look: it is blocked where it would sleep */
active [N_WORKERS] proctype worker()
{
	bit has;

	do
	:: n_run == N_ALL -> break
	:: ready && n_run < N_ALL ->
		has = 0;
		take(has);
		if
		:: !has ->
			ready = 0;
#ifndef CLEAR_WITHOUT_LOOK
			take(has);
#endif
#ifndef FOUND_WITHOUT_SET
			if
			:: has -> ready = 1
			:: else
			fi
#endif
		:: else
		fi
	od
}
