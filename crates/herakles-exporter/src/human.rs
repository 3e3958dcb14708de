//! Numbers as people read them.

/// Three digits and a binary unit.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut scaled = value as f64;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    match unit {
        0 => format!("{value} {name}"),
        _ if scaled < 9.995 => format!("{scaled:.2} {name}"),
        _ if scaled < 99.95 => format!("{scaled:.1} {name}"),
        _ => format!("{scaled:.0} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let shown: Vec<String> = [
            0,
            999,
            1_000,
            1_023 * 1_024,
            10 << 20,
            1_536 << 20,
            u64::MAX,
        ]
        .map(bytes)
        .into();
        assert_eq!(
            shown,
            [
                "0 B",
                "999 B",
                "0.98 KiB",
                "1.00 MiB",
                "10.0 MiB",
                "1.50 GiB",
                "16384 PiB"
            ]
        );
    }
}
