//! Files of `/proc/PID` that are parsed.

use std::collections::BTreeMap;

use herakles_smaps::{MemoryUsage, ParseError, SmapsSum, parse_rollup};
use herakles_stat::{Stat, Statm};

use crate::input::Input;

/// `stat`: any line, and one as the kernel writes it with any name.
pub fn stat(bytes: &[u8]) {
    if let Ok(stat) = Stat::parse(bytes) {
        let named = [b"(", stat.comm, b")"].concat();
        assert!(bytes.windows(named.len()).any(|window| window == named));
    }
    let mut input = Input::new(bytes);
    let comm: Vec<u8> = input.bytes(63).to_vec();
    let comm: Vec<u8> = comm.into_iter().filter(|byte| *byte != 0).collect();
    let numbers: Vec<u64> = (0..49).map(|_| input.number()).collect();
    let pid = numbers[0] % 4_194_304 + 1;
    let mut line = format!("{pid} (").into_bytes();
    line.extend_from_slice(&comm);
    line.extend_from_slice(b") S");
    for (index, number) in numbers.iter().enumerate().skip(1) {
        // Fields 4 to 52 of proc_pid_stat(5), as the kernel types them.
        let text = match index + 3 {
            4..=8 => (*number as i32).to_string(),
            9 => (*number as u32).to_string(),
            // 39 to 41 are int and unsigned int.
            16..=19 | 21 | 24 => (*number as i64).to_string(),
            20 | 38..=41 => (*number as i32 & i32::MAX).to_string(),
            _ => number.to_string(),
        };
        line.push(b' ');
        line.extend_from_slice(text.as_bytes());
    }
    line.push(b'\n');
    let shown = || String::from_utf8_lossy(&line).into_owned();
    let stat = Stat::parse(&line).unwrap_or_else(|error| panic!("{error}: {}", shown()));
    assert_eq!(stat.comm, comm, "{}", shown());
    assert_eq!(u64::from(stat.pid.as_u32()), pid, "{}", shown());
    let field = |number: usize| numbers[number - 3];
    assert_eq!(stat.minor_faults, field(10), "{}", shown());
    assert_eq!(
        (stat.cpu.user, stat.cpu.system),
        (time(field(14)), time(field(15))),
        "{}",
        shown()
    );
    assert_eq!(
        stat.reaped_cpu.user,
        time(u64::try_from(field(16) as i64).unwrap_or(0)),
        "{}",
        shown()
    );
    assert_eq!(stat.start_time, field(22), "{}", shown());
    assert_eq!(stat.virtual_bytes, field(23), "{}", shown());
    assert_eq!(stat.start_stack, field(28), "{}", shown());
}

/// What is left of a time: as nanoseconds, what is beyond 2^64, or a few years short of it, is below 0.
fn time(ticks: u64) -> u64 {
    let nanos = u128::from(ticks) * 10_000_000;
    if nanos < 15 << 60 { ticks } else { 0 }
}

/// `statm`: any line, and one as the kernel writes it.
pub fn statm(bytes: &[u8]) {
    let _ = Statm::parse(bytes);
    let mut input = Input::new(bytes);
    let [size, resident, shared] = [input.number(), input.number(), input.number()];
    let line = format!("{size} {} {} 5 0 123 0\n", resident as i64, shared as i64);
    let statm = Statm::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    let at_least_0 = |number: u64| u64::try_from(number as i64).unwrap_or(0);
    assert_eq!(statm.size_pages, size, "{line}");
    assert_eq!(statm.resident_pages, at_least_0(resident), "{line}");
    assert_eq!(statm.shared_pages, at_least_0(shared), "{line}");
}

/// `smaps_rollup`: what is read is what stands there.
pub fn rollup(bytes: &[u8]) {
    let Ok(usage) = parse_rollup(bytes) else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.split('\n') {
        if let Some((key, value)) = line.split_once(':') {
            values.entry(key).or_default().push(value);
        }
    }
    for (key, read) in [
        ("Rss", usage.rss_bytes),
        ("Pss", usage.pss_bytes),
        ("Private_Clean", usage.private_clean_bytes),
        ("Private_Dirty", usage.private_dirty_bytes),
    ] {
        let [value] = values.get(key).map_or(&[][..], Vec::as_slice) else {
            continue;
        };
        let kib: u64 = value
            .trim()
            .strip_suffix("kB")
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_else(|| panic!("{key} is no number of kB: {value:?}"));
        assert_eq!(kib * 1024, read, "{key}");
    }
}

/// `smaps`: it comes to the same wherever its pieces end.
pub fn smaps(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let lengths: Vec<usize> = (0..input.byte() % 8)
        .map(|_| usize::from(input.byte()))
        .collect();
    let text = input.rest();
    let whole = sum([text]);
    let mut rest = text;
    let mut pieces = Vec::new();
    for length in lengths
        .iter()
        .cycle()
        .take(4096)
        .filter(|length| **length > 0)
    {
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    pieces.push(rest);
    let in_pieces = sum(pieces);
    assert_eq!(whole.is_ok(), in_pieces.is_ok(), "{whole:?} {in_pieces:?}");
    if let (Ok(whole), Ok(in_pieces)) = (whole, in_pieces) {
        assert_eq!(whole, in_pieces);
    }
}

fn sum<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<MemoryUsage, ParseError> {
    let mut sum = SmapsSum::new();
    for piece in pieces {
        sum.feed(piece)?;
    }
    sum.finish()
}
