/*
 * worker.pml -- jobs, run queues, searching, parking, and threads that end, as
 * in src/exec/exec.c and worker.c: two workers and two jobs. Somebody outside
 * makes work for job 0 (through the common queue); each step of job 0 makes
 * work for job 1 (through the queue of the worker that runs it). The last step
 * of job 0 takes long: until job 1 has done all, on the other worker.
 *
 * Who makes something ready leaves the waking to a worker that searches, if
 * there is one, for that one looks at every queue after it has stopped; else
 * it takes n_searching from 0 to 1 for one that is parked, or that has stopped
 * and is started. A worker parks only after it said so, stopped searching, and
 * found nothing. A sentry parks with an alarm, and those who make a single
 * entry ready leave it to the sentry. Atomics are in order (park.pml has the
 * fences).
 *
 * Proved: a job is in at most one queue and stepped by at most one worker; all
 * work is done; no wake is lost; all threads end and are joined.
 * Defects: -DNO_NOTIFIED  -DNO_LOOK  -DSTOP_WITHOUT_WAKE  -DLATE_TICKET
 *          -DEND_WITHOUT_LOOK  -DSENTRY_WITHOUT_ALARM
 */
#define N_JOBS    2
#define N_WORKERS 2
#define N_WORK    2 /* of job 0 */
#ifdef NIGHTLY
#define N_SECOND  2 /* of job 1 */
#else
#define N_SECOND  1
#endif
#define ENDS_MAX  1 /* threads that end because they were idle for long */

#define IDLE     0
#define READY    1
#define RUNNING  2
#define NOTIFIED 3
#define DONE     4

#define STOPPED       0
#define STARTING      1
#define AWAKE         2
#define PARKED        3
#define WOKEN         4
#define WOKEN_FOR_ONE 5

#define OUTSIDE N_WORKERS /* the hint of a thread without a queue */
#define NOBODY  255

byte state[N_JOBS];
byte work[N_JOBS];
byte worked[N_JOBS];
byte n_queued[N_JOBS];   /* ghost: queues that hold it */
byte n_stepping[N_JOBS]; /* ghost: workers in its step */
byte n_jobs_left = N_JOBS;

chan common = [N_JOBS] of {byte};
chan own[N_WORKERS] = [N_JOBS] of {byte};
byte mode[N_WORKERS];
byte count[N_WORKERS]; /* of the parkers */
byte n_parked, n_searching, n_sentries, n_starting, n_ends;
byte n_stopped = N_WORKERS;
bit has_thread[N_WORKERS]; /* to be joined */
bit runs[N_WORKERS];       /* the thread was started and has not ended */
bit is_over, is_joined;

inline push(to, job)
{
	atomic {
		n_queued[job]++;
		assert(n_queued[job] == 1);
		if
		:: to == OUTSIDE -> common!job
		:: else -> own[to]!job
		fi
	}
}

/* exec_unpark_one: k becomes NOBODY if one was woken */
inline unpark_one(how, k)
{
	k = 0;
	do
	:: k >= N_WORKERS -> break
	:: k < N_WORKERS ->
		atomic {
			if
			:: mode[k] == PARKED -> mode[k] = how
			:: else -> k = k + N_WORKERS + 1
			fi
		};
		if
		:: k < N_WORKERS ->
			n_parked--;
			atomic { count[k]++; k = NOBODY }
		:: else -> k = k - N_WORKERS
		fi
	od
}

/* exec_start_one, worker_try_start */
inline start_one(k)
{
	k = 0;
	do
	:: k >= N_WORKERS -> break
	:: k < N_WORKERS && mode[k] != STOPPED -> k++
	:: k < N_WORKERS && mode[k] == STOPPED ->
		n_starting++;
		if
		:: is_over -> n_starting--; k++
		:: else ->
			atomic {
				if
				:: mode[k] == STOPPED -> mode[k] = STARTING
				:: else -> k = k + N_WORKERS + 1
				fi
			};
			if
			:: k < N_WORKERS ->
				n_stopped--;
				!runs[k]; /* joined, if there was one */
				atomic { has_thread[k] = 1; runs[k] = 1 };
				n_starting--;
				k = NOBODY
			:: else ->
				n_starting--;
				k = k - N_WORKERS
			fi
		fi
	od
}

