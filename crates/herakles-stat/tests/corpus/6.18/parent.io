rchar: 424104
wchar: 4
syscr: 57
syscw: 1
read_bytes: 0
write_bytes: 0
cancelled_write_bytes: 0
