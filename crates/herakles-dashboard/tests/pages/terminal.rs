//! The table for terminals.

use std::collections::HashMap;

use herakles_dashboard::{Colour, Order, ProcessText, Screen, Terminal};
use herakles_metrics::Snapshot;

use crate::population::{MIB, Made, Rights, fleet, snapshot};

fn screen(width: usize, height: Option<usize>) -> Screen {
    Screen {
        width,
        height,
        colour: Colour::None,
    }
}

fn table<'a>(snapshot: &'a Snapshot, identities: &'a HashMap<u32, ProcessText>) -> Terminal<'a> {
    Terminal {
        snapshot,
        texts: identities,
        order: Order::Uss,
        top: None,
        group: None,
        subgroup: None,
    }
}

/// The width of a text on a terminal that gives wide characters two columns; the only ones here
/// are those of `日本`.
fn width(line: &str) -> usize {
    line.chars()
        .map(|c| {
            if ('\u{3000}'..'\u{a000}').contains(&c) {
                2
            } else {
                1
            }
        })
        .sum()
}

fn generic(pid: u32, name: &str, mib: u64) -> Made {
    let group = if name == "python3" {
        "runtime"
    } else {
        "other"
    };
    let subgroup = if name == "python3" { "python" } else { "other" };
    Made {
        class: (group.to_owned(), subgroup.to_owned()),
        name: name.into(),
        pid,
        pss_bytes: mib * MIB,
        script: None,
    }
}

#[test]
fn a_table_fits_any_terminal() {
    let mut made = fleet(1000);
    made.extend((1..30).map(|pid| generic(pid, "日本語日本語", 50)));
    let snapshot = snapshot(&made, Rights::All);
    let line = "日本 --with a very long command line ".repeat(20);
    let identity = ProcessText {
        user: Some("postgres".to_owned()),
        cmdline: Some(line),
        unit: Some("a-unit-of-some-length.service".to_owned()),
        ..ProcessText::default()
    };
    let identities = (0..3000).map(|pid| (pid, identity.clone())).collect();
    for columns in [20, 40, 80, 120, 200, 300] {
        for rows in [24, 40, 60] {
            let text = table(&snapshot, &identities).render(screen(columns, Some(rows)));
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            // The last line is for the prompt.
            let used = text.lines().count();
            assert!(
                columns < 80 || (used < rows && used + 4 > rows),
                "{columns}x{rows}: {used}"
            );
        }
    }
}

#[test]
fn a_sentence_below_the_table_pushes_nothing_out() {
    let snapshot = snapshot(&fleet(1000), Rights::All);
    let identities = HashMap::new();
    for (sentence, lines) in [
        ("", 0),
        ("x\n", 1),
        (&*"x".repeat(80), 1),
        (&"x".repeat(81), 2),
        ("日本\nx\n", 2),
        (&"日".repeat(41), 2),
    ] {
        let screen = screen(80, Some(40)).above(sentence);
        assert_eq!(screen.height, Some(40 - lines), "{sentence}");
        let used = table(&snapshot, &identities).render(screen).lines().count();
        assert!(used + lines < 40, "{used}");
    }
    assert_eq!(screen(80, None).above("x").height, None);
}

#[test]
fn wider_terminals_show_more_columns() {
    let snapshot = snapshot(&fleet(30), Rights::All);
    let identity = ProcessText {
        user: Some("postgres".to_owned()),
        cmdline: Some("db-0 --port 5432 --data /srv/data --log /srv/log".to_owned()),
        unit: Some("postgresql.service".to_owned()),
        ..ProcessText::default()
    };
    let identities = (1000..1030).map(|pid| (pid, identity.clone())).collect();
    let heading = |columns| {
        let text = table(&snapshot, &identities).render(screen(columns, None));
        let heading = text.lines().find(|line| line.starts_with("NAME")).unwrap();
        heading
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(heading(80), "NAME PID USER USS PSS RSS CPU SUBGROUP");
    assert!(
        heading(120).contains("USER") && heading(120).contains("RUNS"),
        "{}",
        heading(120)
    );
    assert_eq!(
        heading(200),
        "NAME PID USER USS PSS RSS SWAP CPU AGE SUBGROUP UNIT RUNS"
    );
}

#[test]
fn what_nobody_knows_is_told_apart_by_name_and_script() {
    let mut made: Vec<Made> = (1..=600).map(|pid| generic(pid, "sleep", 1)).collect();
    made.extend((601..=700).map(|pid| generic(pid, "backup", 8)));
    made.extend((701..=710).map(|pid| Made {
        script: Some(if pid < 704 { "report.py" } else { "worker.py" }),
        ..generic(pid, "python3", 20)
    }));
    let snapshot = snapshot(&made, Rights::All);
    let identities = HashMap::new();
    let text = table(&snapshot, &identities).render(screen(120, Some(50)));
    let names: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| {
            line.split_whitespace()
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert!(names[0].starts_with("backup 100 █"), "{text}");
    assert!(names[1].starts_with("sleep 600 █"), "{text}");
    assert_eq!(names[2], "python3 worker.py 7", "{text}");
    assert_eq!(names[3], "python3 report.py 3", "{text}");
    // On a low screen all subgroups are worth more than the names in one.
    let low = table(&snapshot, &identities).render(screen(120, Some(14)));
    assert!(
        low.contains("other/other") && low.contains("runtime/python"),
        "{low}"
    );
}

#[test]
fn the_table_is_sorted_bounded_and_filtered_as_asked() {
    let snapshot = snapshot(&fleet(100), Rights::All);
    let none = HashMap::new();
    let pids = |table: Terminal<'_>| -> Vec<u32> {
        let text = table.render(screen(120, None));
        let rows = text
            .lines()
            .skip_while(|line| !line.starts_with("NAME"))
            .skip(1);
        let rows = rows.filter(|line| !line.starts_with('…'));
        rows.filter_map(|line| line.split_whitespace().nth(1)?.parse().ok())
            .collect()
    };
    let by = |order, top| Terminal {
        order,
        top,
        ..table(&snapshot, &none)
    };
    assert_eq!(pids(by(Order::Uss, Some(3))), [1000, 1001, 1002]);
    assert_eq!(pids(by(Order::Age, Some(2))), [1099, 1098]);
    assert_eq!(pids(by(Order::Uss, None)).len(), 20);
    let group = Terminal {
        group: Some("db"),
        ..table(&snapshot, &none)
    };
    assert_eq!(pids(group), [1000, 1015, 1030, 1045, 1060, 1075, 1090]);
    let subgroup = Terminal {
        subgroup: Some("db/db-0"),
        ..table(&snapshot, &none)
    };
    assert_eq!(pids(subgroup), [1000, 1060]);
    let foreign = Terminal {
        subgroup: Some("web/db-0"),
        ..table(&snapshot, &none)
    };
    assert!(pids(foreign).is_empty());
}

#[test]
fn colour_is_where_it_is_wanted_and_nowhere_else() {
    let snapshot = snapshot(&fleet(10), Rights::All);
    let none = HashMap::new();
    let plain = table(&snapshot, &none).render(screen(80, None));
    assert!(!plain.contains('\u{1b}'));
    let ansi = Screen {
        colour: Colour::Ansi,
        ..screen(80, None)
    };
    let coloured = table(&snapshot, &none).render(ansi);
    assert!(coloured.contains("\u{1b}[1mNAME"));
    // The same text between the sequences.
    let stripped: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(index, part)| {
            if index == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            }
        })
        .collect();
    assert_eq!(stripped, plain);
}

