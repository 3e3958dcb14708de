//! What the tests share: a running exporter, a small HTTP client, a reader of the text format,
//! processes to be measured, and the foreign tools.

pub(crate) mod actor;
pub(crate) mod alone;
pub(crate) mod debian;
pub(crate) mod exporter;
pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod prometheus;
pub(crate) mod target;
pub(crate) mod tools;
pub(crate) mod tree;

use std::{
    env,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// Far more than anything here takes on a busy machine; a bound against hanging, not a goal.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// The name of the test that calls this: its thread has it, or it is the only one asked for.
pub(crate) fn test_name() -> String {
    let thread = thread::current();
    let name = thread.name().filter(|name| *name != "main");
    let name = name.map(str::to_owned);
    name.or_else(|| {
        env::args()
            .skip(1)
            .find(|argument| !argument.starts_with('-'))
    })
    .expect("a test has a name")
}

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
