//! Names in messages: as somebody wrote them, and what was probably meant.

/// The one of `names` that `name` was most likely meant to be, if any is close enough to say so:
/// a few letters away, or what is left of a longer word (`warning` is `warn`).
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const ABBREVIATED: usize = 3;
    let letters = |text: &str| text.chars().count();
    let close_enough = (letters(name) / 3).clamp(1, 3);
    names
        .into_iter()
        .filter_map(|candidate| {
            let shorter = letters(name).min(letters(candidate));
            let begins = name.starts_with(candidate) || candidate.starts_with(name);
            let distance = strsim::damerau_levenshtein(name, candidate);
            let close = distance <= close_enough || (begins && shorter >= ABBREVIATED);
            close.then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean X?` or nothing.
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// Foreign text for a message: in backquotes, control characters escaped, cut to a readable length.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::from("`");
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_shown_on_one_line_and_short() {
        assert_eq!(quoted("a\nb\u{1b}[2J"), "`a\\nb\\u{1b}[2J`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 83);
    }

    #[test]
    fn nearest_is_near() {
        let names = ["cache_ttl", "parallelism", "memory"];
        assert_eq!(nearest("cache_tll", names), Some("cache_ttl"));
        assert_eq!(nearest("paralelism", names), Some("parallelism"));
        assert_eq!(nearest("bananas", names), None);
        let levels = ["error", "warn", "info", "debug", "trace"];
        assert_eq!(nearest("warning", levels), Some("warn"));
        assert_eq!(nearest("err", levels), Some("error"));
        assert_eq!(nearest("in", levels), None);
    }
}
