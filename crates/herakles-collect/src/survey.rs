//! The cheap part of a scan, one process at a time: who it is, its CPU time, its RSS, and what
//! classifies it if that is not known. With [`InlineReads::Inline`] its memory too.

mod known;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use herakles_classify::{Classifier, Facts, Variables};
use herakles_metrics::ProcessKind;
use herakles_scan::{
    Buffers, Glance, MemorySource, ProcFile, ProcSource, ReadBuf, ScanError, Skip, count_fds,
    glance, live_thread, open_process, peek_fds, peek_stat, read_io, read_max_fds, read_memory,
    read_stat, read_statm, read_text,
};
use herakles_stat::{PageSize, Pid, ProcessKey};
use rustix::io::Errno;

use self::known::Known;
use crate::facts::LiveFacts;
use crate::image::Program;
use crate::options::BufferSizes;
use crate::process_sample::{Memory, News, ProcessSample};
use crate::process_table::ProcessTable;
use crate::thread_time::OwnTime;
use crate::users::Users;
use crate::worker_pool::{Note, StuckThreads, Task};

/// Whether the survey reads memory as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InlineReads {
    /// Of every process.
    Inline,
    /// Of those in `early` only, for as long as the time lasts: another pass does, or nobody.
    Elsewhere,
}

/// Processes whose memory is read as they are looked at, which is cheaper than to come back.
#[derive(Default)]
pub(crate) struct Early {
    /// Sorted.
    pub(crate) keys: Vec<ProcessKey>,
    /// Once the reads have taken this long together no further one begins.
    pub(crate) allowance: Option<Duration>,
    pub(crate) spent_nanos: AtomicU64,
}

impl Early {
    pub(crate) fn includes(&self, key: ProcessKey) -> bool {
        self.keys.binary_search(&key).is_ok()
    }

    fn admits(&self, key: ProcessKey) -> bool {
        let spent = || Duration::from_nanos(self.spent_nanos.load(Relaxed));
        self.includes(key) && self.allowance.is_none_or(|allowance| spent() < allowance)
    }

    fn charge(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.spent_nanos.fetch_add(nanos, Relaxed);
    }
}

/// One survey of the processes in `pids`.
pub(crate) struct Survey<S> {
    pub(crate) source: Arc<S>,
    pub(crate) pids: Vec<Pid>,
    pub(crate) table: Arc<RwLock<ProcessTable>>,
    pub(crate) classifier: Arc<Classifier>,
    /// The generation of the rules: members classified by another are classified again.
    pub(crate) rules: u32,
    pub(crate) users: Arc<Users>,
    pub(crate) page_size: PageSize,
    /// Whether open descriptors are counted.
    pub(crate) fds: bool,
    /// Whether storage bytes are read.
    pub(crate) io: bool,
    pub(crate) memory_source: MemorySource,
    pub(crate) memory: InlineReads,
    pub(crate) early: Early,
    pub(crate) stuck: StuckThreads,
    pub(crate) buffers: BufferSizes,
}

/// The buffers of one worker.
pub(crate) struct Scratch {
    pub(crate) buffers: Buffers,
    /// For the facts that rules ask for, while `buffers` are in use.
    pub(crate) facts: ReadBuf,
}

