//! Imported rules beside Debian's process-exporter: both look at the same made-up processes.
//!
//! They live in a pid namespace of their own, or are a recorded tree where a test needs what no
//! process can be: nothing else on the host is there. Each has another address space, so that the
//! sum of a group says who is in it.

mod configurations;
mod processes;
mod stage;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Stdio},
};

use serde_json::Value;

use crate::{
    commands::{output, rule_file},
    harness::{debian::Program, exporter::run, exposition::Exposition},
};
use configurations::{CONFIGURATIONS, Expected};
use processes::{MADE, Tree};
use stage::Stage;

/// What is in which group.
type Groups = BTreeMap<String, Members>;

/// How many they are, and the sum of their address spaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Members {
    processes: u64,
    bytes: u64,
}

/// Theirs, until it is dropped.
struct ProcessExporter {
    child: Child,
    address: SocketAddr,
    /// A log that nobody reads ends it.
    _log: BufReader<ChildStderr>,
}

impl ProcessExporter {
    fn start(program: &Program, tree: &Path, configuration: &Path) -> Self {
        let mut child = program
            .command()
            .args(["-web.listen-address=127.0.0.1:0", "-threads=false"])
            .arg("-gather-smaps=false")
            .arg(format!("-procfs={}", tree.display()))
            .arg(format!("-config.path={}", configuration.display()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut told = String::new();
        let address = loop {
            let before = told.len();
            let length = log.read_line(&mut told).expect("it can be read");
            assert!(length > 0, "it ended: {told}");
            let line = &told[before..];
            let address = line.split_once("address=").map(|(_, rest)| rest);
            if let Some(address) = address.and_then(|it| it.split_whitespace().next()) {
                break address.parse().expect("an address");
            }
        };
        Self {
            child,
            address,
            _log: log,
        }
    }

    fn groups(&self) -> Groups {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        // Not 1.1, whose answer would come in chunks.
        stream
            .write_all(b"GET /metrics HTTP/1.0\r\n\r\n")
            .expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        let mut groups = Groups::new();
        for sample in Exposition::parse(body).samples {
            // Exact: the sums stay below 2^53.
            let value = sample.value as u64;
            let is_size = sample.name == "namedprocess_namegroup_memory_bytes"
                && sample.label("memtype") == "virtual";
            if !is_size && sample.name != "namedprocess_namegroup_num_procs" {
                continue;
            }
            let group = sample.label("groupname").to_owned();
            let members = groups.entry(group).or_default();
            if is_size {
                members.bytes = value;
            } else {
                members.processes = value;
            }
        }
        groups
    }
}

impl Drop for ProcessExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The groups under the imported rules, and what the import had to say.
fn imported(tree: &Path, configuration: &Path) -> (Groups, String) {
    let configuration = configuration.display().to_string();
    let import = run(&["rules", "import", "--process-exporter", &configuration]);
    let remarks = String::from_utf8_lossy(&import.stderr).into_owned();
    let text = String::from_utf8(import.stdout).expect("rules are UTF-8");
    assert_ne!(import.status.code(), Some(2), "{remarks}");
    let rules = rule_file(&text);
    let json = output(&[
        "once",
        "--format=json",
        "--interval=100ms",
        &format!("--path.procfs={}", tree.display()),
        &format!("--classification.rules={}", rules.path().display()),
        "--no-classification.builtin",
    ]);
    let snapshot: Value = serde_json::from_str(&json).expect("it is JSON");
    let mut groups = Groups::new();
    for process in snapshot["processes"].as_array().expect("a list") {
        if process["group"] == "imported" {
            let pid = process["pid"].as_u64().expect("a pid");
            let name = process["subgroup"].as_str().expect("a name");
            let members = groups.entry(name.to_owned()).or_default();
            members.processes += 1;
            members.bytes += address_space(tree, pid);
        }
    }
    (groups, remarks)
}

/// The bytes of a process's address space, field 23 of its `stat`.
fn address_space(procfs: &Path, pid: u64) -> u64 {
    let stat = fs::read_to_string(procfs.join(format!("{pid}/stat"))).expect("it lives");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let size = fields.split_whitespace().nth(20).expect("a size");
    size.parse().expect("a number")
}

#[test]
fn imported_rules_group_as_process_exporter_does() {
    let Some(program) = Program::find("prometheus-process-exporter") else {
        return;
    };
    let Some(stage) = Stage::start(MADE) else {
        return;
    };
    let mut compared = 0;
    for (what, items, expected) in CONFIGURATIONS {
        let configuration = rule_file(items);
        let (ours, remarks) = imported(stage.procfs(), configuration.path());
        match expected {
            Expected::Same => {
                let theirs = ProcessExporter::start(&program, stage.procfs(), configuration.path());
                let theirs = theirs.groups();
                assert!(!theirs.is_empty(), "{what}: it groups nothing");
                assert_eq!(ours, theirs, "{what}: {items}{remarks}");
                compared += 1;
            }
            Expected::Note(note) => {
                assert!(remarks.contains(note), "{what}: {remarks}");
                assert!(remarks.contains(".toml:"), "{what}: {remarks}");
            }
        }
    }
    assert!(
        compared >= 24,
        "only {compared} configurations are compared"
    );
}

#[test]
fn expressions_match_what_go_s_do() {
    let Some(program) = Program::find("prometheus-process-exporter") else {
        return;
    };
    let cases = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../herakles-classify/src/import/go_regex/cases.txt"
    );
    let cases = fs::read_to_string(cases).expect("the table is there");
    let tree = Tree::new();
    let mut items = String::from("process_names:\n");
    let mut expression = "";
    let mut matched = Vec::new();
    for (number, line) in (1..).zip(cases.lines()) {
        match line.split_at_checked(2) {
            Some(("/ ", go)) => expression = go,
            Some((sign @ ("+ " | "- "), text)) => {
                let name = format!("line{number}");
                tree.add_one(1000 + number, &name, text);
                let item =
                    serde_json::json!({ "name": name, "comm": [name], "cmdline": [expression] });
                items.push_str(&format!("- {item}\n"));
                if sign == "+ " {
                    matched.push(name);
                }
            }
            _ => {}
        }
    }
    let configuration = rule_file(&items);
    let theirs = ProcessExporter::start(&program, tree.path(), configuration.path()).groups();
    let (ours, remarks) = imported(tree.path(), configuration.path());
    matched.sort();
    assert_eq!(theirs.into_keys().collect::<Vec<_>>(), matched);
    assert_eq!(ours.into_keys().collect::<Vec<_>>(), matched, "{remarks}");
}

#[test]
fn more_names_than_a_template_usually_may_make() {
    let Some(program) = Program::find("prometheus-process-exporter") else {
        return;
    };
    let tree = Tree::new();
    let names: Vec<String> = (0..120).map(|number| format!("job-{number:03}")).collect();
    for (number, name) in (0..).zip(&names) {
        tree.add_one(1000 + number, name, name);
    }
    let configuration = rule_file("process_names:\n- name: '{{.Comm}}'\n  cmdline: ['^job-']\n");
    let theirs = ProcessExporter::start(&program, tree.path(), configuration.path()).groups();
    let (ours, _) = imported(tree.path(), configuration.path());
    assert_eq!(theirs.into_keys().collect::<Vec<_>>(), names);
    assert_eq!(ours.into_keys().collect::<Vec<_>>(), names);
}

#[test]
fn a_process_without_a_command_line() {
    let Some(program) = Program::find("prometheus-process-exporter") else {
        return;
    };
    let tree = Tree::new();
    tree.add_silent(1000, "quiet");
    for items in [
        "process_names:\n- name: '{{.ExeBase}}'\n  comm: [quiet]\n",
        "process_names:\n- name: '{{.Comm}}'\n  cmdline: []\n",
        "process_names:\n- name: x\n  exe: [quiet]\n- name: y\n  cmdline: ['.*']\n",
    ] {
        let configuration = rule_file(items);
        let theirs = ProcessExporter::start(&program, tree.path(), configuration.path()).groups();
        let (ours, remarks) = imported(tree.path(), configuration.path());
        assert!(!theirs.is_empty(), "{items}");
        assert_eq!(ours, theirs, "{items}{remarks}");
    }
}
