//! What the web server reports, in few lines however many clients there are.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use herakles_log::{FaultLine, FaultLog};
use herakles_web::Event;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// What comes within this time after an event is part of its line.
const GATHER: Duration = Duration::from_secs(1);
/// A fault is over when it has not been met for so long.
const QUIET: Duration = Duration::from_secs(60);

/// Counts the events that are worth a line.
#[derive(Default)]
pub(crate) struct WebLog {
    refused: AtomicU64,
    not_accepted: AtomicU64,
    why_not_accepted: Mutex<String>,
    news: Notify,
}

impl WebLog {
    /// Takes one event; cheap, as clients cause them.
    pub(crate) fn take(&self, event: &Event<'_>) {
        match event {
            Event::Refused => {
                self.refused.fetch_add(1, Relaxed);
                self.news.notify_one();
            }
            Event::AcceptFailed(error) => {
                self.not_accepted.fetch_add(1, Relaxed);
                *self
                    .why_not_accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = error.to_string();
                self.news.notify_one();
            }
            Event::HandlerPanicked => {
                tracing::error!("a bug: a request panicked; please report it");
            }
            Event::Accepted => {}
            other => tracing::debug!(event = ?other, "connection"),
        }
    }

    /// Writes lines for ever. Where nothing happens, nothing wakes it.
    pub(crate) async fn write(self: Arc<Self>) {
        let mut log = FaultLog::new(QUIET);
        loop {
            if log.is_quiet() {
                self.news.notified().await;
            } else {
                // The end of a fault is no event: it is when none has come for a while.
                let _ = timeout(QUIET, self.news.notified()).await;
            }
            sleep(GATHER).await;
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
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn where_nothing_happens_it_waits_for_no_time() {
        let mut writing = pin!(Arc::new(WebLog::default()).write());
        // There is no runtime here, so that a timer would panic.
        let mut waker = Context::from_waker(Waker::noop());
        assert!(writing.as_mut().poll(&mut waker).is_pending());
    }

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
