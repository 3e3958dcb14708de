//! The pages for people, as bytes and in a browser.

mod browser;
mod host;

use crate::harness::{
    exporter::{Exporter, NO_RULE_FILES, Options},
    tools,
    tree::{Memory, Tree},
};

/// Names of the built-in rules, so that there are several groups.
const NAMES: [&str; 16] = [
    "postgres",
    "redis-server",
    "nginx",
    "java",
    "python3",
    "node",
    "dockerd",
    "prometheus",
    "sshd",
    "kafka",
    "mysqld",
    "memcached",
    "cron",
    "rabbitmq-server",
    "grafana",
    "backup-job",
];

/// A host with so many processes, whose sizes fall as they do on hosts.
fn fleet(processes: u32) -> Tree {
    let tree = Tree::new();
    for index in 0..processes {
        let name = NAMES[index as usize * 7 % NAMES.len()];
        let kib = (6 << 20) / u64::from(index + 2);
        tree.process(100 + index, name.as_bytes(), kib, Memory::Open);
    }
    tree
}

/// Refreshed twice and then no more.
fn serve(tree: &Tree, args: &[&str]) -> Exporter {
    let options = Options::with_config(NO_RULE_FILES)
        .args(["--scan.cache-ttl=1h"])
        .args(args.iter().copied())
        .procfs(tree.root());
    let exporter = options.start();
    exporter.wait_for_refreshes(2.0);
    exporter
}

#[test]
fn a_page_that_has_not_changed_is_not_sent_again() {
    let tree = fleet(20);
    let exporter = serve(&tree, &[]);
    for path in [
        "/",
        "/?sort=rss",
        "/dashboard.css",
        "/dashboard.js",
        "/subgroup/db/postgres",
    ] {
        let page = exporter.get(path);
        assert_eq!(page.status, 200, "{path}");
        let tag = page
            .header("etag")
            .unwrap_or_else(|| panic!("{path} has no ETag"));
        let again = exporter.request("GET", path, &[("If-None-Match", tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let other = exporter.request("GET", path, &[("If-None-Match", "\"other\"")]);
        assert_eq!(
            (other.status, other.body.len()),
            (200, page.body.len()),
            "{path}"
        );
    }
    let tag = |path: &str| exporter.get(path).header("etag").map(str::to_owned);
    assert_ne!(tag("/"), tag("/?sort=rss"));
}

#[test]
fn pages_come_compressed_and_under_a_strict_policy() {
    let tree = fleet(200);
    let exporter = serve(&tree, &[]);
    for path in ["/", "/process/100", "/subgroup/db/postgres"] {
        let plain = exporter.get(path);
        let packed = exporter.request("GET", path, &[("Accept-Encoding", "gzip, br")]);
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
        assert!(packed.body.len() < plain.body.len(), "{path}");
        assert!(packed.text().ends_with("</html>"), "{path}");
        let policy = plain.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
    }
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let tree = fleet(60);
    let exporter = serve(&tree, &[]);
    let mut seen = std::collections::BTreeSet::from(["/".to_owned()]);
    let mut todo = vec!["/".to_owned()];
    while let Some(path) = todo.pop() {
        let page = exporter.get(&path);
        assert_eq!(page.status, 200, "{path}");
        let kind = page.header("content-type").unwrap_or_default().to_owned();
        if !kind.starts_with("text/html") {
            continue;
        }
        let text = page.text();
        for link in text
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            let link = link
                .split('#')
                .next()
                .unwrap_or_default()
                .replace("&amp;", "&");
            if link.starts_with('/') && seen.insert(link.clone()) {
                todo.push(link);
            }
        }
    }
    // All subgroups, the processes that are shown, sorts and the other pages.
    assert!(seen.len() > 80, "{seen:?}");
}

#[test]
fn a_subgroup_of_an_odd_name_has_a_page() {
    let rules = tempfile::NamedTempFile::with_suffix(".toml").expect("a temporary file");
    let text = "[[subgroups]]\ngroup = 'a/b %'\nsubgroup = 'é?#{comm}'\nmatches = ['odd*']\n";
    std::fs::write(rules.path(), text).expect("it can be written");
    let tree = Tree::new();
    tree.process(7, b"odd<&>", 5000, Memory::Open);
    let rules = format!("--classification.rules={}", rules.path().display());
    let exporter = serve(&tree, &[&rules]);
    let path = "/subgroup/a%2Fb%20%25/%C3%A9%3F%23odd%3C%26%3E";
    assert!(
        exporter
            .get("/")
            .text()
            .contains(&format!("href=\"{path}\""))
    );
    let page = exporter.get(path);
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(
        text.contains("<bdi>a/b %/é?#odd&lt;&amp;&gt;</bdi>"),
        "{text}"
    );
    assert!(text.contains("matches=&quot;odd*&quot;"), "{text}");
    for missing in [
        "/subgroup/a/b",
        "/subgroup/a%2Fb%20%25",
        "/process/8",
        "/process/x",
        "/subgroup/",
    ] {
        assert_eq!(exporter.get(missing).status, 404, "{missing}");
    }
}

#[test]
fn a_process_has_a_page_that_says_who_started_it_and_which_rule_it_has() {
    let tree = fleet(3);
    let exporter = serve(&tree, &[]);
    let text = exporter.get("/process/100").text();
    assert!(text.contains("<bdi>systemd</bdi> 1</a> → "), "{text}");
    assert!(text.contains("The rule at builtin:"), "{text}");
    assert!(text.contains("<dt>User</dt>"), "{text}");
    // Command lines hold secrets.
    assert!(
        !text.contains("hunter2") && !text.contains("--password"),
        "{text}"
    );
}

#[test]
fn a_process_has_a_page_that_says_what_an_interpreter_runs() {
    let tree = Tree::new();
    tree.process(7, b"python3", 5000, Memory::Open);
    let cmdline = b"python3\0-u\0/srv/shop/worker.py\0--password=hunter2\0";
    std::fs::write(tree.root().join("7/cmdline"), cmdline).expect("it can be written");
    let exporter = serve(&tree, &[]);
    let text = exporter.get("/process/7").text();
    assert!(
        text.contains("<dt>Runs</dt><dd><bdi>worker.py</bdi>"),
        "{text}"
    );
    assert!(
        !text.contains("hunter2") && !text.contains("/srv"),
        "{text}"
    );
}

#[test]
fn lines_survive_a_reload_and_can_be_switched_off() {
    let tree = fleet(10);
    let config = format!("{NO_RULE_FILES}[scan]\ncache_ttl = '1s'\n");
    let exporter = Options::with_config(&config)
        .args(["--web.enable-reload"])
        .procfs(tree.root())
        .start();
    exporter.wait_for_refreshes(3.0);
    let lines = || {
        exporter
            .get("/")
            .text()
            .matches("<svg class=\"spark\"")
            .count()
    };
    assert!(lines() > 5, "{}", exporter.get("/").text());
    assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
    exporter.wait_for_next_refresh();
    assert!(lines() > 5);
    let off = format!("{config}[dashboard]\nhistory = '0s'\n");
    std::fs::write(&exporter.config, off).expect("the configuration can be written");
    assert_eq!(exporter.request("POST", "/-/reload", &[]).status, 200);
    exporter.wait_for_next_refresh();
    assert_eq!(lines(), 0);
}

#[test]
fn without_rights_the_page_says_so_and_what_to_do() {
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let tree = Tree::new();
    for pid in 10..30 {
        tree.process(pid, b"postgres", 20_000, Memory::Closed);
    }
    let exporter = as_nobody(&setpriv, &tree);
    let text = exporter.get("/").text();
    assert!(
        text.contains("PSS and USS are missing for 20 of 21 processes"),
        "{text}"
    );
    assert!(text.contains("CAP_SYS_PTRACE"));
}

fn as_nobody(setpriv: &std::path::Path, tree: &Tree) -> Exporter {
    let nobody = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--bounding-set=-all",
    ];
    let exporter = Options::with_config(NO_RULE_FILES)
        .args(["--scan.cache-ttl=1h"])
        .wrapped_by(setpriv, &nobody)
        .procfs(tree.root())
        .start();
    exporter.wait_for_refreshes(2.0);
    exporter
}

#[test]
fn the_page_of_rules_starts_with_those_in_use_and_folds_the_others() {
    let tree = fleet(60);
    let exporter = serve(&tree, &[]);
    let page = exporter.get("/subgroups").text();
    let rules: Vec<&str> = page
        .lines()
        .filter(|line| line.contains("  builtin:"))
        .collect();
    assert!(
        rules.len() > 10 && rules.len() < 40,
        "{} rules\n{page}",
        rules.len()
    );
    assert!(
        rules.iter().all(|line| !line.starts_with("     0  ")),
        "{page}"
    );
    let folded = page
        .lines()
        .find(|line| line.contains(" more rules have no process now"))
        .and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let all = exporter.get("/subgroups?rules=all").text();
    let listed = all
        .lines()
        .filter(|line| line.contains("  builtin:"))
        .count();
    assert_eq!(folded, Some(listed - rules.len()));
    // Unknown names, and those of which only the language is known.
    let names: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("# The largest names"))
        .collect();
    assert!(
        names.iter().any(|line| line.ends_with("  backup-job")),
        "{page}"
    );
    assert!(
        names
            .iter()
            .any(|line| line.ends_with("  python3  (runtime/python)")),
        "{page}"
    );
}

