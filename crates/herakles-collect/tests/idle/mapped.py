# Maps 64 MB of a file, or of memory that has a descriptor, holds all of it, and sleeps.
import mmap, os, sys

size = 64 << 20
if len(sys.argv) > 1:
    fd = os.open(sys.argv[1], os.O_RDWR)
else:
    fd = os.memfd_create("held")
    os.ftruncate(fd, size)
memory = mmap.mmap(fd, size)
for at in range(0, size, mmap.PAGESIZE):
    memory[at] = 1
print("ready", fd, flush=True)
sys.stdin.read()
