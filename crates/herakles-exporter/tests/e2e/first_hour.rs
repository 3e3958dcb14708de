//! What somebody meets in the first hour, each of it once misleading.

use std::{fs, process::Command};

use crate::{
    commands::{output, rule_file},
    harness::{
        exporter::{NO_RULE_FILES, OPENMETRICS, Options, run},
        tools,
        tree::{Memory, Tree},
    },
};

/// A database and so many programs that no rule knows.
fn unknown(count: u32) -> Tree {
    let tree = Tree::new();
    tree.process(10, b"postgres", 90_000, Memory::Open);
    for index in 0..count {
        let name = format!("job-{}", index % 50);
        let kib = 5_000 + u64::from(index);
        tree.process(100 + index, name.as_bytes(), kib, Memory::Open);
    }
    tree
}

fn root(tree: &Tree) -> String {
    format!("--path.procfs={}", tree.root().display())
}

#[test]
fn dropped_series_are_told_by_the_log_health_check_and_the_page() {
    let tree = unknown(300);
    let few = "--export.max-series=1000";
    let exporter = Options::with_config(NO_RULE_FILES)
        .args(["--scan.cache-ttl=1h", few])
        .procfs(tree.root())
        .start();
    exporter.wait_for_refreshes(2.0);
    let remedy = "raise export.max_series";
    let log = exporter.log_with(remedy);
    let lines = log.lines().filter(|line| line.contains(remedy));
    assert_eq!(lines.count(), 1, "{log}");
    let health = exporter.get("/health").text();
    let line = health.lines().find(|line| line.starts_with("series: "));
    assert!(line.is_some_and(|line| line.contains(remedy)), "{health}");
    let page = exporter.get("/").text();
    assert!(page.contains("export.max_series"), "{page}");

    let told = output(&[
        "check",
        "--web.listen-address=127.0.0.1:0",
        few,
        &root(&tree),
    ]);
    let line = told.lines().find(|line| line.contains(" dropped; "));
    assert!(line.is_some_and(|line| line.contains(remedy)), "{told}");
    let told = output(&["check", "--web.listen-address=127.0.0.1:0", &root(&tree)]);
    assert!(!told.contains(" dropped"), "{told}");
}

#[test]
fn created_samples_can_be_left_out() {
    let tree = unknown(3);
    let body = |args: &[&str]| {
        let options = Options::with_config(NO_RULE_FILES).args(args.iter().copied());
        let exporter = options.procfs(tree.root()).start();
        exporter.wait_for_refreshes(1.0);
        exporter.body(OPENMETRICS)
    };
    let created = |body: &str| {
        let names = body
            .lines()
            .filter_map(|line| line.split(['{', ' ']).next());
        names.filter(|name| name.ends_with("_created")).count()
    };
    assert!(created(&body(&[])) > 10);
    assert_eq!(created(&body(&["--no-export.created"])), 0);
}

#[test]
fn the_first_line_of_the_log_says_what_runs() {
    let tree = unknown(1);
    let exporter = Options::with_config(NO_RULE_FILES)
        .args(["--scan.memory=exact"])
        .procfs(tree.root())
        .start();
    let log = exporter.log_with("msg=\"starting\"");
    let line = log.lines().find(|line| line.contains("msg=\"starting\""));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    let configuration = format!("configuration={}", exporter.config.display());
    for part in [
        "version=",
        &configuration,
        "rules=",
        "memory=exact",
        "capabilities=",
    ] {
        assert!(line.contains(part), "{part}\n{line}");
    }
}

