//! Inputs of 64 KiB made to take long: much of the same, deep nesting, long lines and many of them.

use std::time::Duration;

use crate::known::Known;

/// No input of this size may take longer.
pub(crate) const MOST: Duration = Duration::from_millis(100);

const SIZE: usize = 64 << 10;

/// Pairs of brackets and the like, to be nested.
const PAIRS: [(&[u8], &[u8]); 8] = [
    (b"(", b")"),
    (b"[", b"]"),
    (b"{", b"}"),
    (b"(?:", b")*"),
    (b"{a=", b"}"),
    (b"[[", b"]]"),
    (b"- ", b""),
    (b"a.", b""),
];

pub(crate) fn inputs(known: &Known) -> impl Iterator<Item = Vec<u8>> {
    let words = known.words.iter();
    let repeated_words = words.clone().flat_map(|word| {
        let lines = [word.as_slice(), b"\n"].concat();
        let spaced = [word.as_slice(), b" "].concat();
        [repeated(word), repeated(&lines), repeated(&spaced)]
    });
    let bytes = (0..=u8::MAX).map(|byte| vec![byte; SIZE]);
    let nested = PAIRS.iter().map(|(open, close)| {
        let depth = SIZE / (open.len() + close.len());
        [open.repeat(depth), close.repeat(depth)].concat()
    });
    // A known input that goes on: as it is, with each line, and with each of its ends, repeated.
    let grown = known.inputs.iter().flat_map(move |input| {
        let lines = input.split_inclusive(|byte| *byte == b'\n');
        let at_lines = lines.scan(0, |at, line| {
            *at += line.len();
            Some((*at, line))
        });
        let by_lines = at_lines.map(|(at, line)| inserted(input, at, line));
        let by_words = words.clone().map(|word| {
            let middle = input.len() / 2;
            inserted(input, middle, word)
        });
        let whole = [repeated(input)];
        whole
            .into_iter()
            .chain(by_lines)
            .chain(by_words)
            .collect::<Vec<_>>()
    });
    bytes.chain(nested).chain(repeated_words).chain(grown)
}

fn repeated(text: &[u8]) -> Vec<u8> {
    text.iter().copied().cycle().take(SIZE).collect()
}

/// The input with so much of `text` at this place that it has the full size.
fn inserted(input: &[u8], at: usize, text: &[u8]) -> Vec<u8> {
    let room = SIZE.saturating_sub(input.len());
    let (before, behind) = input.split_at(at);
    let many = text.iter().copied().cycle().take(room);
    before
        .iter()
        .copied()
        .chain(many)
        .chain(behind.iter().copied())
        .collect()
}
