//! How a step ends.

/// What a missing tool means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// A failure.
    Strict,
    /// Something to say.
    Lenient,
}

/// How a step that did not fail ended.
pub(super) enum Outcome {
    Passed,
    /// It passed, but for parts that this machine cannot do, each with its reason.
    Without(Vec<String>),
    /// A tool is not there; the sentence says which.
    Skipped(String),
}
