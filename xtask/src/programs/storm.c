/*
 * herakles-storm KIND SECONDS: starts short-lived processes in a certain way, and then tells
 * how many there were and what they used, as seen by those who waited for them.
 *
 * It prints one line, "PROCESSES WAITED_US UNWAITED_US", and stays until its input is closed: so
 * nobody else reaps its workers. What nobody can wait for is told by the processes themselves,
 * just before their end; what the kernel does after that, to end them, is not in it.
 */
#define _GNU_SOURCE
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
	/* Those alive that nobody waits for. */
	atomic_long unwaited;
} *told;

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

/* A child that goes when its parent goes. */
static pid_t start(void)
{
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		_exit(1);
	}
	if (pid == 0) {
		atomic_fetch_add(&told->processes, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

static void run(char *const argv[])
{
	pid_t pid = start();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	int status;
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s failed\n", argv[0]);
		_exit(1);
	}
}

/* Lets no more than a few run at a time, however busy the machine is. */
static void expect_unwaited(void)
{
	while (atomic_load(&told->unwaited) >= UNWAITED)
		rest(about(5000));
	atomic_fetch_add(&told->unwaited, 1);
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
		pid_t pid = start();
		if (pid == 0) {
			descend(depth - 1);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
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
	expect_unwaited();
	pid_t pid = start();
	if (pid == 0) {
		atomic_fetch_add(&told->processes, 1);
		if (fork() == 0) {
			burn(about(30000));
			tell_and_end();
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	rest(about(10000));
}

static void ignore_sigchld(void)
{
	static int turn;
	signal(SIGCHLD, SIG_IGN);
	expect_unwaited();
	if (start() == 0) {
		prctl(PR_SET_PDEATHSIG, 0);
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

	long long end = now_ns(CLOCK_MONOTONIC) + atoll(argv[2]) * 1000000000LL;
	for (int i = 0; i < WORKERS; i++) {
		if (start() == 0) {
			while (now_ns(CLOCK_MONOTONIC) < end)
				turn();
			_exit(0);
		}
	}
	long waited_us = 0;
	struct rusage of_worker;
	int status, failed = 0;
	while (wait4(-1, &status, 0, &of_worker) > 0) {
		waited_us += used_us(&of_worker);
		failed |= status != 0;
	}
	if (failed)
		return 1;
	while (atomic_load(&told->unwaited) > 0)
		rest(10000);
	struct rusage own;
	getrusage(RUSAGE_SELF, &own);
	printf("%ld %ld %ld\n", atomic_load(&told->processes), waited_us + used_us(&own),
		atomic_load(&told->unwaited_us));
	fflush(stdout);
	char byte;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
