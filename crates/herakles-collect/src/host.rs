//! The host's own figures, from the few lines of its files that are needed.

mod cpu;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod line;
mod meminfo;
mod pressure;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

use herakles_metrics::{HostCpu, HostRecord, Pressure};
use herakles_stat::TicksPerSecond;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use self::cpu::HostClock;
use self::meminfo::Meminfo;
use crate::fault::{Fault, FaultFile, FaultKind, Faults};
use crate::open::WITHOUT_WAITING;

/// No file that is read whole is longer.
const MAX_BYTES: u64 = 64 << 10;

/// What is needed of `stat` stands in its first line; its line of interrupts can have hundreds of
/// kilobytes.
const FIRST_BYTES: u64 = 4 << 10;

/// Reads the host's files below one root into a buffer of its own.
#[derive(Debug)]
pub(crate) struct Host {
    /// Held open, as that of the processes is: what is mounted over it later hides neither.
    root: Result<OwnedFd, Errno>,
    ticks_per_second: f64,
    clock: HostClock,
    buffer: Vec<u8>,
}

/// Whether a kernel may lack a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Every kernel has it: that it is missing is a fault.
    Always,
    /// Depends on how the kernel is built.
    Optional,
}

impl Host {
    pub(crate) fn new(root: &Path, ticks_per_second: TicksPerSecond) -> Self {
        let held = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self {
            root: rustix::fs::open(root, held, Mode::empty()),
            ticks_per_second: f64::from(ticks_per_second.as_u32()),
            clock: HostClock::default(),
            buffer: Vec::new(),
        }
    }

    /// The host as it is now. What the kernel does not have is absent; so is what cannot be read
    /// or is no value, and that is counted.
    pub(crate) fn read(&mut self, boot_seconds: Option<f64>, faults: &mut Faults) -> HostRecord {
        let mut host = HostRecord::default();
        self.memory(&mut host, faults);
        host.cpu = self.cpu(faults);
        host.load = self.load(faults);
        host.cpu_pressure = self.pressure("pressure/cpu", faults);
        host.memory_pressure = self.pressure("pressure/memory", faults);
        host.io_pressure = self.pressure("pressure/io", faults);
        host.boot_time_seconds = boot_seconds;
        host
    }

    fn memory(&mut self, host: &mut HostRecord, faults: &mut Faults) {
        let file = FaultFile::Meminfo;
        let Some(text) = self.text("meminfo", file, MAX_BYTES, Presence::Always, faults) else {
            return;
        };
        let (memory, odd) = Meminfo::parse(text);
        malformed(file, odd, faults);
        host.totals = memory.totals;
        host.memory = memory.categories;
    }

    fn cpu(&mut self, faults: &mut Faults) -> Option<HostCpu> {
        let file = FaultFile::HostStat;
        let text = self.text("stat", file, FIRST_BYTES, Presence::Always, faults)?;
        let Some(ticks) = cpu::parse(text) else {
            malformed(file, 1, faults);
            return None;
        };
        let odd = ticks.iter().filter(|mode| mode.is_err()).count() as u64;
        malformed(file, odd, faults);
        let told = self
            .clock
            .follow(ticks, Instant::now(), self.ticks_per_second);
        Some(told)
    }

    fn load(&mut self, faults: &mut Faults) -> Option<[f64; 3]> {
        let file = FaultFile::Loadavg;
        let text = self.text("loadavg", file, MAX_BYTES, Presence::Always, faults)?;
        let load = loads(text);
        malformed(file, u64::from(load.is_none()), faults);
        load
    }

    fn pressure(&mut self, name: &str, faults: &mut Faults) -> Option<Pressure> {
        let file = FaultFile::Pressure;
        let text = self.text(name, file, MAX_BYTES, Presence::Optional, faults)?;
        let (totals, odd) = pressure::parse(text);
        malformed(file, odd, faults);
        totals.seconds()
    }

    fn text(
        &mut self,
        name: &str,
        file: FaultFile,
        most: u64,
        presence: Presence,
        faults: &mut Faults,
    ) -> Option<&[u8]> {
        self.buffer.clear();
        let root = self.root.as_ref().map_err(|errno| (*errno).into());
        let open = root.and_then(|root| {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | WITHOUT_WAITING;
            let file = openat(root, name, flags, Mode::empty())?;
            Ok(File::from(file))
        });
        let read = open.and_then(|open| open.take(most).read_to_end(&mut self.buffer));
        match read {
            Ok(_) => return Some(&self.buffer),
            // Pressure that is switched off at boot fails so at the read.
            Err(error)
                if presence == Presence::Optional
                    && (error.kind() == io::ErrorKind::NotFound
                        || error.kind() == io::ErrorKind::Unsupported) => {}
            Err(error) => {
                let kind = match error.kind() {
                    io::ErrorKind::PermissionDenied => FaultKind::Denied,
                    _ => FaultKind::Io,
                };
                faults.add(Fault { kind, file }, 1);
            }
        }
        None
    }
}

fn malformed(file: FaultFile, times: u64, faults: &mut Faults) {
    let kind = FaultKind::Malformed;
    faults.add(Fault { kind, file }, times);
}

/// The three averages of `loadavg` (`fs/proc/loadavg.c`).
fn loads(text: &[u8]) -> Option<[f64; 3]> {
    let text = std::str::from_utf8(text).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let mut next = || {
        let load: f64 = fields.next()?.parse().ok()?;
        (load.is_finite() && load >= 0.0).then_some(load)
    };
    Some([next()?, next()?, next()?])
}
