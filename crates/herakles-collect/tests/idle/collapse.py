# Has the kernel make huge pages of the sparse memory of another process: PID BEGIN SIZE.
import ctypes, os, sys
PIDFD_OPEN, PROCESS_MADVISE, MADV_COLLAPSE = 434, 440, 25
pid, begin, size = map(int, sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    result = libc.syscall(number, *map(ctypes.c_size_t, args))
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result
span = (ctypes.c_size_t * 2)(begin, size)
pidfd = call(PIDFD_OPEN, pid, 0)
call(PROCESS_MADVISE, pidfd, ctypes.addressof(span), 1, MADV_COLLAPSE, 0)
