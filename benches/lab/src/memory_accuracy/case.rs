//! The cases: how much memory of which kind is held by how many processes.

use procfs::{Current as _, Meminfo};

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
    /// How often the memory counts in each of the families that are compared, in their order.
    pub(super) counts: [u64; 8],
}

/// The process that holds nothing: what all of them take besides.
pub(super) const NOTHING: &str = "mt-nothing";

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
