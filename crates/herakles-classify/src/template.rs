//! Names with variables: `{unit}`, `{script}`, `{NAME}`.

use std::sync::Arc;

/// A group or subgroup name that may hold variables.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: Arc<str>,
    /// Empty if there is no variable: most names are plain, and there are many.
    parts: Box<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Variable(Variable),
}

/// What a `{...}` stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Variable {
    Comm,
    Exe,
    Argv0,
    User,
    Unit,
    Slice,
    Container,
    Pod,
    Script,
    /// A named capture of one of the rule's command-line patterns.
    Capture(String),
}

/// The built-in variables by name.
pub(crate) const BUILT_IN: [(&str, Variable); 9] = [
    ("comm", Variable::Comm),
    ("exe", Variable::Exe),
    ("argv0", Variable::Argv0),
    ("user", Variable::User),
    ("unit", Variable::Unit),
    ("slice", Variable::Slice),
    ("container", Variable::Container),
    ("pod", Variable::Pod),
    ("script", Variable::Script),
];

impl Variable {
    fn named(name: &str) -> Self {
        BUILT_IN
            .iter()
            .find(|(built_in, _)| *built_in == name)
            .map_or_else(
                || Self::Capture(name.to_owned()),
                |(_, variable)| variable.clone(),
            )
    }

    /// The name between the braces.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Capture(name) => name,
            other => BUILT_IN
                .iter()
                .find(|(_, variable)| variable == other)
                .map_or("", |(name, _)| name),
        }
    }
}

impl Template {
    /// Reads a name with `{variables}`.
    ///
    /// # Errors
    /// A fragment saying what is wrong: a brace without its partner, an empty name.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(brace);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some(opened) = from_brace.strip_prefix('{') else {
                return Err("} has no opening {");
            };
            let Some((name, after)) = opened.split_once('}') else {
                return Err("{ has no closing }");
            };
            if name.is_empty() {
                return Err("{} names no variable");
            }
            parts.push(Part::Variable(Variable::named(name)));
            rest = after;
        }
        if !parts.is_empty() && !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self {
            text: text.into(),
            parts: parts.into(),
        })
    }

    /// The text as written.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether there is no variable in it.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.is_empty()
    }

    /// Its variables in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Text(_) => None,
        })
    }

    /// The name with each variable replaced by what `value` gives for it.
    pub(crate) fn render(&self, mut value: impl FnMut(&Variable) -> String) -> Arc<str> {
        if self.is_plain() {
            return self.text.clone();
        }
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => value(variable),
        });
        parts.collect::<String>().into()
    }
}
