rchar: 1001
wchar: 1
syscr: 3
syscw: 1
read_bytes: 0
write_bytes: 0
cancelled_write_bytes: 0
