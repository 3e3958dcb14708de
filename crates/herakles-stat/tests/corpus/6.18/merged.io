rchar: 432482
wchar: 6
syscr: 82
syscw: 1
read_bytes: 0
write_bytes: 0
cancelled_write_bytes: 0
