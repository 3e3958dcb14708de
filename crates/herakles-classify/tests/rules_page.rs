//! What `docs/rules.md` says: its rules load, and do to its processes what its tables claim.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use herakles_classify::{ClassTable, Classifier, Facts, Inheritance, Rules};

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules.md");
    std::fs::read_to_string(path).unwrap()
}

/// The rules of each ```` ```toml ```` block, with the text up to the next one.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("```toml\n")
        .skip(1)
        .map(|block| block.split_once("```").unwrap())
}

/// The cells of the table rows that name a class.
fn processes(text: &str) -> impl Iterator<Item = [&str; 4]> {
    text.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .strip_prefix("| `")?
            .strip_suffix(" |")?
            .split('|')
            .map(str::trim)
            .collect();
        cells.try_into().ok()
    })
}

/// What stands between backquotes after `label`.
fn quoted<'c>(cell: &'c str, label: &str) -> Option<&'c str> {
    let (_, after) = cell.split_once(&format!("{label} `"))?;
    after.split('`').next()
}

fn class(classifier: &Classifier, [name, cmdline, further, _]: [&str; 4]) -> String {
    let cmdline = cmdline.trim_matches('`').replace(' ', "\0") + "\0";
    let cgroup = quoted(further, "cgroup").map(|path| format!("0::{path}\n"));
    let classification = classifier.classify(&Facts {
        comm: name.trim_matches('`').as_bytes(),
        cmdline: Some(cmdline.as_bytes()),
        exe: quoted(further, "exe").map(str::as_bytes),
        cgroup: cgroup.as_deref().map(str::as_bytes),
        user: quoted(further, "user"),
        parent_comm: quoted(further, "parent").map(str::as_bytes),
    });
    let mut table = ClassTable::new();
    // The row says whose child it is where that matters.
    let child_of = quoted(further, "child of").map_or(Inheritance::NONE, |comm| {
        let parent = classifier.classify(&Facts {
            comm: comm.as_bytes(),
            ..Facts::default()
        });
        table.place(&parent, &Inheritance::NONE).inheritance
    });
    let placement = table.place(&classification, &child_of);
    table.class(placement.class).to_string()
}

#[test]
fn its_rules_do_what_its_tables_say() {
    let page = page();
    let builtin = Rules::builtin();
    let mut seen = 0;
    for (text, after) in blocks(&page) {
        let mut rules = Rules::parse(text, "docs/rules.md").unwrap();
        assert_eq!(rules.lint(), [], "{text}");
        rules.append(builtin.clone());
        let classifier = Classifier::new(rules);
        for process in processes(after) {
            let expected = process[3].trim_matches('`');
            assert_eq!(class(&classifier, process), expected, "{process:?}");
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} rows of processes found");
}
