//! Runs the work under callgrind, which counts what the processor is told to do.

use std::{fs, process::Command};

use super::comparison::Counts;
use crate::{command, failure::Failure, metadata, workspace};

const PACKAGE: &str = "herakles-instructions";

/// The function of that program in which counting is on. Everything before is preparation.
const COUNTED: &str = "--toggle-collect=*counted_by_callgrind*";

/// Builds the work as releases are built, but for what only takes long.
pub(crate) fn build() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--locked", "--release", "--package", PACKAGE])
        // A processor of one's own choice would make counts of one's own.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// Counts all the work that the program knows.
///
/// # Errors
/// When it does not run under callgrind.
pub(super) fn all(valgrind: impl Fn() -> Command) -> Result<Counts, Failure> {
    let target = metadata::target_directory()?;
    let program = target.join("release").join(PACKAGE);
    let gate = workspace::root().join("target/gate");
    fs::create_dir_all(&gate)
        .map_err(|e| Failure::new(format!("cannot make {}: {e}", gate.display())))?;
    let names = command::output(&mut Command::new(&program))?;
    let mut counts = Counts::new();
    for name in String::from_utf8_lossy(&names).lines() {
        let file = gate.join(format!("callgrind.{name}"));
        let mut callgrind = valgrind();
        callgrind
            .args(["--tool=callgrind", "--quiet", COUNTED])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(&program)
            .arg(name);
        command::run(&mut callgrind)?;
        let count = total(&workspace::read(&file)?)
            .ok_or_else(|| Failure::new(format!("callgrind counted nothing of {name}")))?;
        counts.insert(name.to_owned(), count);
    }
    Ok(counts)
}

/// The sum in a file of callgrind.
fn total(file: &str) -> Option<u64> {
    let sum = file
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    sum.trim().parse().ok().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn a_function_that_callgrind_did_not_find_is_noticed() {
        let file = |sum| format!("# callgrind format\nevents: Ir\nfn=(1) main\n3 42\n\n{sum}\n");
        assert_eq!(total(&file("totals: 17690358")), Some(17_690_358));
        assert_eq!(total(&file("totals: 0")), None);
        assert_eq!(total(&file("")), None);
    }
}
