//! What the tests share: a running exporter, a small HTTP client, a reader of the text format,
//! processes to be measured, and the foreign tools.

pub(crate) mod debian;
pub(crate) mod exporter;
pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod prometheus;
pub(crate) mod target;
pub(crate) mod tools;

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// Far more than anything here takes on an idle machine; a bound against hanging, not a goal.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The recorded `/proc`.
pub(crate) fn recorded_proc() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc")
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// After [`PATIENCE`], saying what was waited for.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "still waiting for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
