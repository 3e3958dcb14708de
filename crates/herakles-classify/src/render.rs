//! Rules written out again: as TOML that loads, on one line, and as fields for JSON.

use std::fmt::Write;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::quote::quoted;
use crate::rule::{Rule, Rules};

impl Rules {
    /// The rules as a file that [`Rules::parse`] reads back, each with its origin as a comment.
    pub fn to_toml(&self) -> String {
        let rules: Vec<_> = self.iter().map(|rule| rule.to_toml()).collect();
        rules.join("\n")
    }
}

impl Rule {
    /// The rule as TOML that [`Rules::parse`] reads back, with its origin as a comment.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut line = |key: &str, value: toml::Value| {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{key} = {value}");
        };
        line("group", self.group().into());
        line("subgroup", self.subgroup().into());
        for (key, texts) in self.lists() {
            if !texts.is_empty() {
                line(key, texts.into());
            }
        }
        for (key, _) in self.marks().into_iter().filter(|(_, is_set)| *is_set) {
            line(key, true.into());
        }
        if let Some(max_values) = self
            .max_values()
            .and_then(|count| i64::try_from(count).ok())
        {
            line("max_values", max_values.into());
        }
        format!("# {}\n[[subgroups]]\n{out}", self.origin)
    }

    /// What a process has to be like, on one line in the words of a rule file:
    /// `matches="nginx*", "httpd"  users="www-data"  inherit`.
    pub fn conditions(&self) -> String {
        let lists = self.lists().into_iter();
        let lists = lists.filter(|(_, texts)| !texts.is_empty());
        let lists = lists.map(|(key, texts)| {
            let texts: Vec<String> = texts.into_iter().map(quoted).collect();
            format!("{key}={}", texts.join(", "))
        });
        let marks = self.marks().into_iter().filter(|(_, is_set)| *is_set);
        let marks = marks.map(|(key, _)| key.to_owned());
        lists.chain(marks).collect::<Vec<_>>().join("  ")
    }

    /// The keys that hold lists.
    fn lists(&self) -> [(&'static str, Vec<&str>); 9] {
        [
            ("matches", self.matches().collect()),
            ("cmdline_matches", self.cmdline_matches().collect()),
            ("exe_matches", self.exe_matches().collect()),
            ("users", self.users().collect()),
            ("cgroups", self.cgroups().collect()),
            ("parents", self.parents().collect()),
            ("names", self.names().collect()),
            ("argv0", self.argv0().collect()),
            ("cmdline_all", self.cmdline_all().collect()),
        ]
    }

    /// The keys that are there or not.
    fn marks(&self) -> [(&'static str, bool); 3] {
        [
            ("fallback", self.is_fallback()),
            ("inherit", self.inherits()),
            ("always", self.is_always_shown()),
        ]
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Rule", 16)?;
        fields.serialize_field("origin", self.origin())?;
        fields.serialize_field("group", self.group())?;
        fields.serialize_field("subgroup", self.subgroup())?;
        for (key, texts) in self.lists() {
            fields.serialize_field(key, &texts)?;
        }
        for (key, is_set) in self.marks() {
            fields.serialize_field(key, &is_set)?;
        }
        fields.serialize_field("max_values", &self.max_values())?;
        fields.end()
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_stand_on_one_line_in_the_words_of_the_file() {
        let file = r#"
            [[subgroups]]
            group = "web"
            subgroup = "nginx"
            matches = ["nginx*", "a\nb"]
            cmdline_matches = ['worker \d+']
            users = ["www-data"]
            inherit = true
        "#;
        let rules = Rules::parse(file, "FILE").unwrap();
        let conditions: Vec<_> = rules.iter().map(|rule| rule.conditions()).collect();
        assert_eq!(
            conditions,
            [
                r#"matches="nginx*", "a\nb"  cmdline_matches='worker \d+'  users="www-data"  inherit"#
            ]
        );
    }
}
