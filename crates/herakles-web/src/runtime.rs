//! The threads that serve, all of them started before the first request.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Threads for sockets.
const WEB: usize = 2;
/// Threads for what blocks: files, and documents that take long to make.
const BLOCKING: usize = 2;
/// Longer than anything runs.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A runtime for a [`Server`](crate::Server) that has all its threads from the start, two for sockets and
/// two for what blocks: when a limit on threads or memory is reached later, no request needs one more.
///
/// # Errors
/// If there is no room for these threads and `others` that the caller is going to start.
pub fn runtime(others: usize) -> io::Result<Runtime> {
    // Where it cannot start a thread, tokio panics, and may wait for ever for those that it has.
    have_room_for(WEB + BLOCKING + others)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(WEB)
        .max_blocking_threads(BLOCKING)
        .thread_keep_alive(FOR_EVER)
        .thread_name("herakles-web")
        .enable_io()
        .enable_time()
        .build()?;
    start_blocking_threads(&runtime);
    Ok(runtime)
}

/// Starts so many threads at once, and ends them.
fn have_room_for(threads: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        for _ in 0..threads {
            thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()))?;
        }
        Ok(())
    })
}

/// A thread is started only when all others are busy: these are, until all are there.
fn start_blocking_threads(runtime: &Runtime) {
    let gate = Arc::new(Mutex::new(()));
    let _closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..BLOCKING {
        let gate = Arc::clone(&gate);
        runtime.spawn_blocking(move || drop(gate.lock()));
    }
}
