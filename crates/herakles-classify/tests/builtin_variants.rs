//! What an interpreter runs is found whichever build of it runs, and on whichever machine.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::sync::LazyLock;

use herakles_classify::{Classifier, Facts, Rules};

/// Made once, as each of its expressions is compiled when it is first tried.
static BUILTIN: LazyLock<Classifier> = LazyLock::new(|| Classifier::new(Rules::builtin()));

/// Programs that rules ask for by the command line of an interpreter: class, name, command line.
fn cases() -> Vec<[String; 3]> {
    let table: toml::Table = toml::from_str(include_str!("builtin_cases.toml")).unwrap();
    let cases = table["commands"]["cases"].clone();
    let cases: Vec<[String; 3]> = cases.try_into().unwrap();
    let is_interpreted = |[_, comm, line]: &[String; 3]| {
        let program = line.split(' ').next().unwrap_or_default();
        let name = program.rsplit('/').next().unwrap_or_default();
        name == comm && ["java", "node", "php", "python3", "ruby"].contains(&name)
    };
    let cases: Vec<_> = cases.into_iter().filter(is_interpreted).collect();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    cases
}

/// Checks all cases as `change` shows them: name, folder of the program, arguments.
fn check(change: impl Fn(&str, &str, &[&str]) -> (String, Vec<String>)) {
    let mut wrong = Vec::new();
    for [class, comm, line] in cases() {
        let words: Vec<&str> = line.split(' ').collect();
        let folder = words[0].strip_suffix(comm.as_str()).unwrap();
        let (name, line) = change(&comm, folder, &words[1..]);
        let cmdline = line.join("\0") + "\0";
        let classification = BUILTIN.classify(&Facts {
            comm: name.as_bytes(),
            cmdline: Some(cmdline.as_bytes()),
            ..Facts::default()
        });
        let found = classification
            .class()
            .map_or("none".to_owned(), ToString::to_string);
        if found != class {
            wrong.push(format!("{name} {line:?}: is {found}, should be {class}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn line(before: &[&str], program: String, arguments: &[&str]) -> Vec<String> {
    let before = before.iter().map(|word| (*word).to_owned());
    let arguments = arguments.iter().map(|word| (*word).to_owned());
    before.chain([program]).chain(arguments).collect()
}

#[test]
fn in_other_builds() {
    for (common, build, comm) in [
        ("python3", "python3.13t", "python3.13t"),
        ("python3", "python3-dbg", "python3-dbg"),
        ("python3", "python3.12-intel64", "python3.12-inte"),
        ("python3", "pypy3.10", "pypy3.10"),
        ("node", "nodejs", "node-MainThread"),
        ("node", "node22", "MainThread"),
        ("ruby", "ruby3.3", "ruby3.3"),
        ("php", "php8.3-cli", "php8.3-cli"),
    ] {
        check(|name, folder, arguments| {
            let is_it = name == common;
            let (program, comm) = if is_it { (build, comm) } else { (name, name) };
            (
                comm.to_owned(),
                line(&[], format!("{folder}{program}"), arguments),
            )
        });
    }
}

/// As the kernel starts a program for another machine: its own name, and the emulator before it,
/// which may get the name once more.
#[test]
fn under_emulators() {
    for emulator in [
        "/usr/bin/qemu-aarch64-static",
        "/usr/libexec/qemu-binfmt/x86_64-binfmt-P",
        "/run/rosetta/rosetta",
        "/usr/bin/box64",
        "/usr/bin/FEXInterpreter",
    ] {
        check(|name, folder, arguments| {
            let program = format!("{folder}{name}");
            (name.to_owned(), line(&[emulator], program, arguments))
        });
        check(|name, folder, arguments| {
            let program = format!("{folder}{name}");
            (
                name.to_owned(),
                line(&[emulator, &program], name.to_owned(), arguments),
            )
        });
    }
    check(|name, folder, arguments| {
        let program = format!("{folder}{name}");
        (
            "qemu-x86_64".to_owned(),
            line(&["qemu-x86_64", "-L", "/root"], program, arguments),
        )
    });
}

#[test]
fn under_wine() {
    check(|name, folder, arguments| {
        let folder = match folder.replace('/', "\\") {
            folder if folder.is_empty() => r"C:\Program Files\bin\".to_owned(),
            folder => format!("Z:{folder}"),
        };
        let program = format!("{folder}{name}.exe");
        (format!("{name}.exe"), line(&[], program, arguments))
    });
}

#[test]
fn with_blanks_where_nuls_should_be() {
    check(|name, folder, arguments| {
        let words = line(&[], format!("{folder}{name}"), arguments);
        (name.to_owned(), vec![words.join(" ")])
    });
}
