//! What `docs/cgroups.md` says of `/proc/PID/cgroup`, and what tells nothing.

use super::{container, pod, shows_foreign_cgroups, slice, unit};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cgroups.md");
    std::fs::read_to_string(path).unwrap()
}

/// The cells of the rows of a table with so many columns, without the marks of code.
fn rows<const COLUMNS: usize>(page: &str) -> Vec<[String; COLUMNS]> {
    let cells = |line: &str| -> Option<[String; COLUMNS]> {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<String> = line
            .split(" | ")
            .map(|cell| cell.replace('`', ""))
            .collect();
        cells.try_into().ok()
    };
    page.lines().filter_map(cells).collect()
}

fn is_heading<const COLUMNS: usize>(row: &[String; COLUMNS]) -> bool {
    matches!(row[0].as_str(), "what" | "short")
}

fn says(found: Option<&[u8]>) -> String {
    found.map_or_else(
        || "-".to_owned(),
        |found| String::from_utf8_lossy(found).into(),
    )
}

#[test]
fn every_shape_of_the_page_is_read_as_it_says() {
    let page = page();
    let mut ids = rows::<2>(&page);
    ids.retain(|row| !is_heading(row));
    // The longer names first: UID_ holds UID.
    ids.sort_by_key(|[short, _]| std::cmp::Reverse(short.len()));
    let in_full = |text: &str| {
        let ids = ids.iter();
        ids.fold(text.to_owned(), |text, [short, id]| text.replace(short, id))
    };
    let mut seen = 0;
    for row in rows::<7>(&page).iter().filter(|row| !is_heading(row)) {
        let [what, version, text, expected @ ..] = row;
        let text = in_full(&text.replace("<br>", "\n")) + "\n";
        let text = text.as_bytes();
        let found = [
            says(container(text).as_deref()),
            says(pod(text).as_deref()),
            says(unit(text)),
            says(slice(text)),
        ];
        let expected = expected.each_ref().map(|cell| in_full(cell));
        assert_eq!(found, expected, "{what}, {version}");
        seen += 1;
    }
    assert!(seen >= 50, "only {seen} shapes found");
}

#[test]
fn what_tells_nothing() {
    let long = format!("0::/x/{}\n", "z".repeat(64));
    let ecs = format!("0::/{}-12345678901\n", "0".repeat(32));
    for text in [
        "",
        "\n",
        "0::/\n",
        "garbage",
        "0:",
        "::",
        "0::/.service/.slice\n",
        "0::/docker/4f2c9e1b\n",
        "0::/podcast/pod-of-whales\n",
        "0::/kubepods\n",
        "0::/lxc\n",
        "0::/lxc.payload.\n",
        "0::/lxc/\n",
        "0::/mesos\n",
        "0::/mesos/leaf\n",
        "0::/mesos/0b9c1c52-7a4e-4d0e-9d3f\n",
        "0::/backup/0b9c1c52-7a4e-4d0e-9d3f-5c3f9d3b8a11\n",
        "0::/mesos/0b9c1c52x7a4e-4d0e-9d3f-5c3f9d3b8a11\n",
        &long,
        &ecs,
    ] {
        let text = text.as_bytes();
        assert_eq!(container(text), None);
        assert_eq!(pod(text), None);
        assert_eq!(unit(text), None);
        assert_eq!(slice(text), None);
    }
}

#[test]
fn a_view_from_another_namespace_is_known() {
    for (text, expected) in [
        ("0::/..\n", true),
        ("0::/../../init.scope\n", true),
        ("4:memory:/\n1:name=systemd:/../init.scope\n", true),
        ("0::/\n", false),
        ("0::/..data\n", false),
        ("0::/a/../b\n", false),
        ("", false),
    ] {
        assert_eq!(shows_foreign_cgroups(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn escapes_of_unit_names_are_undone() {
    for (name, expected) in [
        (r"a\x2db", "a-b"),
        (r"\x2d\x2d", "--"),
        (r"a\x2", r"a\x2"),
        (r"a\", r"a\"),
        (r"a\xzz", r"a\xzz"),
        (r"my\x2fweb", r"my\x2fweb"),
        ("plain", "plain"),
    ] {
        assert_eq!(&*super::unescaped(name.as_bytes()), expected.as_bytes());
    }
}
