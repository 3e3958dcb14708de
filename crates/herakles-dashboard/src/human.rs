//! Numbers as people read them.

use std::time::Duration;

/// Three digits and a binary unit.
///
/// ```
/// assert_eq!(herakles_dashboard::human::bytes(12_750 << 20), "12.5 GiB");
/// ```
pub fn bytes(value: u64) -> String {
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

/// The same of what may not be known: an en dash then.
pub fn bytes_or_dash(value: Option<u64>) -> String {
    value.map_or_else(|| "–".to_owned(), bytes)
}

/// Cores with two decimals; an en dash where they are not known.
pub fn cores_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}

/// A time span in its largest unit: `12 s`, `3 min`, `5 h`, `41 d`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A share in percent: whole from 1 % on, one decimal below, and no less than that.
pub fn percent(part: f64, whole: f64) -> String {
    let percent = if whole > 0.0 {
        100.0 * part / whole
    } else {
        0.0
    };
    if percent >= 1.0 || percent == 0.0 {
        format!("{percent:.0} %")
    } else if percent < 0.05 {
        "< 0.1 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

/// So many of something, in the word for one or for many.
pub(crate) fn counted(count: u64, (one, many): (&str, &str)) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(crate) const PROCESSES: (&str, &str) = ("process", "processes");
pub(crate) const SUBGROUPS: (&str, &str) = ("subgroup", "subgroups");

/// The time of day, in UTC, of Unix seconds.
pub(crate) fn time_of_day(unix_seconds: f64) -> String {
    let seconds = unix_seconds.max(0.0) as u64 % 86_400;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let sizes = [
            0,
            999,
            1_000,
            1_023 * 1_024,
            10 << 20,
            1_536 << 20,
            u64::MAX,
        ];
        assert_eq!(
            sizes.map(bytes),
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

    #[test]
    fn spans_have_one_unit() {
        let spans = [0, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map(Duration::from_secs);
        assert_eq!(
            spans.map(span),
            ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]
        );
    }

    #[test]
    fn shares_below_one_percent_keep_a_digit() {
        assert_eq!(percent(27.4, 100.0), "27 %");
        assert_eq!(percent(0.24, 100.0), "0.2 %");
        assert_eq!(percent(0.04, 100.0), "< 0.1 %");
        assert_eq!(percent(1.0, 0.0), "0 %");
    }

    #[test]
    fn a_time_of_day_is_in_utc() {
        assert_eq!(time_of_day(1_763_000_003.9), "02:13:23 UTC");
    }
}