#[test]
fn once_says_of_rights_what_check_says() {
    let Some(setpriv) = tools::setpriv() else {
        return;
    };
    let tree = Tree::new();
    for pid in 10..15 {
        tree.process(pid, b"postgres", 20_000, Memory::Closed);
    }
    // The directory of the build may be closed to that user.
    let open = tempfile::tempdir().expect("a directory");
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(open.path(), everybody).expect("it is ours");
    let copy = open.path().join("herakles-exporter");
    fs::copy(env!("CARGO_BIN_EXE_herakles-exporter"), &copy).expect("it can be copied");
    let nobody = |args: &[&str]| {
        let output = Command::new(&setpriv)
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .args(["--inh-caps=-all", "--bounding-set=-all"])
            .arg(&copy)
            .args(args)
            .arg(root(&tree))
            .output()
            .expect("it starts");
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    };
    let sentence = |text: &str| {
        let line = text
            .lines()
            .find_map(|line| line.split_once("memory: readable"));
        line.map(|(_, rest)| rest.to_owned())
    };
    let check = nobody(&["check", "--web.listen-address=127.0.0.1:0"]);
    let once = nobody(&["once", "--interval=100ms"]);
    assert!(
        sentence(&check).is_some_and(|it| it.contains("for 1 of 6; run it as root")),
        "{check}"
    );
    assert_eq!(sentence(&once), sentence(&check), "{once}");

    // Who may read everything is advised nothing.
    let open = unknown(3);
    let output = run(&["once", "--interval=100ms", &root(&open)]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_fallback_takes_what_no_rule_knows_and_nothing_else() {
    let tree = unknown(6);
    let rules = rule_file(
        "[[subgroups]]\ngroup = \"unit\"\nsubgroup = \"{unit}\"\nmatches = [\"*\"]\nfallback = true\n",
    );
    let rules = format!("--classification.rules={}", rules.path().display());
    let table = |more: &str| output(&["once", "--interval=100ms", &root(&tree), more]);
    let with = table(&rules);
    assert!(with.contains("unit/made-up.service"), "{with}");
    assert!(with.contains("db/postgres"), "{with}");
    assert!(!with.contains("other/other"), "{with}");
    assert!(table("--sort=pss").contains("other/other"));
}

#[test]
fn rules_that_hide_the_built_in_ones_are_warned_about_with_their_number() {
    let tree = unknown(1);
    let rules =
        rule_file("[[subgroups]]\ngroup = \"unit\"\nsubgroup = \"{unit}\"\nmatches = [\"*\"]\n");
    let flag = format!("--classification.rules={}", rules.path().display());
    let told = output(&[
        "check",
        "--web.listen-address=127.0.0.1:0",
        &flag,
        &root(&tree),
    ]);
    let number = |line: &str| {
        let (_, rest) = line.split_once("leaves nothing to ")?;
        rest.split(' ').next()?.parse::<usize>().ok()
    };
    let hidden = told
        .lines()
        .filter(|line| line.starts_with("warn  rules: "))
        .find_map(number);
    assert!(hidden.is_some_and(|hidden| hidden > 100), "{told}");
}

#[test]
fn a_subgroup_without_processes_has_series_only_where_it_always_has() {
    let tree = unknown(1);
    let rules = rule_file(
        "[[subgroups]]\ngroup = \"shop\"\nsubgroup = \"till\"\nmatches = [\"till\"]\nalways = true\n\
         [[subgroups]]\ngroup = \"shop\"\nsubgroup = \"cellar\"\nmatches = [\"cellar\"]\n",
    );
    let flag = format!("--classification.rules={}", rules.path().display());
    let exporter = Options::with_config(NO_RULE_FILES)
        .args([flag])
        .procfs(tree.root())
        .start();
    exporter.wait_for_refreshes(1.0);
    let metrics = exporter.metrics();
    let processes =
        |subgroup| metrics.value("herakles_subgroup_processes", &[("subgroup", subgroup)]);
    assert_eq!(processes("till"), Some(0.0));
    assert_eq!(processes("cellar"), None);
    assert_eq!(processes("redis"), None, "a built-in one");
}

#[test]
fn patterns_are_shown_as_they_are_written() {
    let tree = unknown(1);
    let pattern = r"worker\.py --queue=(?<queue>\w+)";
    let rules = rule_file(&format!(
        "[[subgroups]]\ngroup = \"queue\"\nsubgroup = \"{{queue}}\"\ncmdline_matches = ['{pattern}']\n"
    ));
    let flag = format!("--classification.rules={}", rules.path().display());
    let cmdline = "--cmdline=python3 worker.py --queue=mail";
    let explained = output(&["explain", "--comm=python3", cmdline, &flag]);
    assert!(explained.contains("queue/mail"), "{explained}");
    assert!(explained.contains(pattern), "{explained}");
    let listed = output(&["rules", "list", &flag]);
    assert!(listed.contains(pattern), "{listed}");
    let exporter = Options::with_config(NO_RULE_FILES)
        .args([flag])
        .procfs(tree.root())
        .start();
    exporter.wait_for_refreshes(1.0);
    let page = exporter.get("/subgroups?rules=all").text();
    assert!(page.contains(pattern), "{page}");
}

#[test]
fn the_help_of_every_subcommand_says_that_settings_work_there_too() {
    for subcommand in [
        &["check"][..],
        &["once"],
        &["explain"],
        &["config"],
        &["rules", "list"],
        &["rules", "suggest"],
    ] {
        let output = run(&[subcommand, &["--help"]].concat());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            help.contains("All settings work here too"),
            "{subcommand:?}\n{help}"
        );
    }
}
