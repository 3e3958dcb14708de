//! Parsers of `stat`, `smaps_rollup` and `smaps` beside procfs-core and `BufReader::lines`, on the
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

use criterion::{Criterion, Throughput};
use herakles_benches::{Contestant, ratios};
use procfs::process::{MemoryMaps, SmapsRollup};
use procfs::{FromBufRead, FromRead};

/// Bytes of RSS, PSS and USS.
type Memory = [u64; 3];

/// pid, parent, user and system ticks, threads, start time.
type StatFields = (u32, u32, u64, u64, u64, u64);

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

const STAT_PARSERS: [Parser<StatFields>; 3] = [
    ("herakles-stat", ours::stat),
    ("procfs-core", procfs_core::stat),
    ("split_whitespace", by_lines::stat),
];

mod ours {
    use super::{Memory, StatFields};
    use herakles_smaps::{MemoryUsage, SmapsSum, parse_rollup};
    use herakles_stat::{Pid, Stat};

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
}

mod procfs_core {
    use super::{FromBufRead, FromRead, Memory, MemoryMaps, SmapsRollup, StatFields};

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
}

/// As most exporters do it.
mod by_lines {
    use super::{BufRead, BufReader, Memory, StatFields};

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
}

/// The same lines, with one space where the kernel aligns numbers.
fn out_of_columns(file: &[u8]) -> Vec<u8> {
    let mut squeezed = file.to_vec();
    squeezed.dedup_by(|one, before| (*one, *before) == (b' ', b' '));
    squeezed
}

/// What the kernel's columns are worth to our own parser.
fn columns(task: &str, aligned: &[u8], parse: fn(&[u8]) -> Memory) {
    let squeezed = out_of_columns(aligned);
    assert_eq!(parse(aligned), parse(&squeezed), "{task}: out of columns");
    let run = |file: &[u8]| {
        black_box(parse(black_box(file)));
    };
    ratios(
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

fn bench<R: PartialEq + std::fmt::Debug>(
    criterion: Option<&mut Criterion>,
    timed: bool,
    task: &str,
    input: &[u8],
    parsers: &[Parser<R>],
) {
    for (name, parse) in parsers {
        assert_eq!(parse(input), parsers[0].1(input), "{task}: {name}");
    }
    if let Some(criterion) = criterion {
        let mut group = criterion.benchmark_group(task);
        group.throughput(Throughput::Bytes(input.len() as u64));
        for (name, parse) in parsers {
            group.bench_function(*name, |bencher| bencher.iter(|| parse(black_box(input))));
        }
        group.finish();
    }
    if !timed {
        return;
    }
    let runs: Vec<_> = parsers
        .iter()
        .map(|(name, parse)| (*name, move || drop(black_box(parse(black_box(input))))))
        .collect();
    let contestants: Vec<Contestant<'_>> = runs
        .iter()
        .map(|(name, run)| (*name, run as &dyn Fn()))
        .collect();
    ratios(&format!("{task}, {} bytes", input.len()), &contestants);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    let mut criterion = (!has("ratios")).then(|| Criterion::default().configure_from_args());
    // Without `--bench`, which cargo bench passes, this is a test: everything once, nothing timed.
    let timed = has("--bench");

    let stat = fs::read("/proc/self/stat").unwrap();
    let rollup = fs::read("/proc/self/smaps_rollup").unwrap();
    bench(criterion.as_mut(), timed, "stat", &stat, &STAT_PARSERS);
    bench(
        criterion.as_mut(),
        timed,
        "smaps_rollup",
        &rollup,
        &ROLLUP_PARSERS,
    );
    for mappings in [30, 340] {
        let task = format!("smaps of {mappings}");
        bench(
            criterion.as_mut(),
            timed,
            &task,
            &smaps_of(mappings),
            &MEMORY_PARSERS,
        );
    }
    if timed {
        columns("smaps_rollup", &rollup, ours::rollup);
        columns("smaps of 340", &smaps_of(340), ours::smaps);
    }
    if let Some(criterion) = criterion {
        criterion.final_summary();
    }
}
