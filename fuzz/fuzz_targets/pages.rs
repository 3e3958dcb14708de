//! The target `pages` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herakles_fuzz::pages(bytes));
