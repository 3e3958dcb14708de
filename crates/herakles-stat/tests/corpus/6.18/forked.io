rchar: 0
wchar: 1
syscr: 0
syscw: 1
read_bytes: 20480
write_bytes: 0
cancelled_write_bytes: 0
