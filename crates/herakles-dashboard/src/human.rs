//! Numbers as people read them.

use std::fmt::Write as _;
use std::time::Duration;

/// Three digits and a binary unit.
///
/// ```
/// assert_eq!(herakles_dashboard::human::bytes(12_750 << 20), "12.5 GiB");
/// ```
pub fn bytes(value: u64) -> String {
    let mut text = String::with_capacity(8);
    push_bytes(&mut text, value);
    text
}

/// The same, appended. In whole numbers: writing a float exactly takes many times as long, and a
/// page has tens of thousands of sizes.
pub(crate) fn push_bytes(out: &mut String, value: u64) {
    const UNITS: [&str; 6] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB"];
    let value = u128::from(value);
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while 2 * value >= 1999 << (10 * unit) && unit + 1 < UNITS.len() {
        unit += 1;
    }
    let scale = 10 * unit;
    let decimals = match unit {
        0 => 0,
        _ if 1000 * value < 9995 << scale => 2,
        _ if 100 * value < 9995 << scale => 1,
        _ => 0,
    };
    // Halves go to the even neighbour, as floats are rounded.
    let scaled = value * [1, 10, 100].get(decimals).unwrap_or(&1);
    let (whole, rest, half) = (
        scaled >> scale,
        scaled & ((1 << scale) - 1),
        (1 << scale) / 2,
    );
    let up = rest > half || (rest == half && rest > 0 && whole % 2 == 1);
    let digits = u32::try_from(whole).unwrap_or(u32::MAX) + u32::from(up);
    let _ = match decimals {
        2 => write!(out, "{}.{:02}", digits / 100, digits % 100),
        1 => write!(out, "{}.{}", digits / 10, digits % 10),
        _ => write!(out, "{digits}"),
    };
    out.push_str(UNITS.get(unit).copied().unwrap_or(" B"));
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
    let mut text = String::with_capacity(8);
    push_span(&mut text, duration);
    text
}

/// The same, appended.
pub(crate) fn push_span(out: &mut String, duration: Duration) {
    let seconds = duration.as_secs();
    let (value, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    let _ = write!(out, "{value} {unit}");
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
    use proptest::prelude::*;

    use super::*;

    /// As the standard library rounds.
    fn by_float(value: u64) -> String {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        let (mut scaled, mut unit) = (value as f64, 0);
        while scaled >= 999.5 && unit + 1 < UNITS.len() {
            scaled /= 1024.0;
            unit += 1;
        }
        let name = UNITS[unit];
        match unit {
            0 => format!("{value} {name}"),
            _ if scaled < 9.995 => format!("{scaled:.2} {name}"),
            _ if scaled < 99.95 => format!("{scaled:.1} {name}"),
            _ => format!("{scaled:.0} {name}"),
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_round_as_floats_do(bits in 0..53_u32, value: u64, eighths in 0..80_000_u64) {
            // Those that a float can hold; the second are often in the middle.
            for value in [value >> (63 - bits), eighths << 7, eighths << 17] {
                prop_assert_eq!(bytes(value), by_float(value));
            }
        }
    }

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
