/*
 * Holds a known amount of memory of one kind, alone or together with children that look at all of
 * it. Writes one byte when it is ready, and idles until its input is closed; children die with it.
 *
 * usage: holder NAME KIND KIB CHILDREN [FILE]
 *   anonymous   private memory in small pages; children share it copy-on-write
 *   huge        private memory in transparent huge pages
 *   shared      shared memory
 *   file        FILE, mapped
 *   hugetlb     reserved huge pages
 *   swapped     private memory that the kernel was told to swap out
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PAGE = 4096, HUGE = 2 << 20 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void look_at(const volatile char *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		(void)memory[at];
}

static char *map(size_t bytes, int flags, int file)
{
	int protection = file < 0 ? PROT_READ | PROT_WRITE : PROT_READ;
	char *memory = mmap(NULL, bytes, protection, flags, file, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static char *take(const char *kind, size_t bytes, const char *path)
{
	const int own = MAP_PRIVATE | MAP_ANONYMOUS;
	char *memory;
	if (strcmp(kind, "file") == 0) {
		int file = open(path, O_RDONLY);
		if (file < 0)
			fail(path);
		return map(bytes, MAP_SHARED, file);
	}
	if (strcmp(kind, "shared") == 0) {
		memory = map(bytes, MAP_SHARED | MAP_ANONYMOUS, -1);
	} else if (strcmp(kind, "hugetlb") == 0) {
		memory = map(bytes, own | MAP_HUGETLB, -1);
	} else if (strcmp(kind, "huge") == 0) {
		memory = map(bytes + HUGE, own, -1);
		memory += HUGE - (size_t)memory % HUGE;
		madvise(memory, bytes, MADV_HUGEPAGE);
	} else {
		memory = map(bytes, own, -1);
		madvise(memory, bytes, MADV_NOHUGEPAGE);
	}
	/* Pages that differ, which nothing merges or drops. */
	for (size_t at = 0; at < bytes; at += PAGE)
		*(size_t *)(memory + at) = at + 1;
	return memory;
}

int main(int count, char **arguments)
{
	if (count < 5)
		return 2;
	prctl(PR_SET_NAME, arguments[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	const char *kind = arguments[2];
	size_t bytes = strtoul(arguments[3], NULL, 10) * 1024;
	int children = atoi(arguments[4]), ready[2];
	pid_t own = getpid();
	char byte = 'r';
	char *memory = bytes ? take(kind, bytes, arguments[5]) : NULL;
	if (pipe(ready) != 0)
		fail("pipe");
	for (int i = 0; i < children; i++) {
		pid_t pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			/* Nobody may hold these open but those who are still to write. */
			close(1);
			if (getppid() != own)
				return 1;
			look_at(memory, bytes);
			if (write(ready[1], &byte, 1) != 1)
				return 1;
			close(ready[1]);
			pause();
			return 0;
		}
	}
	close(ready[1]);
	for (int i = 0; i < children; i++) {
		if (read(ready[0], &byte, 1) != 1) {
			fprintf(stderr, "a child has ended\n");
			return 1;
		}
	}
	if (memory)
		look_at(memory, bytes);
	if (strcmp(kind, "swapped") == 0 && madvise(memory, bytes, MADV_PAGEOUT) != 0)
		fail("madvise");
	if (write(1, &byte, 1) != 1)
		return 1;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
