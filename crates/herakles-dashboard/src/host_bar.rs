//! The memory of the host as one bar, whose segments add up to all of it.

use herakles_metrics::HostMemory;
use maud::{Markup, html};

use crate::colour;
use crate::human::{bytes, percent};
use crate::members::Members;

/// Subgroups with a segment of their own, each at least this share of all memory.
const SUBGROUPS: usize = 6;
const LEAST_SHARE: f64 = 0.005;

/// One share of the bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) label: String,
    pub(crate) class: &'static str,
    pub(crate) bytes: u64,
}

/// The segments of the host's memory; they add up to `MemTotal`. What processes have written
/// (anonymous memory) is divided among the biggest subgroups where the kernel tells how much of
/// their PSS is anonymous.
pub(crate) fn segments(memory: &HostMemory, all: &[Members<'_>]) -> Vec<Segment> {
    let category = |names: &[&str]| {
        let categories = memory.categories();
        let wanted = categories.iter().filter(|(name, _)| names.contains(name));
        wanted.map(|(_, bytes)| bytes).sum::<u64>()
    };
    let mut anonymous = category(&["anonymous"]);
    let mut owners: Vec<(&Members<'_>, u64)> = all
        .iter()
        .filter_map(|members| Some((members, members.subgroup.memory.pss_anon_bytes?)))
        .filter(|(_, bytes)| *bytes as f64 >= LEAST_SHARE * memory.total_bytes as f64)
        .collect();
    owners.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let mut segments = Vec::new();
    for (members, bytes) in owners.into_iter().take(SUBGROUPS) {
        let class = &members.subgroup.class;
        // The samples may be older than the host's own figure.
        let bytes = bytes.min(anonymous);
        anonymous -= bytes;
        segments.push(Segment {
            label: format!("{}/{}", class.group, class.subgroup),
            class: colour::of_group(&class.group),
            bytes,
        });
    }
    let rest = if segments.is_empty() {
        "processes, anonymous"
    } else {
        "other processes, anonymous"
    };
    let kernel = [
        "slab_reclaimable",
        "slab_unreclaimable",
        "kernel_stack",
        "page_tables",
        "percpu",
    ];
    let fixed = [
        (rest, "a1", anonymous),
        ("shared memory", "a2", category(&["shmem"])),
        ("huge pages", "a1", category(&["hugetlb"])),
        ("page cache", "a3", category(&["page_cache"])),
        ("kernel (slab, stacks, tables)", "a4", category(&kernel)),
        ("other", "a1", category(&["other"])),
        ("free", "a5", category(&["free"])),
    ];
    segments.extend(fixed.map(|(label, class, bytes)| Segment {
        label: label.to_owned(),
        class,
        bytes,
    }));
    segments.retain(|segment| segment.bytes > 0);
    segments
}

pub(crate) fn draw(memory: &HostMemory, segments: &[Segment]) -> Markup {
    let total = memory.total_bytes.max(1) as f64;
    let mut x = 0.0;
    let placed = segments.iter().map(|segment| {
        let (from, width) = (x, 100.0 * segment.bytes as f64 / total);
        x += width;
        (segment, format!("{from:.3}%"), format!("{width:.3}%"))
    });
    html! {
        svg.bar role="img" aria-label={ "the memory of the host: " (sentence(segments)) } {
            @for (segment, x, width) in placed {
                rect class=(segment.class) x=(x) width=(width) height="100%" {
                    title { (segment.label) " " (bytes(segment.bytes)) ", " (percent(segment.bytes as f64, total)) }
                }
            }
        }
        ul.legend {
            @for segment in segments {
                li class=(segment.class) { (segment.label) " " b { (bytes(segment.bytes)) } }
            }
        }
    }
}

fn sentence(segments: &[Segment]) -> String {
    let named = segments
        .iter()
        .map(|segment| format!("{} {}", segment.label, bytes(segment.bytes)));
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_all_memory() {
        let mib = |mib: u64| mib << 20;
        for anonymous in [0, 300, 5000] {
            let mut memory = HostMemory::default();
            memory.total_bytes = mib(1000);
            memory.free_bytes = mib(100);
            memory.page_cache_bytes = mib(250);
            memory.shmem_bytes = mib(50);
            memory.anonymous_bytes = mib(anonymous);
            memory.slab_unreclaimable_bytes = mib(30);
            let segments = segments(&memory, &[]);
            assert_eq!(
                segments.iter().map(|segment| segment.bytes).sum::<u64>(),
                mib(1000)
            );
        }
    }
}
