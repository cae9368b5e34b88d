#![no_main]

use deepq_tests::hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = hostile::assignment(bytes);
});
