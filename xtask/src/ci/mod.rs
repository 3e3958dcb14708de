//! The gate: every step a change must pass, cheapest first, stopped at the first failure.
//!
//! One development build serves clippy's neighbours and the end-to-end tests alike; nothing is
//! built for release. With `CI=true` a tool that is missing and cannot be installed is a failure;
//! otherwise the steps that need it say that they were skipped.

mod log;
mod programs;
mod tools;

use std::{env, process::Command, time::Instant};

use self::{
    log::Log,
    tools::{Missing, Tools},
};
use crate::{failure::Failure, metrics_doc, tidy, workspace};

/// Where property tests take their cases from.
const PROPTEST_SEED: &str = "PROPTEST_RNG_SEED";

/// The names of the steps, in their order.
pub(crate) const STEP_NAMES: [&str; 11] = [
    "fmt",
    "tidy",
    "metrics-doc",
    "tools",
    "deny",
    "clippy",
    "rustdoc",
    "test",
    "doctest",
    "e2e",
    "package",
];

/// How a step that did not fail ended.
enum Outcome {
    Passed,
    /// Something optional is not there; the sentence says what.
    Skipped(String),
}

/// What all steps share.
struct Gate {
    /// Whether a missing tool fails the gate.
    strict: bool,
    tools: Tools,
}

/// Runs the steps, or only those named.
///
/// # Errors
/// The first failing step, with its command; its output has been printed.
pub(crate) fn run(only: &[&str]) -> Result<(), Failure> {
    let mut gate = Gate {
        strict: is_strict(),
        tools: Tools::default(),
    };
    let started = Instant::now();
    let mut skipped = Vec::new();
    for name in STEP_NAMES
        .into_iter()
        .filter(|name| only.is_empty() || only.contains(name))
    {
        println!("{name}: started");
        let step_started = Instant::now();
        let outcome = gate.step(name);
        let seconds = step_started.elapsed().as_secs_f64();
        match outcome {
            Ok(Outcome::Passed) => println!("{name}: ok in {seconds:.1} s"),
            Ok(Outcome::Skipped(reason)) if gate.strict => {
                return Err(Failure::new(format!(
                    "the gate stopped at {name}: {reason}"
                )));
            }
            Ok(Outcome::Skipped(reason)) => {
                println!("{name}: skipped, {reason}");
                skipped.push(name);
            }
            Err(failure) => {
                return Err(Failure::new(format!(
                    "the gate stopped at {name} after {seconds:.1} s: {failure}"
                )));
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    if skipped.is_empty() {
        println!("gate: ok in {seconds:.1} s");
    } else {
        println!("gate: ok in {seconds:.1} s, without {}", skipped.join(", "));
    }
    Ok(())
}

fn is_strict() -> bool {
    env::var("CI").is_ok_and(|ci| !matches!(ci.as_str(), "" | "0" | "false"))
}

impl Gate {
    fn step(&mut self, name: &str) -> Result<Outcome, Failure> {
        match name {
            "fmt" => cargo(name, &["fmt", "--all", "--check"]),
            "tidy" => tidy::run().map(|()| Outcome::Passed),
            "metrics-doc" => metrics_doc::run(true).map(|()| Outcome::Passed),
            "tools" => self.install_tools(),
            "deny" => self.deny(),
            "clippy" => cargo(
                name,
                &[
                    "clippy",
                    "--locked",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            ),
            "rustdoc" => {
                let mut command = cargo_command(&["doc", "--locked", "--workspace", "--no-deps"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                pass(name, &mut command)
            }
            "test" => self.test(),
            "doctest" => cargo(name, &["test", "--locked", "--workspace", "--doc"]),
            "e2e" => self.end_to_end(),
            "package" => package(name),
            _ => Err(Failure::new("no such step")),
        }
    }

    fn install_tools(&mut self) -> Result<Outcome, Failure> {
        let mut log = Log::create("tools")?;
        let missing = self.tools.install(&mut log)?;
        if missing.is_empty() {
            return Ok(Outcome::Passed);
        }
        if self.strict {
            log.print();
        }
        let list: Vec<_> = missing.iter().map(Missing::to_string).collect();
        Ok(Outcome::Skipped(list.join("; ")))
    }

    fn deny(&self) -> Result<Outcome, Failure> {
        let Some(cargo_deny) = tools::cargo_deny() else {
            return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
        };
        let mut command = Command::new(cargo_deny);
        command.args(["--locked", "check", "bans", "licenses", "sources"]);
        pass("deny", &mut command)
    }

    /// Everything but the end-to-end tests and the doc-tests.
    fn test(&self) -> Result<Outcome, Failure> {
        if tools::has_nextest() {
            let mut command = cargo_command(&["nextest", "run", "--locked", "--workspace"]);
            command.args(["-E", "not binary(e2e)"]);
            // The same cases each time: a change is judged by what it changes. A run by hand asks
            // for others, and whoever sets the variable for theirs.
            if env::var_os(PROPTEST_SEED).is_none() {
                command.env(PROPTEST_SEED, "20261122");
            }
            return pass("test", &mut command);
        }
        if self.strict {
            return Ok(Outcome::Skipped(
                "cargo-nextest is not installed".to_owned(),
            ));
        }
        println!("test: cargo-nextest is not installed, using cargo test");
        cargo(
            "test",
            &["test", "--locked", "--workspace", "--lib", "--bins"],
        )
    }

    fn end_to_end(&self) -> Result<Outcome, Failure> {
        let runner: &[&str] = if tools::has_nextest() {
            &["nextest", "run"]
        } else {
            &["test"]
        };
        let mut command = cargo_command(runner);
        command.args([
            "--locked",
            "--package",
            "herakles-exporter",
            "--test",
            "e2e",
        ]);
        for (variable, path) in tools::for_tests() {
            command.env(variable, path);
        }
        if self.strict {
            command.env("HERAKLES_E2E_STRICT", "1");
        }
        pass("e2e", &mut command)
    }
}

/// The packages of the build that the tests before have driven.
fn package(step: &str) -> Result<Outcome, Failure> {
    for program in ["dpkg", "setpriv", "systemd-analyze"] {
        if tools::find(&[], program).is_none() {
            return Ok(Outcome::Skipped(format!("there is no {program}")));
        }
    }
    if !tools::is_root() {
        return Ok(Outcome::Skipped("only root may become nobody".to_owned()));
    }
    cargo(
        "build",
        &["build", "--locked", "--package", "herakles-exporter"],
    )?;
    let program = workspace::root().join("target/debug/herakles-exporter");
    let task = env::current_exe().map_err(|e| Failure::new(format!("where is xtask? {e}")))?;
    pass(
        step,
        Command::new(task).args(["dist", "--check"]).arg(program),
    )
}

fn cargo_command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args);
    command
}

fn cargo(step: &str, args: &[&str]) -> Result<Outcome, Failure> {
    pass(step, &mut cargo_command(args))
}

/// Runs one command from the root of the workspace; its output is shown if it fails.
fn pass(step: &str, command: &mut Command) -> Result<Outcome, Failure> {
    let mut log = Log::create(step)?;
    match log.run(command.current_dir(workspace::root())) {
        Ok(()) => Ok(Outcome::Passed),
        Err(failure) => {
            log.print();
            Err(failure)
        }
    }
}
