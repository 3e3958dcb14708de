//! What the web server reports, in few lines however many clients there are.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use herakles_web::Event;

use crate::log::{FaultLine, FaultLog};

/// How often counts become lines.
const TICK: Duration = Duration::from_secs(1);
/// A fault is over when it has not been met for so long.
const QUIET: Duration = Duration::from_secs(60);

/// Counts the events that are worth a line.
#[derive(Default)]
pub(crate) struct WebLog {
    refused: AtomicU64,
    not_accepted: AtomicU64,
    why_not_accepted: Mutex<String>,
}

impl WebLog {
    /// Takes one event; cheap, as clients cause them.
    pub(crate) fn take(&self, event: &Event<'_>) {
        match event {
            Event::Refused => {
                self.refused.fetch_add(1, Relaxed);
            }
            Event::AcceptFailed(error) => {
                self.not_accepted.fetch_add(1, Relaxed);
                *self
                    .why_not_accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = error.to_string();
            }
            Event::HandlerPanicked => {
                tracing::error!("a bug: a request panicked; please report it");
            }
            Event::Accepted => {}
            other => tracing::debug!(event = ?other, "connection"),
        }
    }

    /// Writes lines for ever.
    pub(crate) async fn write(self: Arc<Self>) {
        let mut log = FaultLog::new(QUIET);
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            for (fault, line) in self.lines(&mut log, Instant::now()) {
                self.write_line(fault, line);
            }
        }
    }

    /// What is to be said of the events since the last call.
    fn lines(
        &self,
        log: &mut FaultLog<&'static str>,
        now: Instant,
    ) -> Vec<(&'static str, FaultLine)> {
        let counts = [
            ("refused", self.refused.swap(0, Relaxed)),
            ("not_accepted", self.not_accepted.swap(0, Relaxed)),
        ];
        log.observe(counts.into_iter().filter(|(_, count)| *count > 0), now)
    }

    fn write_line(&self, fault: &str, line: FaultLine) {
        match (line, fault) {
            (FaultLine::Ended { count }, _) => {
                tracing::info!(fault, connections = count, "connections are served again");
            }
            (FaultLine::Began { count } | FaultLine::Continues { count }, "refused") => {
                tracing::warn!(
                    connections = count,
                    remedy = "raise web.max_connections, or scrape less often",
                    "connections are refused: all others are busy"
                );
            }
            (FaultLine::Began { count } | FaultLine::Continues { count }, _) => {
                let error = self
                    .why_not_accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                tracing::warn!(
                    connections = count,
                    error = error.as_str(),
                    remedy = "raise the limit on open files (LimitNOFILE=)",
                    "connections cannot be accepted"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_refused_clients_makes_one_line_until_it_is_quiet_again() {
        let web_log = WebLog::default();
        let mut log = FaultLog::new(QUIET);
        let start = Instant::now();
        let mut lines = |second: u64, refused: u64| {
            for _ in 0..refused {
                web_log.take(&Event::Refused);
            }
            web_log.lines(&mut log, start + Duration::from_secs(second))
        };
        assert_eq!(
            lines(0, 300),
            [("refused", FaultLine::Began { count: 300 })]
        );
        for second in 1..100 {
            assert_eq!(lines(second, second % 3), []);
        }
        assert_eq!(lines(200, 0), [("refused", FaultLine::Ended { count: 99 })]);
        assert_eq!(lines(201, 0), []);
    }
}