#[test]
fn the_host_bar_is_as_wide_as_the_terminal_and_names_its_parts() {
    let snapshot = snapshot(&fleet(10), Rights::None);
    let none = HashMap::new();
    let text = table(&snapshot, &none).render(screen(80, None));
    assert!(
        text.starts_with("44.0 GiB of 64.0 GiB in use · 10 processes"),
        "{text}"
    );
    let bar = text.lines().find(|line| line.starts_with('█')).unwrap();
    assert_eq!(width(bar), 80);
    // Anonymous memory is 30 of 64 GiB.
    assert_eq!(bar.matches('█').count(), 38);
    assert!(
        text.contains("█ processes 30.0 GiB") && text.contains("· free 4.00 GiB"),
        "{text}"
    );
}

#[test]
fn a_name_that_nobody_has_is_answered_with_those_that_there_are() {
    let snapshot = snapshot(&fleet(10), Rights::All);
    let none = HashMap::new();
    let told = |group, subgroup| {
        let table = Terminal {
            group,
            subgroup,
            ..table(&snapshot, &none)
        };
        table.render(screen(60, None))
    };
    let text = told(Some("dbs"), None);
    assert!(
        text.contains("No process is in group \"dbs\" now.\nThere are: ai, "),
        "{text}"
    );
    assert!(!text.contains("NAME") && !text.contains("PROCS"), "{text}");
    let text = told(Some("db"), Some("db-7"));
    assert!(
        text.contains("in group \"db\" and subgroup \"db-7\" now."),
        "{text}"
    );
    assert!(
        text.contains("There are: ") && text.contains("db/db-0"),
        "{text}"
    );
    assert!(text.lines().all(|line| width(line) <= 60), "{text}");
}

#[test]
fn one_is_no_plural_and_no_line_tells_of_one_more_name() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let made: Vec<Made> = names
        .iter()
        .zip(1..)
        .map(|(name, pid)| generic(pid, name, 9))
        .collect();
    let none = HashMap::new();
    let snapshot = snapshot(&made, Rights::All);
    let text = table(&snapshot, &none).render(screen(120, None));
    assert!(
        text.contains("6 processes in 1 subgroup ·")
            || text.contains("6 processes in 1 subgroup\n"),
        "{text}"
    );
    assert!(!text.contains("more name"), "{text}");
    let five = Terminal {
        top: Some(5),
        ..table(&snapshot, &none)
    };
    let text = five.render(screen(120, None));
    assert!(text.contains("… 1 more process\n"), "{text}");
}

#[test]
fn names_of_the_unknown_are_sorted_like_their_subgroups() {
    let mut made: Vec<Made> = (1..=8).map(|pid| generic(pid, "many", 1)).collect();
    made.push(generic(9, "big", 500));
    let snapshot = snapshot(&made, Rights::All);
    let none = HashMap::new();
    let first = |order| {
        let table = Terminal {
            order,
            ..table(&snapshot, &none)
        };
        let text = table.render(screen(120, None));
        let name = text.lines().find_map(|line| line.strip_prefix("  "));
        name.unwrap().split(' ').next().unwrap().to_owned()
    };
    // Each process uses a quarter of a core.
    assert_eq!(first(Order::Cpu), "many");
    assert_eq!(first(Order::Uss), "big");
    assert_eq!(first(Order::Pss), "big");
}
