//! The counts that are in the repository, as JSON.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value, json};

use super::{comparison::Counts, conditions::Conditions};
use crate::{failure::Failure, workspace};

/// Counts, and the conditions they were made under.
#[derive(Debug, PartialEq)]
pub(super) struct Baseline {
    pub(super) conditions: Conditions,
    pub(super) instructions: Counts,
}

impl Baseline {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or lacks something.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        Self::parse(&workspace::read(file)?)
            .ok_or_else(|| Failure::new(format!("{} is not a baseline", file.display())))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        fs::write(file, self.text())
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", file.display())))
    }

    fn parse(text: &str) -> Option<Self> {
        let read: Value = serde_json::from_str(text).ok()?;
        let conditions: Option<BTreeMap<_, _>> = object(&read, "conditions")?
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let instructions: Option<Counts> = object(&read, "instructions")?
            .iter()
            .map(|(name, count)| Some((name.clone(), count.as_u64().filter(|it| *it > 0)?)))
            .collect();
        Some(Self {
            conditions: Conditions(conditions?),
            instructions: instructions?,
        })
    }

    fn text(&self) -> String {
        let read = json!({
            "conditions": self.conditions.0,
            "instructions": self.instructions,
        });
        format!("{read:#}\n")
    }
}

fn object<'a>(value: &'a Value, name: &str) -> Option<&'a Map<String, Value>> {
    value.get(name)?.as_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let baseline = Baseline {
            conditions: Conditions([("compiler".into(), "rustc 1.95.0".into())].into()),
            instructions: [("parse".into(), 17_690_358)].into(),
        };
        assert_eq!(Baseline::parse(&baseline.text()), Some(baseline));
    }

    #[test]
    fn a_count_of_nothing_is_no_baseline() {
        let with = |count: &str| {
            let text = format!(r#"{{"conditions": {{}}, "instructions": {{"parse": {count}}}}}"#);
            Baseline::parse(&text)
        };
        assert!(with("1").is_some());
        assert!(with("0").is_none());
        assert!(with("\"1\"").is_none());
        assert!(Baseline::parse("{}").is_none());
    }
}
