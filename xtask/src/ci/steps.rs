//! The steps of the gate in their order.

use std::{env, fs, process::Command};

use super::{
    command::{cargo, cargo_command, pass},
    log::Log,
    outcome::{Outcome, Strictness},
    packed, places, targets,
    tools::{self, Missing},
};
use crate::{
    command::on_path, failure::Failure, instructions, metadata, metrics_doc, tidy, workspace,
};

/// Where property tests take their cases from.
const PROPTEST_SEED: &str = "PROPTEST_RNG_SEED";

/// Where tests write what they left out, a line each: name, colon, reason.
const SKIPPED: &str = "HERAKLES_SKIPPED";

/// One thing that must hold.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) run: fn(Strictness) -> Result<Outcome, Failure>,
}

/// What the failure of a step means for those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// They have nothing new to say: what does not build is not tested.
    Preparation,
    /// Nothing: one failed test hides no other.
    Trial,
}

/// All steps.
pub(super) const STEPS: [Step; 15] = [
    step("fmt", Kind::Preparation, |_| {
        cargo("fmt", &["fmt", "--all", "--check"])
    }),
    step("tidy", Kind::Preparation, |_| {
        tidy::run().map(|()| Outcome::Passed)
    }),
    step("tools", Kind::Preparation, |_| bring_tools()),
    step("deny", Kind::Preparation, |_| deny()),
    step("clippy", Kind::Preparation, |_| clippy()),
    step("targets", Kind::Preparation, |_| targets::check()),
    step("rustdoc", Kind::Preparation, |_| rustdoc()),
    step("crates", Kind::Preparation, |_| packed::check()),
    step("metrics-doc", Kind::Preparation, |_| {
        metrics_doc::run(true).map(|()| Outcome::Passed)
    }),
    step("test", Kind::Trial, test),
    step("doctest", Kind::Trial, |_| {
        cargo("doctest", &["test", "--locked", "--workspace", "--doc"])
    }),
    step("fuzz", Kind::Trial, |_| fuzz()),
    step("instructions", Kind::Trial, |_| instructions()),
    step("e2e", Kind::Trial, end_to_end),
    step("package", Kind::Trial, |_| package()),
];

const fn step(
    name: &'static str,
    kind: Kind,
    run: fn(Strictness) -> Result<Outcome, Failure>,
) -> Step {
    Step { name, kind, run }
}

fn bring_tools() -> Result<Outcome, Failure> {
    let mut log = Log::create("tools")?;
    let missing = tools::install(&mut log)?;
    if missing.is_empty() {
        return Ok(Outcome::Passed);
    }
    log.print();
    let list: Vec<_> = missing.iter().map(Missing::to_string).collect();
    Ok(Outcome::Skipped(list.join("; ")))
}

fn deny() -> Result<Outcome, Failure> {
    let Some(cargo_deny) = places::cargo_deny() else {
        return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
    };
    let mut command = Command::new(cargo_deny);
    command.args(["--locked", "check", "bans", "licenses", "sources"]);
    pass("deny", &mut command)
}

fn clippy() -> Result<Outcome, Failure> {
    let mut command = cargo_command(&["clippy", "--locked", "--workspace", "--all-targets"]);
    pass("clippy", command.args(["--", "-D", "warnings"]))
}

