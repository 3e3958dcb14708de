//! One process as a scan sees it.

use std::time::{Duration, Instant};

use herakles_classify::Classification;
use herakles_cpu::Usage;
use herakles_metrics::{Activity, ProcessKind};
use herakles_plan::{Fingerprint, Resident, Sample};
use herakles_scan::{ProcFile, ScanError, Skip};
use herakles_smaps::MemoryUsage;
use herakles_stat::{IoBytes, PageSize, Pid, ProcessKey, Stat, State, Statm};

use crate::image::{Comm, Image, Program};

/// What is known of its memory beyond RSS.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Memory {
    /// Nothing, and nobody tried.
    Unknown,
    /// A sample; one that was not read in this scan is the last that was.
    Sample(Sample),
    /// The read failed.
    Failed(ScanError),
}

/// One process as the survey saw it.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSample {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) kind: ProcessKind,
    pub(crate) own: Usage,
    pub(crate) reaped: Usage,
    pub(crate) threads: u32,
    /// When `stat` was read, or was known to say what it said before.
    pub(crate) at: Instant,
    /// It has not run since the last scan: `own`, `reaped` and `fingerprint` were not read.
    pub(crate) idle: bool,
    pub(crate) image: Image,
    /// What it runs, where the image does not tell.
    pub(crate) program: Option<Program>,
    /// It has called exec since the last scan.
    pub(crate) execd: bool,
    /// What tells whether its memory has moved since the last scan.
    pub(crate) fingerprint: Fingerprint,
    /// What is resident by `statm`, also if it was read in an earlier scan.
    pub(crate) rss_bytes: Option<u64>,
    /// When that was read.
    pub(crate) rss_at: Instant,
    pub(crate) memory: Memory,
    /// The CPU time that it took the survey to read it, where reads are planned.
    pub(crate) memory_took: Duration,
    /// What the rules say of it, if that was not known yet.
    pub(crate) news: Option<Box<News>>,
    /// What it is doing.
    pub(crate) activity: Activity,
    pub(crate) virtual_bytes: u64,
    /// Its open descriptors, if they were counted.
    pub(crate) open_fds: Option<u64>,
    /// Its soft limit on them.
    pub(crate) max_fds: Option<u64>,
    /// `statm` could not be read.
    pub(crate) statm_error: Option<ScanError>,
    /// What storage did for it, if that was read.
    pub(crate) io: Option<IoBytes>,
    /// What could not be read beside.
    pub(crate) errors: Vec<ScanError>,
    /// The file that is being read when the worker does not come back.
    pub(crate) reading: Option<ProcFile>,
}

/// What is found out about a process when it is new, took another name, or exec'd.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The bytes of the name.
    pub(crate) comm: Vec<u8>,
    /// `None` for kernel threads, which no rule is asked about.
    pub(crate) classification: Option<Classification>,
    /// What it runs, if it is an interpreter and the rules say little of it.
    pub(crate) script: Option<String>,
    /// Facts that could not be read.
    pub(crate) errors: Vec<ScanError>,
    /// Whether the facts that could not be read may be there in the next scan.
    pub(crate) provisional: bool,
}

impl ProcessSample {
    pub(crate) fn new(stat: &Stat<'_>, at: Instant) -> Self {
        let kind = if stat.is_kernel_thread() {
            ProcessKind::KernelThread
        } else if stat.is_zombie() {
            ProcessKind::Zombie
        } else {
            ProcessKind::User
        };
        Self {
            key: stat.key(),
            parent: stat.parent,
            kind,
            own: Usage {
                cpu: stat.cpu,
                minor_faults: stat.minor_faults,
                major_faults: stat.major_faults,
            },
            reaped: Usage {
                cpu: stat.reaped_cpu,
                minor_faults: stat.reaped_minor_faults,
                major_faults: stat.reaped_major_faults,
            },
            threads: stat.threads,
            at,
            idle: false,
            image: Image {
                comm: Comm::new(stat.comm),
                start_stack: stat.start_stack,
            },
            program: None,
            execd: false,
            fingerprint: Fingerprint {
                minor_faults: stat.minor_faults,
                major_faults: stat.major_faults,
                virtual_bytes: stat.virtual_bytes,
                threads: u64::from(stat.threads),
                ..Fingerprint::default()
            },
            rss_bytes: None,
            rss_at: at,
            memory: Memory::Unknown,
            memory_took: Duration::ZERO,
            news: None,
            activity: activity(stat),
            virtual_bytes: stat.virtual_bytes,
            open_fds: None,
            max_fds: None,
            statm_error: None,
            io: None,
            errors: Vec::new(),
            reading: None,
        }
    }

