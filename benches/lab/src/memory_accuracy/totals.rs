//! All processes together, against other sums and the kernel's own figures.

use procfs::{Current as _, Meminfo, process::all_processes};

use super::holder::rollup;
use crate::{failure::Failure, scrape::Scrape};

/// What is summed: in words, by families, and by lines of `smaps_rollup`.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: [Row; 4] = [
    ("RSS", &["memory_rss"], &["Rss"]),
    ("PSS (AnonPages + Mapped)", &["memory_pss"], &["Pss"]),
    (
        "anonymous PSS (AnonPages)",
        &["memory_pss_anon"],
        &["Pss_Anon"],
    ),
    (
        "file and shared PSS (Mapped)",
        &["memory_pss_file", "memory_pss_shmem"],
        &["Pss_File", "Pss_Shmem"],
    ),
];

/// Prints the sums over all processes, and the memory of the host by category.
///
/// # Errors
/// When `/proc` cannot be read.
pub(super) fn compare(scrape: &Scrape, complaints: &mut Vec<String>) -> Result<(), Failure> {
    let unreadable = |e| Failure::new(format!("cannot read /proc: {e}"));
    // Both at once, and soon after the exporter, as memory moves all the time.
    let kernel = Meminfo::current().map_err(unreadable)?;
    let mut independent = [0; ROWS.len()];
    for process in all_processes().map_err(unreadable)?.flatten() {
        for (sum, (.., keys)) in independent.iter_mut().zip(ROWS) {
            *sum += rollup(&process, keys).unwrap_or(0);
        }
    }
    let shown = |family: &str| scrape.sum(&format!("herakles_subgroup_{family}_bytes"), &[]);
    let anonymous = kernel.anon_pages.unwrap_or(0);

    println!("| sum over all processes, MiB | Herakles | independent reader | kernel |");
    println!("|---|---|---|---|");
    let by_kernel = [
        None,
        Some(anonymous + kernel.mapped),
        Some(anonymous),
        Some(kernel.mapped),
    ];
    for (((what, families, _), read), by_kernel) in ROWS.iter().zip(independent).zip(by_kernel) {
        let exported = families.iter().map(|family| shown(family)).sum();
        let by_kernel = by_kernel.map_or_else(|| "–".to_owned(), |it| mib(it as f64));
        println!(
            "| {what} | {} | {} | {by_kernel} |",
            mib(exported),
            mib(read as f64)
        );
    }

    println!("\n| host memory by category | MiB |\n|---|---|");
    let family = "herakles_host_memory_bytes";
    let total = scrape.sum("herakles_host_memory_total_bytes", &[]);
    for category in CATEGORIES {
        let bytes = scrape.sum(family, &[("category", category)]);
        println!("| {category} | {} |", mib(bytes));
        if bytes < 0.0 {
            complaints.push(format!("{category} is negative"));
        }
    }
    println!("| sum | {} |", mib(scrape.sum(family, &[])));
    println!("| MemTotal | {} |", mib(total));
    // Integers of bytes, far below where a double has gaps.
    if scrape.sum(family, &[]) != total || total != kernel.mem_total as f64 {
        complaints.push("the categories do not sum to MemTotal".to_owned());
    }
    Ok(())
}

const CATEGORIES: [&str; 11] = [
    "free",
    "page_cache",
    "shmem",
    "anonymous",
    "slab_reclaimable",
    "slab_unreclaimable",
    "kernel_stack",
    "page_tables",
    "percpu",
    "hugetlb",
    "other",
];

fn mib(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}
