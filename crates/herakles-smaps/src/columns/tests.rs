//! The quick reader of lines against the one that reads any.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::{ORDER, Title, aligned_right};
use crate::key::Entry;
use crate::line::{any_line, each_entry};
use crate::{ParseError, ParseErrorKind};

/// What the lines bring, up to the first error.
type Outcome = (Vec<Entry>, Result<(), ParseError>);

fn by_columns(text: &[u8]) -> Outcome {
    let mut entries = Vec::new();
    let result = each_entry(text, 7, |entry| {
        entries.push(entry);
        Ok(())
    });
    (entries, result)
}

/// The same without any expectation.
fn line_by_line(text: &[u8]) -> Outcome {
    let mut entries = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        match any_line(rest) {
            Ok((entry, behind)) => {
                entries.extend(entry);
                rest = behind;
            }
            Err(kind) => {
                let offset = 7 + text.len() - rest.len();
                return (entries, Err(ParseError { kind, offset }));
            }
        }
    }
    (entries, Ok(()))
}

/// Titles in the kernel's order, some of them left out, or in none.
fn titles() -> impl Strategy<Value = Vec<Title>> {
    let known: Vec<Title> = ORDER.iter().map(|(title, _)| *title).collect();
    let mut all = known.clone();
    all.extend([
        *b"1000-2000 r--p  ",
        *b"VmFlags: rd mr  ",
        *b"Rss:\tSwapPss:   ",
        *b"New:    \nRss:   ",
    ]);
    prop_oneof![
        subsequence(known, 0..=ORDER.len()),
        prop::collection::vec(select(all), 0..30),
    ]
}

/// What stands behind a title, mostly as the kernel has it.
fn value() -> impl Strategy<Value = String> {
    const ODD: [&str; 7] = [
        "         kB\n",
        "    1  2 kB\n",
        "    99\n5 kB\n",
        "\nRss:  1 kB\n",
        " 1 kB\n",
        "1\n",
        "",
    ];
    prop_oneof![
        8 => (0..20_000_u64).prop_map(|kib| format!("{kib:8} kB\n")),
        1 => (0..200_000_000_u64).prop_map(|kib| format!("{kib:8} kB\n")),
        1 => select(&ODD[..]).prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn columns_say_what_the_line_says(
        titles in titles(),
        values in prop::collection::vec(value(), 30),
        damage in prop::collection::vec(
            (any::<Index>(), prop_oneof![select(b"0 9\nk:RPS/\xff".to_vec()), any::<u8>()]),
            0..4,
        ),
    ) {
        let mut text: Vec<u8> = Vec::new();
        for (title, value) in titles.iter().zip(&values) {
            text.extend_from_slice(title);
            text.extend_from_slice(value.as_bytes());
        }
        for (at, byte) in damage {
            let place = at.index(text.len().max(1));
            text.get_mut(place).into_iter().for_each(|old| *old = byte);
        }
        prop_assert_eq!(by_columns(&text), line_by_line(&text));
    }

    #[test]
    fn eight_columns_are_one_number_or_none(
        columns in prop::array::uniform8(prop_oneof![
            4 => select(b" 0123456789".to_vec()),
            1 => any::<u8>(),
        ]),
    ) {
        let text = std::str::from_utf8(&columns).unwrap_or("").trim_start_matches(' ');
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        prop_assert_eq!(aligned_right(columns), is_number.then(|| text.parse().expect("digits")));
    }

    #[test]
    fn every_number_is_read_back(number in 0..100_000_000_u64) {
        let columns = format!("{number:8}").into_bytes().try_into().expect("eight");
        prop_assert_eq!(aligned_right(columns), Some(number));
    }
}

#[test]
fn an_error_of_the_taker_has_the_line_s_place() {
    let text = b"Rss:                1704 kB\nPss:                 326 kB\n";
    let mut taken = 0;
    let error = each_entry(text, 100, |_| {
        taken += 1;
        if taken == 2 {
            Err(ParseErrorKind::Empty)
        } else {
            Ok(())
        }
    });
    let expected = ParseError {
        kind: ParseErrorKind::Empty,
        offset: 128,
    };
    assert_eq!(error, Err(expected));
}
