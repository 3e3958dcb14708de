//! Files as kernels of several ages write them, and damaged ones, each beside what it means.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use herakles_smaps::{MemoryUsage, ParseError, parse_rollup};

#[cfg(target_os = "linux")]
use crate::live::{compare_rollup, compare_smaps};
use crate::summed;

/// What a file means, in the lines of the file beside it.
fn meaning(case: &str, file: &[u8]) -> String {
    let parsed = if case.ends_with(".smaps_rollup") {
        parse_rollup(file)
    } else {
        summed(file, 4096)
    };
    match parsed {
        Ok(usage) => lines(&usage),
        Err(error) => format!("error: {error}\n"),
    }
}

fn lines(usage: &MemoryUsage) -> String {
    let fields = [
        ("rss_bytes", Some(usage.rss_bytes)),
        ("pss_bytes", Some(usage.pss_bytes)),
        ("pss_anon_bytes", usage.pss_anon_bytes),
        ("pss_file_bytes", usage.pss_file_bytes),
        ("pss_shmem_bytes", usage.pss_shmem_bytes),
        ("shared_clean_bytes", Some(usage.shared_clean_bytes)),
        ("shared_dirty_bytes", Some(usage.shared_dirty_bytes)),
        ("private_clean_bytes", Some(usage.private_clean_bytes)),
        ("private_dirty_bytes", Some(usage.private_dirty_bytes)),
        ("swap_bytes", Some(usage.swap_bytes)),
        ("swap_pss_bytes", usage.swap_pss_bytes),
        ("private_hugetlb_bytes", usage.private_hugetlb_bytes),
    ];
    let line = |(name, value): (&str, Option<u64>)| match value {
        Some(value) => format!("{name}: {value}\n"),
        None => format!("{name}: absent\n"),
    };
    fields.into_iter().map(line).collect()
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

/// All files of the corpus below its directories, as `DIRECTORY/FILE`.
fn files() -> BTreeSet<String> {
    let listed = |path: &Path| fs::read_dir(path).expect("a directory").flatten();
    let directories = listed(corpus()).filter(|entry| entry.path().is_dir());
    directories
        .flat_map(|directory| {
            let files = listed(&directory.path());
            files.map(move |file| {
                let path = Path::new(&directory.file_name()).join(file.file_name());
                path.to_str().expect("a plain name").to_owned()
            })
        })
        .collect()
}

/// `UPDATE_EXPECT=1` writes the meanings anew.
#[test]
fn every_file_of_the_corpus_means_what_stands_beside_it() {
    const EXPECTED: &str = ".expected";
    let files = files();
    let (meanings, cases): (Vec<_>, Vec<_>) =
        files.iter().partition(|name| name.ends_with(EXPECTED));
    assert!(!cases.is_empty(), "there are cases");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in &cases {
        let beside = format!("{case}{EXPECTED}");
        let meaning = meaning(case, &fs::read(corpus().join(case)).expect("readable"));
        if update {
            fs::write(corpus().join(&beside), meaning).expect("writable");
        } else if !files.contains(&beside) {
            wrong.push(format!("{case} has nothing beside it; it means\n{meaning}"));
        } else {
            let expected = fs::read_to_string(corpus().join(&beside)).expect("readable");
            if expected != meaning {
                wrong.push(format!("{case} means\n{meaning}and not\n{expected}"));
            }
        }
    }
    let of_nothing = meanings.iter().filter(|name| {
        let case = name.strip_suffix(EXPECTED).expect("as partitioned");
        !files.contains(case)
    });
    wrong.extend(of_nothing.map(|name| format!("{name} stands beside nothing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The README says where each case comes from.
#[test]
fn every_case_is_in_the_readme_and_nothing_else() {
    let readme = fs::read_to_string(corpus().join("README.md")).expect("readable");
    let files = files();
    let cases = files.iter().filter(|name| !name.ends_with(".expected"));
    let cases = cases.filter_map(|name| name.rsplit_once('.'));
    let cases: BTreeSet<String> = cases.map(|(case, _)| case.to_owned()).collect();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows.filter_map(|row| row.split('`').next().map(str::to_owned));
    assert_eq!(cases, named.collect::<BTreeSet<_>>());
}

/// Lines whose values are no numbers are beyond it, and names that are no UTF-8.
#[cfg(target_os = "linux")]
const NOT_FOR_PROCFS: [&str; 2] = ["4.14/android-names.smaps", "6.18/names.smaps"];

#[cfg(target_os = "linux")]
#[test]
fn what_is_whole_reads_as_procfs_reads_it() {
    let files = files();
    let whole = files.iter().filter(|name| {
        let beside = corpus().join(format!("{name}.expected"));
        let meaning = fs::read_to_string(beside).unwrap_or_default();
        meaning.starts_with("rss_bytes")
            && !name.starts_with("damaged/")
            && !NOT_FOR_PROCFS.contains(&name.as_str())
    });
    let mut compared = 0;
    for name in whole {
        println!("{name}"); // Of a failed test, the last one is at fault.
        let file = fs::read(corpus().join(name)).expect("readable");
        if name.ends_with(".smaps_rollup") {
            compare_rollup(&file);
        } else {
            compare_smaps(&file);
        }
        compared += 1;
    }
    assert!(compared > 40, "only {compared} files");
}

/// The kernel adds up a rollup itself: of the same process it must say what `smaps` adds up to.
#[test]
fn the_sum_of_a_smaps_is_the_rollup_beside_it() {
    let read = |name: &str| fs::read(corpus().join(name)).expect("readable");
    let mut pairs = 0;
    let files = files();
    for name in &files {
        let Some(of_mappings) = name.strip_suffix("_rollup") else {
            continue;
        };
        if !files.contains(of_mappings) || name.starts_with("damaged/") {
            continue;
        }
        let rollup: Result<MemoryUsage, ParseError> = parse_rollup(&read(name));
        let (rollup, file) = (rollup.expect("whole"), read(of_mappings));
        let mut sum = summed(&file, 4096).expect("whole");
        let mappings = file.windows(6).filter(|text| text == b"\nPss: ").count() as u64;
        let rounding = mappings * 1024;
        assert!(sum.pss_bytes <= rollup.pss_bytes, "{name}");
        assert!(rollup.pss_bytes - sum.pss_bytes <= rounding, "{name}");
        // What a smaps lacks, and what it rounds.
        sum.pss_bytes = rollup.pss_bytes;
        sum.swap_pss_bytes = rollup.swap_pss_bytes;
        sum.pss_anon_bytes = rollup.pss_anon_bytes;
        sum.pss_file_bytes = rollup.pss_file_bytes;
        sum.pss_shmem_bytes = rollup.pss_shmem_bytes;
        assert_eq!(sum, rollup, "{name}");
        pairs += 1;
    }
    assert!(pairs > 1, "only {pairs} pairs");
}
