//! A log that a service can rely on: one line per event, logfmt or JSON, on standard error.
//!
//! [`start`] takes the events of `tracing`. Lines go through a bounded queue to a thread of their
//! own, so that a dead or blocked sink never blocks or kills the program; what did not fit is
//! counted and said later. Text that comes from outside cannot forge a line or confuse a terminal.
//! [`FaultLog`] tells when a fault that goes on is worth a line.
//!
//! ```
//! use herakles_log::{LineFormat, start};
//! use tracing::Level;
//!
//! let _flush = start("my_service", Level::INFO, LineFormat::Logfmt);
//! tracing::info!(target: "my_service", answer = 42, "starting");
//! ```

mod faults;
mod line;

pub use faults::{FaultLine, FaultLog};
pub use line::LineFormat;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Lines waiting for the sink; beyond it lines are dropped and counted.
const QUEUE: usize = 1024;

/// Starts logging to standard error what happens in the crates whose names begin with `crates`.
/// Lines below `level` are not made at all. Panics become lines too. The first call of a program
/// holds.
pub fn start(crates: &'static str, level: Level, format: LineFormat) -> Flush {
    let (lines, queue) = sync_channel(QUEUE);
    let dropped = Arc::new(AtomicU64::new(0));
    let (finished, idle) = sync_channel(1);
    let writer = {
        let dropped = Arc::clone(&dropped);
        thread::Builder::new()
            .name("herakles-log".into())
            .spawn(move || {
                write_lines(&queue, &dropped, format, &mut io::stderr());
                // Nobody listens when the program does not wait for its last lines.
                let _ = finished.send(());
            })
    };
    let lines = Arc::new(Mutex::new(writer.is_ok().then_some(lines)));
    let lines_of_layer = Arc::clone(&lines);
    let layer = Lines {
        crates,
        level,
        format,
        dropped,
        queue: lines_of_layer,
    };
    // Fails only where there is a subscriber already.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(layer));
    report_panics_as_events();
    Flush { lines, idle }
}

/// Writes what is still queued when dropped, for half a second at most.
#[derive(Debug)]
#[must_use = "dropped at once, it ends the log"]
pub struct Flush {
    lines: Arc<Mutex<Option<SyncSender<String>>>>,
    idle: Receiver<()>,
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let _ = self.idle.recv_timeout(Duration::from_millis(500));
    }
}

fn write_lines(
    queue: &Receiver<String>,
    dropped: &AtomicU64,
    format: LineFormat,
    sink: &mut impl Write,
) {
    while let Ok(line) = queue.recv() {
        // A full disk or closed descriptor must not end logging: the next line may succeed.
        let _ = sink.write_all(line.as_bytes());
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let note = line::note(format, SystemTime::now(), lost);
            let _ = sink.write_all(note.as_bytes());
        }
    }
}

fn report_panics_as_events() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        tracing::error!(
            place,
            panic = message,
            "a bug: a thread panicked and was caught"
        );
    }));
}

struct Lines {
    crates: &'static str,
    level: Level,
    format: LineFormat,
    dropped: Arc<AtomicU64>,
    queue: Arc<Mutex<Option<SyncSender<String>>>>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let target = metadata.target();
        let is_ours = target.starts_with(self.crates) || target == module_path!();
        is_ours && *metadata.level() <= self.level
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = line::render(self.format, SystemTime::now(), event);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref()
            && let Err(TrySendError::Full(_)) = queue.try_send(line)
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
