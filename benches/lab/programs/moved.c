/*
 * A process that sleeps while another changes its memory.
 *
 * usage: moved NAME KIND KIB FILE
 *   truncated   it maps FILE; the other cuts FILE off
 *   punched     it maps shared memory; the other punches a hole into it
 *   written     its private memory is empty; the other writes into all of it
 *   relative    a relative that shares its memory writes into all of it
 *   reclaimed   it maps FILE; the other has its pages reclaimed
 *
 * The other is its parent. It writes the pid of the sleeper in a line when that sleeps, moves its
 * memory when a byte comes in, and answers by a line; the end of the input ends both.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE = 4096, STACK = 64 << 10, VECTOR = 1 << 20 };

static const char *kind;
static char *memory;
static size_t bytes;
static int backing = -1;
/* Between the sleeper's relative and the one that tells it to move. */
static int order[2], done[2];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int is(const char *name)
{
	return strcmp(kind, name) == 0;
}

static void take(const char *path)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (is("truncated") || is("reclaimed")) {
		backing = open(path, O_RDWR);
		flags = MAP_SHARED;
	} else if (is("punched")) {
		backing = memfd_create("moved", 0);
		if (ftruncate(backing, (off_t)bytes) != 0)
			fail("ftruncate");
		if (fallocate(backing, 0, 0, (off_t)bytes) != 0)
			fail("fallocate");
		flags = MAP_SHARED;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, backing, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
}

/* What is shared has no page tables in a new process. */
static void look_at_it(void)
{
	if (is("written") || is("relative"))
		return;
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)*(volatile char *)(memory + at);
}

static int relative(void *unused)
{
	char byte = 0;

	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(order[0], &byte, 1) == 1)
		memset(memory, 1, bytes);
	if (write(done[1], &byte, 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void sleeper(const char *name)
{
	char byte = 's';

	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	look_at_it();
	if (is("relative")) {
		char *stack = malloc(STACK);
		if (!stack || clone(relative, stack + STACK, CLONE_VM | SIGCHLD, NULL) < 0)
			fail("clone");
	}
	if (write(done[1], &byte, 1) != 1)
		exit(1);
	for (;;)
		pause();
}

/* Writes into the sleeper, whose memory is at the same address. */
static void write_into(pid_t pid)
{
	char *from = calloc(1, VECTOR);

	for (size_t at = 0; at < bytes; at += VECTOR) {
		struct iovec local = { from, VECTOR }, remote = { memory + at, VECTOR };
		if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != VECTOR)
			fail("process_vm_writev");
	}
	free(from);
}

static void reclaim(pid_t pid)
{
	struct iovec all = { memory, bytes };
	int process = (int)syscall(SYS_pidfd_open, pid, 0);

	/* What a second process maps is not reclaimed. */
	munmap(memory, bytes);
	if (process < 0 || syscall(SYS_process_madvise, process, &all, 1, MADV_PAGEOUT, 0) < 0)
		fail("process_madvise");
}

static void move(pid_t pid)
{
	char byte = 'm';

	if (is("truncated") && ftruncate(backing, 0) != 0)
		fail("ftruncate");
	if (is("punched") && fallocate(backing, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) != 0)
		fail("fallocate");
	if (is("written"))
		write_into(pid);
	if (is("reclaimed"))
		reclaim(pid);
	if (is("relative") && (write(order[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1))
		fail("relative");
}

int main(int count, char **arguments)
{
	char byte;

	if (count < 5)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kind = arguments[2];
	bytes = strtoul(arguments[3], NULL, 10) * 1024;
	take(arguments[4]);
	if (pipe(order) != 0 || pipe(done) != 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		sleeper(arguments[1]);
	if (read(done[0], &byte, 1) != 1)
		return 1;
	/* Only the sleeper maps it from here on, where the other does not need it. */
	if (!is("reclaimed"))
		munmap(memory, bytes);
	dprintf(1, "%d\n", (int)pid);
	if (read(0, &byte, 1) == 1) {
		move(pid);
		dprintf(1, "moved\n");
		while (read(0, &byte, 1) > 0)
			;
	}
	kill(pid, SIGKILL);
	return 0;
}
