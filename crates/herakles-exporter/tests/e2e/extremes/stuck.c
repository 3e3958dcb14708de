/*
 * A process that holds the lock of its own address space: `stuck FILE` mounts on FILE a file that this
 * program serves, and a child, whose pid it prints, has it mapped. At a line on standard input the
 * child replaces the mapping, for which the kernel writes the page back with the lock held; that it
 * has come so far is told by "stuck". At a second line, or when this program ends, the write is
 * answered and the child is free again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BUFFER = 1 << 17 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void answer(int device, uint64_t unique, int error, const void *body, size_t length)
{
	struct fuse_out_header header = { sizeof(header) + (error ? 0 : length), -error, unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)body, error ? 0 : length } };

	/* ENOENT: who asked does not wait any more. */
	if (writev(device, parts, 2) < 0 && errno != ENOENT)
		fail("answer");
}

/* Returns what names a write, which is left unanswered. */
static uint64_t serve(int device, size_t page)
{
	static char buffer[BUFFER], zeros[BUFFER];
	struct fuse_in_header *request = (void *)buffer;
	struct fuse_attr_out attributes = { .attr_valid = 1000,
		.attr = { .ino = 1, .mode = S_IFREG | 0600, .nlink = 1, .size = page } };
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = page };
	struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };

	if (read(device, buffer, sizeof(buffer)) < 0)
		fail("request");
	switch (request->opcode) {
	case FUSE_INIT:
		answer(device, request->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(device, request->unique, 0, &attributes, sizeof(attributes));
		break;
	case FUSE_OPEN:
		answer(device, request->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		answer(device, request->unique, 0, zeros, page);
		break;
	case FUSE_WRITE:
		return request->unique;
	case FUSE_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(device, request->unique, ENOSYS, NULL, 0);
	}
	return 0;
}

static void be_stuck(const char *file, int go_on, size_t page)
{
	int map = open(file, O_RDWR);
	struct stat size;
	char *mapped, byte;

	/* Asks for the size, without which the mapping would be empty. */
	if (map < 0 || fstat(map, &size))
		fail(file);
	mapped = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (mapped == MAP_FAILED)
		fail("mmap");
	*mapped = 1;
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (read(go_on, &byte, 1) != 1)
		exit(0);
	mmap(mapped, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (;;)
		pause();
}

int main(int count, char **list)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC), go_on[2];
	char options[100], line[16];
	uint64_t unanswered = 0;

	if (count < 2 || device < 0 || pipe(go_on))
		fail("/dev/fuse");
	sprintf(options, "fd=%d,rootmode=100600,user_id=0,group_id=0", device);
	if (mount("stuck", list[1], "fuse", MS_NOSUID | MS_NODEV, options))
		fail("mount");
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(device);
		close(go_on[1]);
		be_stuck(list[1], go_on[0], page);
	}
	for (;;) {
		struct pollfd ready[] = { { device, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

		if (poll(ready, 2, -1) < 0)
			fail("poll");
		if (ready[0].revents & POLLIN) {
			uint64_t write = serve(device, page);

			if (write) {
				unanswered = write;
				printf("stuck\n");
				fflush(stdout);
			}
		}
		if (!ready[1].revents)
			continue;
		if (read(STDIN_FILENO, line, sizeof(line)) < 1)
			break;
		if (unanswered) {
			struct fuse_write_out written = { .size = page };

			answer(device, unanswered, 0, &written, sizeof(written));
			printf("done\n");
			fflush(stdout);
		} else if (write(go_on[1], line, 1) != 1) {
			fail("child");
		}
	}
	umount2(list[1], MNT_DETACH);
	return 0;
}
