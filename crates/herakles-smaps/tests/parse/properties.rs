//! Whatever the kernel can write is read as it is, and nothing else panics.

use herakles_smaps::{Key, MemoryUsage, ParseErrorKind, parse_rollup};
use proptest::prelude::*;

use crate::summed;

/// The lines of a mapping or rollup in the kernel's order, by how old kernels have them; the
/// values of those that matter are drawn, `None` for the others.
const LINES: [(&str, Option<usize>, Since); 22] = [
    ("Rss", Some(0), Since::Ever),
    ("Pss", Some(1), Since::Ever),
    ("Pss_Dirty", None, Since::New),
    ("Pss_Anon", Some(2), Since::Rollup),
    ("Pss_File", Some(3), Since::Rollup),
    ("Pss_Shmem", Some(4), Since::Rollup),
    ("Shared_Clean", Some(5), Since::Ever),
    ("Shared_Dirty", Some(6), Since::Ever),
    ("Private_Clean", Some(7), Since::Ever),
    ("Private_Dirty", Some(8), Since::Ever),
    ("Referenced", None, Since::Ever),
    ("Anonymous", None, Since::Ever),
    ("KSM", None, Since::New),
    ("LazyFree", None, Since::New),
    ("AnonHugePages", None, Since::Ever),
    ("ShmemPmdMapped", None, Since::New),
    ("FilePmdMapped", None, Since::New),
    ("Shared_Hugetlb", None, Since::New),
    ("Private_Hugetlb", Some(9), Since::New),
    ("Swap", Some(10), Since::Ever),
    ("SwapPss", Some(11), Since::New),
    ("Locked", None, Since::Ever),
];

#[derive(Clone, Copy, PartialEq)]
enum Since {
    Ever,
    /// Not in old kernels.
    New,
    /// In `smaps_rollup` of new kernels only.
    Rollup,
}

/// Kilobytes by index of `LINES`.
type Values = [u64; 12];

fn values(most: u64) -> impl Strategy<Value = Values> {
    prop::array::uniform12(prop_oneof![Just(0), 0..10_000_u64, 0..=most])
}

fn write_lines(out: &mut String, values: &Values, has: impl Fn(Since) -> bool) {
    for (key, value, since) in LINES {
        if has(since) {
            let key = format!("{key}:");
            let value = value.map_or(99, |index| values[index]);
            out.push_str(&format!("{key:<15} {value:8} kB\n"));
        }
    }
}

/// A rollup as the kernel writes it.
fn rollup(values: &Values, new: bool) -> String {
    let mut out = "562a502c0000-7ffc38ab6000 ---p 00000000 00:00 0          [rollup]\n".to_owned();
    write_lines(&mut out, values, |since| new || since == Since::Ever);
    out
}

/// A smaps as the kernel writes it.
fn smaps(mappings: &[Values], new: bool) -> String {
    let mut out = String::new();
    for (number, values) in mappings.iter().enumerate() {
        // Every second has a path that is longer than what is kept between pieces.
        let path = if number % 2 == 0 {
            "Rss: 7 kB/".repeat(20)
        } else {
            "[heap]".to_owned()
        };
        out.push_str(&format!(
            "{:x}000-5000 r-xp 00000000 fe:00 77    {path}\n",
            number + 1
        ));
        out.push_str("Size:                  8 kB\nKernelPageSize:        4 kB\n");
        let has = |since| since == Since::Ever || (new && since == Since::New);
        write_lines(&mut out, values, has);
        out.push_str("ProtectionKey:         0\nVmFlags: rd ex mr mw me dw sd \n");
    }
    out
}

