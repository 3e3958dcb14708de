//! Files as Linux 6.1 writes them.

use std::fmt::Write as _;
use std::hint::black_box;

use herakles_smaps::{SmapsSum, parse_rollup};
use herakles_stat::Stat;

const MAPPINGS: usize = 340;

const STAT: &[u8] = b"4242 (postgres: 16/ma) S 811 4242 4242 0 -1 4194560 182034 99213 12 4 88121 \
    23456 310 77 20 0 1 0 48211 229376000 5120 18446744073709551615 94111735656448 94111740456448 \
    140725467361840 0 0 0 0 16781312 536890887 0 0 0 17 3 0 0 0 0 0 94111742062592 94111742209112 \
    94111773081600 140725467365980 140725467366065 140725467366065 140725467369435 0\n";

/// The lines with numbers, in the order of the kernel.
const QUANTITIES: [(&str, usize); 18] = [
    ("Rss", 9_312),
    ("Pss", 4_127),
    ("Pss_Dirty", 2_044),
    ("Shared_Clean", 5_120),
    ("Shared_Dirty", 12),
    ("Private_Clean", 1_200),
    ("Private_Dirty", 2_980),
    ("Referenced", 9_112),
    ("Anonymous", 2_992),
    ("LazyFree", 0),
    ("AnonHugePages", 0),
    ("ShmemPmdMapped", 0),
    ("FilePmdMapped", 0),
    ("Shared_Hugetlb", 0),
    ("Private_Hugetlb", 0),
    ("Swap", 128),
    ("SwapPss", 64),
    ("Locked", 0),
];

/// The lines of a mapping whose numbers are `number` times those above.
fn quantities(file: &mut String, number: usize, with_pss_by_kind: bool) {
    for (name, kilobytes) in QUANTITIES {
        let label = format!("{name}:");
        writeln!(file, "{label:<16}{:>8} kB", kilobytes * number).unwrap();
        if with_pss_by_kind && name == "Pss_Dirty" {
            for (kind, part) in [("Pss_Anon", 2_992), ("Pss_File", 1_100), ("Pss_Shmem", 35)] {
                let label = format!("{kind}:");
                writeln!(file, "{label:<16}{:>8} kB", part * number).unwrap();
            }
        }
    }
}

pub(crate) fn rollup() -> Box<dyn FnMut()> {
    let mut file = String::from("55d0c4a00000-7ffd1f3f2000 ---p 00000000 00:00 0      [rollup]\n");
    quantities(&mut file, 3, true);
    Box::new(move || {
        black_box(parse_rollup(black_box(file.as_bytes())).unwrap());
    })
}

pub(crate) fn smaps() -> Box<dyn FnMut()> {
    let mut file = String::new();
    for mapping in 0..MAPPINGS {
        let start = 0x7f3a_1c00_0000 + mapping * 0x20_0000;
        let name = ["", "/usr/lib/x86_64-linux-gnu/libc.so.6", "[heap]"][mapping % 3];
        writeln!(
            file,
            "{start:x}-{:x} r-xp 00026000 fe:01 {:<26} {name}",
            start + 0x20_0000,
            393_220 + mapping
        )
        .unwrap();
        for label in ["Size:", "KernelPageSize:", "MMUPageSize:"] {
            writeln!(file, "{label:<16}{:>8} kB", 2_048).unwrap();
        }
        quantities(&mut file, mapping % 7, false);
        file.push_str("THPeligible:    0\nVmFlags: rd ex mr mw me sd \n");
    }
    Box::new(move || {
        let mut sum = SmapsSum::new();
        // The kernel hands out at most a page at a time.
        for piece in black_box(file.as_bytes()).chunks(4096) {
            sum.feed(piece).unwrap();
        }
        black_box(sum.finish().unwrap());
    })
}

pub(crate) fn stat() -> Box<dyn FnMut()> {
    Box::new(|| {
        black_box(Stat::parse(black_box(STAT)).unwrap());
    })
}
