rchar: 323934931
wchar: 323929600
syscr: 632687
syscw: 632675
read_bytes: 40960
write_bytes: 8