/// What it means, by the definition of the fields.
fn usage(kib: &Values, pss_parts: bool, new: bool) -> MemoryUsage {
    let bytes = |index: usize| kib[index] * 1024;
    let mut usage = MemoryUsage::default();
    usage.rss_bytes = bytes(0);
    usage.pss_bytes = bytes(1);
    usage.pss_anon_bytes = pss_parts.then(|| bytes(2));
    usage.pss_file_bytes = pss_parts.then(|| bytes(3));
    usage.pss_shmem_bytes = pss_parts.then(|| bytes(4));
    usage.shared_clean_bytes = bytes(5);
    usage.shared_dirty_bytes = bytes(6);
    usage.private_clean_bytes = bytes(7);
    usage.private_dirty_bytes = bytes(8);
    usage.private_hugetlb_bytes = new.then(|| bytes(9));
    usage.swap_bytes = bytes(10);
    usage.swap_pss_bytes = new.then(|| bytes(11));
    usage
}

proptest! {
    #[test]
    fn a_rollup_is_read_back(values in values(u64::MAX / 1024), new: bool) {
        let file = rollup(&values, new);
        let expected = Ok(usage(&values, new, new));
        prop_assert_eq!(parse_rollup(file.as_bytes()), expected);
        prop_assert_eq!(parse_rollup(file.trim_end().as_bytes()), expected, "without newline");
    }

    #[test]
    fn a_smaps_is_summed_whatever_the_pieces(
        mappings in prop::collection::vec(values(u64::MAX / 1024 / 8), 1..6),
        new: bool,
        piece in 1..300_usize,
    ) {
        let total = mappings.iter().fold([0; 12], |mut total, mapping| {
            total.iter_mut().zip(mapping).for_each(|(total, value)| *total += value);
            total
        });
        let file = smaps(&mappings, new);
        prop_assert_eq!(summed(file.as_bytes(), piece), Ok(usage(&total, false, new)));
    }

    #[test]
    fn a_rollup_cut_off_is_an_error_or_lacks_nothing_that_counts(
        values in values(1 << 40), cut in any::<prop::sample::Index>(),
    ) {
        let file = rollup(&values, true);
        let swap = file.find("\nSwap:").expect("there") + "\nSwap:".len() + 10;
        let cut = cut.index(file.len());
        match parse_rollup(&file.as_bytes()[..cut]) {
            Err(error) => prop_assert!(error.offset <= cut),
            Ok(read) => {
                prop_assert!(cut > swap);
                let mut whole = usage(&values, true, true);
                let swap_pss_bytes = read.swap_pss_bytes;
                prop_assert!(swap_pss_bytes.is_none() || swap_pss_bytes == whole.swap_pss_bytes);
                whole.swap_pss_bytes = swap_pss_bytes;
                prop_assert_eq!(whole, read);
            }
        }
    }

    #[test]
    fn a_smaps_cut_off_is_an_error_or_ends_with_a_mapping(
        mappings in prop::collection::vec(values(1 << 40), 1..4),
        cut in any::<prop::sample::Index>(),
        piece in 1..300_usize,
    ) {
        let file = smaps(&mappings, true);
        let cut = cut.index(file.len());
        if let Ok(read) = summed(&file.as_bytes()[..cut], piece) {
            let rss = |count: usize| mappings[..count].iter().map(|values| values[0] * 1024).sum();
            prop_assert!((1..=mappings.len()).any(|count| read.rss_bytes == rss(count)));
        }
    }

    #[test]
    fn damage_is_never_a_panic_and_pieces_never_matter(
        mappings in prop::collection::vec(values(1 << 40), 1..3),
        at in any::<prop::sample::Index>(), byte: u8, piece in 1..100_usize,
    ) {
        let mut file = smaps(&mappings, true).into_bytes();
        let at = at.index(file.len());
        file[at] = byte;
        prop_assert_eq!(summed(&file, piece), summed(&file, usize::MAX));
        if let Err(error) = parse_rollup(&file) {
            prop_assert!(error.offset <= file.len());
        }
    }

    #[test]
    fn anything_is_never_a_panic(
        file in prop::collection::vec(prop_oneof![prop::sample::select(b"Rs: \nkB19".to_vec()), any::<u8>()], 0..200),
        piece in 1..100_usize,
    ) {
        prop_assert!(parse_rollup(&file).is_err(), "no rollup by chance");
        prop_assert_eq!(summed(&file, piece), summed(&file, usize::MAX));
    }
}

