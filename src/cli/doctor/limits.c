/*
 * cli/doctor/limits.c -- leat doctor: cores, memory and files, as this process
 * may have them: by the machine, by its control group, by its limits.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"

#define LIMITS_FILES  1024
#define LIMITS_MEMORY (UINT64_C(256) << 20)

/* A line of the process's control group, version 2. false: there is none. */
static bool
group_line(const char *file, char *buf, size_t n_bytes)
{
	char group[1024], path[1200];

	if (!leat__doctor_line("/proc/self/cgroup", group, sizeof(group)) ||
		strncmp(group, "0::", 3) != 0)
		return false;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s",
		strcmp(group + 3, "/") == 0 ? "" : group + 3, file);
	return leat__doctor_line(path, buf, n_bytes);
}

/* "200000 100000": two cores; 0 = no limit. */
static double
group_cores(void)
{
	char line[128], *rest;
	double quota, period;

	if (!group_line("cpu.max", line, sizeof(line)) ||
		strncmp(line, "max", 3) == 0)
		return 0;
	quota = strtod(line, &rest);
	period = strtod(rest, NULL);
	return period > 0 ? quota / period : 0;
}

static void
limits_cores(struct leat__doctor *d)
{
	double n_group = group_cores();
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	if (n_group > 0 && n_group < n)
		leat__doctor_tell(d, LEAT__DOCTOR_WARN, "cores",
			"give --workers as many as the control group has: "
			"more only wait for each other",
			"%d, of which the control group has %.1f", n, n_group);
	else
		leat__doctor_tell(d, LEAT__DOCTOR_GOOD, "cores", NULL,
			"%d of %ld, as many workers by default", n,
			sysconf(_SC_NPROCESSORS_ONLN));
}

/* What is left below the group's limit; UINT64_MAX = none. */
static uint64_t
group_memory(void)
{
	char most[64], used[64];
	uint64_t n_most, n_used;

	if (!group_line("memory.max", most, sizeof(most)) ||
		strcmp(most, "max") == 0 ||
		!group_line("memory.current", used, sizeof(used)))
		return UINT64_MAX;
	n_most = strtoull(most, NULL, 10);
	n_used = strtoull(used, NULL, 10);
	return n_most > n_used ? n_most - n_used : 0;
}

/* MemAvailable of the machine. */
static uint64_t
machine_memory(void)
{
	FILE *from = fopen("/proc/meminfo", "r");
	unsigned long long kib = 0;
	char line[256];

	while (from && fgets(line, sizeof(line), from))
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	if (from)
		fclose(from);
	return kib << 10;
}

static void
limits_memory(struct leat__doctor *d)
{
	uint64_t group = group_memory(), n = machine_memory();
	bool is_group = group < n;
	char bytes[32];

	n = is_group ? group : n;
	leat__doctor_tell(d,
		n < LIMITS_MEMORY ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		"memory",
		n < LIMITS_MEMORY ? "--memory=SIZE refuses a plan that needs "
				    "more; leat explain says what one needs"
				  : NULL,
		"%s are available%s", leat__cli_bytes(n, bytes, sizeof(bytes)),
		is_group ? ", by the control group" : "");
}

static const char *
limit_text(rlim_t limit, bool is_bytes, char *buf, size_t n_bytes)
{
	if (limit == RLIM_INFINITY)
		return "no limit";
	if (is_bytes)
		return leat__cli_bytes(limit, buf, n_bytes);
	snprintf(buf, n_bytes, "%llu", (unsigned long long)limit);
	return buf;
}

static void
limits_files(struct leat__doctor *d)
{
	struct rlimit limit = {0};
	char now[32], most[32];
	bool is_few;

	getrlimit(RLIMIT_NOFILE, &limit);
	is_few = limit.rlim_cur < LIMITS_FILES;
	leat__doctor_tell(d, is_few ? LEAT__DOCTOR_WARN : LEAT__DOCTOR_GOOD,
		"files", is_few ? "ulimit -n 4096 before leat" : NULL,
		"%s may be open, up to %s by ulimit -n",
		limit_text(limit.rlim_cur, false, now, sizeof(now)),
		limit_text(limit.rlim_max, false, most, sizeof(most)));
}

static void
limits_mapped(struct leat__doctor *d)
{
	struct rlimit space = {0}, locked = {0};
	char bytes[32];

	getrlimit(RLIMIT_AS, &space);
	getrlimit(RLIMIT_MEMLOCK, &locked);
	leat__doctor_tell(d,
		space.rlim_cur == RLIM_INFINITY ? LEAT__DOCTOR_GOOD
						: LEAT__DOCTOR_WARN,
		"addresses",
		space.rlim_cur == RLIM_INFINITY
			? NULL
			: "the pool is mapped whole, and touched as it is "
			  "used; ulimit -v unlimited",
		"%s", limit_text(space.rlim_cur, true, bytes, sizeof(bytes)));
	leat__doctor_tell(d, LEAT__DOCTOR_GOOD, "locked", NULL,
		"%s of memory may be locked; leat locks none",
		limit_text(locked.rlim_cur, true, bytes, sizeof(bytes)));
}

void
leat__doctor_limits(struct leat__doctor *d)
{
	limits_cores(d);
	limits_memory(d);
	limits_files(d);
	limits_mapped(d);
}
