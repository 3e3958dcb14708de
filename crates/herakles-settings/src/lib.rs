//! Settings of a program: what people write, read, checked and explained.
//!
//! A program writes the table of its [`settings!`] once: name, type, kind, default and help of
//! each. [`Sources`] merge what holds: the default, the TOML file, the environment, the command
//! line, where the later wins. Each value knows its [`Origin`], and each mistake is a sentence that
//! says what is wrong, where, and what was probably meant.
//!
//! ```
//! use std::time::Duration;
//! use herakles_settings::{Environment, FlagValues, Kind, Program, Sources, settings};
//!
//! settings! {
//!     /// All settings.
//!     Config of Program {
//!         name: "example",
//!         noun: "the example",
//!         prefix: "EXAMPLE",
//!         default_file: "/etc/example.toml",
//!         elsewhere: &[],
//!         contradictions: |_| Vec::new(),
//!     };
//!
//!     /// `[ask]`: what is asked of others.
//!     ask: Ask, "Asking" {
//!         /// Time an answer may take
//!         timeout: Duration = Kind::seconds(1, 60), ["30s"];
//!         /// Ask again where there was no answer
//!         again: bool = Kind::Bool, ["true"];
//!     }
//! }
//!
//! let environment = [("EXAMPLE_ASK_AGAIN".into(), "false".into())];
//! let sources = Sources::<Config>::new(FlagValues::default(), Environment::from_iter(environment));
//!
//! let loaded = sources.load_text("example.toml".into(), "[ask]\ntimeout = '10s'\n")?;
//! assert_eq!(loaded.config.ask.timeout, Duration::from_secs(10));
//! assert!(!loaded.config.ask.again);
//! assert_eq!(loaded.settings[0].origin.to_string(), "example.toml:2");
//! assert_eq!(loaded.settings[1].origin.to_string(), "EXAMPLE_ASK_AGAIN");
//!
//! let error = sources.load_text("example.toml".into(), "[ask]\ntimeuot = '2h'\n").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "example.toml:2:1: unknown key `timeuot` in [ask]; did you mean `timeout`?"
//! );
//! # Ok::<(), herakles_settings::ConfigError>(())
//! ```
//!
//! [`Loaded::to_toml`] prints what holds, [`template`] a file to start from, and [`markdown`] a
//! reference.
//!
//! With the feature `clap` the flags of all settings are added to a command line, and clap's errors
//! become sentences of the same kind.
//!
//! A file that somebody names may be a pipe without a writer, and a word that somebody writes may
//! be one letter away from what was meant: [`read_text`] never waits for ever, and [`nearest`]
//! finds the name to ask for.

mod error;
mod file;
#[cfg(feature = "clap")]
mod flags;
mod invalid;
mod kind;
mod load;
mod names;
mod origin;
mod render;
mod setting;
mod text_file;
#[cfg(feature = "clap")]
mod usage;
mod value;

pub use error::{ConfigError, Place, Problem, ProblemKind, Problems};
#[cfg(feature = "clap")]
pub use flags::{Listing, with_settings};
pub use invalid::Invalid;
pub use kind::{Kind, Syntax};
pub use load::{EffectiveSetting, Environment, FlagValues, Loaded, Sources};
pub use names::{did_you_mean, nearest, quoted};
pub use origin::Origin;
pub use render::{fingerprint, markdown, template};
pub use setting::{Program, Setting, Settings, Table};
pub use text_file::read_text;
#[cfg(feature = "clap")]
pub use usage::usage;
pub use value::{FromValue, Value};
