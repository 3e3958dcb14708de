//! A line now and then while something takes long.

use std::time::Duration;

/// From one line to the next.
const LINES: Duration = Duration::from_secs(10);

/// Tells how far something is.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    what: &'a str,
    next: Duration,
}

impl<'a> Progress<'a> {
    /// Tells of this.
    pub(crate) fn of(what: &'a str) -> Self {
        eprintln!("{what}: begins");
        Self { what, next: LINES }
    }

    /// Tells that so much of the time has passed, if the last line was a while ago.
    pub(crate) fn tell(&mut self, passed: Duration, all: Duration) {
        if passed >= self.next {
            self.next = passed + LINES;
            eprintln!("{}: {} of {} s", self.what, passed.as_secs(), all.as_secs());
        }
    }
}