    /// Takes the number of its open descriptors.
    pub(crate) fn take_fds(&mut self, counted: Result<u64, ScanError>) {
        match counted {
            Ok(open_fds) => self.open_fds = Some(open_fds),
            Err(error) => self.errors.push(error),
        }
    }

    pub(crate) fn take_statm(&mut self, statm: &Statm, page_size: PageSize) {
        // Size 0 is a process that has let go of its memory and is about to end.
        if statm.size_pages > 0 {
            let resident_bytes = page_size.bytes(statm.resident_pages);
            self.rss_bytes = Some(resident_bytes);
            self.rss_at = Instant::now();
            self.fingerprint.resident = Resident {
                all_bytes: resident_bytes,
                shared_bytes: page_size.bytes(statm.shared_pages),
            };
        }
    }

    /// All its page faults so far.
    pub(crate) fn faults(&self) -> u64 {
        self.own.minor_faults.wrapping_add(self.own.major_faults)
    }

    /// What `statm` says, if it was read in this scan.
    pub(crate) fn fresh_resident(&self) -> Option<Resident> {
        let is_fresh = self.rss_bytes.is_some() && self.rss_at >= self.at;
        is_fresh.then_some(self.fingerprint.resident)
    }

    /// How old an RSS is that was not read in this scan.
    pub(crate) fn rss_age(&self, now: Instant) -> Option<Duration> {
        let is_reused = self.rss_bytes.is_some() && self.rss_at < self.at;
        is_reused.then(|| now.saturating_duration_since(self.rss_at))
    }

    /// Takes the result of a memory read.
    ///
    /// # Errors
    /// That the process has ended meanwhile.
    pub(crate) fn take_memory(
        &mut self,
        result: Result<MemoryUsage, ScanError>,
    ) -> Result<(), ScanError> {
        match result {
            Ok(usage) => {
                self.memory = Memory::Sample(Sample {
                    rss_bytes: usage.rss_bytes,
                    usage,
                    taken_at: Instant::now(),
                });
            }
            Err(error) if says_gone(&error) => return Err(error),
            Err(error) => match error.skip {
                Skip::Zombie => {
                    self.kind = ProcessKind::Zombie;
                    self.rss_bytes = None;
                }
                _ => self.memory = Memory::Failed(error),
            },
        }
        Ok(())
    }

    /// Takes it that a memory pass failed after the survey.
    pub(crate) fn fail_memory(&mut self, error: ScanError) {
        if self.take_memory(Err(error)).is_err() {
            self.memory = Memory::Failed(error);
        }
    }

    /// Whether it has ended since the survey.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(&self.memory, Memory::Failed(error) if says_gone(error))
    }
}

fn activity(stat: &Stat<'_>) -> Activity {
    match stat.state {
        State::Running => Activity::Running,
        State::Sleeping => Activity::Sleeping,
        State::DiskSleep => Activity::Waiting,
        State::Stopped | State::Traced => Activity::Stopped,
        State::Zombie | State::Dead if stat.is_zombie() => Activity::Zombie,
        State::Idle => Activity::Idle,
        _ => Activity::Other,
    }
}

/// Whether a memory read says that the process has ended. When only its memory is gone, while
/// `stat` still answers, it is about to end: a big one takes seconds over that, and what it has
/// used must not be credited again when it is seen as a zombie.
fn says_gone(error: &ScanError) -> bool {
    let memory = matches!(error.file, Some(ProcFile::SmapsRollup | ProcFile::Smaps));
    error.skip == Skip::Vanished && !memory
}
