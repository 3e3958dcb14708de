# Writes a byte into each STEP bytes of another process: PID BEGIN SIZE STEP.
import ctypes, os, sys
pid, begin, size, step = map(int, sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_size_t), ("len", ctypes.c_size_t)]
byte = ctypes.create_string_buffer(b"x", 1)
places = range(begin, begin + size, step)
for first in range(0, len(places), 512):
    part = places[first:first + 512]
    here = (iovec * len(part))(*[iovec(ctypes.addressof(byte), 1)] * len(part))
    there = (iovec * len(part))(*[iovec(at, 1) for at in part])
    if libc.process_vm_writev(pid, here, len(part), there, len(part), 0) != len(part):
        sys.exit(os.strerror(ctypes.get_errno()))