/* leat__exec_wake_one, exec_wake_slow */
inline wake_one(is_for_one, k)
{
	do
	:: is_for_one && n_sentries > 0 -> break
	:: (n_parked == 0 && n_stopped == 0) || is_over -> break
	:: n_searching > 0 -> break
	:: else ->
		atomic {
			if
			:: n_searching == 0 -> n_searching = 1; k = 0
			:: else -> k = NOBODY
			fi
		};
		if
		:: k == NOBODY -> break
		:: else
		fi;
		if
		:: is_for_one -> unpark_one(WOKEN_FOR_ONE, k)
		:: else -> unpark_one(WOKEN, k)
		fi;
		if
		:: k == NOBODY -> break
		:: else
		fi;
		start_one(k);
		if
		:: k == NOBODY -> break
		:: else
		fi;
		n_searching--
	od;
	k = 0
}

/* leat__job_ready and leat__exec_push */
inline make_ready(job, hint, k, was)
{
	atomic { /* the exchange that succeeded */
		was = state[job];
		if
		:: was == IDLE -> state[job] = READY
#ifndef NO_NOTIFIED
		:: was == RUNNING -> state[job] = NOTIFIED
#endif
		:: else
		fi
	}
	if
	:: was == IDLE ->
		push(hint, job);
		was = 0;
		if
		:: hint < OUTSIDE -> was = (len(own[hint % N_WORKERS]) == 1)
		:: else
		fi;
		wake_one(was, k)
	:: else
	fi;
	was = 0
}

inline take(queue, job)
{
	if
	:: atomic { queue?job -> n_queued[job]-- }
	:: empty(queue)
	fi
}

/* leat__exec_has_work */
inline see_work(passed, found)
{
	found = nempty(common);
	if
	:: !found -> found = (len(own[0]) > passed)
	:: else
	fi;
	if
	:: !found -> found = (len(own[1]) > passed)
	:: else
	fi
}

/* leat__exec_stop */
inline stop()
{
	is_over = 1;
#ifndef STOP_WITHOUT_WAKE
	count[0]++;
	count[1]++
#endif
}

/* job_run of one quantum */
inline run_job(me, job, k, was)
{
	atomic {
		state[job] = RUNNING;
		n_stepping[job]++;
		assert(n_stepping[job] == 1)
	};
	if
	:: atomic { work[job] > 0 -> work[job]--; worked[job]++ };
		if
		:: job == 0 && worked[0] > N_WORK - N_SECOND ->
			work[1]++;
			make_ready(1, me, k, was)
		:: else
		fi;
		if
		:: worked[job] == (job == 0 -> N_WORK : N_SECOND) ->
			/* a long step: the other job must not wait for it */
			job == 1 || worked[1] == N_SECOND;
			atomic { n_stepping[job]--; state[job] = DONE };
			atomic { n_jobs_left--; was = (n_jobs_left == 0) };
			if
			:: was -> stop()
			:: else
			fi
		:: else ->
			atomic { n_stepping[job]--; state[job] = READY };
			push(me, job)
		fi
	:: work[job] == 0 ->
		atomic {
			n_stepping[job]--;
			was = state[job];
			if
			:: was == RUNNING -> state[job] = IDLE
			:: else
			fi
		};
		if
		:: was == RUNNING
		:: else ->
			state[job] = READY;
			push(me, job)
		fi
	fi;
	was = 0
}

/* worker_look and worker_search: own, common, then the other's queue */
inline look(me, job, is_searching)
{
	take(own[me], job);
	if
	:: job == NOBODY -> take(common, job)
	:: else
	fi;
	if
	:: job == NOBODY && (is_searching ||
		2 * n_searching + n_parked + n_stopped < N_WORKERS) ->
		if
		:: !is_searching -> atomic { n_searching++; is_searching = 1 }
		:: else
		fi;
		take(own[1 - me], job)
	:: else
	fi
}

/* worker_found */
inline found(is_searching, is_for_one, is_sentry, k, was)
{
	is_for_one = 0;
	if
	:: is_sentry -> atomic { n_sentries--; is_sentry = 0 }
	:: else
	fi;
	if
	:: is_searching ->
		atomic {
			is_searching = 0;
			n_searching--;
			was = (n_searching == 0)
		};
		if
		:: was ->
			see_work(0, was);
			if
			:: was -> wake_one(0, k)
			:: else
			fi
		:: else
		fi;
		was = 0
	:: else
	fi
}

