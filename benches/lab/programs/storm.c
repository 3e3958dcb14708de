/*
 * herakles-storm KIND SECONDS: starts short-lived processes in a certain way, and then tells
 * how many there were and what they used, as seen by those who waited for them.
 *
 * It prints one line, "PROCESSES WAITED_US UNWAITED_US", and stays until its input is closed: so
 * nobody else reaps its workers. What nobody can wait for is told by the processes themselves,
 * just before their end; what the kernel does after that, to end them, is not in it. If one of
 * them ends without a word, there is no account.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2, DEPTH = 12, UNWAITED = 4 };

/* Shared by all. */
static struct {
	atomic_long processes;
	atomic_long unwaited_us;
	/* Those that nobody waits for and that have not told yet. */
	atomic_long unwaited;
} *told;

/* A pipe whose second end is open as long as any of them lives, or may still be started. */
static int alive[2];
/* When the storm is over. */
static long long end_ns;

static long long now_ns(clockid_t clock)
{
	struct timespec it;
	clock_gettime(clock, &it);
	return it.tv_sec * 1000000000LL + it.tv_nsec;
}

static long used_us(const struct rusage *it)
{
	return (it->ru_utime.tv_sec + it->ru_stime.tv_sec) * 1000000L
		+ it->ru_utime.tv_usec + it->ru_stime.tv_usec;
}

/* Uses this much CPU time, in clock reads and sums. */
static void burn(int microseconds)
{
	long long end = now_ns(CLOCK_PROCESS_CPUTIME_ID) + microseconds * 1000LL;
	volatile unsigned sink = 0;
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end) {
		for (int i = 0; i < 2000; i++)
			sink += i;
	}
}

static void rest(int microseconds)
{
	struct timespec it = { microseconds / 1000000, microseconds % 1000000 * 1000L };
	nanosleep(&it, NULL);
}

/*
 * A length between half of this and one and a half times it. The kernel's account of the host is
 * drawn once per tick, so work in step with the ticks would be drawn too often or not at all.
 */
static int about(int length)
{
	unsigned noise = now_ns(CLOCK_MONOTONIC) / 64 * 2654435761u >> 8;
	return length / 2 + noise % (length + 1);
}

static pid_t start(void)
{
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		_exit(1);
	}
	if (pid == 0)
		atomic_fetch_add(&told->processes, 1);
	return pid;
}

/* A child that goes when its parent goes. */
static pid_t start_tied(void)
{
	pid_t pid = start();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void await(pid_t pid, const char *what)
{
	int status;
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s failed\n", what);
		_exit(1);
	}
}

static void run(char *const argv[])
{
	pid_t pid = start_tied();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	await(pid, argv[0]);
}

/* Lets no more than a few run at a time, however busy the machine is. Returns 0 if the storm is
 * over before there is room for one more. */
static int expect_unwaited(void)
{
	while (atomic_load(&told->unwaited) >= UNWAITED) {
		if (now_ns(CLOCK_MONOTONIC) >= end_ns)
			return 0;
		rest(about(5000));
	}
	atomic_fetch_add(&told->unwaited, 1);
	return 1;
}

static void tell_and_end(void)
{
	struct rusage own;
	getrusage(RUSAGE_SELF, &own);
	atomic_fetch_add(&told->unwaited_us, used_us(&own));
	atomic_fetch_sub(&told->unwaited, 1);
	_exit(0);
}

static void shells(void)
{
	/* Three processes: the shell, a subshell, a program. */
	char *argv[] = { "sh", "-c",
		"i=0; while [ $i -lt 800 ]; do i=$((i+1)); done;"
		"(j=0; while [ $j -lt 800 ]; do j=$((j+1)); done); cat /dev/null; :", NULL };
	run(argv);
	atomic_fetch_add(&told->processes, 2);
	rest(about(2000));
}

static void compilers(void)
{
	char *argv[] = { "cc", "-O2", "-c", "-o", "/dev/null", "-x", "c", "storm-unit.c", NULL };
	run(argv);
	/* The driver starts cc1 and as. */
	atomic_fetch_add(&told->processes, 2);
}

static void descend(int depth)
{
	burn(about(4000));
	if (depth > 0) {
		pid_t pid = start_tied();
		if (pid == 0) {
			descend(depth - 1);
			_exit(0);
		}
		await(pid, "a descent");
	}
	burn(about(2000));
}

static void deep(void)
{
	descend(DEPTH);
	rest(about(2000));
}

static void double_fork(void)
{
	if (!expect_unwaited())
		return;
	pid_t pid = start_tied();
	if (pid == 0) {
		if (start() == 0) {
			burn(about(30000));
			tell_and_end();
		}
		_exit(0);
	}
	await(pid, "a double fork");
	rest(about(10000));
}

static void ignore_sigchld(void)
{
	static int turn;
	signal(SIGCHLD, SIG_IGN);
	if (!expect_unwaited())
		return;
	if (start() == 0) {
		/* Most are gone before anybody looks, some are seen on the way. */
		if (turn % 20 == 0) {
			for (int i = 0; i < 60; i++) {
				burn(about(2000));
				rest(about(100000));
			}
		} else {
			burn(about(30000));
		}
		tell_and_end();
	}
	turn++;
	rest(about(10000));
}

static const struct {
	const char *name;
	void (*turn)(void);
} kinds[] = {
	{ "shells", shells },
	{ "compilers", compilers },
	{ "deep", deep },
	{ "double-fork", double_fork },
	{ "ignore-sigchld", ignore_sigchld },
};

int main(int argc, char **argv)
{
	void (*turn)(void) = NULL;
	for (size_t i = 0; argc == 3 && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			turn = kinds[i].turn;
	if (!turn) {
		fprintf(stderr, "usage: herakles-storm KIND SECONDS\n");
		return 2;
	}
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED) {
		perror("mmap");
		return 1;
	}

	/* Not for the programs that are started: nobody tells how long they keep it. */
	if (pipe2(alive, O_CLOEXEC) != 0) {
		perror("pipe");
		return 1;
	}

	end_ns = now_ns(CLOCK_MONOTONIC) + atoll(argv[2]) * 1000000000LL;
	for (int i = 0; i < WORKERS; i++) {
		if (start_tied() == 0) {
			while (now_ns(CLOCK_MONOTONIC) < end_ns)
				turn();
			_exit(0);
		}
	}
	close(alive[1]);
	long waited_us = 0;
	struct rusage of_worker;
	int status;
	while (wait4(-1, &status, 0, &of_worker) > 0) {
		waited_us += used_us(&of_worker);
		/* The others go with this process. */
		if (status != 0)
			return 1;
	}
	char byte;
	while (read(alive[0], &byte, 1) > 0)
		;
	long silent = atomic_load(&told->unwaited);
	if (silent > 0) {
		fprintf(stderr, "%ld processes ended without telling what they used\n", silent);
		return 1;
	}
	struct rusage own;
	getrusage(RUSAGE_SELF, &own);
	printf("%ld %ld %ld\n", atomic_load(&told->processes), waited_us + used_us(&own),
		atomic_load(&told->unwaited_us));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
