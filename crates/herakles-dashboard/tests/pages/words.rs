//! What tables say of their order, what of them a phone shows, and how pages are written.

use std::fmt::Write as _;

use herakles_dashboard::{ProcessDetails, Query};

use crate::population::{Rights, fleet, snapshot};
use crate::{overview, shown};

#[test]
fn each_ranking_says_by_which_size() {
    let headings = |rights, query: &str| -> Vec<String> {
        let page = overview(&snapshot(&fleet(50), rights), query);
        let parts = page.split("<h2>").skip(1);
        parts
            .map(|part| part.split("</h2>").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        headings(Rights::All, ""),
        [
            "Where the memory is, by PSS",
            "Subgroups, biggest PSS first",
            "Processes, biggest USS first"
        ]
    );
    assert_eq!(
        headings(Rights::None, ""),
        [
            "Where the memory is, by RSS",
            "Subgroups, biggest RSS first",
            "Processes, biggest RSS first"
        ]
    );
    // The exporter may read itself and little else.
    let few = snapshot(&fleet(50), Rights::One);
    let page = overview(&few, "");
    assert!(
        page.contains("<h2>Where the memory is, by RSS</h2>"),
        "{page}"
    );
    assert!(
        page.contains("Most RSS: <a") && page.contains("biggest RSS first"),
        "{page}"
    );
    assert!(
        page.contains("Where PSS is not known, RSS counts"),
        "{page}"
    );
    for (query, words) in [
        ("sort=pss", "biggest PSS first"),
        ("sort=rss", "biggest RSS first"),
        ("sort=swap", "most swapped first"),
        ("sort=cpu", "most CPU first"),
        ("sort=age", "oldest first"),
    ] {
        let last = headings(Rights::All, query).pop();
        assert_eq!(last, Some(format!("Processes, {words}")));
    }
    let all = snapshot(&fleet(50), Rights::All);
    let (its, process) = shown(&all, |view| {
        let details = ProcessDetails::default();
        let subgroup = view.subgroup("db", "db-0", &[], &Query::default());
        let process = view.process(1000, &details);
        (subgroup.unwrap().to_string(), process.unwrap().to_string())
    });
    assert!(its.contains("holds <b>3.91 GiB</b> PSS ("), "{its}");
    assert!(its.contains("<h2>Members, biggest USS first</h2>"), "{its}");
    assert!(process.contains("holds <b>3.91 GiB</b> PSS ("), "{process}");
    let answer = overview(&all, "");
    assert!(answer.contains("is in use. Most PSS: <a"), "{answer}");
}

#[test]
fn a_page_comes_in_small_pieces() {
    struct Longest(usize);
    impl std::fmt::Write for Longest {
        fn write_str(&mut self, piece: &str) -> std::fmt::Result {
            self.0 = self.0.max(piece.len());
            Ok(())
        }
    }
    let longest = |processes| {
        let mut longest = Longest(0);
        shown(&snapshot(&fleet(processes), Rights::All), |view| {
            let page = view.overview(&Query::parse("processes=all"));
            write!(longest, "{page}").unwrap();
        });
        longest.0
    };
    let (some, many) = (longest(500), longest(5000));
    assert!(many < 100_000 && many < some * 2, "{some} and {many}");
}

/// A phone hides columns of class `y` and `w`; `y5` of a table is its fifth from the end.
#[test]
fn a_phone_shows_the_sizes_that_are_known() {
    let cells = |page: &str, section: &str| -> Vec<String> {
        let (_, section) = page
            .split_once(&format!("<section id=\"{section}\">"))
            .unwrap();
        let (head, row) = section.split_once("<tbody><tr").unwrap();
        let (row, _) = row.split_once("</tr>").unwrap();
        let table = head.split("<table class=\"").nth(1);
        let table: Vec<&str> = table.map_or(Vec::new(), |it| {
            it.split('"').next().unwrap().split(' ').collect()
        });
        let cells: Vec<&str> = row.split("<td").skip(1).collect();
        let shown = cells.iter().rev().zip(1..).filter_map(|(cell, place)| {
            let (class, text) = cell.split_once("</td>")?.0.split_once('>')?;
            let by_place = |look: &str| table.contains(&&*format!("{look}{place}"));
            let is_sample = table.contains(&"t") && place == 1;
            let is_hidden = class.contains(['x', 'y', 'w']) || by_place("y") || by_place("w");
            (!is_hidden && !is_sample).then(|| text.to_owned())
        });
        shown.collect()
    };
    for (rights, query, size) in [
        (Rights::All, "", "2.93 GiB"),
        (Rights::None, "", "3.91 GiB"),
        (Rights::None, "sort=pss", "3.91 GiB"),
        (Rights::None, "sort=cpu", "3.91 GiB"),
    ] {
        let page = overview(&snapshot(&fleet(50), rights), query);
        let processes = cells(&page, "processes");
        assert!(processes.iter().any(|cell| cell == size), "{processes:?}");
        for section in ["subgroups", "processes"] {
            let cells = cells(&page, section);
            assert!(cells.iter().all(|cell| cell != "–"), "{cells:?}");
        }
    }
}
