"""Becomes a process of one shape, writes its pid (or that of a child) and waits for the end of input.

What the machine cannot do is a line `no: REASON` instead of the pid.
"""

import ctypes
import mmap
import os
import signal
import sys
import threading
import time

PAGE = mmap.PAGESIZE
MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
kept = []
at_end = []


def touched(memory, size):
    """Every page differs from every other."""
    for at in range(0, size, PAGE):
        memory[at:at + 8] = (at + 1).to_bytes(8, "little")
    kept.append(memory)
    return memory


def anonymous(size, flags=mmap.MAP_PRIVATE):
    return mmap.mmap(-1, size, flags=flags | mmap.MAP_ANONYMOUS)


def child(body):
    pid = os.fork()
    if pid == 0:
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.close(0)
        body()
        signal.pause()
    return pid


def threads():
    for _ in range(15):
        threading.Thread(target=signal.pause, daemon=True).start()


def forked():
    """One of four children that share 32 MiB, of which it has written 4."""
    memory = touched(anonymous(32 * MIB), 32 * MIB)
    ready, done = os.pipe()

    def write():
        for at in range(0, 4 * MIB, PAGE):
            memory[at] = 1
        os.write(done, b"r")

    children = [child(write) for _ in range(4)]
    for _ in children:
        os.read(ready, 1)
    return children[0]


def shared():
    """Shared memory without a name, with one, and of a file that is gone."""
    touched(anonymous(4 * MIB, mmap.MAP_SHARED), 4 * MIB)
    file = os.memfd_create("a name; with (marks)")
    os.ftruncate(file, 2 * MIB)
    touched(mmap.mmap(file, 2 * MIB), 2 * MIB)
    file = os.open("/dev/shm", os.O_RDWR | os.O_TMPFILE)
    os.ftruncate(file, MIB)
    touched(mmap.mmap(file, MIB), MIB)
    child(lambda: [memory[0:1] for memory in kept])


def names():
    """Mapped files of odd names, some deleted, and a process that names itself as oddly."""
    home = f"/tmp/corpus {os.getpid()}".encode()
    os.mkdir(home)
    for name in ["new\nline", "two  spaces", "(deleted)", "back\\slash", "ünï", b"\xff\xfe", "x" * 250]:
        path = os.path.join(home, os.fsencode(name))
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, 4 * PAGE)
        touched(mmap.mmap(file, 4 * PAGE), 2 * PAGE)
        os.close(file)
        if len(kept) % 2:
            os.unlink(path)
        else:
            at_end.append(lambda path=path: os.unlink(path))
    at_end.append(lambda: os.rmdir(home))
    libc.prctl(15, b"a) R (b\n1 2")  # PR_SET_NAME


def many():
    """More than 300 mappings: neighbours have other rights."""
    memory = anonymous(280 * PAGE)
    touched(memory, 280 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in range(0, 280, 2):
        libc.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, mmap.PROT_READ)


def huge():
    memory = anonymous(18 * MIB)
    memory.madvise(mmap.MADV_HUGEPAGE)
    touched(memory, 18 * MIB)


def hugetlb():
    try:
        touched(anonymous(4 * MIB, mmap.MAP_PRIVATE | 0x40000), 4 * MIB)  # MAP_HUGETLB
    except OSError:
        return "no: sysctl vm.nr_hugepages=2 reserves the pages"


def merged():
    """8 MiB of pages that are alike."""
    if open("/sys/kernel/mm/ksm/run").read() != "1\n":
        return "no: /sys/kernel/mm/ksm/run must be 1"
    memory = anonymous(8 * MIB)
    memory.madvise(mmap.MADV_MERGEABLE)
    for at in range(0, 8 * MIB, PAGE):
        memory[at] = 7
    kept.append(memory)
    while not any(line.startswith("KSM:") and int(line.split()[1]) == 8192 for line in open("/proc/self/smaps_rollup")):
        time.sleep(0.1)


def swapped():
    """8 MiB of which half is swapped out, shared with a child."""
    if len(open("/proc/swaps").readlines()) < 2:
        return "no: there is no swap"
    memory = touched(anonymous(8 * MIB), 8 * MIB)
    memory.madvise(21, 0, 4 * MIB)  # MADV_PAGEOUT
    child(lambda: None)


def locked():
    memory = touched(anonymous(MIB), MIB)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    if libc.mlock(ctypes.c_void_p(start), MIB) != 0:
        return "no: it may not lock memory"


def freed():
    """Memory that it gave back lazily, and that it never touched."""
    memory = touched(anonymous(4 * MIB), 4 * MIB)
    memory.madvise(mmap.MADV_FREE, 0, 2 * MIB)
    kept.append(anonymous(1 << 30, mmap.MAP_PRIVATE | 0x4000))  # MAP_NORESERVE


def zombie():
    pid = os.fork()
    if pid == 0:
        os._exit(3)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid


def leaderless():
    """A process whose first thread has ended."""
    ready, done = os.pipe()

    def main():
        def second():
            status = f"/proc/{os.getpid()}/stat"
            while open(status).read().rsplit(")", 1)[1].split()[0] != "Z":
                time.sleep(0.01)
            os.write(done, b"r")
            signal.pause()

        threading.Thread(target=second).start()
        libc.pthread_exit(None)

    pid = child(main)
    os.read(ready, 1)
    return pid


def stopped():
    pid = child(lambda: None)
    os.kill(pid, signal.SIGSTOP)
    os.waitpid(pid, os.WUNTRACED)
    return pid


def real_time():
    """A scheduling policy and priority of its own, pinned to a processor."""
    os.sched_setaffinity(0, {0})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(7))
    except OSError:
        return "no: it may not become real-time"


def parent():
    """Has reaped a child that computed and touched memory."""
    pid = os.fork()
    if pid == 0:
        memory = touched(anonymous(8 * MIB), 8 * MIB)
        while time.process_time() < 0.3:
            pass
        os._exit(len(memory) % 2)
    os.waitpid(pid, 0)


answer = globals()[sys.argv[1]]() or os.getpid()
print(answer, flush=True)
sys.stdin.read()
for undo in at_end:
    undo()
