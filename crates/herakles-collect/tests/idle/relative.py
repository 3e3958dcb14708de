# Shares all its memory with a child, which fills it when a line comes. It sleeps meanwhile.
import ctypes, mmap, os, sys
libc = ctypes.PyDLL(None)
size = 64 << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if libc.vfork() == 0:
    print("ready", os.getpid(), flush=True)
    sys.stdin.readline()
    for at in range(0, size, mmap.PAGESIZE):
        memory[at] = 1
    print("grown", flush=True)
    sys.stdin.read()
