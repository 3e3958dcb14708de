rchar: 424108
wchar: 6
syscr: 58
syscw: 1
read_bytes: 0
write_bytes: 0
cancelled_write_bytes: 0
