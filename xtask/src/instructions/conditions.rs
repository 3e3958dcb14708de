//! What counts of instructions depend on besides the code.

use std::{collections::BTreeMap, fs, process::Command};

use crate::{command, failure::Failure};

/// Names and values.
#[derive(Debug, PartialEq)]
pub(super) struct Conditions(pub(super) BTreeMap<String, String>);

impl Conditions {
    /// Those of this machine.
    ///
    /// # Errors
    /// When the compiler or valgrind does not say its version.
    pub(super) fn here(mut valgrind: Command) -> Result<Self, Failure> {
        let about = text(Command::new("rustc").arg("-vV"))?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: "));
        let list = [
            ("compiler", about.lines().next().unwrap_or_default()),
            ("host", host.unwrap_or_default()),
            ("libc", &libc()),
            ("valgrind", &text(valgrind.arg("--version"))?),
            ("processor", processor()),
        ];
        let owned = list.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        Ok(Self(owned.into()))
    }

    /// The first that is something else in `other`.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let nothing = String::from("unknown");
        self.0.iter().find_map(|(name, then)| {
            let now = other.0.get(name).unwrap_or(&nothing);
            (now != then).then(|| format!("{name} is {now}, the baseline has {then}"))
        })
    }
}

fn text(command: &mut Command) -> Result<String, Failure> {
    let printed = command::output(command)?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Its copying and comparing are counted, too. Only the C library of GNU has an answer.
fn libc() -> String {
    let asked = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    asked.map_or("unknown".to_owned(), |output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
    })
}

/// What makes libraries choose other code: valgrind imitates one of two processors.
fn processor() -> &'static str {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    match info.split_whitespace().any(|word| word == "avx2") {
        true => "has AVX2",
        false => "has no AVX2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(compiler: &str, libc: &str) -> Conditions {
        let list = [("compiler", compiler), ("libc", libc)];
        Conditions(list.map(|(name, value)| (name.into(), value.into())).into())
    }

    #[test]
    fn another_compiler_is_named_with_that_of_the_baseline() {
        let then = conditions("rustc 1.95.0", "glibc 2.36");
        assert_eq!(then.difference(&then), None);
        assert_eq!(
            then.difference(&conditions("rustc 1.96.0", "glibc 2.36"))
                .unwrap(),
            "compiler is rustc 1.96.0, the baseline has rustc 1.95.0"
        );
        assert!(
            then.difference(&conditions("rustc 1.95.0", "musl"))
                .unwrap()
                .starts_with("libc is musl")
        );
    }

    #[test]
    fn what_this_machine_does_not_know_is_a_difference() {
        let then = conditions("rustc 1.95.0", "glibc 2.36");
        let difference = then.difference(&Conditions(BTreeMap::new()));
        assert!(difference.unwrap().starts_with("compiler is unknown"));
    }
}
