//! `explain`: whose rule it was, and who is asked about.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    commands::{output, rule_file},
    harness::{
        alone::runs_alone,
        eventually, recorded_proc,
        target::{self, Target},
    },
};

#[test]
fn explain_names_the_rule_and_the_pattern() {
    let text = output(&["explain", "--comm=postgres"]);
    assert!(
        text.contains("db/postgres") && text.contains("postgres"),
        "{text}"
    );
    let text = output(&[
        "explain",
        "--comm=java",
        "--cmdline=java -Dcatalina.base=/srv x",
    ]);
    assert!(text.contains("web/tomcat"), "{text}");
    let json = output(&["explain", "--comm=hk-nobody-knows", "--format=json"]);
    let answer: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(
        (&answer["group"], &answer["subgroup"]),
        (&"other".into(), &"other".into())
    );
}

#[test]
fn explain_says_what_a_rule_could_be_written_on() {
    let text = output(&[
        "explain",
        "--comm=python3",
        "--cmdline=python3 /srv/shop/worker.py --key hunter2",
        "--cgroup=/system.slice/shop.service",
        "--user=shop",
    ]);
    for line in [
        "  cmdline   python3 /srv/shop/worker.py --key hunter2",
        "  {script}  worker.py",
        "  {unit}    shop.service",
        "  {user}    shop",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}

#[test]
fn explain_looks_at_a_living_process() {
    if runs_alone() {
        return;
    }
    let target = Target::start(b"postgres", &target::hold_megabytes(1));
    let text = output(&["explain", &target.pid().to_string()]);
    assert!(text.contains("db/postgres"), "{text}");
}

/// A rule that takes every process, and stands before all others.
const CATCH_ALL: &str = "[[subgroups]]\ngroup = \"hk\"\nsubgroup = \"everything\"\n\
    matches = [\"*\"]\n";

#[test]
fn explain_asks_no_rule_about_a_kernel_thread() {
    let rules = rule_file(CATCH_ALL);
    let rules = format!("--classification.rules={}", rules.path().display());
    let root = recorded_proc().display().to_string();
    let explain = |format: &str| {
        let args = ["explain", "15", "--path.procfs", &root, &rules, format];
        output(&args)
    };
    assert_eq!(
        explain("--format=text"),
        "process 15 (rcu_preempt) is in system/kernel, as all kernel threads are: no rule is asked \
         about them\n"
    );
    let answer: Value = serde_json::from_str(&explain("--format=json")).expect("it is JSON");
    assert_eq!(answer["group"], "system");
    assert_eq!(answer["subgroup"], "kernel");
    assert_eq!(answer["explanation"], Value::Null);
}

#[test]
fn nobody_inherits_from_a_kernel_thread() {
    let rules = rule_file(
        "[[subgroups]]\ngroup = \"hk\"\nsubgroup = \"threads\"\nmatches = [\"kthreadd\"]\n\
         inherit = true\n",
    );
    let rules = format!("--classification.rules={}", rules.path().display());
    // A program that the kernel itself has started, as it does to load a module.
    let tree = tempfile::tempdir().expect("a temporary directory");
    let (recorded, copy) = (recorded_proc(), tree.path());
    for directory in ["2", "640"] {
        fs::create_dir(copy.join(directory)).expect("it can be made");
    }
    for file in ["stat", "2/stat", "640/stat", "640/cmdline", "640/cgroup"] {
        let text = fs::read_to_string(recorded.join(file)).expect("it is recorded");
        let text = text.replace("(sshd) S 1 ", "(hk-helper) S 2 ");
        fs::write(copy.join(file), text).expect("it can be written");
    }
    let root = copy.display().to_string();
    let json = output(&[
        "explain",
        "640",
        "--path.procfs",
        &root,
        &rules,
        "--no-classification.builtin",
        "--format=json",
    ]);
    let answer: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(
        (&answer["name"], &answer["group"]),
        (&"hk-helper".into(), &"other".into())
    );
    assert_eq!(answer["inherited_from"], Value::Null);
}

#[test]
fn explain_names_the_ancestor_whose_class_is_inherited() {
    if runs_alone() {
        return;
    }
    let rules = rule_file(
        "[[subgroups]]\ngroup = \"cicd\"\nsubgroup = \"builds\"\nmatches = [\"hk-buildd\"]\ninherit = true\n",
    );
    let rules = format!("--classification.rules={}", rules.path().display());
    // A name that no rule knows.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let step = directory.path().join("hk-step");
    let sleep = ["/usr/bin/sleep", "/bin/sleep"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("a sleep");
    fs::copy(sleep, &step).expect("it can be copied");
    let mut parent = Target::start(b"hk-buildd", "true");
    parent.go_on(&format!(
        "{} 60 >&- 2>&- & echo $! > {}/pid",
        step.display(),
        directory.path().display()
    ));
    let pid = fs::read_to_string(directory.path().join("pid")).expect("the shell wrote it");
    let pid = pid.trim();
    let text = eventually("the child to be itself", || {
        let text = output(&["explain", pid, &rules]);
        text.contains("(hk-step)").then_some(text)
    });
    let expected = format!(
        "is in cicd/builds, inherited from process {} (hk-buildd) by the rule at ",
        parent.pid()
    );
    assert!(text.contains(&expected), "{text}");
    let json = output(&["explain", pid, &rules, "--format=json"]);
    let answer: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(answer["inherited_from"]["pid"], parent.pid());
    let pid = pid.parse().ok().and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("the step still sleeps");
}

#[test]
fn an_inheriting_rule_of_the_user_comes_before_the_built_in_ones() {
    let rules = rule_file(
        "[[subgroups]]\ngroup = \"shop\"\nsubgroup = \"web\"\nmatches = [\"nginx\"]\n\
         argv0 = [\"nginx: master *\"]\ninherit = true\n",
    );
    let rules = format!("--classification.rules={}", rules.path().display());
    let root = recorded_proc().display().to_string();
    let text = output(&["explain", "701", "--path.procfs", &root, &rules]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with(
            "process 701 (nginx) is in shop/web, inherited from process 700 (nginx) by the rule at "
        ),
        "{text}"
    );
    assert_eq!(
        lines[1..3],
        [
            "  which counts before the rule that matches the process itself:",
            "web/nginx"
        ]
    );
    let exposition = output(&["once", "--format=text", "--path.procfs", &root, &rules]);
    let members = |class: &str| {
        let series = format!("herakles_subgroup_processes{{{class}}} ");
        let mut lines = exposition.lines();
        lines
            .find_map(|line| line.strip_prefix(&series))
            .map(str::to_owned)
    };
    assert_eq!(
        members(r#"group="shop",subgroup="web""#).as_deref(),
        Some("3")
    );
    assert_eq!(members(r#"group="web",subgroup="nginx""#), None);
}

#[test]
fn users_have_the_names_of_the_given_root() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let etc = root.path().join("etc");
    fs::create_dir(&etc).expect("it can be made");
    let uid = rustix::process::geteuid().as_raw();
    let line = format!("of-the-host:x:{uid}:{uid}::/:/bin/sh\n");
    fs::write(etc.join("passwd"), line).expect("it can be written");
    let pid = std::process::id().to_string();
    let flag = format!("--path.rootfs={}", root.path().display());
    for command in [
        &["explain", &pid][..],
        &["once", "--interval=100ms", "--format=json"],
    ] {
        let said = output(&[command, &[&flag]].concat());
        assert!(said.contains("of-the-host"), "{command:?}: {said}");
    }
}