/* worker_watch */
inline watch(is_for_one, is_sentry)
{
	if
	:: (is_for_one || is_sentry) && n_parked + n_stopped + 1 < N_WORKERS ->
		if
		:: !is_sentry -> atomic { n_sentries++; is_sentry = 1 }
		:: else
		fi
	:: else ->
		if
		:: is_sentry -> atomic { n_sentries--; is_sentry = 0 }
		:: else
		fi
	fi;
	is_for_one = 0
}

/* worker_park; was: the deadline came */
inline park(me, is_searching, is_for_one, is_sentry, ticket, was)
{
#ifndef LATE_TICKET
	ticket = count[me];
#endif
	n_parked++;
	mode[me] = PARKED;
	if
	:: is_searching -> atomic { n_searching--; is_searching = 0 }
	:: else
	fi;
#ifndef NO_LOOK
	see_work(is_sentry, was);
#endif
	if
	:: was || is_over -> was = 1
	:: else ->
#ifdef LATE_TICKET
		ticket = count[me];
#endif
		if
		:: count[me] != ticket
#ifndef SENTRY_WITHOUT_ALARM
		:: is_sentry
#endif
		:: !is_sentry && me > 0 && n_ends < ENDS_MAX -> n_ends++
		fi
	fi;
	ticket = 0;
	atomic {
		if
		:: mode[me] == PARKED -> mode[me] = AWAKE; ticket = PARKED
		:: else -> ticket = mode[me]
		fi
	};
	if
	:: ticket == PARKED -> n_parked--
	:: else ->
		mode[me] = AWAKE;
		is_searching = 1;
		is_for_one = (ticket == WOKEN_FOR_ONE)
	fi;
	ticket = 0;
	if
	:: was ->
		if
		:: !is_searching -> atomic { n_searching++; is_searching = 1 }
		:: else
		fi;
		is_for_one = 1
	:: else
	fi
}

/* worker_end: is_ending is taken back if there is something after all */
inline end_idle(me, is_searching, is_ending, was)
{
	n_stopped++;
	mode[me] = STOPPED;
#ifndef END_WITHOUT_LOOK
	see_work(0, was);
#endif
	if
	:: was ->
		atomic {
			if
			:: mode[me] == STOPPED -> mode[me] = AWAKE
			:: else -> was = 0
			fi
		}
	:: else
	fi;
	if
	:: was ->
		n_stopped--;
		atomic { n_searching++; is_searching = 1 };
		is_ending = 0
	:: else
	fi;
	was = 0
}

/* worker_idle */
inline idle(me, is_searching, is_for_one, is_sentry, is_ending, ticket, was)
{
	watch(is_for_one, is_sentry);
	park(me, is_searching, is_for_one, is_sentry, ticket, was);
	was = 0;
	if
	:: is_searching
	:: !is_searching && !is_sentry && me > 0 && n_ends == ENDS_MAX ->
		is_ending = 1;
		end_idle(me, is_searching, is_ending, was)
	:: !is_searching ->
		atomic { n_searching++; is_searching = 1 }
	fi
}

active [N_WORKERS] proctype worker()
{
	byte job = NOBODY;
	byte k, was, ticket;
	bit is_searching, is_for_one, is_sentry, is_ending;
	byte me = _pid;

end:	do
	:: runs[me] ->
		assert(!is_joined);
		is_searching = 1; /* whoever started it counted it */
		mode[me] = AWAKE;
		do
		:: is_ending -> break
		:: !is_ending ->
			look(me, job, is_searching);
			if
			:: job != NOBODY ->
				found(is_searching, is_for_one, is_sentry, k,
					was);
				run_job(me, job, k, was);
				job = NOBODY
			:: job == NOBODY && is_over -> break
			:: job == NOBODY && !is_over ->
				idle(me, is_searching, is_for_one, is_sentry,
					is_ending, ticket, was)
			fi
		od;
		atomic {
			is_ending = 0; is_searching = 0; is_for_one = 0;
			is_sentry = 0
		};
		runs[me] = 0
	od
}

active proctype outside()
{
	byte n, k, was;

	do
	:: n < N_WORK ->
		n++;
		work[0]++;
		make_ready(0, OUTSIDE, k, was)
	:: else -> break
	od;
	is_over;
	assert(worked[0] == N_WORK && worked[1] == N_SECOND);
	/* leat__exec_join */
	n_starting == 0;
	!has_thread[0] || !runs[0];
	!has_thread[1] || !runs[1];
	is_joined = 1
}
