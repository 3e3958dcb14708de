//! Parsing allocates nothing.

use herakles_smaps::parse_rollup;

use crate::summed;

#[test]
fn parsing_allocates_nothing_whatever_comes() {
    let rollup = include_bytes!("../corpus/6.18/many.smaps_rollup");
    let smaps = include_bytes!("../corpus/6.18/many.smaps");
    let cost = allocation_counter::measure(|| {
        for file in [
            &rollup[..],
            smaps,
            b"",
            b"Rss: 18446744073709551615 kB\n",
            b"Rss:\nx",
        ] {
            std::hint::black_box(parse_rollup(file)).ok();
            for piece in [7, 4096] {
                std::hint::black_box(summed(file, piece)).ok();
            }
        }
    });
    assert_eq!(cost.count_total, 0);
}
