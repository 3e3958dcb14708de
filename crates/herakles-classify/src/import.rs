//! Rules from the configuration of a process-exporter, which groups processes too.
//!
//! There the first item whose selectors all match names the group; here the first rule does. What
//! one says the other can say nearly word for word, and where it cannot, the text says so beside
//! the rule and [`Import::remarks`] to the program.

mod document;
mod entry;
mod go_regex;
mod template;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::rule::Rules;
use entry::Converted;

/// The group of the rules: the names of a process-exporter have one part.
const GROUP: &str = "imported";

/// Rules made of another program's configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Import {
    /// A rule file that [`Rules::parse`] reads, with comments on what is not the same.
    pub text: String,
    /// What is not the same, in the order of the configuration.
    pub remarks: Vec<Remark>,
}

/// Something that a rule does not say as the configuration did. Displays as `ORIGIN:LINE: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}: {message}")]
#[non_exhaustive]
pub struct Remark {
    /// What became of it.
    pub kind: RemarkKind,
    /// The name of the configuration.
    pub origin: Arc<str>,
    /// The line of the item, from 1.
    pub line: u64,
    /// What is not the same, on one line and without control characters.
    pub message: String,
}

/// What became of a part of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemarkKind {
    /// It means nothing, there as here.
    Ignored,
    /// It is in the rules, and means something else in a way that is said.
    Differs,
    /// It is not in the rules.
    LeftOut,
}

/// Why a configuration cannot be read at all. Displays as `ORIGIN:LINE:COLUMN: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}:{column}: {message}")]
#[non_exhaustive]
pub struct ImportError {
    /// The name of the configuration.
    pub origin: Arc<str>,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// What is wrong and what to do.
    pub message: String,
}

impl Import {
    /// Converts the YAML that a [process-exporter] reads with `-config.path`. `origin` names it in
    /// remarks and comments.
    ///
    /// [process-exporter]: https://github.com/ncabatoff/process-exporter
    ///
    /// # Errors
    /// If the text is no such configuration. An item that no rule can express is a
    /// [remark](RemarkKind::LeftOut).
    ///
    /// ```
    /// use herakles_classify::Import;
    ///
    /// let yaml = r#"
    /// process_names:
    ///   - name: "shop-{{.Matches.app}}"
    ///     comm: [java]
    ///     cmdline: ['-Dapp=(?P<app>\w+)']
    /// "#;
    /// let import = Import::process_exporter(yaml, "pe.yml")?;
    /// assert!(import.text.ends_with(
    ///     r#"
    /// [[subgroups]]
    /// group = "imported"
    /// subgroup = "shop-{app}"
    /// matches = ["java"]
    /// cmdline_all = ['-Dapp=(?P<app>\w+)']
    /// inherit = true
    /// max_values = 1000
    /// "#
    /// ));
    /// assert!(import.remarks.is_empty());
    /// # Ok::<_, herakles_classify::ImportError>(())
    /// ```
    pub fn process_exporter(yaml: &str, origin: &str) -> Result<Self, ImportError> {
        let document = document::parse(yaml, origin)?;
        let mut writer = Writer::new(origin);
        for (line, key) in &document.unknown {
            let message = format!("{key:?} means nothing to process-exporter, nor here");
            writer.remark(RemarkKind::Ignored, *line, &message);
        }
        for (line, item) in &document.entries {
            writer.item(*line, item);
        }
        Ok(writer.import)
    }
}

/// Writes the rules, and notes what becomes of each item.
struct Writer {
    origin: Arc<str>,
    import: Import,
}

impl Writer {
    fn new(origin: &str) -> Self {
        let text = format!(
            "# Made of {}, a configuration of process-exporter.\n\
             # Its names become subgroups of the group {GROUP:?}. The first rule that matches wins, as\n\
             # there; `inherit` is what its flag -children does. Processes that none of these rules\n\
             # matches are left to the built-in ones, and kernel threads are always system/kernel.\n",
            one_line(origin)
        );
        Self {
            origin: origin.into(),
            import: Import {
                text,
                remarks: Vec::new(),
            },
        }
    }

    fn remark(&mut self, kind: RemarkKind, line: u64, message: &str) {
        self.import.remarks.push(Remark {
            kind,
            origin: Arc::clone(&self.origin),
            line,
            message: one_line(message),
        });
    }

    fn item(&mut self, line: u64, item: &document::Entry) {
        let name = if item.name.is_empty() {
            "an item without a name".to_owned()
        } else {
            format!("{:?}", item.name)
        };
        for key in &item.unknown {
            let message = format!("{name}: {key:?} means nothing to process-exporter, nor here");
            self.remark(RemarkKind::Ignored, line, &message);
        }
        // What is read back here is in the file as it stands: each rule is whole by itself.
        let converted = entry::convert(item).and_then(|converted| {
            match Rules::parse(&converted.rule, "").map(|rules| rules.len()) {
                Ok(1) => Ok(converted),
                Ok(count) => Err(format!("it would make {count} rules; please report this")),
                Err(error) => Err(error.message),
            }
        });
        self.import.text.push('\n');
        match converted {
            Ok(Converted { notes, rule }) => {
                self.comment(format_args!("From line {line}."));
                for (kind, note) in notes {
                    self.comment(format_args!("Note: {note}"));
                    self.remark(kind, line, &format!("{name}: {note}"));
                }
                self.import.text.push_str(&rule);
            }
            Err(reason) => {
                self.comment(format_args!("Line {line} is left out: {reason}"));
                for line in item.to_string().lines() {
                    self.comment(format_args!("  {line}"));
                }
                let message = format!("{name} is left out: {reason}");
                self.remark(RemarkKind::LeftOut, line, &message);
            }
        }
    }

    fn comment(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.import.text, "# {}", one_line(&text.to_string()));
    }
}

/// A text that cannot end a comment or a line of a log: what comes from a foreign file may hold
/// anything.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}
