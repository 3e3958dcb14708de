//! Settings of a program: what people write, read, checked and explained.
//!
//! A [`Kind`] takes text from a command line or a variable, or a value of a TOML file, and makes a
//! checked [`Value`] of it, or says what is wrong in words for people:
//!
//! ```
//! use std::time::Duration;
//! use herakles_settings::{Kind, Value};
//!
//! let timeout = Kind::Duration { min: Duration::from_secs(1), max: Duration::from_secs(60) };
//! assert_eq!(timeout.parse(&["30s"])?, Value::Duration(Duration::from_secs(30)));
//! let sentence = timeout.parse(&["2h"]).unwrap_err().to_string();
//! assert_eq!(sentence, "`2h` is out of range: expected a duration from 1s to 1m");
//! # Ok::<(), herakles_settings::Invalid>(())
//! ```
//!
//! A file that somebody names may be a pipe without a writer, and a word that somebody writes may
//! be one letter away from what was meant: [`read_text`] never waits for ever, and [`nearest`]
//! finds the name to ask for.
//!
//! ```
//! use herakles_settings::{did_you_mean, nearest, quoted};
//!
//! let near = nearest("timeuot", ["timeout", "retries"]);
//! assert_eq!(near, Some("timeout"));
//! let sentence = format!("unknown key {}{}", quoted("timeuot"), did_you_mean(near));
//! assert_eq!(sentence, "unknown key `timeuot`; did you mean `timeout`?");
//! ```

mod invalid;
mod kind;
mod names;
mod setting;
mod text_file;
mod value;

pub use invalid::Invalid;
pub use kind::{Form, Kind};
pub use names::{did_you_mean, nearest, quoted};
pub use setting::{Program, Setting, Settings, Table};
pub use text_file::read_text;
pub use value::{FromValue, Value};