impl Scratch {
    pub(crate) fn new(sizes: &BufferSizes) -> Self {
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

/// One item of a survey: a process, or why there is none.
pub(crate) type SurveyResult = Result<ProcessSample, ScanError>;

impl<S: ProcSource> Task for Survey<S> {
    type Output = SurveyResult;
    type Scratch = Scratch;

    fn len(&self) -> usize {
        self.pids.len()
    }

    fn scratch(&self) -> Scratch {
        Scratch::new(&self.buffers)
    }

    fn run(
        &self,
        item: usize,
        scratch: &mut Scratch,
        note: &Note<'_, SurveyResult>,
    ) -> SurveyResult {
        let pid = self.pids[item];
        let known = self.known(pid);
        if let Some(seen) = known.and_then(|it| self.glance(pid, it, scratch)) {
            return Ok(seen);
        }
        let process = open_process(&*self.source, pid)?;
        let stat = read_stat(&process, &mut scratch.buffers.io)?;
        let mut seen = ProcessSample::new(&stat, Instant::now());
        let known = known.filter(|it| it.key == seen.key);
        let mut is_known = known.is_some_and(|it| it.recognises(&mut seen));
        if seen.kind == ProcessKind::User && !stat.leader_exited() {
            self.read_program(&process, &mut seen, &mut scratch.facts, note);
            is_known &= known.is_some_and(|it| it.runs_the_same(&mut seen));
        }
        let new_name = (!is_known).then(|| stat.comm.to_vec());
        let leader_exited = stat.leader_exited();

        let mut thread = None;
        if leader_exited {
            thread = live_thread(&process, &mut scratch.buffers.io)?;
            if thread.is_none() {
                seen.kind = ProcessKind::Zombie;
            }
        }
        let handle = thread.as_ref().unwrap_or(&process);

        // Where everybody's memory is read, a sample tells the RSS.
        let reads_everybody = self.memory == InlineReads::Inline;
        if seen.kind == ProcessKind::User {
            if !reads_everybody {
                self.read_rss(handle, &mut seen, scratch)?;
            }
            let known = known.filter(|_| is_known);
            self.read_fds(handle, &mut seen, known, &mut scratch.buffers.io);
        }
        if seen.kind != ProcessKind::Zombie {
            self.read_io(&process, &mut seen, &mut scratch.buffers.io, note);
        }
        if let Some(comm) = new_name {
            seen.news = Some(Box::new(self.news(handle, comm, &seen, scratch, note)));
        }
        let may_be_now = reads_everybody
            || known.is_some_and(|it| it.is_as_big_as(&seen)) && self.early.admits(seen.key);
        if seen.kind == ProcessKind::User && may_be_now && self.may_read(seen.key) {
            seen.reading = Some(self.memory_source.file());
            note.note(seen.key, Ok(seen.clone()));
            // Only a planner asks what a read took, and the answer is two system calls.
            let own_time = (self.memory == InlineReads::Elsewhere).then(OwnTime::start);
            let result = read_memory(handle, self.memory_source, &mut scratch.buffers);
            if let Some(own_time) = own_time {
                seen.memory_took = own_time.elapsed();
                self.early.charge(seen.memory_took);
            }
            seen.take_memory(result)?;
            seen.reading = None;
        }
        let has_sample = matches!(seen.memory, Memory::Sample(_));
        if seen.kind == ProcessKind::User && reads_everybody && !has_sample {
            self.read_rss(handle, &mut seen, scratch)?;
        }
        Ok(seen)
    }
}

impl<S: ProcSource> Survey<S> {
    fn reads_memory_of(&self, key: ProcessKey) -> bool {
        self.memory == InlineReads::Inline || self.early.admits(key)
    }

    /// Reads what a process runs, where its image does not tell.
    fn read_program(
        &self,
        handle: &S::Handle,
        seen: &mut ProcessSample,
        buffer: &mut ReadBuf,
        note: &Note<'_, SurveyResult>,
    ) {
        if !seen.image.is_at_a_fixed_place() || !self.may_read(seen.key) {
            return;
        }
        seen.reading = Some(ProcFile::Cmdline);
        note.note(seen.key, Ok(seen.clone()));
        let mut digest = |file| {
            let text = read_text(handle, file, buffer).ok();
            text.map(Program::digest)
        };
        let cmdline = digest(ProcFile::Cmdline);
        seen.program = cmdline.map(|cmdline| Program {
            faults: seen.faults(),
            exe: digest(ProcFile::Exe).unwrap_or(0),
            cmdline,
        });
        seen.reading = None;
    }

    /// Reads what storage did for it: whoever calls exec holds that up.
    fn read_io(
        &self,
        process: &S::Handle,
        seen: &mut ProcessSample,
        buf: &mut ReadBuf,
        note: &Note<'_, SurveyResult>,
    ) {
        if !self.io || !self.may_read(seen.key) {
            return;
        }
        seen.reading = Some(ProcFile::Io);
        note.note(seen.key, Ok(seen.clone()));
        match read_io(process, buf) {
            Ok(io) => seen.io = Some(io),
            Err(error) => seen.errors.push(error),
        }
        seen.reading = None;
    }

    /// Whether files that may hang can be read of this process.
    fn may_read(&self, key: ProcessKey) -> bool {
        !self.stuck.are_too_many() && !self.stuck.hold(key)
    }

    /// What the last scan knew of whoever has this pid.
    fn known(&self, pid: Pid) -> Option<Known> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let process = table.by_pid(pid)?;
        Some(Known::of(process, self.rules))
    }

    /// Looks at a process of which nothing is new but figures, as nearly all are; `None` if it
    /// must be looked at more closely, as for its storage bytes.
    fn glance(&self, pid: Pid, known: Known, scratch: &mut Scratch) -> Option<ProcessSample> {
        if self.io {
            return None;
        }
        let buf = &mut scratch.buffers.io;
        let mut seen = match known.kind {
            ProcessKind::User if known.is_classified && !self.reads_memory_of(known.key) => {
                // The process was there at the last scan: all of this is its own.
                let fds = self.fds.then(|| peek_fds(&*self.source, pid));
                let Glance { stat, statm } = glance(&*self.source, pid, buf).ok()?;
                let mut seen = ProcessSample::new(&stat, Instant::now());
                seen.take_statm(&statm, self.page_size);
                if let Some(fds) = fds {
                    seen.take_fds(fds);
                    seen.max_fds = known.max_fds;
                }
                (!stat.leader_exited() && seen.rss_bytes.is_some()).then_some(seen)?
            }
            ProcessKind::KernelThread => {
                let stat = peek_stat(&*self.source, pid, buf).ok()?;
                ProcessSample::new(&stat, Instant::now())
            }
            _ => return None,
        };
        let may_have_execd = known.program.is_some_and(|it| it.faults != seen.faults());
        let is_same = seen.key == known.key && seen.kind == known.kind && !may_have_execd;
        (is_same && known.recognises(&mut seen)).then_some(seen)
    }

    fn read_rss(
        &self,
        handle: &S::Handle,
        seen: &mut ProcessSample,
        scratch: &mut Scratch,
    ) -> Result<(), ScanError> {
        match read_statm(handle, &mut scratch.buffers.io) {
            // Size 0 is a process that has let go of its memory and is about to end.
            Ok(statm) => seen.take_statm(&statm, self.page_size),
            Err(error) if error.skip == Skip::Vanished => return Err(error),
            Err(error) => seen.statm_error = Some(error),
        }
        Ok(())
    }

    /// Counts its descriptors. How many it may have is asked once, and again after an exec.
    fn read_fds(
        &self,
        handle: &S::Handle,
        seen: &mut ProcessSample,
        known: Option<Known>,
        buf: &mut ReadBuf,
    ) {
        if !self.fds {
            return;
        }
        seen.take_fds(count_fds(handle));
        match known {
            Some(known) => seen.max_fds = known.max_fds,
            None => match read_max_fds(handle, buf) {
                Ok(max_fds) => seen.max_fds = max_fds,
                Err(error) => seen.errors.push(error),
            },
        }
    }

    fn news(
        &self,
        handle: &S::Handle,
        comm: Vec<u8>,
        seen: &ProcessSample,
        scratch: &mut Scratch,
        note: &Note<'_, SurveyResult>,
    ) -> News {
        if seen.kind == ProcessKind::KernelThread {
            return News {
                comm,
                classification: None,
                script: None,
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
                classification: Some(by_name),
                script: None,
                errors: Vec::new(),
                provisional: true,
            };
        }
        note.note(seen.key, Ok(seen.clone()));
        let before_read = |file| {
            note.amend(|sight| {
                if let Ok(sample) = sight {
                    sample.reading = Some(file);
                }
            });
        };
        let buffer = &mut scratch.facts;
        let facts = LiveFacts::new(
            &*self.source,
            handle,
            seen.parent,
            &comm,
            &self.users,
            buffer,
        )
        .with_table(&self.table)
        .before_read(&before_read);
        let classification = self.classifier.classify(&facts);
        // The rules have mostly asked for the command line already.
        let script = classification
            .is_generic()
            .then(|| Variables::script_of(&facts))
            .flatten();
        let errors = facts.into_errors();
        News {
            comm,
            classification: Some(classification),
            script,
            provisional: errors.iter().any(is_passing),
            errors,
        }
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
