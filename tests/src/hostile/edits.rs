//! Damage that leaves most of a checkpoint's file as it was: what a parser meets deep inside, not at the first byte.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use arbitrary::Arbitrary;

/// Files by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Lengths and checksums inside a file are right again after an edit.
#[derive(Arbitrary, Debug)]
pub(super) enum Edit {
    /// A token of the text is another one.
    Token { file: u8, at: u16, with: Token },
    /// So many tokens are gone.
    Gone { file: u8, at: u16, tokens: u8 },
    /// So many tokens stand there twice.
    Twice { file: u8, at: u16, tokens: u8 },
    /// Bytes behind the text are others.
    Bytes { file: u8, at: u16, with: Vec<u8> },
    /// What follows behind the text is gone.
    Cut { file: u8, at: u16 },
    /// The file is another one.
    Other { file: u8, with: Vec<u8> },
    /// There is no such file.
    Lost { file: u8 },
}

/// What may stand in place of a token.
#[derive(Arbitrary, Debug)]
pub(super) enum Token {
    Small(i8),
    Whole(i64),
    Large(u64),
    Fraction(f64),
    Null,
    True,
    /// Any text.
    Text(String),
    /// The token that stands somewhere else in the file.
    Copy(u16),
}

impl Edit {
    /// Makes it.
    pub(super) fn apply(&self, files: &mut Files) -> Result<()> {
        let (Self::Token { file, .. }
        | Self::Gone { file, .. }
        | Self::Twice { file, .. }
        | Self::Bytes { file, .. }
        | Self::Cut { file, .. }
        | Self::Other { file, .. }
        | Self::Lost { file }) = self;
        let index = usize::from(*file) % files.len().max(1);
        let name = files.keys().nth(index).context("no file is left")?.clone();
        let Some(whole) = files.remove(&name) else { return Ok(()) };
        let mut parts = Parts::of(&name, &whole);
        match self {
            Self::Token { at, with, .. } => parts.replace(*at, 1, |text, tokens| with.text(text, tokens)),
            Self::Gone { at, tokens, .. } => parts.replace(*at, *tokens, |_, _| Vec::new()),
            Self::Twice { at, tokens, .. } => {
                let part = parts.part(*at, *tokens);
                let twice = parts.text.get(part).unwrap_or_default().repeat(2);
                parts.replace(*at, *tokens, |_, _| twice);
            }
            Self::Bytes { at, with, .. } => {
                let at = usize::from(*at) % parts.data.len().max(1);
                for (byte, &other) in parts.data.iter_mut().skip(at).zip(with) {
                    *byte = other;
                }
            }
            Self::Cut { at, .. } => parts.data.truncate(usize::from(*at) % parts.data.len().max(1)),
            Self::Other { with, .. } => {
                files.insert(name, with.clone());
                return Ok(());
            }
            Self::Lost { .. } => return Ok(()),
        }
        files.insert(name, parts.whole());
        Ok(())
    }
}

impl Token {
    fn text(&self, text: &[u8], tokens: &[Range<usize>]) -> Vec<u8> {
        match self {
            Self::Small(number) => number.to_string().into_bytes(),
            Self::Whole(number) => number.to_string().into_bytes(),
            Self::Large(number) => number.to_string().into_bytes(),
            Self::Fraction(number) => format!("{number:?}").into_bytes(),
            Self::Null => b"null".to_vec(),
            Self::True => b"true".to_vec(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Copy(at) => {
                let token = tokens.get(usize::from(*at) % tokens.len().max(1)).cloned().unwrap_or_default();
                text.get(token).unwrap_or_default().to_vec()
            }
        }
    }
}

/// A file taken apart.
struct Parts {
    form: Form,
    text: Vec<u8>,
    data: Vec<u8>,
}

enum Form {
    /// JSON, TOML.
    Text,
    /// The length of the text, the text, the data.
    Safetensors,
    /// Blocks with checksums (`deepq_replay`).
    Replay,
}

impl Parts {
    fn of(name: &str, whole: &[u8]) -> Self {
        if name.ends_with(".safetensors")
            && let Some((length, rest)) = whole.split_first_chunk::<8>()
        {
            let (text, data) = rest.split_at(rest.len().min(u64::from_le_bytes(*length) as usize));
            return Self { form: Form::Safetensors, text: text.to_vec(), data: data.to_vec() };
        }
        if name == "replay.bin" {
            return Self { form: Form::Replay, text: Vec::new(), data: super::replay::payload(whole) };
        }
        Self { form: Form::Text, text: whole.to_vec(), data: Vec::new() }
    }

    fn whole(&self) -> Vec<u8> {
        match self.form {
            Form::Text => self.text.clone(),
            Form::Safetensors => [&(self.text.len() as u64).to_le_bytes()[..], &self.text, &self.data].concat(),
            Form::Replay => super::replay::blocks(&self.data),
        }
    }

    /// Where so many tokens stand, from that one on.
    fn part(&self, at: u16, tokens: u8) -> Range<usize> {
        let all = tokens_of(&self.text);
        let first = usize::from(at) % all.len().max(1);
        let last = (first + usize::from(tokens.max(1))).min(all.len());
        match all.get(first..last) {
            Some([first, .., last]) => first.start..last.end,
            Some([one]) => one.clone(),
            _ => 0..0,
        }
    }

    fn replace(&mut self, at: u16, tokens: u8, with: impl FnOnce(&[u8], &[Range<usize>]) -> Vec<u8>) {
        let part = self.part(at, tokens);
        let new = with(&self.text, &tokens_of(&self.text));
        self.text.splice(part, new);
    }
}

/// Words and numbers whole, everything else byte by byte.
fn tokens_of(text: &[u8]) -> Vec<Range<usize>> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    let mut tokens: Vec<Range<usize>> = Vec::new();
    for (at, &byte) in text.iter().enumerate() {
        match tokens.last_mut() {
            Some(token) if word(byte) && token.end == at && word(text[at - 1]) => token.end = at + 1,
            _ => tokens.push(at..at + 1),
        }
    }
    tokens
}
