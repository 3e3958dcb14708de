//! What each process holds, and so what each family must show.

use super::{
    case::{Case, KIB_HELD, NOTHING},
    holder::Holder,
};
use crate::scrape::Scrape;

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

/// Prints a line per case and family that it counts in, or should not count in but does.
pub(super) fn compare(holders: &[(&Case, Holder)], scrape: &Scrape, complaints: &mut Vec<String>) {
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
