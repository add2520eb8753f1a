/*
 * nest.pml -- ordered branches inside an ordered branch, as in src/chan/nest.c
 * and src/run/promise.c. Where the inner ones begin, frames are numbered anew; a
 * table of two entries says from which number on which outer stamp holds; the
 * inner merge gives what it emits its outer stamp back, and passes on the outer
 * bound that the least number it may still get stands for. One inner branch has
 * a filter; a frame goes to one branch or to both.
 *
 * A bound that rises without a frame is given a number of its own: the promise
 * of the next number on all inner branches is what brings the merge to it. Who
 * begins waits while the table is full, armed, and is woken by the merge. The
 * outer merge, of which only the other branch is not here, lets nobody be more
 * than WINDOW stamps ahead of what it knows of this one. (Frontiers are read
 * with their rings in one step: merge.pml has the order of the two.)
 *
 * Proved: what comes out has its stamps back, in order and complete, and nobody
 * waits for good, whatever the filter drops.
 * Defects: -DBOUND_WITHOUT_NUMBER  -DPUT_AFTER_PUSH  -DPASS_WITHOUT_WAKE
 *          -DARM_WITHOUT_LOOK  -DONE_ENTRY  -DPASSES_ALL
 */
#ifdef NIGHTLY
#define N_STAMPS 4
#else
#define N_STAMPS 3
#endif
#ifdef ONE_ENTRY
#define N_ENTRIES 1
#else
#define N_ENTRIES 2
#endif
#define WINDOW 2
#define END    255

/* from above: a ring of one, 0 = empty, and what is promised beside it */
byte in_cell;
byte in_bound = 1;

/* The inner branches: two into the merge, and that into the filter. */
#define FILTER 2
byte cell[3];
byte frontier[3];

/* the table */
byte number_of[N_ENTRIES], outer_of[N_ENTRIES];
byte head, tail;
bit is_armed, is_woken;

/* to below */
byte out_cell, out_bound;
byte known; /* of this branch, by the outer merge */

/* ghosts: the stamp of a number, and frames that are on their way */
byte stamp_of[2 * N_STAMPS + 4];
byte n_left;

inline next_stamp()
{
	stamp++;
	in_bound = (stamp > N_STAMPS -> END : stamp)
}

proctype source()
{
	byte stamp = 1;

	do
	:: stamp > N_STAMPS -> break
	:: atomic { stamp <= N_STAMPS && stamp <= known + WINDOW &&
			in_cell == 0 ->
			in_cell = stamp;
			next_stamp()
		}
	:: atomic { stamp <= N_STAMPS && stamp <= known + WINDOW ->
			next_stamp()
		}
	od
}

/* ---- where the inner branches begin ---- */

#define is_full      (tail - head == N_ENTRIES)
#define lacks(outer) (outer > last && is_full)

inline put(outer)
{
	if
	:: outer > last ->
		assert(!is_full);
		number_of[tail % N_ENTRIES] = number;
		outer_of[tail % N_ENTRIES] = outer;
		last = outer;
		tail++
	:: else
	fi
}

inline promise(bound)
{
	frontier[FILTER] = bound;
	frontier[1] = bound
}

inline push(k)
{
	atomic { cell[k] == 0 -> cell[k] = number; n_left++ }
}

/* leat__nest_arm: arm, look again, rest. A frame from above is news too, if
 * there is only a bound in hand. */
