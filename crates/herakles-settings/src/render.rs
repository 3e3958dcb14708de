//! The settings as text: TOML that loads back, JSON, a file to start from, and a reference.

use std::fmt::Write as _;

use serde_json::{Map, json};

use crate::load::{EffectiveSetting, Loaded};
use crate::setting::{Setting, Settings};

impl<S: Settings> Loaded<S> {
    /// TOML that loads back to the same configuration, each line with its origin in a comment.
    /// What cannot stand in a file is a comment altogether.
    pub fn to_toml(&self) -> String {
        let mut out = format!("# The effective configuration of {}\n", S::PROGRAM.name);
        for table in S::TABLES {
            let in_file = |setting: &&EffectiveSetting| setting.setting.in_file;
            let rows = self
                .settings
                .iter()
                .filter(|row| row.setting.table == table.name);
            let (rows, elsewhere): (Vec<_>, Vec<_>) = rows.partition(in_file);
            for EffectiveSetting {
                setting,
                value,
                origin,
            } in elsewhere
            {
                let line = format!("{} = {value}  # {origin}", setting.path());
                // A value with a line break takes several lines.
                for line in line.lines() {
                    let _ = writeln!(out, "# {line}");
                }
            }
            if !rows.is_empty() {
                let _ = writeln!(out, "\n[{}]", table.name);
            }
            for EffectiveSetting {
                setting,
                value,
                origin,
            } in rows
            {
                let _ = writeln!(out, "{} = {value}  # {origin}", setting.key);
            }
        }
        out
    }

    /// `{"web": {"max_age": {"value": "30s", "origin": {"from": "default"}}}}`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut tables = Map::new();
        for EffectiveSetting {
            setting,
            value,
            origin,
        } in &self.settings
        {
            let table = tables.entry(setting.table).or_insert_with(|| json!({}));
            if let serde_json::Value::Object(table) = table {
                let entry = json!({ "value": value, "origin": origin });
                table.insert(setting.key.to_owned(), entry);
            }
        }
        tables.into()
    }

    /// 16 hexadecimal digits that stay the same as long as the effective values do, wherever they
    /// come from, on every machine and in every build with the same settings.
    pub fn hash(&self) -> String {
        let text: String = self
            .settings
            .iter()
            .map(|row| format!("{} = {}\n", row.setting.path(), row.value))
            .collect();
        fingerprint(text.as_bytes())
    }
}

/// A file with every key, its help, and its default behind a `#`: it changes nothing. It begins
/// with these lines, which need a `#` of their own.
pub fn template<S: Settings>(introduction: &str) -> String {
    let mut out = introduction.to_owned();
    for table in S::TABLES {
        let in_file = |row: &&Setting| row.table == table.name && row.in_file;
        let rows: Vec<&Setting> = S::SETTINGS.iter().filter(in_file).collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "\n[{}]", table.name);
        }
        for row in rows {
            let default = row.default_value().map(|value| value.to_string());
            let _ = writeln!(out, "# {}", row.help);
            let _ = writeln!(out, "#{} = {}", row.key, default.unwrap_or_default());
        }
    }
    out
}

/// Every setting in Markdown: for each table of the file a heading and a table of keys, defaults,
/// values, meanings and names.
pub fn markdown<S: Settings>() -> String {
    let mut out = String::new();
    for table in S::TABLES {
        let rows = || S::SETTINGS.iter().filter(|row| row.table == table.name);
        let name = if rows().any(|row| row.in_file) {
            format!("`[{}]`", table.name)
        } else {
            format!("{} (flags and environment only)", table.heading)
        };
        let _ = write!(
            out,
            "\n## {name}\n\n| key | default | values | meaning | flag, variable |\n|---|---|---|---|---|\n"
        );
        for row in rows() {
            let restart = if row.restart { " *(restart)*" } else { "" };
            let default = row.default_value().map(|value| value.to_string());
            let _ = writeln!(
                out,
                "| `{}` | `{}` | {} | {}{restart} | `--{}`<br>`{}` |",
                row.key,
                default.unwrap_or_default(),
                row.kind.expected().replace('|', "\\|"),
                row.help,
                row.flag(),
                row.variable(),
            );
        }
    }
    out
}

/// 16 hexadecimal digits that are the same for the same bytes, on every machine and in every build.
pub fn fingerprint(bytes: &[u8]) -> String {
    format!("{:016x}", fnv_1a(bytes))
}

/// The 64-bit hash FNV-1a: std's hasher promises no stability between releases.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_1a_equals_its_published_vectors() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
