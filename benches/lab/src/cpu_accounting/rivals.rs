//! The two exporters, told to look at the storm as one group and at everything else beside it.

use crate::{
    failure::Failure,
    programs,
    scrape::Scrape,
    service::{Program, Service},
};

/// How often both look, in seconds.
pub(super) const INTERVAL: u64 = 5;

const RULES: &str = "[[subgroups]]\ngroup = \"storm\"\nsubgroup = \"storm\"\n\
    matches = [\"storm\"]\ninherit = true\n";

/// Not by name, as process-exporter 0.7.10 panics at a name that is not UTF-8.
const PROCESS_NAMES: &str = "process_names:\n  - name: storm\n    comm: [storm]\n  \
    - name: rest\n    cmdline: ['.+']\n";

/// Starts the exporter on trial.
///
/// # Errors
/// When it does not start.
pub(super) fn herakles(program: &Program, exits: Option<&str>) -> Result<Service, Failure> {
    let rules = programs::written("storm-rules.toml", RULES)?;
    let mut flags = vec![
        format!("--scan.cache-ttl={INTERVAL}s"),
        format!("--classification.rules={}", rules.display()),
        // What the storm consists of shall be of the storm, not compilers and shells.
        "--no-classification.builtin".to_owned(),
    ];
    flags.extend(exits.map(|source| format!("--scan.exits={source}")));
    Service::start(program, &flags)
}

/// Starts process-exporter.
///
/// # Errors
/// When it does not start.
pub(super) fn start_process_exporter(program: &Program) -> Result<Service, Failure> {
    let names = programs::written("process-exporter.yml", PROCESS_NAMES)?;
    let flags = [format!("--config.path={}", names.display())];
    Service::start(program, &flags)
}

/// CPU seconds that an exporter has credited so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credited {
    pub(super) everybody: f64,
    pub(super) storm: f64,
}

impl Credited {
    pub(super) fn by_herakles(scrape: &Scrape) -> Self {
        let family = "herakles_subgroup_cpu_seconds_total";
        Self {
            everybody: scrape.sum(family, &[]),
            storm: scrape.sum(family, &[("group", "storm")]),
        }
    }

    pub(super) fn by_process_exporter(scrape: &Scrape) -> Self {
        let family = "namedprocess_namegroup_cpu_seconds_total";
        Self {
            everybody: scrape.sum(family, &[]),
            storm: scrape.sum(family, &[("groupname", "storm")]),
        }
    }
}