inline await_room(outer)
{
	is_armed = 1;
	if
#ifndef ARM_WITHOUT_LOOK
	:: atomic { !is_full -> is_armed = 0 }
	:: atomic { is_full ->
#else
	:: atomic { true ->
#endif
			(is_woken || (in_hand == 0 && in_cell != 0));
			is_woken = 0
		}
	fi
}

proctype begin()
{
	byte number, last, outer, in_hand;

	do
	:: last == END -> break
	:: atomic { last < END && (in_cell != 0 || in_bound > last) ->
			in_hand = in_cell;
			in_cell = 0;
			outer = (in_hand -> in_hand : in_bound)
		};
		do
		:: !lacks(outer) || (in_hand == 0 && in_cell != 0) -> break
		:: lacks(outer) && (in_hand || in_cell == 0) ->
			await_room(outer)
		od;
		if
		:: atomic { in_hand ->
				number++;
				stamp_of[number] = in_hand;
#ifndef PUT_AFTER_PUSH
				put(outer)
#endif
			};
			if
			:: push(FILTER)
			:: push(1)
			:: push(FILTER); push(1)
			fi;
			atomic {
#ifdef PUT_AFTER_PUSH
				put(outer);
#endif
				promise(number + 1)
			}
		:: atomic { in_hand == 0 && !lacks(outer) ->
#ifdef BOUND_WITHOUT_NUMBER
				if
				:: outer == END -> number++; put(outer)
				:: else -> last = outer
				fi;
#else
				number++;
				put(outer);
#endif
				promise(number + 1)
			}
		:: in_hand == 0 && lacks(outer)
		fi;
		atomic { outer = 0; in_hand = 0 }
	od;
	atomic { promise(END) }
}

/* ---- branches ---- */

/* What is known of an in: its head, else what is promised. */
#define key(k) (cell[k] -> cell[k] : frontier[k])

proctype filter()
{
	byte number;

	do
	:: frontier[0] == END -> break
	:: atomic { cell[FILTER] == 0 && frontier[FILTER] > frontier[0] ->
			frontier[0] = frontier[FILTER]
		}
	:: atomic { cell[FILTER] != 0 ->
			number = cell[FILTER];
			frontier[0] = number;
			cell[FILTER] = 0
		};
		if
		:: atomic { true -> n_left--; number = 0 }
		:: atomic { cell[0] == 0 -> cell[0] = number; number = 0 }
		fi
	od
}

/* ---- the inner merge ---- */

#define least (key(0) < key(1) -> key(0) : key(1))

/* leat__nest_find: entries before that of the number go */
inline find(number)
{
	was = head;
	do
	:: head + 1 < tail && number_of[(head + 1) % N_ENTRIES] <= number ->
		number_of[head % N_ENTRIES] = 0;
		outer_of[head % N_ENTRIES] = 0;
		head++
	:: else -> break
	od;
	if
	:: number == END -> outer = END
	:: number < END && head < tail &&
			number_of[head % N_ENTRIES] <= number ->
		outer = outer_of[head % N_ENTRIES];
#ifdef PASSES_ALL
		head++
#endif
	:: else -> outer = 0
	fi;
#ifndef PASS_WITHOUT_WAKE
	if
	:: head != was && is_armed -> is_armed = 0; is_woken = 1
	:: else
	fi;
#endif
	was = 0
}

inline take(k)
{
	find(cell[k]);
	assert(outer == stamp_of[cell[k]]);
	cell[k] = 0
}

proctype merge()
{
	byte outer, was, noted;

	do
	:: out_bound == END -> break
	:: atomic { cell[0] != 0 && cell[0] <= key(1) -> take(0) };
		atomic { out_cell == 0 -> out_cell = outer; outer = 0 }
	:: atomic { cell[1] != 0 && cell[1] < key(0) -> take(1) };
		atomic { out_cell == 0 -> out_cell = outer; outer = 0 }
	:: atomic { out_bound < END && least > noted ->
			noted = least;
			find(noted);
			out_bound = (outer > out_bound -> outer : out_bound);
			outer = 0
		}
	od
}

/* The outer merge. */
proctype receiver()
{
	byte last;

	do
	:: known == END -> break
	:: atomic { out_cell != 0 ->
			assert(out_cell >= last && out_cell >= known);
			last = out_cell;
			known = out_cell;
			out_cell = 0;
			n_left--
		}
	:: atomic { out_cell == 0 && out_bound > known ->
			known = out_bound
		}
	od;
	assert(n_left == 0)
}

init
{
	atomic {
		run source();
		run begin();
		run filter();
		run merge();
		run receiver()
	}
}
