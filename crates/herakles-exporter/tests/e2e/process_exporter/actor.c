/*
 * A made-up process: takes its name and its address space from the list in the file $STAGE, starts
 * those of the list whose parent it is, each with its own arguments, and waits to be ended. It is
 * the one with the number $ACTOR; those who are not in the list play only the parent.
 *
 * A line of the list: number, parent, name, pages, arguments, with the byte 31 between them. Once
 * it is what it plays and its children are started, it prints "NUMBER PID".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ARGUMENTS = 32, LINE = 4096, PAGE = 4096 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void play(const char *name, const char *pages)
{
	size_t size = strtoul(pages, NULL, 10) * PAGE;

	if (prctl(PR_SET_NAME, name))
		fail("name");
	if (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		fail("mmap");
}

static void start(const char *number, char *arguments)
{
	char *list[ARGUMENTS + 1] = { NULL };

	for (int i = 0; i < ARGUMENTS && arguments; i++)
		list[i] = strsep(&arguments, "\x1f");
	switch (fork()) {
	case -1:
		fail("fork");
	case 0:
		setenv("ACTOR", number, 1);
		execv("/proc/self/exe", list);
		fail("exec");
	}
}

int main(void)
{
	const char *self = getenv("ACTOR");
	const char *stage = getenv("STAGE");
	FILE *list = stage ? fopen(stage, "r") : NULL;
	char line[LINE];

	if (!self || !list)
		fail("the list");
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fgets(line, sizeof(line), list)) {
		char *rest = line;

		line[strcspn(line, "\n")] = 0;
		char *number = strsep(&rest, "\x1f");
		char *parent = strsep(&rest, "\x1f");
		char *name = strsep(&rest, "\x1f");
		char *pages = strsep(&rest, "\x1f");

		if (!strcmp(number, self))
			play(name, pages);
		else if (parent && !strcmp(parent, self))
			start(number, rest);
	}
	fclose(list);
	dprintf(STDOUT_FILENO, "%s %d\n", self, getpid());
	for (;;)
		pause();
}
