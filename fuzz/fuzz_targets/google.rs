#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leaver_fuzz::google(bytes));
