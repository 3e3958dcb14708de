//! What is fuzzed: functions of any bytes that panic where a promise is broken.
//!
//! They are run by libFuzzer (`fuzz_targets/`) and, where there is no nightly compiler, by this
//! crate's own program, which changes known inputs at random.

mod classification;
mod exposition;
mod host;
mod input;
mod pages;
mod process;
mod reader;
mod settings;
mod snapshot;

pub use classification::{cgroup, cmdline, import, rules};
pub use exposition::exposition;
pub use host::{datagrams, host_files};
pub use pages::pages;
pub use process::{rollup, smaps, stat, statm};
pub use settings::{accept, configuration, web_configuration};

/// A target by name.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// That of its folders and its dictionary.
    pub name: &'static str,
    /// Takes any bytes, and panics where a promise is broken.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    target("stat", stat),
    target("statm", statm),
    target("rollup", rollup),
    target("smaps", smaps),
    target("cgroup", cgroup),
    target("cmdline", cmdline),
    target("rules", rules),
    target("import", import),
    target("configuration", configuration),
    target("web_configuration", web_configuration),
    target("accept", accept),
    target("datagrams", datagrams),
    target("host_files", host_files),
    target("exposition", exposition),
    target("pages", pages),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}
