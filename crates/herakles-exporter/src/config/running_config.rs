//! The configuration and rules in force, loaded together and replaced together.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use herakles_classify::{Classifier, RuleError, Rules, Visibility, Warning as RuleWarning};
use herakles_collect::{BufferSizes, MemoryMode, NameFilter, Options};
use herakles_metrics::exporter::ConfigLabels;
use herakles_metrics::{Filter, Quantities, SeriesLimits};
use herakles_plan::PlanLimits;
use herakles_settings::{ConfigError, Setting, fingerprint, read_text};
use herakles_web::Limits;

use super::rule_files::{rule_files, rule_patterns};
use super::settings::{Config, MemoryReading};
use super::{ConfigSources, LoadedConfig};

/// No rule file is longer: beyond it something else was named by mistake.
const MAX_RULE_FILE: u64 = 1 << 20;
/// Nor are there more of them.
const MAX_RULE_FILES: usize = 1000;

/// So many warnings of one kind are told, and then how many more there are.
const MAX_WARNINGS: usize = 10;

/// Why configuration or rules could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LoadError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Rules(#[from] RuleError),
    #[error("cannot read the rules {}: {source}; correct classification.rules", path.display())]
    RuleFile { path: PathBuf, source: io::Error },
    #[error(transparent)]
    RuleFiles(ConfigError),
    #[error("classification.rules names {count} files; at most {MAX_RULE_FILES} are read")]
    TooManyRuleFiles { count: usize },
}

/// What the program goes by until the next reload.
#[derive(Debug)]
pub(crate) struct RunningConfig {
    pub(crate) loaded: LoadedConfig,
    /// What the collector does by it.
    pub(crate) options: Options,
    /// What is suspicious in the user's rules. The built-in ones have their own test.
    pub(crate) rule_warnings: Vec<String>,
    rules_hash: String,
    /// Where they are from.
    rule_files: Vec<String>,
}

impl RunningConfig {
    /// Loads the configuration, then the rules it names.
    pub(crate) fn load(sources: &ConfigSources) -> Result<Self, LoadError> {
        Self::of(sources.load()?, None)
    }

    /// The same for a running exporter.
    pub(crate) fn reload(sources: &ConfigSources, running: &Self) -> Result<Self, LoadError> {
        Self::of(sources.reload(&running.loaded)?, Some(running))
    }

    /// The files that a reload reads, and patterns of such files.
    pub(crate) fn files_to_read_again(&self) -> Vec<PathBuf> {
        let config = self.loaded.file.clone();
        config
            .into_iter()
            .chain(rule_patterns(&self.loaded))
            .collect()
    }

