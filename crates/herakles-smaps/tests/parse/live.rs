//! The parsers against the live /proc and what was kept of others, with the `procfs` crate as an
//! independent reader.

use herakles_smaps::parse_rollup;
use procfs::FromBufRead as _;
use procfs::process::{MemoryMaps, SmapsRollup};

use crate::summed;

/// Every memory file of this name that may be read and belongs to a process with memory.
fn live_files(name: &str) -> Vec<Vec<u8>> {
    let files: Vec<Vec<u8>> = std::fs::read_dir("/proc")
        .expect("a Linux host has /proc")
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join(name)).ok())
        .filter(|bytes| !bytes.is_empty())
        .collect();
    assert!(!files.is_empty(), "at least this process has a {name}");
    files
}

#[test]
fn every_live_rollup_reads_as_procfs_reads_it() {
    for file in live_files("smaps_rollup") {
        compare_rollup(&file);
    }
}

/// Holds what we read against what procfs reads.
pub(crate) fn compare_rollup(file: &[u8]) {
    let ours = parse_rollup(file).expect("the kernel wrote it");
    let theirs = SmapsRollup::from_buf_read(file).expect("procfs reads it");
    let theirs = &theirs.memory_map_rollup.0[0].extension.map;
    for (key, value) in [
        ("Rss", Some(ours.rss_bytes)),
        ("Pss", Some(ours.pss_bytes)),
        ("Pss_Anon", ours.pss_anon_bytes),
        ("Pss_File", ours.pss_file_bytes),
        ("Pss_Shmem", ours.pss_shmem_bytes),
        ("Shared_Clean", Some(ours.shared_clean_bytes)),
        ("Shared_Dirty", Some(ours.shared_dirty_bytes)),
        ("Private_Clean", Some(ours.private_clean_bytes)),
        ("Private_Dirty", Some(ours.private_dirty_bytes)),
        ("Private_Hugetlb", ours.private_hugetlb_bytes),
        ("Swap", Some(ours.swap_bytes)),
        ("SwapPss", ours.swap_pss_bytes),
    ] {
        assert_eq!(value, theirs.get(key).copied(), "{key}");
    }
}

#[test]
fn every_live_smaps_sums_as_procfs_sums_it_whatever_the_pieces() {
    for file in live_files("smaps") {
        compare_smaps(&file);
    }
}

/// Holds what we add up, in pieces of several sizes, against what procfs reads.
pub(crate) fn compare_smaps(file: &[u8]) {
    let theirs = MemoryMaps::from_buf_read(file).expect("procfs reads it");
    let total = |key: &str| -> Option<u64> {
        let values = theirs.iter().map(|map| map.extension.map.get(key));
        values.sum()
    };
    let ours = summed(file, 4096).expect("the kernel wrote it");
    for (key, value) in [
        ("Rss", Some(ours.rss_bytes)),
        ("Pss", Some(ours.pss_bytes)),
        ("Private_Clean", Some(ours.private_clean_bytes)),
        ("Private_Dirty", Some(ours.private_dirty_bytes)),
        ("Private_Hugetlb", ours.private_hugetlb_bytes),
        ("SwapPss", ours.swap_pss_bytes),
    ] {
        assert_eq!(value, total(key), "{key}");
    }
    // Byte by byte is for small files.
    let smallest = if file.len() < 100_000 { 1 } else { 1000 };
    for piece in [smallest, smallest * 7, 4095] {
        assert_eq!(summed(file, piece), Ok(ours), "in pieces of {piece}");
    }
}
