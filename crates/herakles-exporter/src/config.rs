//! The configuration: from flags, environment and file to one checked [`Config`].
//!
//! [`ConfigSources`] holds where it comes from (flags, environment, file); [`ConfigSources::load`]
//! merges the layers by the rows of [`settings`] into a [`LoadedConfig`], and does so again at a
//! reload.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod rule_files;
mod running_config;
pub(crate) mod settings;

use herakles_classify::SearchMode;

pub(crate) use running_config::{LoadError, RunningConfig};
pub(crate) use settings::Config;
use settings::MemoryReading;

/// Where the configuration comes from.
pub(crate) type ConfigSources = herakles_settings::Sources<Config>;

/// The configuration, and how it came about.
pub(crate) type LoadedConfig = herakles_settings::Loaded<Config>;

/// A file to start from.
pub(crate) fn template() -> String {
    herakles_settings::template::<Config>(
        "# Configuration of herakles-exporter. Each key is here with its default: take away the #\n\
         # before one to change it. `herakles-exporter config` prints what holds and where it comes\n\
         # from, `herakles-exporter check` what works here.\n",
    )
}

impl Config {
    /// Settings that do not go together, as sentences: allowed, but hardly meant.
    fn contradictions(&self) -> Vec<String> {
        let Self {
            filter,
            classification,
            export,
            ..
        } = self;
        let searches =
            !classification.search_groups.is_empty() || !classification.search_subgroups.is_empty();
        let no_uss = self.memory_reading() == MemoryReading::Rss || !export.enable_uss;
        let checks = [
            (
                classification.search_mode == SearchMode::Include && !searches,
                "classification.search_mode is \"include\", but search_groups and \
                 search_subgroups are empty: no subgroup is shown",
            ),
            (
                classification.search_mode == SearchMode::All && searches,
                "classification.search_groups and search_subgroups have no effect while \
                 search_mode is \"all\"",
            ),
            (
                filter.min_uss_kb > 0 && no_uss,
                "filter.min_uss_kb is set, but USS is not read: no process has series of its own",
            ),
            (
                !classification.builtin && classification.rules.is_empty(),
                "classification.builtin is false and classification.rules is empty: every process \
                 is in other/other",
            ),
        ];
        checks
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, text)| text.to_owned())
            .collect()
    }

    /// How memory is read: where neither PSS nor USS is exported, nothing is read for them.
    pub(crate) fn memory_reading(&self) -> MemoryReading {
        if self.export.enable_pss || self.export.enable_uss {
            self.scan.memory
        } else {
            MemoryReading::Rss
        }
    }
}

#[cfg(test)]
mod tests;