#[test]
fn what_interpreters_run_tells_them_apart_wherever_they_are_listed() {
    let tree = Tree::new();
    for pid in 10..30 {
        tree.process(pid, b"python3", 50_000, Memory::Open);
        let script = if pid < 25 { "worker" } else { "report" };
        let cmdline = format!("python3\0-u\0/srv/shop/{script}.py\0--password=hunter2\0");
        let path = tree.root().join(format!("{pid}/cmdline"));
        std::fs::write(path, cmdline).expect("it can be written");
    }
    let exporter = serve(&tree, &[]);
    let page = exporter.get("/").text();
    for row in [
        "<bdi>python3 worker.py</bdi></th><td class=\"n\">15</td>",
        "<bdi>python3 report.py</bdi></th><td class=\"n\">5</td>",
    ] {
        assert!(page.contains(row), "{row}\n{page}");
        let members = exporter.get("/subgroup/runtime/python").text();
        assert!(members.contains(row), "{row}\n{members}");
    }
    let rules = exporter.get("/subgroups").text();
    let names: Vec<Vec<&str>> = rules
        .lines()
        .skip_while(|line| !line.starts_with("# The largest names"))
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| words.contains(&"python3"))
        .collect();
    let [worker, report] = names.as_slice() else {
        panic!("{rules}");
    };
    assert!(
        worker.starts_with(&["15"]) && worker.contains(&"worker.py"),
        "{worker:?}"
    );
    assert!(
        report.starts_with(&["5"]) && report.contains(&"report.py"),
        "{report:?}"
    );
    for text in [page, rules, exporter.get("/metrics").text()] {
        assert!(
            !text.contains("hunter2") && !text.contains("/srv"),
            "{text}"
        );
    }
}
