//! The targets of Linux beside the usual one, and what compiles the C of dependencies for them.

use std::{env, process::Command};

use crate::command;

/// A target of Linux.
#[derive(Debug)]
pub(crate) struct LinuxTarget {
    pub(crate) triple: &'static str,
    /// What compiles C for it. That the headers are another libc's does no harm: what is compiled
    /// uses none of its functions but those that every libc has.
    compiler: &'static str,
    /// Debian's package of that.
    package: &'static str,
}

pub(crate) const X86_64_MUSL: LinuxTarget = LinuxTarget {
    triple: "x86_64-unknown-linux-musl",
    compiler: "x86_64-linux-gnu-gcc",
    package: "gcc",
};

pub(crate) const AARCH64_GNU: LinuxTarget = LinuxTarget {
    triple: "aarch64-unknown-linux-gnu",
    compiler: "aarch64-linux-gnu-gcc",
    package: "gcc-aarch64-linux-gnu",
};

pub(crate) const AARCH64_MUSL: LinuxTarget = LinuxTarget {
    triple: "aarch64-unknown-linux-musl",
    compiler: "aarch64-linux-gnu-gcc",
    package: "gcc-aarch64-linux-gnu",
};

impl LinuxTarget {
    /// What is missing for compiling C, as a sentence's end; `None` where nothing is.
    pub(crate) fn lack(&self) -> Option<String> {
        let has_compiler =
            env::var_os(self.cc()).is_some() || command::on_path(self.compiler).is_some();
        (!has_compiler).then(|| {
            format!(
                "the target {}, as there is no {}; Debian has it in {}",
                self.triple, self.compiler, self.package
            )
        })
    }

    /// Makes `command`, one of cargo's, use the compiler and link with it, unless the environment
    /// names others.
    pub(crate) fn set_compiler(&self, command: &mut Command) {
        let linker = format!("CARGO_TARGET_{}_LINKER", self.variable().to_uppercase());
        for variable in [self.cc(), linker] {
            if env::var_os(&variable).is_none() {
                command.env(variable, self.compiler);
            }
        }
    }

    fn cc(&self) -> String {
        format!("CC_{}", self.variable())
    }

    fn variable(&self) -> String {
        self.triple.replace('-', "_")
    }
}
