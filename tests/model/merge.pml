/*
 * merge.pml -- the ordered merge behind branches that drop, with frontiers, as
 * in src/fan and leat__chan_frontier: a dealer gives each stamp to one, some or
 * all of two or three branches, over rings of 1. On one of the branches there
 * is a filter, which passes an item on or drops it. The merge takes the least
 * of what it has at hand, equal stamps by the number of the branch. There are
 * more items than rings, hands and heap hold.
 *
 * A frontier is a word beside the ring: nothing below it will come. It moves
 * after the item has been pushed, and if there was nothing to push. Who reads
 * it looks at the ring afterwards, and takes it for a bound if that is empty.
 * A merge whose least input is a bound waits for that input alone.
 *
 * Proved: what comes out is in order of stamp and branch, nothing is lost, and
 * nobody waits for good.
 * Defects: -DRING_BEFORE_FRONTIER  -DNO_FRONTIER_ON_DROP  -DNO_FRONTIER_IDLE
 *          -DTAKE_AT_EQUAL_BOUND  -DFRONTIER_BEFORE_PUSH
 */
#define BRANCHES_MAX 3
#ifdef NIGHTLY
#define N_STAMPS (n_branches == 2 -> 6 : 4)
#else
#define N_STAMPS (n_branches == 2 -> 4 : 3)
#endif
#define END 255

byte n_branches;
byte filtered; /* the branch with the filter */

/* Into the merge, by branch; the last is into the filter. */
#define FILTER BRANCHES_MAX
chan ring[BRANCHES_MAX + 1] = [1] of {byte};
byte frontier[BRANCHES_MAX + 1];

#define into(k) (k == filtered -> FILTER : k)

proctype dealer()
{
	byte stamp = 1, k;
	bit is_given;

	do
	:: stamp > N_STAMPS -> break
	:: stamp <= N_STAMPS && k < n_branches ->
		atomic {
			if
			:: true -> ring[into(k)]!stamp; is_given = 1
			:: k + 1 < n_branches || is_given
			fi;
			k++
		}
	:: stamp <= N_STAMPS && k == n_branches ->
		d_step {
			stamp++;
			is_given = 0;
			do
			:: k > 0 ->
				k--;
				frontier[into(k)] =
					(stamp <= N_STAMPS -> stamp : END)
			:: else -> break
			od
		}
	od
}

/*
 * Is there anything new at a ring, seen from who knows of a bound? Then read
 * its frontier and look at it, one after the other; stamp 0 = it was empty.
 */
#define has_news(r, known) (nempty(ring[r]) || frontier[r] > known)

inline read_first(r, stamp, bound)
{
#ifdef RING_BEFORE_FRONTIER
	if
	:: ring[r]?stamp
	:: empty(ring[r])
	fi
#else
	bound = frontier[r]
#endif
}

inline read_second(r, stamp, bound)
{
#ifdef RING_BEFORE_FRONTIER
	bound = frontier[r]
#else
	if
	:: ring[r]?stamp
	:: empty(ring[r])
	fi
#endif
}

#if defined(NO_FRONTIER_IDLE) || defined(NO_FRONTIER_ON_DROP)
#define passes_on(bound) (bound == END)
#else
#define passes_on(bound) true
#endif

proctype filter()
{
	byte stamp, bound, known;
	bit is_dropped;

	do
	:: known == END -> break
	:: atomic {
		known < END && has_news(FILTER, known) ->
		read_first(FILTER, stamp, bound)
	   };
		atomic {
			read_second(FILTER, stamp, bound);
			if
			:: stamp == 0 && bound > known -> known = bound
			:: stamp == 0 && bound <= known -> bound = 0
			:: stamp > 0 -> known = stamp + 1; is_dropped = 1
			:: stamp > 0 -> known = stamp + 1; is_dropped = 0
			fi
		};
		if
		:: stamp == 0 ->
			atomic {
				if
				:: bound > 0 && passes_on(bound) ->
					frontier[filtered] = bound
				:: else
				fi
			}
		:: stamp > 0 && is_dropped ->
#ifndef NO_FRONTIER_ON_DROP
			frontier[filtered] = known
#else
			skip
#endif
		:: stamp > 0 && !is_dropped ->
#ifdef FRONTIER_BEFORE_PUSH
			frontier[filtered] = known;
#endif
			ring[filtered]!stamp;
			frontier[filtered] = known
		fi;
		atomic { stamp = 0; bound = 0; is_dropped = 0 }
	od
}

#ifdef TAKE_AT_EQUAL_BOUND
#define goes_before(a, b) (key[a] < key[b] || \
	(key[a] == key[b] && is_present[a] && !is_present[b]))
#else
#define goes_before(a, b) (key[a] < key[b])
#endif

inline find_least(top, k)
{
	top = 0;
	k = 1;
	do
	:: k < n_branches ->
		if
		:: goes_before(k, top) -> top = k
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0
}

/* Take what may go. last: what came out last, as one number. */
#define place(k) (key[k] * BRANCHES_MAX + k)

inline take(top, k, last)
{
	find_least(top, k);
	do
	:: is_present[top] ->
		assert(place(top) > last);
		last = place(top);
		is_present[top] = 0;
		find_least(top, k)
	:: else -> break
	od
}

proctype merge()
{
	byte key[BRANCHES_MAX];
	bit is_present[BRANCHES_MAX];
	byte top, k, stamp, bound, last;

	do
	:: key[top] == END -> break
	:: atomic {
		key[top] < END && has_news(top, key[top]) ->
		read_first(top, stamp, bound)
	   };
		atomic {
			read_second(top, stamp, bound);
			if
			:: stamp > 0 -> key[top] = stamp; is_present[top] = 1
			:: stamp == 0 && bound > key[top] -> key[top] = bound
			:: else
			fi;
			stamp = 0;
			bound = 0;
			take(top, k, last)
		}
	od;
	assert(empty(ring[0]) && empty(ring[1]) && empty(ring[2]))
}

init
{
	atomic {
		if
		:: n_branches = 2
		:: n_branches = 3
		fi;
		if
		:: filtered = 0
		:: filtered = 1
		:: n_branches == 3 -> filtered = 2
		fi;
		run dealer();
		run filter();
		run merge()
	}
}