    /// What `loaded` means. Rules that are the same as those of `running` stay: new ones take
    /// some megabytes until the old ones are gone.
    fn of(loaded: LoadedConfig, running: Option<&Self>) -> Result<Self, LoadError> {
        let classification = &loaded.config.classification;
        let files = rule_files(&loaded).map_err(LoadError::RuleFiles)?;
        if files.len() > MAX_RULE_FILES {
            return Err(LoadError::TooManyRuleFiles { count: files.len() });
        }
        let mut texts = Vec::new();
        for path in files {
            let text = read_text(&path, MAX_RULE_FILE).map_err(|source| LoadError::RuleFile {
                path: path.clone(),
                source,
            })?;
            texts.push((path.display().to_string(), text));
        }
        let mut all: String = texts.iter().map(|(_, text)| format!("{text}\0")).collect();
        if classification.builtin {
            all.push_str(env!("CARGO_PKG_VERSION"));
        }
        let rules_hash = fingerprint(all.as_bytes());
        let paths = texts.iter().map(|(path, _)| path.clone()).collect();
        let is_same = |it: &&Self| (&it.rules_hash, &it.rule_files) == (&rules_hash, &paths);
        let (classifier, rule_warnings) = match running.filter(is_same) {
            Some(it) => (Arc::clone(&it.options.classifier), it.rule_warnings.clone()),
            None => {
                let mut rules = Rules::default();
                for (path, text) in &texts {
                    rules.append(Rules::parse(text, path)?);
                }
                let mut builtin = Rules::default();
                if classification.builtin {
                    builtin = Rules::builtin();
                }
                let warnings = RuleWarning::digest(&rules.lint_before(&builtin), MAX_WARNINGS);
                rules.append(builtin);
                (Arc::new(Classifier::new(rules)), warnings)
            }
        };
        Ok(Self {
            options: options(&loaded.config, classifier),
            rule_warnings,
            rules_hash,
            rule_files: paths,
            loaded,
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The labels of `herakles_exporter_config_info`; of the gate only the collector knows.
    pub(crate) fn labels(&self) -> ConfigLabels {
        ConfigLabels {
            config_hash: self.loaded.hash(),
            rules_hash: self.rules_hash.clone(),
            memory_mode: self.options.memory_mode().as_str().to_owned(),
            gate: String::new(),
        }
    }

    /// The settings whose value is another than `before`, and `rules` if those are others;
    /// `nothing` if it is the same.
    pub(crate) fn changes_since(&self, before: &Self) -> String {
        let settings = self.loaded.changed_since(&before.loaded);
        let mut changed: Vec<String> = settings.map(Setting::path).collect();
        if self.rules_hash != before.rules_hash {
            let rules = self.options.classifier.rules().len();
            changed.push(format!("rules ({rules} now)"));
        }
        if changed.is_empty() {
            "nothing".to_owned()
        } else {
            changed.join(", ")
        }
    }

    /// What a client may use of the server.
    pub(crate) fn web_limits(&self) -> Limits {
        let web = &self.config().web;
        Limits {
            max_connections: web.max_connections,
            header_timeout: web.header_timeout,
            write_timeout: web.write_timeout,
            ..Limits::default()
        }
    }
}

/// What a collector does by a configuration and its rules.
fn options(config: &Config, classifier: Arc<Classifier>) -> Options {
    let Config {
        scan,
        buffers,
        filter,
        classification,
        export,
        ..
    } = config;
    let mut options = Options::new(classifier);
    options.visibility = Visibility::new(
        classification.search_mode,
        classification.search_groups.iter().cloned(),
        classification.search_subgroups.iter().cloned(),
        classification.disable_others,
    );
    options.memory = match config.memory_reading() {
        MemoryReading::Rss => MemoryMode::Rss,
        MemoryReading::Exact => MemoryMode::Exact,
        MemoryReading::Adaptive => MemoryMode::Adaptive(PlanLimits {
            memory_max_age: scan.memory_max_age,
            hold_ratio: scan.hold_ratio,
            max_hold: Some(scan.max_hold).filter(|hold| !hold.is_zero()),
            cpu_budget: Some(scan.cpu_budget),
        }),
    };
    options.idle_detection = scan.taskstats;
    options.exits = scan.exits;
    options.interval = scan.cache_ttl;
    options.threads = scan.parallelism;
    options.max_processes = scan.max_processes;
    options.names = NameFilter::new(filter.include_names.clone(), filter.exclude_names.clone());
    options.limits = SeriesLimits {
        processes: export.processes,
        top_n_subgroup: export.top_n_subgroup,
        top_n_others: export.top_n_others,
        max_series: export.max_series.map(Into::into),
        live_series: 0,
        created: export.created,
        quantities: Quantities {
            rss: export.enable_rss,
            pss: export.enable_pss,
            uss: export.enable_uss,
            cpu: export.enable_cpu,
        },
        filter: Filter {
            min_uss_bytes: filter.min_uss_kb << 10,
            min_rss_bytes: filter.min_rss_kb << 10,
            min_cpu_ratio: filter.min_cpu_ratio,
            min_age: filter.min_age,
        },
    };
    options.host = export.host;
    options.fds = export.fds;
    options.io = config.scan.io;
    options.rootfs = config.path.rootfs.clone();
    options.buffers = BufferSizes {
        io_bytes: buffers.io_kb << 10,
        smaps_rollup_bytes: buffers.smaps_rollup_kb << 10,
        smaps_bytes: buffers.smaps_kb << 10,
    };
    options
}
