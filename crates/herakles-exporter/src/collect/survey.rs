//! The cheap part of a scan, one process at a time: who it is, its CPU time, its RSS, and what
//! classifies it if that is not known. With [`MemoryReads::Inline`] its memory too.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use herakles_classify::{Classifier, Decision, Facts};
use herakles_cpu::Usage;
use herakles_plan::{Fingerprint, Sample};
use herakles_scan::{
    Buffers, MemorySource, ProcFile, ProcSource, ReadBuf, ScanError, Skip, live_thread,
    open_process, read_memory, read_stat, read_statm,
};
use herakles_smaps::MemoryUsage;
use herakles_stat::{PageSize, Pid, ProcessKey, Stat};
use rustix::io::Errno;

use super::crew::{Note, StuckThreads, Task};
use super::facts::LiveFacts;
use super::roster::{Comm, Image, Member, Roster};
use super::users::Users;
use crate::config;

/// Whether the survey reads memory as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryReads {
    /// Of every process.
    Inline,
    /// Of none: another pass does, or nobody.
    Elsewhere,
}

/// One survey of the processes in `pids`.
pub(crate) struct Survey<S> {
    pub(crate) source: Arc<S>,
    pub(crate) pids: Vec<Pid>,
    pub(crate) roster: Arc<RwLock<Roster>>,
    pub(crate) classifier: Arc<Classifier>,
    /// The generation of the rules: members classified by another are classified again.
    pub(crate) rules: u32,
    pub(crate) users: Arc<Users>,
    pub(crate) page_size: PageSize,
    pub(crate) memory_source: MemorySource,
    pub(crate) memory: MemoryReads,
    pub(crate) stuck: StuckThreads,
    pub(crate) buffers: config::Buffers,
}

/// The buffers of one worker.
pub(crate) struct Scratch {
    pub(crate) buffers: Buffers,
    /// For the facts that rules ask for, while `buffers` are in use.
    pub(crate) facts: ReadBuf,
}

impl Scratch {
    pub(crate) fn new(sizes: &config::Buffers) -> Self {
        Self {
            buffers: Buffers {
                io: ReadBuf::new(sizes.io_bytes),
                smaps_rollup: ReadBuf::new(sizes.smaps_rollup_bytes),
                smaps: ReadBuf::new(sizes.smaps_bytes),
            },
            facts: ReadBuf::new(sizes.io_bytes),
        }
    }
}

/// What sort of process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    KernelThread,
    Zombie,
}

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
pub(crate) struct Seen {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<Pid>,
    pub(crate) kind: Kind,
    pub(crate) own: Usage,
    pub(crate) reaped: Usage,
    pub(crate) threads: u32,
    /// When `stat` was read, or was known to say what it said before.
    pub(crate) at: Instant,
    /// It has not run since the last scan: `own`, `reaped` and `fingerprint` were not read.
    pub(crate) idle: bool,
    pub(crate) image: Image,
    /// It has called exec since the last scan.
    pub(crate) execd: bool,
    /// What tells whether its memory has moved since the last scan.
    pub(crate) fingerprint: Fingerprint,
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) memory: Memory,
    /// What the rules say of it, if that was not known yet.
    pub(crate) news: Option<Box<News>>,
    /// `statm` could not be read.
    pub(crate) statm_error: Option<ScanError>,
    /// The file that is being read when the worker does not come back.
    pub(crate) reading: Option<ProcFile>,
}

/// What is found out about a process when it is new, took another name, or exec'd.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The bytes of the name.
    pub(crate) comm: Vec<u8>,
    /// `None` for kernel threads, which no rule is asked about.
    pub(crate) decision: Option<Decision>,
    /// Facts that could not be read.
    pub(crate) errors: Vec<ScanError>,
    /// Whether the facts that could not be read may be there in the next scan.
    pub(crate) provisional: bool,
}

/// One item of a survey: a process, or why there is none.
pub(crate) type Sight = Result<Seen, ScanError>;

impl<S: ProcSource> Task for Survey<S> {
    type Output = Sight;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.pids.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(&self, item: usize, scratch: &mut Scratch, note: &Note<'_, Sight>) -> Sight {
        let process = open_process(&*self.source, self.pids[item])?;
        let stat = read_stat(&process, &mut scratch.buffers.io)?;
        let mut seen = Seen::new(&stat, Instant::now());
        let new_name = self.is_news(&mut seen).then(|| stat.comm.to_vec());
        let leader_exited = stat.leader_exited();

        let mut thread = None;
        if leader_exited {
            thread = live_thread(&process, &mut scratch.buffers.io)?;
            if thread.is_none() {
                seen.kind = Kind::Zombie;
            }
        }
        let handle = thread.as_ref().unwrap_or(&process);

        if seen.kind == Kind::User {
            self.read_rss(handle, &mut seen, scratch)?;
        }
        if let Some(comm) = new_name {
            seen.news = Some(Box::new(self.news(handle, comm, &seen, scratch, note)));
        }
        if seen.kind == Kind::User && self.memory == MemoryReads::Inline && self.may_read(seen.key)
        {
            seen.reading = Some(self.memory_source.file());
            note.note(seen.key, Ok(seen.clone()));
            seen.take_memory(read_memory(
                handle,
                self.memory_source,
                &mut scratch.buffers,
            ))?;
            seen.reading = None;
        }
        Ok(seen)
    }
}

impl<S: ProcSource> Survey<S> {
    /// Whether files that may hang can be read of this process.
    fn may_read(&self, key: ProcessKey) -> bool {
        !self.stuck.are_too_many() && !self.stuck.hold(key)
    }

