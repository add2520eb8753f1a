/*
 * worker.pml -- tasks, run queues and parking, as in src/run/worker.c: two
 * workers, and a pipeline of two tasks. Somebody outside makes work for task 0
 * (through the shared stack); each step of task 0 makes work for task 1
 * (through the queue of the worker that runs it).
 *
 * Fences are taken as kept (park.pml shows that they are needed): memory is
 * sequentially consistent here.
 *
 * Proved: a task is in at most one queue and stepped by at most one worker;
 * all work is done; no wake is lost; every worker goes home (no invalid end).
 * Defects: -DNO_NOTIFIED  -DNO_LOOK  -DSTOP_WITHOUT_WAKE  -DLATE_TICKET
 */
#define N_TASKS   2
#define N_WORKERS 2
#define N_WORK    2

#define IDLE     0
#define READY    1
#define RUNNING  2
#define NOTIFIED 3
#define DONE     4

#define OUTSIDE N_WORKERS /* the hint of a thread without a queue */
#define NOBODY  255

byte state[N_TASKS];
byte work[N_TASKS];
byte worked[N_TASKS];
byte n_queued[N_TASKS];   /* ghost: queues that hold it */
byte n_stepping[N_TASKS]; /* ghost: workers in its step */
byte n_tasks_left = N_TASKS;
bit is_over;

/* one more: the stack of tasks that other threads made ready */
chan queue[N_WORKERS + 1] = [N_TASKS] of {byte};
bit is_parked[N_WORKERS];
byte n_parked;
byte count[N_WORKERS]; /* of the parkers */

inline push(to, task)
{
	atomic {
		n_queued[task]++;
		assert(n_queued[task] == 1);
		queue[to]!task
	}
}

/* worker_wake_one */
inline wake_one(k, was_parked)
{
	if
	:: n_parked == 0
	:: else ->
		k = 0;
		do
		:: k == N_WORKERS -> break
		:: k < N_WORKERS && !is_parked[k] -> k++
		:: k < N_WORKERS && is_parked[k] ->
			atomic { was_parked = is_parked[k]; is_parked[k] = 0 };
			if
			:: was_parked ->
				n_parked--;
				count[k]++;
				break
			:: else -> k++
			fi
		od;
		k = 0
	fi
}

/* leat__task_ready and task_submit */
inline make_ready(task, hint, k, was)
{
	atomic { /* the exchange that succeeded */
		was = state[task];
		if
		:: was == IDLE -> state[task] = READY
#ifndef NO_NOTIFIED
		:: was == RUNNING -> state[task] = NOTIFIED
#endif
		:: else
		fi
	}
	if
	:: was == IDLE ->
		push(hint, task);
		wake_one(k, was)
	:: else
	fi;
	was = 0
}

/* worker_look: own queue, the stack, the others' queues */
inline look(me, task)
{
	task = NOBODY;
	if
	:: atomic { nempty(queue[me]) -> queue[me]?task; n_queued[task]-- }
	:: empty(queue[me]) ->
		if
		:: atomic { nempty(queue[OUTSIDE]) ->
			queue[OUTSIDE]?task; n_queued[task]-- }
		:: empty(queue[OUTSIDE]) ->
			if
			:: atomic { nempty(queue[1 - me]) ->
				queue[1 - me]?task; n_queued[task]-- }
			:: empty(queue[1 - me])
			fi
		fi
	fi
}

/* leat__workers_stop */
inline stop()
{
	is_over = 1;
#ifndef STOP_WITHOUT_WAKE
	count[0]++;
	count[1]++
#endif
}

/* leat__task_step of one quantum, and what worker_step does after it */
inline step(me, task, k, was)
{
	atomic {
		state[task] = RUNNING;
		n_stepping[task]++;
		assert(n_stepping[task] == 1)
	};
	if
	:: atomic { work[task] > 0 -> work[task]--; worked[task]++ };
		if
		:: task == 0 ->
			work[1]++;
			make_ready(1, me, k, was)
		:: else
		fi;
		if
		:: worked[task] == N_WORK ->
			atomic { n_stepping[task]--; state[task] = DONE };
			atomic { n_tasks_left--; was = (n_tasks_left == 0) };
			if
			:: was -> stop()
			:: else
			fi
		:: else ->
			atomic { n_stepping[task]--; state[task] = READY };
			push(me, task)
		fi
	:: work[task] == 0 ->
		atomic {
			n_stepping[task]--;
			was = state[task];
			if
			:: was == RUNNING -> state[task] = IDLE
			:: else
			fi
		};
		if
		:: was == RUNNING
		:: else ->
			state[task] = READY;
			push(me, task)
		fi
	fi;
	was = 0
}

/* worker_park: a task if the second look found one */
inline park(me, task, ticket, was)
{
#ifndef LATE_TICKET
	ticket = count[me];
#endif
	n_parked++;
	is_parked[me] = 1;
#ifndef NO_LOOK
	look(me, task);
#endif
	if
	:: task == NOBODY && !is_over ->
#ifdef LATE_TICKET
		ticket = count[me];
#endif
		count[me] != ticket
	:: else
	fi;
	atomic { was = is_parked[me]; is_parked[me] = 0 };
	if
	:: was -> n_parked--
	:: else
	fi;
	was = 0
}

active [N_WORKERS] proctype worker()
{
	byte task = NOBODY, ticket, k, was;
	byte me = _pid;

	do
	:: look(me, task);
		do
		:: task == NOBODY && !is_over -> park(me, task, ticket, was)
		:: else -> break
		od;
		if
		:: task == NOBODY -> break
		:: else -> step(me, task, k, was)
		fi
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
	assert(worked[0] == N_WORK && worked[1] == N_WORK)
}
