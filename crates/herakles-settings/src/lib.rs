//! Settings of a program: what people write, read, checked and explained.
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

mod names;
mod text_file;

pub use names::{did_you_mean, nearest, quoted};
pub use text_file::read_text;
