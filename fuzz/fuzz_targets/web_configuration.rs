//! The target `web_configuration` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| herakles_fuzz::web_configuration(bytes));
