//! What the pages tell people to type works: commands, queries, names of families, snippets.

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    process::{self, Command, Output, Stdio},
};

use crate::harness::{
    alone::runs_alone,
    exporter::Options,
    prometheus::{Job, Prometheus},
    tools,
};
use crate::monitoring::{file, read};

/// What only another machine could run, each for a reason.
const ELSEWHERE: [&str; 5] = [
    // The gate's step `package` does both into a root of its own.
    "cargo xtask dist",
    "sudo apt install ./target/dist/herakles-exporter_*.deb",
    // They need systemd as the first process, and a cluster.
    "sudo systemctl stop herakles-exporter.service",
    "sudo systemctl enable --now herakles-exporter.socket",
    "kubectl apply --kustomize packaging/kubernetes",
];

/// README, the pages of `docs/` and what developers read, with their names.
fn pages() -> Vec<(String, String)> {
    let mut names: Vec<String> = fs::read_dir(file("docs"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").file_name())
        .filter_map(|name| Some(format!("docs/{}", name.to_str()?)))
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "md"))
        .chain(["README.md", "CONTRIBUTING.md", "RELEASING.md"].map(String::from))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), read(&name)))
        .collect()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (head, body) = after.split_once('\n').expect("a fence ends its line");
        let (block, after) = body.split_once("\n```").unwrap_or((body, ""));
        if head.trim() == language {
            found.push(format!("{block}\n"));
        }
        rest = after;
    }
    found
}

/// Commands of all pages, continued lines joined, comments left out.
fn commands() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in pages() {
        for block in blocks(&text, "sh") {
            for line in block.replace("\\\n", " ").lines() {
                let command = line.split(" # ").next().unwrap_or_default();
                let words: Vec<&str> = command.split_whitespace().collect();
                if !words.is_empty() && !command.starts_with('#') {
                    found.insert(words.join(" "));
                }
            }
        }
    }
    found
}

/// Runs a line as a shell would, beside files with the names that the pages use.
fn in_a_shell(line: &str, directory: &Path) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_herakles-exporter"));
    let folder = binary.parent().expect("a program is in a folder");
    let path = format!(
        "{}:{}",
        folder.display(),
        env::var("PATH").unwrap_or_default()
    );
    let place = directory.display();
    let line = line
        .replace("/etc/herakles/", &format!("{place}/"))
        .replace("/etc/process-exporter/", &format!("{place}/"))
        .replace(" PID", &format!(" {}", process::id()));
    Command::new("sh")
        .args(["-ec", &line])
        .current_dir(directory)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell")
}

/// Whether cargo finds what a command of a page names in this workspace.
fn is_known_to_cargo(words: &[&str]) -> bool {
    let after = |flags: [&str; 2]| {
        let at = words.iter().position(|word| flags.contains(word))?;
        words.get(at + 1).copied()
    };
    let package = after(["--package", "-p"]).map(|name| file(&format!("crates/{name}")));
    let example = after(["--example", "--example"]);
    let step = words.get(2).copied().unwrap_or_default();
    match words[1] {
        "run" | "nextest" => {
            package.as_ref().is_none_or(|folder| folder.is_dir())
                && example.is_none_or(|name| {
                    let folder = package.expect("an example is of a package");
                    folder.join(format!("examples/{name}.rs")).is_file()
                })
        }
        // Their steps and subcommands are those that their folders are named by.
        "xtask" => file("xtask/src").join(step).exists() || step == "ci",
        "lab" => {
            file("benches/lab/src")
                .join(step.replace('-', "_"))
                .exists()
                || file("benches/lab/src")
                    .join(format!("{}.rs", step.replace('-', "_")))
                    .is_file()
        }
        "bench" | "install" => true,
        _ => false,
    }
}

