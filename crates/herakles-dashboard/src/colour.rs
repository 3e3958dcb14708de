//! Colours of groups: the classes of the style sheet.

/// `c1` … `c8`, and `c0` for what is unknown.
const CLASSES: [&str; 9] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];

/// The class of a group. The common ones are kept apart; any other has one by its name, so that
/// it keeps it from page to page.
pub(crate) fn of_group(group: &str) -> &'static str {
    let index = match group {
        "other" => 0,
        "db" => 1,
        "web" => 2,
        "runtime" => 3,
        "container" => 4,
        "ai" => 5,
        "monitoring" => 6,
        "messaging" => 7,
        "system" => 8,
        _ => {
            1 + group
                .bytes()
                .fold(7_usize, |hash, byte| (hash * 31 + usize::from(byte)) % 8191)
                % 8
        }
    };
    CLASSES.get(index).copied().unwrap_or("c0")
}
