//! The target `host_files` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herakles_fuzz::host_files(bytes));
