//! Rules written out again: as TOML that loads, and as fields for JSON.

use std::fmt::Write;

use serde::ser::{Serialize, SerializeStruct, Serializer};

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
        let mut list = |key: &str, values: Vec<&str>| {
            if !values.is_empty() {
                line(key, values.into());
            }
        };
        list("matches", self.matches().collect());
        list("cmdline_matches", self.cmdline_matches().collect());
        list("exe_matches", self.exe_matches().collect());
        list("users", self.users().collect());
        list("cgroups", self.cgroups().collect());
        list("parents", self.parents().collect());
        list("names", self.names().collect());
        list("argv0", self.argv0().collect());
        list("cmdline_all", self.cmdline_all().collect());
        for (key, value) in [
            ("fallback", self.is_fallback()),
            ("inherit", self.inherits()),
            ("always", self.is_always_shown()),
        ] {
            if value {
                line(key, true.into());
            }
        }
        if let Some(max_values) = self
            .max_values()
            .and_then(|count| i64::try_from(count).ok())
        {
            line("max_values", max_values.into());
        }
        format!("# {}\n[[subgroups]]\n{out}", self.origin)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Rule", 16)?;
        fields.serialize_field("origin", self.origin())?;
        fields.serialize_field("group", self.group())?;
        fields.serialize_field("subgroup", self.subgroup())?;
        fields.serialize_field("matches", &self.matches().collect::<Vec<_>>())?;
        fields.serialize_field(
            "cmdline_matches",
            &self.cmdline_matches().collect::<Vec<_>>(),
        )?;
        fields.serialize_field("exe_matches", &self.exe_matches().collect::<Vec<_>>())?;
        fields.serialize_field("users", &self.users().collect::<Vec<_>>())?;
        fields.serialize_field("cgroups", &self.cgroups().collect::<Vec<_>>())?;
        fields.serialize_field("parents", &self.parents().collect::<Vec<_>>())?;
        fields.serialize_field("names", &self.names().collect::<Vec<_>>())?;
        fields.serialize_field("argv0", &self.argv0().collect::<Vec<_>>())?;
        fields.serialize_field("cmdline_all", &self.cmdline_all().collect::<Vec<_>>())?;
        fields.serialize_field("fallback", &self.is_fallback())?;
        fields.serialize_field("inherit", &self.inherits())?;
        fields.serialize_field("always", &self.is_always_shown())?;
        fields.serialize_field("max_values", &self.max_values())?;
        fields.end()
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