    /// Whether name and class are not known yet, or not any more. Notes whether that is so
    /// because of an exec.
    fn is_news(&self, seen: &mut Seen) -> bool {
        let roster = self.roster.read().unwrap_or_else(PoisonError::into_inner);
        match roster.get(seen.key) {
            None => true,
            // The kernel renames its workers all the time, by what they work on; and a zombie's
            // files say nothing any more.
            Some(_) if seen.kind != Kind::User => false,
            Some(member) => {
                let known = member.image;
                if seen.image.start_stack == 0 {
                    // Not ours to know, or the process has let go of its memory to end.
                    seen.image.start_stack = known.start_stack;
                }
                seen.execd = seen.image.start_stack != known.start_stack && known.start_stack != 0;
                member.rules != Some(self.rules) || seen.image != known
            }
        }
    }

    fn read_rss(
        &self,
        handle: &S::Handle,
        seen: &mut Seen,
        scratch: &mut Scratch,
    ) -> Result<(), ScanError> {
        match read_statm(handle, &mut scratch.buffers.io) {
            // Size 0 is a process that has let go of its memory and is about to end.
            Ok(statm) if statm.size_pages == 0 => {}
            Ok(statm) => {
                let resident_bytes = self.page_size.bytes(statm.resident_pages);
                seen.rss_bytes = Some(resident_bytes);
                seen.fingerprint.resident_bytes = resident_bytes;
                seen.fingerprint.shared_bytes = self.page_size.bytes(statm.shared_pages);
            }
            Err(error) if error.skip == Skip::Vanished => return Err(error),
            Err(error) => seen.statm_error = Some(error),
        }
        Ok(())
    }

    fn news(
        &self,
        handle: &S::Handle,
        comm: Vec<u8>,
        seen: &Seen,
        scratch: &mut Scratch,
        note: &Note<'_, Sight>,
    ) -> News {
        if seen.kind == Kind::KernelThread {
            return News {
                comm,
                decision: None,
                errors: Vec::new(),
                provisional: false,
            };
        }
        if !self.may_read(seen.key) {
            let by_name = self.classifier.classify(&Facts {
                comm: &comm,
                ..Facts::default()
            });
            return News {
                comm,
                decision: Some(by_name),
                errors: Vec::new(),
                provisional: true,
            };
        }
        note.note(seen.key, Ok(seen.clone()));
        let facts = LiveFacts::new(self, handle, seen.parent, &comm, &mut scratch.facts, note);
        let decision = Some(self.classifier.classify(&facts));
        let errors = facts.into_errors();
        News {
            comm,
            decision,
            provisional: errors.iter().any(is_passing),
            errors,
        }
    }
}

impl Seen {
    fn new(stat: &Stat<'_>, at: Instant) -> Self {
        let kind = if stat.is_kernel_thread() {
            Kind::KernelThread
        } else if stat.is_zombie() {
            Kind::Zombie
        } else {
            Kind::User
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
                cpu: stat.child_cpu,
                minor_faults: stat.child_minor_faults,
                major_faults: stat.child_major_faults,
            },
            threads: stat.num_threads,
            at,
            idle: false,
            image: Image {
                comm: Comm::new(stat.comm),
                start_stack: stat.start_stack,
            },
            execd: false,
            fingerprint: Fingerprint {
                minor_faults: stat.minor_faults,
                major_faults: stat.major_faults,
                virtual_bytes: stat.vsize_bytes,
                threads: u64::from(stat.num_threads),
                ..Fingerprint::default()
            },
            rss_bytes: None,
            memory: Memory::Unknown,
            news: None,
            statm_error: None,
            reading: None,
        }
    }

    /// A process that has not run since the last scan, as it was then.
    pub(crate) fn idle(member: &Member, at: Instant) -> Self {
        Self {
            key: member.key,
            parent: member.parent,
            kind: member.kind,
            own: Usage::ZERO,
            reaped: Usage::ZERO,
            threads: member.threads,
            at,
            idle: true,
            image: member.image,
            execd: false,
            fingerprint: Fingerprint::default(),
            rss_bytes: member.rss_bytes,
            memory: Memory::Unknown,
            news: None,
            statm_error: None,
            reading: None,
        }
    }

    /// Takes the result of a memory read.
    ///
    /// # Errors
    /// That the process has ended meanwhile.
    fn take_memory(&mut self, result: Result<MemoryUsage, ScanError>) -> Result<(), ScanError> {
        match result {
            Ok(usage) => {
                let taken_at = Instant::now();
                self.memory = Memory::Sample(Sample { usage, taken_at });
            }
            Err(error) if says_gone(&error) => return Err(error),
            Err(error) => match error.skip {
                Skip::Zombie => {
                    self.kind = Kind::Zombie;
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

/// Whether what could not be read may well be readable in the next scan: descriptors or memory
/// have run out.
fn is_passing(error: &ScanError) -> bool {
    let Skip::Io(errno) = error.skip else {
        return false;
    };
    matches!(
        Errno::from_raw_os_error(errno.raw()),
        Errno::INTR | Errno::AGAIN | Errno::NOMEM | Errno::NFILE | Errno::MFILE
    )
}

/// Whether a memory read says that the process has ended. When only its memory is gone, while
/// `stat` still answers, it is about to end: a big one takes seconds over that, and what it has
/// used must not be credited again when it is seen as a zombie.
fn says_gone(error: &ScanError) -> bool {
    let memory = matches!(error.file, Some(ProcFile::SmapsRollup | ProcFile::Smaps));
    error.skip == Skip::Vanished && !memory
}
