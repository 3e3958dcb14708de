//! `once` as people use it: on a terminal, through a pipe, again and again.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::commands::output;
use crate::harness::{
    exporter::run,
    tools,
    tree::{Memory, Tree},
};

/// A database, some scripts and some unknown programs.
fn host() -> Tree {
    let tree = Tree::new();
    for pid in 10..14 {
        tree.process(pid, b"postgres", u64::from(pid) * 5_000, Memory::Open);
    }
    for pid in 20..60 {
        let name: &[u8] = if pid % 4 == 0 { b"billing" } else { b"ingest" };
        tree.process(pid, name, 2_000, Memory::Open);
    }
    tree
}

fn once(tree: &Tree, more: &[&str]) -> String {
    let root = tree.root().display().to_string();
    let mut args = vec!["once", "--interval=100ms", "--path.procfs", &root];
    args.extend(more);
    output(&args)
}

/// The same on a terminal of 160 columns that goes to our pipe.
fn on_terminal(tree: &Tree, more: &str, environment: &[(&str, &str)]) -> Option<Command> {
    let script = tools::script()?;
    let line = format!(
        "stty cols 160 rows 30; {} once --interval=100ms --path.procfs {} {more}",
        env!("CARGO_BIN_EXE_herakles-exporter"),
        tree.root().display()
    );
    let mut command = Command::new(script);
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Some(command)
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().expect("script starts");
    String::from_utf8(output.stdout).expect("the table is UTF-8")
}

#[test]
fn a_pipe_gets_the_table_without_colour_or_command_lines() {
    let table = once(&host(), &[]);
    assert!(table.contains(" in use · 45 processes in "), "{table}");
    assert!(
        !table.contains('\u{1b}') && !table.contains("# HELP"),
        "{table}"
    );
    assert!(!table.contains("hunter2"), "{table}");
    let names: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("  "))
        .collect();
    assert!(names[0].starts_with("  ingest "), "{table}");
    assert!(names[1].starts_with("  billing "), "{table}");
}

#[test]
fn a_terminal_gets_it_in_colour_in_its_size_and_with_command_lines() {
    let tree = host();
    let Some(mut command) = on_terminal(&tree, "", &[]) else {
        return;
    };
    let table = text_of(&mut command);
    assert!(table.contains("\u{1b}[1mNAME"), "{table}");
    assert!(table.contains("postgres --password=hunter2"), "{table}");
    let lines = table.lines().count();
    assert!((24..30).contains(&lines), "{lines} lines\n{table}");
    let bar = table.matches(['█', '▓', '▒', '░', '·']).count();
    assert!(bar >= 160, "{table}");

    let plain =
        on_terminal(&tree, "", &[("NO_COLOR", "1")]).map(|mut command| text_of(&mut command));
    assert!(plain.is_some_and(|plain| !plain.contains("\u{1b}[1m")));
}

#[test]
fn the_table_is_sorted_bounded_and_filtered() {
    let tree = host();
    let processes = |more: &[&str]| -> Vec<String> {
        let table = once(&tree, more);
        let rows = table
            .lines()
            .skip_while(|line| !line.starts_with("NAME"))
            .skip(1);
        let rows = rows.filter(|line| !line.starts_with('…'));
        rows.filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
            .collect()
    };
    assert_eq!(processes(&["--top=2"]), ["13", "12"]);
    assert_eq!(processes(&["--sort=age", "--top=3"]), ["1", "10", "11"]);
    assert_eq!(
        processes(&["--group=db", "--sort=rss"]),
        ["13", "12", "11", "10"]
    );
    assert_eq!(processes(&["--subgroup=db/postgres"]).len(), 4);
    assert_eq!(processes(&["--subgroup=mail/postgres"]).len(), 0);
}

#[test]
fn what_is_for_the_table_is_refused_elsewhere() {
    let refused = run(&["once", "--format=json", "--sort=rss"]);
    assert_eq!(refused.status.code(), Some(2));
    let sentence = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(sentence.contains("--sort is for the table"), "{sentence}");
}

#[test]
fn json_says_whose_and_where_each_process_is() {
    let json: Value = serde_json::from_str(&once(&host(), &["--format=json"])).expect("it is JSON");
    let processes = json["processes"].as_array().expect("a list");
    let postgres = processes
        .iter()
        .find(|process| process["pid"] == 10)
        .expect("it is there");
    assert_eq!(postgres["ppid"], 1);
    assert_eq!(postgres["unit"], "made-up.service");
    assert_eq!(postgres["container"], Value::Null);
    assert!(postgres["user"].is_string(), "{postgres}");
    assert!(!json.to_string().contains("hunter2"));
}

/// Ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn watching_through_a_pipe_prints_one_table_after_the_other() {
    let tree = host();
    let mut child = Command::new(env!("CARGO_BIN_EXE_herakles-exporter"))
        .args(["once", "--interval=100ms", "--watch=100ms", "--path.procfs"])
        .arg(tree.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
    let _running = Running(child);
    let mut tables = 0;
    for line in lines {
        let line = line.expect("lines are UTF-8");
        assert!(!line.contains('\u{1b}'), "{line}");
        tables += u32::from(line.contains(" in use"));
        if tables == 3 {
            return;
        }
    }
    panic!("it ended after {tables} tables");
}

#[test]
fn watching_on_a_terminal_stays_in_place() {
    let tree = host();
    let Some(mut command) = on_terminal(&tree, "--watch=100ms", &[]) else {
        return;
    };
    let mut child = command.spawn().expect("script starts");
    let mut output = child.stdout.take().expect("its output is a pipe");
    let _running = Running(child);
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while seen.matches("\u{1b}[H").count() < 3 {
        let count = output.read(&mut buffer).expect("it can be read");
        assert!(count > 0, "it ended after\n{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    // Only before the first is the screen cleared.
    assert_eq!(seen.matches("\u{1b}[2J").count(), 1);
    assert!(seen.contains("\u{1b}[K"));
}
