//! One SHA-256 over everything that a continued run depends on.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// A SHA-256 over named parts.
///
/// Each part goes in with the lengths of its name and its contents before them, so that no two lists of parts give the
/// same bytes.
#[derive(Clone)]
pub struct Digest {
    hash: Sha256,
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// A digest of nothing yet. The format's name goes in first: a change of what is digested changes it.
    pub fn new() -> Self {
        let mut digest = Self { hash: Sha256::new() };
        digest.part("format", b"deepq-digest-2");
        digest
    }

    /// Adds a part.
    pub fn part(&mut self, name: &str, contents: &[u8]) {
        for bytes in [name.as_bytes(), contents] {
            self.hash.update((bytes.len() as u64).to_le_bytes());
            self.hash.update(bytes);
        }
    }

    /// The digest in hexadecimal, lower case.
    pub fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// Passes bytes on and hashes them.
pub struct HashingWriter<W> {
    to: W,
    hash: Sha256,
    refused: Option<io::Error>,
}

impl<W: Write> HashingWriter<W> {
    /// Hashes what it passes on to `to`.
    pub fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), refused: None }
    }

    fn keep_error<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let shown = io::Error::new(error.kind(), error.to_string());
            self.refused.get_or_insert(error);
            shown
        })
    }

    /// What the bytes were passed on to, their SHA-256, and the first error that this gave.
    pub fn finish(self) -> (W, String, Option<io::Error>) {
        (self.to, hex(&self.hash.finalize()), self.refused)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.to.write(bytes);
        let taken = self.keep_error(taken)?;
        self.hash.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.keep_error(flushed)
    }
}

/// SHA-256 of some bytes, in hexadecimal, lower case.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_parts_apart() {
        let of = |parts: &[(&str, &[u8])]| {
            let mut digest = Digest::new();
            parts.iter().for_each(|(name, contents)| digest.part(name, contents));
            digest.finish()
        };
        assert_ne!(of(&[("a", b"bc")]), of(&[("ab", b"c")]));
        assert_ne!(of(&[("a", b"b"), ("c", b"")]), of(&[("a", b""), ("c", b"b")]));
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
