//! Classify processes into group and subgroup by rules, and say why.
//!
//! A [`Classifier`] holds [`Rules`] and decides, for the [facts](FactSource) of a process, which
//! rule comes first. A [`ClassTable`] turns its decisions into numbered classes and settles what
//! children inherit. Text in, decisions out: the crate opens no file and knows no clock.
//!
//! ```
//! use herakles_classify::{ClassTable, Classifier, Facts, Inheritance, Rules};
//!
//! let mut rules = Rules::parse(
//!     r#"
//!     [[subgroups]]
//!     group = "shop"
//!     subgroup = "checkout"
//!     cmdline_matches = ['python3? .*/srv/checkout/']
//!     "#,
//!     "/etc/herakles/subgroups.toml",
//! )?;
//! rules.append(Rules::builtin());
//! let classifier = Classifier::new(rules);
//! let mut table = ClassTable::new();
//!
//! let worker = Facts {
//!     comm: b"python3",
//!     cmdline: Some(b"python3\0/srv/checkout/worker.py\0"),
//!     ..Facts::default()
//! };
//! let classification = classifier.classify(&worker);
//! let placement = table.place(&classification, &Inheritance::NONE);
//! assert_eq!(table.class(placement.class).to_string(), "shop/checkout");
//! assert_eq!(classification.rule().unwrap().origin().to_string(), "/etc/herakles/subgroups.toml:2");
//! # Ok::<_, herakles_classify::RuleError>(())
//! ```

#![cfg_attr(
    feature = "import",
    doc = "With the feature `import`, [`Import`] makes rules of a process-exporter's configuration."
)]

mod candidates;
mod cgroup;
mod class;
mod classifier;
mod constraint;
mod destination;
mod error;
mod exact;
mod explain;
mod facts;
mod glob;
#[cfg(feature = "import")]
mod import;
mod inheritance;
mod lint;
mod listed;
mod name;
mod parse;
mod pattern;
mod quote;
mod render;
mod rule;
mod script;
mod suggest;
mod table;
mod template;
mod value;
mod variables;
mod visibility;

pub use cgroup::shows_foreign_cgroups;
pub use class::{Class, ClassId};
pub use classifier::{Classification, Classifier};
pub use error::{RuleError, RuleErrorKind};
pub use explain::{Explanation, Fact, PatternKind, Refusal, RuleMatch, VariableValue, known};
pub use facts::{FactSource, Facts, Needs};
pub use glob::Glob;
#[cfg(feature = "import")]
pub use import::{Import, ImportError, Remark, RemarkKind};
pub use inheritance::Inheritance;
pub use lint::{Warning, WarningKind};
pub use listed::{ListedProcess, cmdline_of_text};
pub use name::display_name;
pub use quote::quoted;
pub use rule::{Rule, RuleOrigin, Rules};
pub use suggest::{Suggestion, suggest, suggest_templates};
pub use table::{ClassTable, Placement};
pub use variables::Variables;
pub use visibility::{SearchMode, Visibility};