#[test]
fn each_command_of_the_pages_does_what_it_promises() {
    if runs_alone() {
        return;
    }
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let directory = tempfile::tempdir().expect("a temporary directory");
    for name in ["config.yaml", "process-exporter.yml"] {
        let text = "process_names:\n  - name: shop\n    comm: [shopd]\n";
        fs::write(directory.path().join(name), text).expect("it can be written");
    }
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for line in &commands {
        if ELSEWHERE.contains(&line.as_str()) {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        if line.contains("cargo ") {
            let from = words.iter().position(|word| *word == "cargo");
            let words = &words[from.expect("it is a word")..];
            assert!(is_known_to_cargo(words), "{line}: what is that?");
            continue;
        }
        // The tests have what rights there are.
        let line = line.strip_prefix("sudo ").unwrap_or(line);
        let words = words.strip_prefix(&["sudo"]).unwrap_or(&words);
        let line = line.replace("localhost:9215", &exporter.address.to_string());
        let output = in_a_shell(&line, directory.path());
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        // `check` says by 1 that something is left to do on this machine.
        let expected = match words {
            ["herakles-exporter", "check"] => 0..=1,
            ["herakles-exporter" | "curl", ..] => 0..=0,
            _ => panic!("{line}: no test knows this command"),
        };
        let code = output.status.code().unwrap_or(-1);
        assert!(
            expected.contains(&code),
            "{line}: {code}\n{said}{complained}"
        );
        assert!(
            line.contains('>') || !said.is_empty(),
            "{line} says nothing"
        );
    }
}

#[test]
fn each_query_of_the_pages_runs_and_names_what_there_is() {
    if runs_alone() {
        return;
    }
    let Some(program) = tools::prometheus() else {
        return;
    };
    let exporter = Options::live().start();
    exporter.wait_for_refreshes(1.0);
    let job = Job::plain();
    let prometheus = Prometheus::start(&program, &exporter, &[job]);
    prometheus.target_that_is("up");
    let mut queries = 0;
    for (page, text) in pages() {
        for block in blocks(&text, "promql") {
            for query in block.lines().filter(|line| !line.starts_with('#')) {
                queries += 1;
                assert!(prometheus.count(query).is_some(), "{page}: {query}");
            }
        }
    }
    assert!(queries > 2, "the pages show queries");
}

/// Every word of a text that is a name of ours as a Prometheus knows it.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter_map(|word| word.split("::").next())
        .filter(|word| word.starts_with("herakles_") || word.starts_with("herakles:"))
}

#[test]
fn each_family_that_pages_and_rules_name_exists() {
    let table = read("docs/metrics.md");
    let mut known: BTreeSet<&str> = names(&table).collect();
    let rules = read("monitoring/rules.yml");
    known.extend(names(&rules));
    // Names of the Herakles original, and beginnings of names.
    let foreign = ["herakles_proc_mem_", "herakles_system_"];
    let mut texts = pages();
    for path in ["monitoring/alerts.yml", "monitoring/relabel/fleet.yml"] {
        texts.push((path.to_owned(), read(path)));
    }
    for (page, text) in texts {
        for name in names(&text) {
            let begins = name.trim_end_matches('_');
            let is_known = known.contains(name)
                || known
                    .iter()
                    .any(|known| known.starts_with(&format!("{begins}_")))
                || ["_bucket", "_sum", "_count", "_created"]
                    .iter()
                    .any(|end| name.strip_suffix(end).is_some_and(|n| known.contains(n)))
                || foreign.iter().any(|start| name.starts_with(start))
                || file(&format!("crates/{}", name.replace('_', "-"))).is_dir();
            assert!(
                is_known,
                "{page} names {name}, which docs/metrics.md does not"
            );
        }
    }
}

/// The text of every Rust file of the product below a folder.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("it is text"));
        }
    }
}

#[test]
fn each_test_that_the_page_on_reliability_names_exists() {
    let page = read("docs/reliability.md");
    let mut all = String::new();
    sources(&file("crates"), &mut all);
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let mut named = 0;
    for row in rows.filter(|row| row.contains('`')) {
        let tests = row.rsplit(" | ").next().unwrap_or_default();
        for test in tests.split('`').skip(1).step_by(2) {
            named += 1;
            assert!(all.contains(&format!("fn {test}(")), "no test is {test}");
        }
    }
    assert!(named > 50, "{named} tests");
}

#[test]
fn the_snippets_of_the_readme_are_what_prometheus_takes() {
    let readme = read("README.md");
    let snippets = blocks(&readme, "yaml");
    let [scrape, alert] = snippets.as_slice() else {
        panic!("a job and an alert: {snippets:?}");
    };
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat(&read("monitoring/alerts.yml")).contains(&flat(alert)),
        "the alert is one of monitoring/alerts.yml"
    );
    let Some(promtool) = tools::promtool() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("prometheus.yml");
    fs::write(&path, scrape).expect("it can be written");
    let output = Command::new(promtool)
        .args(["check", "config"])
        .arg(&path)
        .output()
        .expect("promtool starts");
    assert!(output.status.success(), "{output:?}");
}
