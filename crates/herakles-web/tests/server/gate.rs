//! A handler that answers when the test lets it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::harness::PATIENCE;

/// Requests stop here until they are let through, one by one.
pub(crate) struct Gate {
    open: Semaphore,
    arrived: Sender<()>,
}

/// The test's end of a [`Gate`].
pub(crate) struct Keeper {
    gate: Arc<Gate>,
    arrivals: Mutex<Receiver<()>>,
}

pub(crate) fn gate() -> (Arc<Gate>, Keeper) {
    let (arrived, arrivals) = channel();
    let gate = Arc::new(Gate {
        open: Semaphore::new(0),
        arrived,
    });
    (
        Arc::clone(&gate),
        Keeper {
            gate,
            arrivals: Mutex::new(arrivals),
        },
    )
}

impl Gate {
    pub(crate) async fn pass(&self) {
        self.arrived.send(()).expect("the test waits for requests");
        self.open.acquire().await.expect("never closed").forget();
    }
}

impl Keeper {
    /// Waits until one more request stands at the gate.
    pub(crate) fn wait_for_arrival(&self) {
        self.arrivals
            .lock()
            .unwrap()
            .recv_timeout(PATIENCE)
            .expect("a request arrives");
    }

    pub(crate) fn let_through(&self, requests: usize) {
        self.gate.open.add_permits(requests);
    }
}
