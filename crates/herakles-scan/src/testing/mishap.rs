//! What can go wrong with a simulated process.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What goes wrong when a file is opened and read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Mishap {
    /// The call fails with this errno.
    Errno(i32),
    /// The file ends after this many bytes.
    Cut(usize),
    /// The call blocks until the gate is released, then goes on as if nothing had been.
    Hang(Gate),
    /// The process ends at this moment, is reaped, and everything gives `ESRCH`.
    Death,
    /// The reader panics.
    Panic,
}

impl Mishap {
    /// Does what can be done without the process.
    pub(super) fn strike(&self) -> io::Result<()> {
        match self {
            Self::Errno(errno) => Err(io::Error::from_raw_os_error(*errno)),
            Self::Hang(gate) => {
                gate.pass();
                Ok(())
            }
            Self::Panic => panic!("a reader panics, as the test asked for"),
            Self::Cut(_) | Self::Death => Ok(()),
        }
    }
}

/// A gate that holds readers back until it is released.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    shared: Arc<(Mutex<Passage>, Condvar)>,
}

#[derive(Debug, Default)]
struct Passage {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets all through, now and in future.
    pub fn release(&self) {
        let (passage, changed) = &*self.shared;
        passage.lock().unwrap_or_else(PoisonError::into_inner).open = true;
        changed.notify_all();
    }

    /// Blocks until `readers` of them are held back.
    pub fn wait_until_held(&self, readers: usize) {
        let (passage, changed) = &*self.shared;
        let passage = passage.lock().unwrap_or_else(PoisonError::into_inner);
        let held = changed.wait_while(passage, |passage| passage.waiting < readers);
        drop(held.unwrap_or_else(PoisonError::into_inner));
    }

    fn pass(&self) {
        let (passage, changed) = &*self.shared;
        let mut passage = passage.lock().unwrap_or_else(PoisonError::into_inner);
        passage.waiting += 1;
        changed.notify_all();
        let passed = changed.wait_while(passage, |passage| !passage.open);
        passed.unwrap_or_else(PoisonError::into_inner).waiting -= 1;
    }
}
