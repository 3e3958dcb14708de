/*
 * A process that is extreme in one way: `actor mappings N`, `actor threads N`, `actor arguments N`,
 * `actor storm`. Once it is, it prints "ready" and what is known of it, and waits for a line.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void wait_for_a_line(void)
{
	char byte;

	do {
		if (read(STDIN_FILENO, &byte, 1) != 1)
			exit(0);
	} while (byte != '\n');
}

static long long micros(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		fail("clock");
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* Burns so much processor time of the calling thread. */
static void burn(long long wanted)
{
	long long end = micros(CLOCK_THREAD_CPUTIME_ID) + wanted;

	while (micros(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

/* Pages with the same rights would be one mapping. Every second one holds memory. */
static void mappings(long count)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *start = mmap(NULL, count * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		fail("mmap");
	for (long i = 0; i < count; i += 2) {
		if (mprotect(start + i * page, page, PROT_READ | PROT_WRITE))
			fail("mprotect");
		start[i * page] = 1;
	}
	printf("ready %ld\n", (count + 1) / 2 * (long)page);
}

static pthread_barrier_t all_burnt;

static void *one_thread(void *unused)
{
	burn(200);
	pthread_barrier_wait(&all_burnt);
	for (;;)
		pause();
	return unused;
}

static void threads(long count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, sysconf(_SC_THREAD_STACK_MIN));
	pthread_barrier_init(&all_burnt, NULL, count);
	/* This one is a thread too. */
	for (long i = 1; i < count; i++) {
		if (pthread_create(&thread, &attributes, one_thread, NULL))
			fail("thread");
	}
	pthread_barrier_wait(&all_burnt);
	printf("ready %lld\n", micros(CLOCK_PROCESS_CPUTIME_ID));
}

/* Becomes argv[3] with the arguments from argv[4] on, N bytes more, and a last one. */
static void arguments(long bytes, char **given)
{
	enum { LONGEST = 100000 };
	struct rlimit stack = { 64 << 20, 64 << 20 };
	char **list = calloc(bytes / LONGEST + 64, sizeof(*list));
	int count = 0;

	/* A quarter of it may hold arguments. */
	if (setrlimit(RLIMIT_STACK, &stack))
		fail("stack");
	setenv("ARGUMENTS", "1", 1);
	for (char **it = given; *it; it++)
		list[count++] = *it;
	for (; bytes > 0; bytes -= LONGEST) {
		list[count] = malloc(LONGEST);
		memset(list[count], 'x', LONGEST - 1);
		list[count++][LONGEST - 1] = 0;
	}
	list[count++] = "last-word";
	execv(given[0], list);
	fail("exec");
}

/* Children that burn a little and end, until there is something to read. */
static void storm(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct rusage used;
	long count = 0;

	printf("ready 0\n");
	fflush(stdout);
	while (poll(&input, 1, 0) == 0) {
		pid_t children[8];

		for (int i = 0; i < 8; i++) {
			children[i] = fork();
			if (children[i] < 0)
				fail("fork");
			if (children[i] == 0) {
				burn(1000);
				_exit(0);
			}
		}
		for (int i = 0; i < 8; i++)
			waitpid(children[i], NULL, 0);
		count += 8;
	}
	wait_for_a_line();
	getrusage(RUSAGE_CHILDREN, &used);
	printf("%ld %lld\n", count,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int main(int count, char **list)
{
	const char *what = count > 1 ? list[1] : "";
	long number = count > 2 ? strtol(list[2], NULL, 10) : 0;

	if (getenv("ARGUMENTS"))
		printf("ready %d\n", count);
	else if (!strcmp(what, "mappings"))
		mappings(number);
	else if (!strcmp(what, "threads"))
		threads(number);
	else if (!strcmp(what, "arguments"))
		arguments(number, list + 3);
	else if (!strcmp(what, "storm"))
		storm();
	fflush(stdout);
	wait_for_a_line();
	return 0;
}
