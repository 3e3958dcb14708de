//! Colours of groups: the classes of the style sheet.

/// `c1` … `c8`, and `c0` for what is unknown.
const CLASSES: [&str; 9] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];

/// The groups of the built-in rules, so that the common ones are kept apart.
const GROUPS: [(&str, usize); 32] = [
    ("other", 0),
    ("db", 1),
    ("web", 2),
    ("runtime", 3),
    ("container", 4),
    ("ai", 5),
    ("monitoring", 6),
    ("messaging", 7),
    ("system", 8),
    ("network", 1),
    ("storage", 4),
    ("security", 7),
    ("cicd", 3),
    ("devtools", 2),
    ("desktop", 6),
    ("browser", 1),
    ("backup", 8),
    ("bigdata", 5),
    ("mail", 2),
    ("logging", 6),
    ("jobs", 3),
    ("virtualization", 4),
    ("media", 5),
    ("iot", 8),
    ("cache", 7),
    ("apps", 1),
    ("voip", 2),
    ("cluster", 4),
    ("erp", 5),
    ("games", 7),
    ("audio", 5),
    ("sync", 3),
];

/// The class of a group; one that is not known has one by its name, so that it keeps it from page
/// to page.
pub(crate) fn of_group(group: &str) -> &'static str {
    let known = GROUPS.iter().find(|(name, _)| *name == group);
    let by_name = || {
        let hash = |hash: usize, byte: u8| (hash * 31 + usize::from(byte)) % 8191;
        1 + group.bytes().fold(7, hash) % 8
    };
    let index = known.map_or_else(by_name, |(_, index)| *index);
    CLASSES.get(index).copied().unwrap_or("c0")
}