#[test]
fn errors_name_the_line_and_the_place() {
    let file = rollup(&[1; 12], true);
    let error = |from: &str, to: &str| {
        let error = parse_rollup(file.replacen(from, to, 1).as_bytes()).expect_err("damaged");
        (error.kind, error.offset)
    };
    let rss = file.find("Rss").expect("there");
    assert_eq!(
        parse_rollup(b"").expect_err("nothing").kind,
        ParseErrorKind::Empty
    );
    assert_eq!(
        summed(b"", 1).expect_err("nothing").kind,
        ParseErrorKind::Empty
    );
    assert_eq!(
        error("Rss:", "Xss:"),
        (ParseErrorKind::Missing(Key::Rss), file.len())
    );
    assert_eq!(
        error("Pss_Dirty:", "Rss:").0,
        ParseErrorKind::Duplicate(Key::Rss)
    );
    assert_eq!(
        error("1 kB", "1 MB"),
        (ParseErrorKind::NotANumber(Key::Rss), rss)
    );
    assert_eq!(
        error("1 kB", "-1 kB"),
        (ParseErrorKind::NotANumber(Key::Rss), rss)
    );
    assert_eq!(
        error("1 kB", " kB"),
        (ParseErrorKind::NotANumber(Key::Rss), rss)
    );
    let huge = "18014398509481984 kB"; // 2^64 bytes
    assert_eq!(
        error("1 kB", huge),
        (ParseErrorKind::OutOfRange(Key::Rss), rss)
    );
    let message = parse_rollup(file.replacen("Swap:", "Swop:", 1).as_bytes()).expect_err("damaged");
    assert_eq!(
        message.to_string(),
        format!("no line Swap at byte {}", file.len())
    );
}

#[test]
fn a_sum_beyond_64_bits_is_an_error_and_does_not_wrap() {
    let most = u64::MAX / 1024;
    let file = smaps(&[[most; 12], [1; 12]], true);
    let error = summed(file.as_bytes(), 4096).expect_err("too big");
    assert_eq!(error.kind, ParseErrorKind::OutOfRange(Key::Rss));
}

#[test]
fn a_mapping_that_lacks_a_line_is_an_error() {
    let file = smaps(&[[1; 12], [1; 12]], true);
    let first_swap = file.replacen("\nSwap:", "\nSwop:", 1);
    let error = summed(first_swap.as_bytes(), 4096).expect_err("half a mapping");
    assert_eq!(error.kind, ParseErrorKind::Missing(Key::Swap));
    let second = first_swap.find("2000-").expect("there");
    assert_eq!(error.offset, second, "noticed where the next begins");
}

/// No kernel writes such lines. What is read from one must not follow from where a read ended.
#[test]
fn long_lines_say_the_same_whatever_the_pieces() {
    for length in 0..100 {
        for (line, is_value) in [
            (
                format!("Shared_Dirty:{}0 kB", " ".repeat(length)),
                length < 40,
            ),
            (format!("Rss:{}1 kB", "0".repeat(length)), length < 40),
            (format!("Pss: 1 kB{}", " ".repeat(length)), length == 0),
        ] {
            let key = line.split_inclusive(':').next().expect("a key");
            let file: String = smaps(&[[1; 12]], true)
                .split_inclusive('\n')
                .map(|known| match known.starts_with(key) {
                    true => format!("{line}\n"),
                    false => known.to_owned(),
                })
                .collect();
            let whole = summed(file.as_bytes(), file.len());
            assert_eq!(whole.is_ok(), is_value, "{line:?}: {whole:?}");
            for piece in [1, 7, 64, 65] {
                assert_eq!(summed(file.as_bytes(), piece), whole, "{line:?}");
            }
        }
    }
}
