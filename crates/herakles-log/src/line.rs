//! One event as one line of logfmt or JSON.

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use tracing::Event;
use tracing::field::{Field, Visit};

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// `ts=… level=… msg="…" key=value`
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// One line for `event`, its newline included. Every byte that a terminal or a log reader
/// could misread is escaped: values may be process-supplied.
pub(super) fn render(format: LineFormat, at: SystemTime, event: &Event<'_>) -> String {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let level = event.metadata().level().as_str().to_ascii_lowercase();
    write(format, at, &level, &fields)
}

/// The line that says how many lines were lost.
pub(super) fn note(format: LineFormat, at: SystemTime, lost: u64) -> String {
    let fields = Fields {
        message: "log lines were dropped because standard error was too slow".into(),
        rest: vec![("lines", Value::Bare(lost.to_string()))],
    };
    write(format, at, "warn", &fields)
}

fn write(format: LineFormat, at: SystemTime, level: &str, fields: &Fields) -> String {
    let at = humantime::format_rfc3339_millis(at);
    let mut out = String::with_capacity(160);
    match format {
        LineFormat::Logfmt => {
            let _ = write!(out, "ts={at} level={level} msg=");
            quote(&mut out, &fields.message);
            for (name, value) in &fields.rest {
                let _ = write!(out, " {name}=");
                match value {
                    Value::Bare(text) => out.push_str(text),
                    Value::Text(text) if is_plain(text) => out.push_str(text),
                    Value::Text(text) => quote(&mut out, text),
                }
            }
        }
        LineFormat::Json => {
            let _ = write!(out, "{{\"ts\":\"{at}\",\"level\":\"{level}\",\"msg\":");
            quote(&mut out, &fields.message);
            for (name, value) in &fields.rest {
                let _ = write!(out, ",\"{name}\":");
                match value {
                    Value::Bare(text) => out.push_str(text),
                    Value::Text(text) => quote(&mut out, text),
                }
            }
            out.push('}');
        }
    }
    out.push('\n');
    out
}

enum Value {
    /// A number or boolean, valid unquoted in both formats.
    Bare(String),
    Text(String),
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Value)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.rest
            .push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.rest
            .push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.rest
            .push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = value.to_string();
        let value = if value.is_finite() {
            Value::Bare(text)
        } else {
            Value::Text(text)
        };
        self.rest.push((field.name(), value));
    }
}

impl Fields {
    fn text(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.message = text;
        } else {
            self.rest.push((field.name(), Value::Text(text)));
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./:@+,%".contains(&b))
}

/// A JSON string, which logfmt readers accept too; nothing outside printable text stays raw.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_bidi(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Characters that reorder what a terminal shows (Unicode UAX #9 explicit formatting).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &str) -> Fields {
        Fields {
            message: "denied".into(),
            rest: vec![
                ("name", Value::Text(name.into())),
                ("count", Value::Bare("3".into())),
            ],
        }
    }

    #[test]
    fn process_supplied_text_cannot_forge_a_line() {
        let hostile = "x\nts=1 level=error \u{1b}[31m\u{202e}\"\\";
        for format in [LineFormat::Logfmt, LineFormat::Json] {
            let line = write(format, SystemTime::UNIX_EPOCH, "warn", &fields(hostile));
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
        }
    }

    #[test]
    fn json_lines_are_json() {
        let line = write(
            LineFormat::Json,
            SystemTime::UNIX_EPOCH,
            "warn",
            &fields("a\"b\n\u{7}"),
        );
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["name"], "a\"b\n\u{7}");
        assert_eq!(value["count"], 3);
        assert_eq!(value["ts"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn logfmt_quotes_only_where_needed() {
        let line = write(
            LineFormat::Logfmt,
            SystemTime::UNIX_EPOCH,
            "warn",
            &fields("a-b"),
        );
        assert_eq!(
            line,
            "ts=1970-01-01T00:00:00.000Z level=warn msg=\"denied\" name=a-b count=3\n"
        );
    }
}
