//! Parsers of `stat`, `statm`, `smaps_rollup` and `smaps` beside procfs-core and `BufReader::lines`, on the
//! same bytes: what the kernel says of this very process.
//!
//! The ratios of `out of columns` say what it is worth that the kernel's columns are known: the same
//! lines with single spaces, which are shorter but have to be read byte by byte.
//!
//! `cargo bench -p herakles-benches --bench parse`; with `-- ratios` only the ratios.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot read its input should stop"
)]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader};

use herakles_benches::{Bench, Contestant};
use procfs::process::{MemoryMaps, SmapsRollup};
use procfs::{FromBufRead, FromRead};

/// Bytes of RSS, PSS and USS.
type Memory = [u64; 3];

/// pid, parent, user and system ticks, threads, start time.
type StatFields = (u32, u32, u64, u64, u64, u64);

/// Size, resident and shared pages.
type Pages = [u64; 3];

type Parser<R> = (&'static str, fn(&[u8]) -> R);

const MEMORY_PARSERS: [Parser<Memory>; 3] = [
    ("herakles-smaps", ours::smaps),
    ("procfs-core", procfs_core::smaps),
    ("BufReader::lines", by_lines::smaps),
];

const ROLLUP_PARSERS: [Parser<Memory>; 3] = [
    ("herakles-smaps", ours::rollup),
    ("procfs-core", procfs_core::rollup),
    ("BufReader::lines", by_lines::smaps),
];

const STATM_PARSERS: [Parser<Pages>; 3] = [
    ("herakles-stat", ours::statm),
    ("procfs-core", procfs_core::statm),
    ("split_whitespace", by_lines::statm),
];

const STAT_PARSERS: [Parser<StatFields>; 3] = [
    ("herakles-stat", ours::stat),
    ("procfs-core", procfs_core::stat),
    ("split_whitespace", by_lines::stat),
];

mod ours {
    use super::{Memory, Pages, StatFields};
    use herakles_smaps::{MemoryUsage, SmapsSum, parse_rollup};
    use herakles_stat::{Pid, Stat, Statm};

    fn memory(usage: &MemoryUsage) -> Memory {
        [usage.rss_bytes, usage.pss_bytes, usage.uss_bytes()]
    }

    pub(crate) fn rollup(file: &[u8]) -> Memory {
        memory(&parse_rollup(file).unwrap())
    }

    pub(crate) fn smaps(file: &[u8]) -> Memory {
        let mut sum = SmapsSum::new();
        // The kernel hands out at most a page at a time.
        for piece in file.chunks(4096) {
            sum.feed(piece).unwrap();
        }
        memory(&sum.finish().unwrap())
    }

    pub(crate) fn stat(line: &[u8]) -> StatFields {
        let stat = Stat::parse(line).unwrap();
        let parent = stat.parent.map_or(0, Pid::as_u32);
        (
            stat.pid.as_u32(),
            parent,
            stat.cpu.user,
            stat.cpu.system,
            u64::from(stat.threads),
            stat.start_time,
        )
    }

    pub(crate) fn statm(line: &[u8]) -> Pages {
        let statm = Statm::parse(line).unwrap();
        [statm.size_pages, statm.resident_pages, statm.shared_pages]
    }
}

mod procfs_core {
    use super::{FromBufRead, FromRead, Memory, MemoryMaps, Pages, SmapsRollup, StatFields};

    fn memory(maps: &MemoryMaps) -> Memory {
        let sum = |keys: &[&str]| {
            let values = maps.into_iter().map(|map| &map.extension.map);
            values
                .flat_map(|map| keys.iter().filter_map(|key| map.get(*key)))
                .sum()
        };
        [
            sum(&["Rss"]),
            sum(&["Pss"]),
            sum(&["Private_Clean", "Private_Dirty"]),
        ]
    }

    pub(crate) fn rollup(file: &[u8]) -> Memory {
        memory(&SmapsRollup::from_buf_read(file).unwrap().memory_map_rollup)
    }

    pub(crate) fn smaps(file: &[u8]) -> Memory {
        memory(&MemoryMaps::from_buf_read(file).unwrap())
    }

    pub(crate) fn stat(line: &[u8]) -> StatFields {
        let stat = procfs::process::Stat::from_read(line).unwrap();
        let threads = stat.num_threads.unsigned_abs();
        let (pid, parent) = (stat.pid.unsigned_abs(), stat.ppid.unsigned_abs());
        (pid, parent, stat.utime, stat.stime, threads, stat.starttime)
    }

    pub(crate) fn statm(line: &[u8]) -> Pages {
        let statm = procfs::process::StatM::from_read(line).unwrap();
        [statm.size, statm.resident, statm.shared]
    }
}

/// As most exporters do it.
mod by_lines {
    use super::{BufRead, BufReader, Memory, Pages, StatFields};

    pub(crate) fn smaps(file: &[u8]) -> Memory {
        let mut memory = [0; 3];
        for line in BufReader::new(file).lines() {
            let line = line.unwrap();
            let mut words = line.split_whitespace();
            let which = match words.next() {
                Some("Rss:") => 0,
                Some("Pss:") => 1,
                Some("Private_Clean:" | "Private_Dirty:") => 2,
                _ => continue,
            };
            memory[which] += words.next().unwrap().parse::<u64>().unwrap() * 1024;
        }
        memory
    }

    /// Right only while the name holds no space and no bracket.
    pub(crate) fn stat(line: &[u8]) -> StatFields {
        let line = String::from_utf8_lossy(line);
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |field: usize| fields[field].parse::<u64>().unwrap();
        let id = |field: usize| fields[field].parse::<u32>().unwrap();
        (id(0), id(3), number(13), number(14), number(19), number(21))
    }

    pub(crate) fn statm(line: &[u8]) -> Pages {
        let line = String::from_utf8_lossy(line);
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |field: usize| fields[field].parse().unwrap();
        [number(0), number(1), number(2)]
    }
}

/// The same lines, with one space where the kernel aligns numbers.
fn out_of_columns(file: &[u8]) -> Vec<u8> {
    let mut squeezed = file.to_vec();
    squeezed.dedup_by(|one, before| (*one, *before) == (b' ', b' '));
    squeezed
}

/// What the kernel's columns are worth to our own parser.
fn columns(bench: &Bench, task: &str, aligned: &[u8], parse: fn(&[u8]) -> Memory) {
    let squeezed = out_of_columns(aligned);
    assert_eq!(parse(aligned), parse(&squeezed), "{task}: out of columns");
    let run = |file: &[u8]| {
        black_box(parse(black_box(file)));
    };
    bench.compare_in_turn(
        task,
        &[
            ("in columns", &|| run(aligned)),
            ("out of columns", &|| run(&squeezed)),
        ],
    );
}

/// The mappings of this process, again and again until there are `mappings`.
fn smaps_of(mappings: usize) -> Vec<u8> {
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    // The last line of each mapping.
    let ends = smaps
        .match_indices("VmFlags:")
        .map(|(at, _)| at + smaps[at..].find('\n').unwrap() + 1);
    let starts = std::iter::once(0).chain(ends.clone());
    let each: Vec<&str> = starts
        .zip(ends)
        .map(|(start, end)| &smaps[start..end])
        .collect();
    each.iter()
        .cycle()
        .take(mappings)
        .flat_map(|mapping| mapping.bytes())
        .collect()
}

fn compare<R: PartialEq + std::fmt::Debug>(
    bench: &mut Bench,
    task: &str,
    input: &[u8],
    parsers: &[Parser<R>],
) {
    for (name, parse) in parsers {
        assert_eq!(parse(input), parsers[0].1(input), "{task}: {name}");
    }
    let runs: Vec<_> = parsers
        .iter()
        .map(|(name, parse)| (*name, move || drop(black_box(parse(black_box(input))))))
        .collect();
    let contestants: Vec<Contestant<'_>> = runs
        .iter()
        .map(|(name, run)| (*name, run as &dyn Fn()))
        .collect();
    bench.compare(&format!("{task}, {} bytes", input.len()), &contestants);
}

fn main() {
    let mut bench = Bench::from_arguments();
    let stat = fs::read("/proc/self/stat").unwrap();
    let statm = fs::read("/proc/self/statm").unwrap();
    let rollup = fs::read("/proc/self/smaps_rollup").unwrap();
    compare(&mut bench, "stat", &stat, &STAT_PARSERS);
    compare(&mut bench, "statm", &statm, &STATM_PARSERS);
    compare(&mut bench, "smaps_rollup", &rollup, &ROLLUP_PARSERS);
    for mappings in [40, 340, 5_000] {
        let task = format!("smaps of {mappings} mappings");
        compare(&mut bench, &task, &smaps_of(mappings), &MEMORY_PARSERS);
    }
    columns(&bench, "columns of smaps_rollup", &rollup, ours::rollup);
    columns(&bench, "columns of smaps", &smaps_of(340), ours::smaps);
    bench.finish();
}
