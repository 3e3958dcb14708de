//! Ask the kernel which processes ran and which exited, without opening a file.
//!
//! A [`Client`] asks Linux taskstats (`Documentation/accounting/taskstats.rst`) over generic
//! netlink what living processes have done so far: two [`TaskActivity`] of one process that are
//! the same say that it did not run in between. [`ExitRecords`] receives a record of every process
//! that exits. Both need `CAP_NET_ADMIN` in the initial user namespace; [`Error`] says what is
//! missing. The crate knows nothing of `/proc`.
//!
//! ```
//! use herakles_stat::Pid;
//! use herakles_taskstats::{Client, Error};
//!
//! # fn main() -> Result<(), Error> {
//! let own = Pid::new(std::process::id()).expect("not zero");
//! let mut client = match Client::open() {
//!     Err(Error::Denied | Error::Unsupported) => return Ok(()),
//!     opened => opened?,
//! };
//! let mut activity = Vec::new();
//! client.query(&[own], &mut activity)?;
//! println!("{} context switches", activity[0].context_switches);
//! # Ok(())
//! # }
//! ```

mod client;
mod error;
mod exits;
mod layout;
mod socket;
mod wire;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use exits::fuzzing;

pub use client::{Client, TaskActivity};
pub use error::Error;
pub use exits::{Arrivals, ExitRecord, ExitRecords, Losses};
