//! Parsing allocates nothing.

use herakles_stat::{Stat, Statm};

#[test]
fn parsing_allocates_nothing_whatever_comes() {
    let real = include_bytes!("../corpus/6.18/names.stat");
    let lines: [&[u8]; 4] = [real, b"", b"12 (x)", b"1 (x) S 0 18446744073709551616"];
    let cost = allocation_counter::measure(|| {
        for line in lines {
            std::hint::black_box(Stat::parse(line)).ok();
            std::hint::black_box(Statm::parse(line)).ok();
        }
    });
    assert_eq!(cost.count_total, 0);
}
