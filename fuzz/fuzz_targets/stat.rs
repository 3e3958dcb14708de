//! The target `stat` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herakles_fuzz::stat(bytes));
