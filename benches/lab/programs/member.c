/* A member of the synthetic fleet: it takes memory as its arguments say, writes one byte to
 * standard output and closes that when it is ready, and idles until standard input is closed. It
 * also dies with its parent, so no member outlives the fleet.
 *
 * usage: member LIBRARY ROLE [A [B]]
 *   plain   A       A KiB of private memory
 *   sharers A B     B children that share A KiB copy-on-write with each other and the parent
 *   threads A B     B further threads
 *   mappings A B    B further mappings of 16 KiB
 *   moving  A B     touches and drops B pages every A ms
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { KIB = 1024, LIBRARY_PIECES = 20, PIECE = 128 * KIB, PAGE = 4096 };

static void fail(const char *what)
{
	write(2, what, strlen(what));
	write(2, "\n", 1);
	_exit(1);
}

/* Small pages: a huge page costs a reader a hundredth, and servers differ in having them. */
static char *take(size_t bytes, int protection)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("member: mmap failed");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memset(memory, 1, bytes);
	if (protection != (PROT_READ | PROT_WRITE))
		mprotect(memory, bytes, protection);
	return memory;
}

/* Every second piece of the file, so that the kernel cannot merge the mappings: as many and as
 * large as those of the shared libraries of a common daemon. */
static void map_library(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	volatile char sum = 0;
	for (int piece = 0; piece < LIBRARY_PIECES; piece++) {
		char *text = mmap(NULL, PIECE, PROT_READ, MAP_PRIVATE, file, 2L * piece * PIECE);
		if (text == MAP_FAILED)
			fail("member: cannot map the library");
		for (int at = 0; at < PIECE; at += PAGE)
			sum += text[at];
	}
	close(file);
}

/* Returns 1 if the fleet has ended before the time is over. */
static int fleet_ends_within(int milliseconds)
{
	struct pollfd lifeline = { .fd = 0, .events = POLLIN };
	return poll(&lifeline, 1, milliseconds) > 0;
}

/* Once nobody holds standard output open, every member is ready or has ended. */
static void ready(void)
{
	if (write(1, "r", 1) != 1)
		_exit(1);
	close(1);
}

static void *idle(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

int main(int count, char **arguments)
{
	if (count < 3)
		fail("usage: member LIBRARY ROLE [A [B]]");
	const char *role = arguments[2];
	long a = count > 3 ? atol(arguments[3]) : 0;
	long b = count > 4 ? atol(arguments[4]) : 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	map_library(arguments[1]);

	if (!strcmp(role, "plain")) {
		take(a * KIB, PROT_READ | PROT_WRITE);
	} else if (!strcmp(role, "sharers")) {
		take(a * KIB, PROT_READ | PROT_WRITE);
		for (long child = 0; child < b; child++) {
			pid_t pid = fork();
			if (pid < 0)
				fail("member: fork failed");
			if (pid == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				break;
			}
		}
	} else if (!strcmp(role, "threads")) {
		take(a * KIB, PROT_READ | PROT_WRITE);
		for (long thread = 0; thread < b; thread++) {
			pthread_t id;
			if (pthread_create(&id, NULL, idle, NULL))
				fail("member: cannot start a thread");
		}
	} else if (!strcmp(role, "mappings")) {
		take(a * KIB, PROT_READ | PROT_WRITE);
		/* Unlike neighbours are not merged. */
		for (long mapping = 0; mapping < b; mapping++)
			take(4 * PAGE, mapping % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
	} else if (!strcmp(role, "moving")) {
		char *memory = take(b * PAGE, PROT_READ | PROT_WRITE);
		ready();
		while (!fleet_ends_within(a)) {
			madvise(memory, b * PAGE, MADV_DONTNEED);
			memset(memory, 1, b * PAGE);
		}
		_exit(0);
	} else {
		fail("member: no such role");
	}
	ready();
	while (!fleet_ends_within(-1))
		;
	_exit(0);
}
