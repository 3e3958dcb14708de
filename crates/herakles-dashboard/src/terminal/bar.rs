//! The memory of the host as a line of blocks.

use herakles_metrics::{HostMemory, Snapshot};
use unicode_width::UnicodeWidthStr;

use super::Screen;
use super::sheet::{Ink, cut};
use crate::human::bytes;

/// A part of the bar: its name, the block it is made of (so that it is read without colour too),
/// its colour, and the categories it sums.
const PARTS: [(&str, char, u8, &[&str]); 5] = [
    ("processes", '█', 4, &["anonymous"]),
    ("shared", '▓', 6, &["shmem", "hugetlb"]),
    ("page cache", '▒', 2, &["page_cache"]),
    (
        "kernel and other",
        '░',
        5,
        &[
            "slab_reclaimable",
            "slab_unreclaimable",
            "kernel_stack",
            "page_tables",
            "percpu",
            "other",
        ],
    ),
    ("free", '·', 7, &["free"]),
];

const WIDEST: usize = 160;

/// Draws bar and legend, where the host's memory is known.
pub(super) fn draw(snapshot: &Snapshot, screen: Screen, out: &mut String) {
    let Some(memory) = snapshot.host().and_then(|host| host.memory.as_ref()) else {
        return;
    };
    let sizes = PARTS.map(|(_, _, _, categories)| sum(memory, categories));
    let width = screen.width.min(WIDEST);
    for ((_, block, colour, _), cells) in PARTS.iter().zip(shares(&sizes, width)) {
        let blocks = block.to_string().repeat(cells);
        out.push_str(&Ink::Colour(*colour).paint(&blocks, screen.colour));
    }
    out.push('\n');
    legend(&sizes, screen, out);
}

fn legend(sizes: &[u64; 5], screen: Screen, out: &mut String) {
    let mut used = 0;
    for ((name, block, colour, _), size) in PARTS.iter().zip(sizes) {
        let text = cut(
            &format!("{name} {}", bytes(*size)),
            screen.width.saturating_sub(2),
        );
        let width = text.width() + 2;
        if used > 0 && used + 2 + width > screen.width {
            out.push('\n');
            used = 0;
        }
        if used > 0 {
            out.push_str("  ");
            used += 2;
        }
        out.push_str(&Ink::Colour(*colour).paint(&block.to_string(), screen.colour));
        out.push(' ');
        out.push_str(&text);
        used += width;
    }
    out.push('\n');
}

fn sum(memory: &HostMemory, wanted: &[&str]) -> u64 {
    let categories = memory.categories();
    let wanted = categories.iter().filter(|(name, _)| wanted.contains(name));
    wanted.map(|(_, bytes)| bytes).sum()
}

/// Cells for each size, which together are `width`.
fn shares(sizes: &[u64; 5], width: usize) -> Vec<usize> {
    let total: u64 = sizes.iter().sum();
    let (mut seen, mut placed) = (0_u64, 0);
    sizes
        .iter()
        .map(|size| {
            seen += size;
            let upto = (seen as f64 / total.max(1) as f64 * width as f64).round() as usize;
            let cells = upto.saturating_sub(placed);
            placed = upto.max(placed);
            cells
        })
        .collect()
}

/// A bar of eight cells, as long as the share of the largest.
pub(super) fn meter(value: Option<u64>, largest: Option<u64>) -> String {
    const CELLS: f64 = 8.0;
    let share = match (value, largest) {
        (Some(value), Some(largest)) if largest > 0 => value as f64 / largest as f64,
        _ => 0.0,
    };
    let eighths = (share * CELLS * 8.0).round() as usize;
    let (full, rest) = (eighths / 8, eighths % 8);
    let part = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get(rest.wrapping_sub(1));
    let mut bar = "█".repeat(full);
    bar.extend(part);
    let missing = (CELLS as usize).saturating_sub(bar.width());
    bar + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_the_width_in_proportion() {
        assert_eq!(shares(&[1, 1, 1, 1, 4], 80), [10, 10, 10, 10, 40]);
        assert_eq!(shares(&[1, 1, 1, 0, 0], 80).iter().sum::<usize>(), 80);
        assert_eq!(shares(&[0; 5], 80), [0; 5]);
    }

    #[test]
    fn a_meter_is_as_long_as_its_share() {
        assert_eq!(meter(Some(4), Some(4)), "████████");
        assert_eq!(meter(Some(1), Some(16)), "▌       ");
        assert_eq!(meter(None, Some(16)), "        ");
    }
}
