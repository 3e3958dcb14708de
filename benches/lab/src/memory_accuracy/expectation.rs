//! What each process holds, and so what each family must show.

use procfs::{Current as _, Meminfo};

use super::holder::Holder;
use crate::exposition::Exposition;

/// What each case holds of its kind of memory, in KiB.
pub(super) const KIB_HELD: u64 = 65_536;

/// A known amount of memory, held by one or more processes together.
pub(super) struct Case {
    /// Name of the processes and of their subgroup.
    pub(super) name: &'static str,
    /// What `holder.c` is told.
    pub(super) kind: &'static str,
    pub(super) kib: u64,
    pub(super) processes: u64,
    /// How often the memory counts in each of [`FAMILIES`].
    counts: [u64; 8],
}

/// Family, without prefix and suffix, and the lines of `smaps_rollup` that it sums.
const FAMILIES: [(&str, &[&str]); 8] = [
    ("memory_rss", &["Rss"]),
    ("memory_pss", &["Pss"]),
    ("memory_uss", &["Private_Clean", "Private_Dirty"]),
    ("memory_pss_anon", &["Pss_Anon"]),
    ("memory_pss_file", &["Pss_File"]),
    ("memory_pss_shmem", &["Pss_Shmem"]),
    ("memory_swap", &["Swap"]),
    ("memory_hugetlb_private", &["Private_Hugetlb"]),
];

/// The process that holds nothing: what all of them take besides.
const NOTHING: &str = "mt-nothing";

/// The cases that this machine can have.
pub(super) fn cases() -> Vec<Case> {
    let meminfo = Meminfo::current().ok();
    let swap = meminfo.as_ref().map_or(0, |it| it.swap_free);
    let huge = meminfo.as_ref().map_or(0, |it| {
        it.hugepages_free.unwrap_or(0) * it.hugepagesize.unwrap_or(0)
    });
    let held = KIB_HELD << 10;
    let case = |name, kind, processes, counts| Case {
        name,
        kind,
        kib: KIB_HELD,
        processes,
        counts,
    };
    let mut cases = vec![
        Case {
            kib: 0,
            ..case(NOTHING, "anonymous", 1, [0; 8])
        },
        case("mt-anonymous", "anonymous", 1, [1, 1, 1, 1, 0, 0, 0, 0]),
        case("mt-huge", "huge", 1, [1, 1, 1, 1, 0, 0, 0, 0]),
        case("mt-cow-4", "anonymous", 4, [4, 1, 0, 1, 0, 0, 0, 0]),
        case("mt-shared", "shared", 1, [1, 1, 1, 0, 0, 1, 0, 0]),
        case("mt-shared-4", "shared", 4, [4, 1, 0, 0, 0, 1, 0, 0]),
        case("mt-file", "file", 1, [1, 1, 1, 0, 1, 0, 0, 0]),
        case("mt-file-2", "file", 2, [2, 1, 0, 0, 1, 0, 0, 0]),
    ];
    if swap > 2 * held {
        cases.push(case("mt-swapped", "swapped", 1, [0, 0, 0, 0, 0, 0, 1, 0]));
    } else {
        eprintln!("mt-swapped is left out: there is no swap");
    }
    if huge >= held {
        cases.push(case("mt-hugetlb", "hugetlb", 1, [0, 0, 0, 0, 0, 0, 0, 1]));
    } else {
        eprintln!("mt-hugetlb is left out: no huge pages are reserved");
    }
    cases
}

/// Prints a line per case and family that it counts in, or should not count in but does.
pub(super) fn compare(
    holders: &[(&Case, Holder)],
    scrape: &Exposition,
    complaints: &mut Vec<String>,
) {
    println!(
        "| case | processes | family | expected, KiB | Herakles, KiB | independent reader, KiB |"
    );
    println!("|---|---|---|---|---|---|");
    let shown = |case: &Case, family: &str| {
        let family = format!("herakles_subgroup_{family}_bytes");
        scrape.sum(&family, &[("subgroup", case.name)]) / 1024.0
    };
    let nothing = holders.iter().find(|(case, _)| case.name == NOTHING);
    for (index, (family, keys)) in FAMILIES.iter().enumerate() {
        let besides = nothing.map_or(0.0, |(case, _)| shown(case, family));
        for (case, holder) in holders {
            let count = case.counts.get(index).copied().unwrap_or(0);
            let (exported, read) = (shown(case, family), holder.independent_kib(keys));
            let expected = (count * case.kib) as f64 + besides * case.processes as f64;
            // Children share even the stack and the libraries' data with their parent until they
            // write to them, and map less of the libraries than who starts a program.
            let margin = 0.005 * KIB_HELD as f64 + 768.0 * case.processes as f64;
            if (exported - expected).abs() > margin {
                complaints.push(format!(
                    "{}: {family} is {exported} KiB instead of {expected:.0}",
                    case.name
                ));
            }
            // Pages of the C library move between readers as other processes come and go.
            if (exported - read as f64).abs() > 64.0 * case.processes as f64 {
                complaints.push(format!(
                    "{}: {family} is {exported} KiB, another reader finds {read}",
                    case.name
                ));
            }
            if count > 0 {
                println!(
                    "| {} | {} | {family} | {expected:.0} | {exported:.0} | {read} |",
                    case.name, case.processes
                );
            }
        }
    }
}
