//! The pages of made-up hosts, as text; how they look is tested in a browser.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod lines;
mod population;
mod terminal;
mod words;

use std::time::{Duration, Instant};

use herakles_dashboard::{
    AncestorLink, History, PagePath, ProcessDetails, Query, Rights as MayRead, RuleLine, View,
};
use herakles_metrics::Snapshot;
use herakles_metrics::exporter::{ExporterStatus, Reload};
use population::{MIB, Made, Rights, fleet, snapshot};

fn shown<T>(snapshot: &Snapshot, with: impl FnOnce(&View<'_>) -> T) -> T {
    let history = History::new(Duration::from_secs(3600));
    with(&view(snapshot, &history, &ExporterStatus::default()))
}

fn view<'a>(
    snapshot: &'a Snapshot,
    history: &'a History,
    exporter: &'a ExporterStatus,
) -> View<'a> {
    View {
        snapshot,
        history,
        exporter,
        host_name: "db-17",
        links: &[],
        refresh_every: Duration::from_secs(30),
        unhealthy: None,
        rights: MayRead::Full,
    }
}

fn overview(snapshot: &Snapshot, query: &str) -> String {
    shown(snapshot, |view| {
        view.overview(&Query::parse(query)).to_string()
    })
}

/// The pids that the table of processes shows, in its order.
fn pids(page: &str) -> Vec<u32> {
    let links = page.split("href=\"/process/").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn the_answer_names_what_is_in_use_and_who_has_most_of_it() {
    let page = overview(&snapshot(&fleet(50), Rights::All), "");
    let answer = page
        .split("<p class=\"answer\">")
        .nth(1)
        .unwrap()
        .split("</p>")
        .next()
        .unwrap();
    assert!(
        answer.contains("<b>44.0 GiB</b> of 64.0 GiB is in use."),
        "{answer}"
    );
    assert!(
        answer.contains(
            "<bdi>db/<wbr>db-0</bdi></a> <b>3.91 GiB</b> <span class=\"unbroken\">(6 %)</span>"
        ),
        "{answer}"
    );
    assert_eq!(answer.matches("<a ").count(), 3);
}

#[test]
fn a_page_of_5000_processes_is_small() {
    let snapshot = snapshot(&fleet(5000), Rights::All);
    let mut history = History::new(Duration::from_secs(3600));
    let begin = Instant::now();
    for tick in 0..40 {
        history.record(&snapshot, begin + Duration::from_secs(30) * tick);
    }
    let exporter = ExporterStatus::default();
    let view = view(&snapshot, &history, &exporter);
    let page = view.overview(&Query::default()).to_string();
    assert!(page.len() < 80_000, "{}", page.len());
    assert_eq!(pids(&page).len(), 50);
    assert!(page.contains("50 of 5000 processes"));
    let all = overview(&snapshot, "processes=all");
    assert_eq!(pids(&all).len(), 5000);
}

#[test]
fn processes_are_sorted_and_filtered_as_asked() {
    let snapshot = snapshot(&fleet(60), Rights::All);
    let oldest_first = overview(&snapshot, "sort=age");
    assert_eq!(pids(&oldest_first).first(), Some(&1059));
    assert_eq!(pids(&overview(&snapshot, "sort=uss")).first(), Some(&1000));
    assert_eq!(pids(&overview(&snapshot, "q=1042")), [1042]);
    assert_eq!(pids(&overview(&snapshot, "q=DB/db-0&sort=rss")), [1000]);
    assert_eq!(
        pids(&overview(&snapshot, "q=DB/&sort=rss")),
        [1000, 1015, 1030, 1045]
    );
}

#[test]
fn without_rights_sizes_are_rss_and_the_page_says_so() {
    let page = overview(&snapshot(&fleet(50), Rights::None), "");
    assert!(page.contains("Sizes are RSS, in which shared pages count"));
    assert!(page.contains("db/db-0: "));
    assert!(!overview(&snapshot(&fleet(50), Rights::All), "").contains("Sizes are RSS"));

    let (snapshot, history) = (
        snapshot(&fleet(50), Rights::None),
        History::new(Duration::ZERO),
    );
    let exporter = ExporterStatus::default();
    let mut view = view(&snapshot, &history, &exporter);
    let page = view.overview(&Query::default()).to_string();
    assert!(!page.contains("CAP_SYS_PTRACE"));
    view.rights = MayRead::Lacking;
    let page = view.overview(&Query::default()).to_string();
    assert!(
        page.contains("PSS and USS are missing for 50 of 50 processes"),
        "{page}"
    );
}

#[test]
fn the_page_of_a_subgroup_repeats_its_name_in_no_row() {
    let snapshot = snapshot(&fleet(50), Rights::All);
    let page = shown(&snapshot, |view| {
        let page = view.subgroup("db", "db-0", &[], &Query::default());
        page.unwrap().to_string()
    });
    assert!(
        !page.contains("<th class=\"w\" scope=\"col\">Subgroup"),
        "{page}"
    );
    assert!(!page.contains("href=\"/subgroup/db/db-0\""), "{page}");
    // Without a history there is nothing that it reaches back for.
    assert!(
        page.contains("<h2>Figures</h2>") && !page.contains("Last 0 s"),
        "{page}"
    );
}

#[test]
fn a_host_without_processes_has_a_page() {
    let page = overview(&snapshot(&[], Rights::All), "");
    assert!(page.contains("No process has memory to show."));
    assert!(page.contains("0 of 0 processes"));
}

#[test]
fn what_processes_call_themselves_stays_text() {
    let names: [&[u8]; 5] = [
        b"<script>alert(1)",
        b"\"onload='x'&<b>",
        "\u{202e}exe.cod".as_bytes(),
        b"\xff\x1b[31m\0",
        "日本語 مرحبا".as_bytes(),
    ];
    let hostile: Vec<Made> = (1..)
        .zip(names)
        .map(|(pid, name)| Made {
            class: ("a</title>b".to_owned(), format!("<i>/%{pid} ")),
            name: name.to_vec(),
            pid,
            pss_bytes: 100 * MIB,
            script: Some("<u>\"onload"),
        })
        .collect();
    let snapshot = snapshot(&hostile, Rights::All);
    let group = "a</title>b";
    let mut pages = vec![overview(&snapshot, "q=%3Cscript%3E%22%27")];
    pages.push(overview(&snapshot, ""));
    let rule = RuleLine {
        origin: "<u>".to_owned(),
        patterns: "<u>&amp;".to_owned(),
        processes: Some(1),
    };
    let details = ProcessDetails {
        ancestors: vec![AncestorLink {
            pid: 1,
            name: "<u>".to_owned(),
        }],
        facts: vec![("user", "<u>".to_owned())],
        explanation: "</pre><u>".to_owned(),
    };
    pages.push(shown(&snapshot, |view| {
        let page = view.subgroup(group, "<i>/%1 ", &[rule], &Query::default());
        page.unwrap().to_string()
    }));
    pages.push(shown(&snapshot, |view| {
        view.process(1, &details).unwrap().to_string()
    }));
    for page in pages {
        assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
        for tag in ["<script>", "<i>", "<u>", "\"onload", "</title>b"] {
            assert!(!page.contains(tag), "{tag}");
        }
        // Nothing that a strict policy forbids.
        assert!(
            !page.contains(" style=") && !page.contains("<style"),
            "inline style"
        );
        assert!(!page.contains(" onclick") && !page.contains("javascript:"));
        let tags = page.split('<').map(|tag| tag.split('>').next().unwrap());
        assert!(
            tags.map(|tag| tag.matches(" class=").count())
                .all(|classes| classes < 2)
        );
    }
}

#[test]
fn links_lead_to_the_pages_they_name() {
    let odd = Made {
        class: ("a/b".to_owned(), "50% off?#x".to_owned()),
        name: b"x".to_vec(),
        pid: 7,
        pss_bytes: MIB,
        script: None,
    };
    let snapshot = snapshot(&[odd], Rights::All);
    let page = overview(&snapshot, "");
    let link = page
        .split("href=\"")
        .find(|rest| rest.starts_with("/subgroup/"))
        .unwrap();
    let Some(PagePath::Subgroup { group, subgroup }) =
        PagePath::at(link.split('"').next().unwrap())
    else {
        panic!("{link:.60}");
    };
    let (page, missing) = shown(&snapshot, |view| {
        let page = |group: &str| {
            let page = view.subgroup(group, &subgroup, &[], &Query::default());
            page.map(|page| page.to_string())
        };
        (page(&group), page("a"))
    });
    assert!(page.unwrap().contains("<bdi>a/b/50% off?#x</bdi>"));
    assert_eq!(missing, None);
    let details = ProcessDetails::default();
    assert!(shown(&snapshot, |view| view.process(7, &details).is_some()));
    assert!(shown(&snapshot, |view| view.process(8, &details).is_none()));
}

#[test]
fn what_is_wrong_is_said_with_a_remedy() {
    let snapshot = snapshot(&fleet(5), Rights::All);
    let history = History::new(Duration::ZERO);
    let exporter = ExporterStatus {
        cache_update_success: Some(false),
        config_reload: Some(Reload {
            successful: false,
            last_success_seconds: None,
        }),
        ..ExporterStatus::default()
    };
    let mut view = view(&snapshot, &history, &exporter);
    view.unhealthy = Some("Stale.");
    let page = view.overview(&Query::default()).to_string();
    for what in [
        "The last scan failed",
        "The last reload failed",
        "Stale.</b> See Health for the reason.",
    ] {
        assert!(page.contains(what), "{what}");
    }
    assert_eq!(page.matches("class=\"trouble\"").count(), 3);
    let well = overview(&snapshot, "");
    assert_eq!(well.matches("class=\"trouble\"").count(), 0);
}

#[test]
fn unknown_processes_are_told_apart_by_name() {
    let unknown = |pid: u32| {
        let (name, mib) = if pid <= 30 {
            ("backup", 20)
        } else {
            ("sleep", 1)
        };
        Made {
            class: ("other".to_owned(), "other".to_owned()),
            name: name.into(),
            pid,
            pss_bytes: mib * MIB,
            script: None,
        }
    };
    let snapshot = snapshot(&(1..=90).map(unknown).collect::<Vec<_>>(), Rights::All);
    let page = overview(&snapshot, "");
    let names: Vec<&str> = page.split("<tr class=\"name\">").skip(1).collect();
    assert!(
        names[0].contains("<bdi>backup</bdi></th><td class=\"n\">30</td>"),
        "{}",
        names[0]
    );
    assert!(names[0].contains("600 MiB"));
    assert!(names[1].contains("<bdi>sleep</bdi></th><td class=\"n\">60</td>"));
    assert!(page.contains("<title>30 × backup: 600 MiB</title>"));
}

#[test]
fn what_interpreters_run_tells_them_apart() {
    let worker = |pid: u32| Made {
        class: ("runtime".to_owned(), "python".to_owned()),
        name: b"python3".to_vec(),
        pid,
        pss_bytes: 10 * MIB,
        script: Some(if pid <= 7 { "Worker.py" } else { "report.py" }),
    };
    let snapshot = snapshot(&(1..=10).map(worker).collect::<Vec<_>>(), Rights::All);
    let page = overview(&snapshot, "");
    let names: Vec<&str> = page.split("<tr class=\"name\">").skip(1).collect();
    let row = |name: &str, count: u32| {
        format!("<bdi>python3 {name}</bdi></th><td class=\"n\">{count}</td>")
    };
    assert!(names[0].contains(&row("Worker.py", 7)), "{}", names[0]);
    assert!(names[1].contains(&row("report.py", 3)), "{}", names[1]);
    assert!(page.contains("<title>7 × python3 Worker.py: 70.0 MiB</title>"));
    assert_eq!(pids(&overview(&snapshot, "q=worker")).len(), 7);
    let rows = page.split("id=\"processes\"").nth(1).unwrap();
    assert!(
        rows.contains("<bdi>python3 <span class=\"runs\" dir=\"auto\">Worker.py</span></bdi>"),
        "{rows}"
    );
    let its_page = shown(&snapshot, |view| {
        let page = view.subgroup("runtime", "python", &[], &Query::default());
        page.unwrap().to_string()
    });
    assert!(its_page.contains(&row("report.py", 3)));

    // One script of many processes is worth a row too.
    let same: Vec<Made> = (1..=7).map(worker).collect();
    let page = overview(&population::snapshot(&same, Rights::All), "");
    assert!(page.contains(&row("Worker.py", 7)), "{page}");
}

#[test]
fn a_script_that_has_its_own_name_has_it_once() {
    let script = |pid, name: &str, script| Made {
        class: ("other".to_owned(), "other".to_owned()),
        name: name.into(),
        pid,
        pss_bytes: MIB,
        script: Some(script),
    };
    let made = [
        script(1, "backup.sh", "backup.sh"),
        script(2, "a-name-that-the", "a-name-that-the-kernel-cuts.sh"),
        script(3, "bash", "other.sh"),
    ];
    let page = overview(&snapshot(&made, Rights::All), "");
    for name in [
        "backup.sh",
        "a-name-that-the-kernel-cuts.sh",
        "bash other.sh",
    ] {
        assert!(
            page.contains(&format!("<bdi>{name}</bdi>")),
            "{name}\n{page}"
        );
    }
}
