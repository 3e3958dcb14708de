/* The victim: holds memory in one mapping of small pages, and maps and unmaps 64 KiB in a loop,
 * timing each pair of calls.
 *
 * usage: victim MIB
 * It writes a line when its memory is there. Each line of standard input ends a phase; the answer
 * is one line: calls, then in nanoseconds the latencies p50, p99, p99.9 and the longest, then how
 * many waited for a lock for over a millisecond, and the sum of these.
 * It ends with standard input.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* 32 buckets in each power of two: an error of 3 % at most. */
enum { FINE = 32, BUCKETS = 64 * FINE };
static long long calls[BUCKETS];

static long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int bucket(unsigned long long value)
{
	if (value < FINE)
		return value;
	int shift = 63 - __builtin_clzll(value) - 5;
	return (shift + 1) * FINE + (int)((value >> shift) - FINE);
}

/* The middle of a bucket. */
static long long value(int bucket)
{
	if (bucket < FINE)
		return bucket;
	int shift = bucket / FINE - 1;
	return ((long long)(bucket % FINE + FINE) << shift) + ((1LL << shift) >> 1);
}

static long long quantile(long long total, double share)
{
	long long seen = 0;
	for (int at = 0; at < BUCKETS; at++) {
		seen += calls[at];
		if (seen >= total * share)
			return value(at);
	}
	return 0;
}

/* Only a lock makes this program give up the processor of its own will; when another program
 * takes it away, that is not the reader's doing. */
static long sleeps(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

int main(int count, char **arguments)
{
	size_t bytes = (count > 1 ? strtoul(arguments[1], NULL, 10) : 64) << 20;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("victim: mmap");
		return 1;
	}
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memset(memory, 1, bytes);
	puts("ready");
	fflush(stdout);

	long long total = 0, longest = 0, held = 0;
	long waits = 0, slept = sleeps();
	for (;;) {
		for (int turn = 0; turn < 256; turn++) {
			long long begin = now();
			void *small = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			munmap(small, 65536);
			long long took = now() - begin;
			calls[bucket(took)]++;
			total++;
			longest = took > longest ? took : longest;
			if (took > 100000) {
				long before = slept;
				slept = sleeps();
				if (took > 1000000 && slept > before) {
					waits++;
					held += took;
				}
			}
		}
		struct pollfd order = { .fd = 0, .events = POLLIN };
		if (poll(&order, 1, 0) == 0)
			continue;
		char line[64];
		if (read(0, line, sizeof line) <= 0)
			return 0;
		printf("%lld %lld %lld %lld %lld %ld %lld\n", total, quantile(total, 0.5),
		       quantile(total, 0.99), quantile(total, 0.999), longest, waits, held);
		fflush(stdout);
		memset(calls, 0, sizeof calls);
		total = longest = held = waits = 0;
	}
}