fn rustdoc() -> Result<Outcome, Failure> {
    let mut command = cargo_command(&["doc", "--locked", "--workspace", "--no-deps"]);
    pass("rustdoc", command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Everything but the end-to-end tests and the doc-tests.
fn test(strictness: Strictness) -> Result<Outcome, Failure> {
    let Some(mut command) = nextest("not binary(e2e)") else {
        return without_nextest("test", strictness, &["--lib", "--bins"]);
    };
    // The same cases each time: a change is judged by what it changes. A run by hand asks for
    // others, and whoever sets the variable for theirs.
    if env::var_os(PROPTEST_SEED).is_none() {
        command.env(PROPTEST_SEED, "20261122");
    }
    run_tests("test", &mut command)
}

fn end_to_end(strictness: Strictness) -> Result<Outcome, Failure> {
    let Some(mut command) = nextest("binary(e2e)") else {
        return without_nextest("e2e", strictness, &["--test", "e2e"]);
    };
    command.envs(places::for_tests());
    if strictness == Strictness::Strict {
        command.env("HERAKLES_E2E_STRICT", "1");
    }
    run_tests("e2e", &mut command)
}

/// The fuzz targets on what is known and on little that is changed, in the build of the tests as far
/// as it is the same.
fn fuzz() -> Result<Outcome, Failure> {
    let manifest = workspace::root().join("fuzz/Cargo.toml");
    let shown = manifest.display().to_string();
    cargo("fuzz-fmt", &["fmt", "--manifest-path", &shown, "--check"])?;
    let mut command = cargo_command(&["run", "--locked", "--no-default-features"]);
    command
        .args(["--manifest-path", &shown, "--target-dir"])
        .arg(metadata::target_directory()?)
        .args(["--", "--executions", "300"]);
    pass("fuzz", &mut command)
}

/// Work of a fixed size, which may not need more instructions than it did. Where the baseline says
/// nothing about this compiler or machine, nobody can change that, so it is no failure anywhere.
fn instructions() -> Result<Outcome, Failure> {
    let Some(valgrind) = places::valgrind() else {
        return Ok(Outcome::Skipped("there is no valgrind".to_owned()));
    };
    if let Some(difference) = instructions::difference(valgrind())? {
        return Ok(Outcome::Without(vec![format!(
            "the counts of instructions: {difference}"
        )]));
    }
    pass("instructions", &mut instructions::build())?;
    instructions::check(valgrind)?;
    Ok(Outcome::Passed)
}

/// The packages of the build that the tests before have driven.
fn package() -> Result<Outcome, Failure> {
    for program in ["dpkg", "setpriv", "systemd-analyze"] {
        if on_path(program).is_none() {
            return Ok(Outcome::Skipped(format!("there is no {program}")));
        }
    }
    if !rustix::process::geteuid().is_root() {
        return Ok(Outcome::Skipped("only root may become nobody".to_owned()));
    }
    let build = [
        "build",
        "--locked",
        "--workspace",
        "--bin",
        "herakles-exporter",
    ];
    cargo("build", &build)?;
    let program = metadata::target_directory()?.join("debug/herakles-exporter");
    let task = env::current_exe().map_err(|e| Failure::new(format!("where is xtask? {e}")))?;
    pass(
        "package",
        Command::new(task).args(["dist", "--check"]).arg(program),
    )
}

/// All tests are built with the same features, whichever of them run: a package alone would have
/// its dependencies built once more.
fn nextest(filter: &str) -> Option<Command> {
    let mut command = Command::new(places::cargo_nextest()?);
    command
        .args(["nextest", "run", "--locked", "--workspace"])
        .args(["--no-fail-fast", "--filterset", filter]);
    Some(command)
}

fn without_nextest(
    step: &str,
    strictness: Strictness,
    targets: &[&str],
) -> Result<Outcome, Failure> {
    let missing = "cargo-nextest is not installed";
    if strictness == Strictness::Strict {
        return Ok(Outcome::Skipped(missing.to_owned()));
    }
    println!("{step}: {missing}, using cargo test");
    let mut command = cargo_command(&["test", "--locked", "--workspace", "--no-fail-fast"]);
    run_tests(step, command.args(targets))
}

/// Runs tests, and reads what they say that they left out.
fn run_tests(step: &str, command: &mut Command) -> Result<Outcome, Failure> {
    let file = places::home().join(format!("{step}.skipped"));
    let unusable = |e| Failure::new(format!("{}: {e}", file.display()));
    fs::create_dir_all(places::home()).map_err(unusable)?;
    fs::write(&file, "").map_err(unusable)?;
    pass(step, command.env(SKIPPED, &file))?;
    let skipped = fs::read_to_string(&file).map_err(unusable)?;
    let mut reasons: Vec<String> = skipped.lines().map(str::to_owned).collect();
    reasons.sort();
    reasons.dedup();
    Ok(match reasons.len() {
        0 => Outcome::Passed,
        _ => Outcome::Without(reasons),
    })
}
