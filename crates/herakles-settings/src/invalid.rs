//! Why a value cannot be taken.

use crate::names::did_you_mean;

/// Why a value cannot be taken. Foreign text in it is [`quoted`](crate::quoted). The messages are fragments that follow the place of the value.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Something else than the kind takes.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the kind takes, by [`Kind::expected`](crate::Kind::expected).
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// A number or duration beyond its bounds.
    #[error("{found} is out of range: expected {expected}")]
    Range {
        /// What the kind takes, by [`Kind::expected`](crate::Kind::expected).
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// A duration that is a mere number.
    #[error("{found} has no unit: write it as \"{hint}\"")]
    NoUnit {
        /// The number.
        found: String,
        /// The same in seconds.
        hint: String,
    },
    /// None of the words of a choice.
    #[error("{found} is not one of {known}{}", did_you_mean(*.nearest))]
    Choice {
        /// The word.
        found: String,
        /// Those of the choice.
        known: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A list with nothing between two commas.
    #[error("an item of the list is empty: remove it or the comma beside it")]
    EmptyItem,
    /// An empty list, where something is needed.
    #[error("the list is empty: give at least {0}")]
    EmptyList(&'static str),
    /// Nothing, where something is expected.
    #[error("the value is empty: expected {0}")]
    Empty(String),
    /// What a [`Syntax`](crate::Syntax) says of it.
    #[error("{0}")]
    Syntax(String),
}
