char: 3012
wchar: 81
syscr: 12
syscw: 4
read_bytes: 0
write_bytes: 4096
cancelled_write_bytes: 0
