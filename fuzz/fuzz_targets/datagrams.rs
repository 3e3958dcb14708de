//! The target `datagrams` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herakles_fuzz::datagrams(bytes));
