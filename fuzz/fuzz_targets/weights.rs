#![no_main]

use deepq_tests::hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = hostile::weights(bytes);
});

/// Bytes of the header's length.
const LENGTH: usize = 8;

// The header's length is right most of the time: nothing behind it would be reached otherwise.
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(4)
        && let Some(length) = data.get(LENGTH..size).and_then(braces)
    {
        data[..LENGTH].copy_from_slice(&(length as u64).to_le_bytes());
    }
    size
});

/// How long the text is that the first brace opens.
fn braces(text: &[u8]) -> Option<usize> {
    let mut open = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 1 => return Some(at + 1),
            b'}' if open > 1 => open -= 1,
            _ => {}
        }
    }
    None
}
