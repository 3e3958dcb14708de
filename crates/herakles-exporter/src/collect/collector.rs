//! The scan: survey, memory, classes, accounts, snapshot.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use herakles_metrics::{MemoryReads as ReadCounts, Selection, Snapshot};
use herakles_scan::{MemorySource, ProcSource};
use herakles_stat::{PageSize, Pid, ProcessKey, TicksPerSecond};

use super::accounts::Accounts;
use super::crew::{Crew, thread_cpu};
use super::host::Host;
use super::memory_pass::MemoryPass;
use super::roster::Roster;
use super::survey::{Kind, MemoryRead, MemoryReads, Scratch, Seen, Survey};
use super::tally::{Found, Tally};
use super::users::Users;
use crate::config::MemoryMode;
use crate::effective::Effective;
use crate::status::Faults;

/// What does not change while the exporter runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) ticks_per_second: TicksPerSecond,
    pub(crate) page_size: PageSize,
    /// Processes that started before this tick contribute their growth only.
    pub(crate) counts_from: u64,
    /// Boot of the machine, Unix time in seconds.
    pub(crate) boot_time_seconds: f64,
}

/// Everything a scan keeps for the next one.
pub(crate) struct Collector<S: ProcSource> {
    source: Arc<S>,
    page_size: PageSize,
    memory_source: MemorySource,
    host: Host,
    crew: Crew<Scratch>,
    users: Arc<Users>,
    effective: Arc<Effective>,
    roster: Arc<RwLock<Roster>>,
    accounts: Accounts,
    selection: Selection,
    pids: Vec<Pid>,
}

/// The result of one scan.
pub(crate) struct Scan {
    pub(crate) snapshot: Snapshot,
    pub(crate) faults: Faults,
    pub(crate) reads: ReadCounts,
    /// Processes whose memory was asked for, and those of them where that was refused.
    pub(crate) asked: u64,
    pub(crate) refused: u64,
}

/// Why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanFailure {
    #[error("cannot list the processes: {0}; see that /proc is mounted and readable")]
    List(io::Error),
    #[error("/proc lists no process at all; see that it is mounted")]
    NoProcesses,
    #[error("none of {listed} processes could be read; {first}")]
    NothingReadable { listed: usize, first: String },
}

impl<S: ProcSource> Collector<S> {
    pub(crate) fn new(
        source: S,
        root: &Path,
        machine: Machine,
        threads: usize,
        effective: Arc<Effective>,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let mut pids = Vec::new();
        let memory_source = match source.pids(&mut pids) {
            Ok(()) => MemorySource::probe(&source, &pids),
            // The first scan says what is wrong.
            Err(_) => MemorySource::SmapsRollup,
        };
        let ticks = u64::from(machine.ticks_per_second.as_u32());
        let page = u64::from(machine.page_size.as_u32());
        let mut collector = Self {
            source: Arc::new(source),
            page_size: machine.page_size,
            memory_source,
            host: Host::new(root, ticks, page),
            crew: Crew::new(threads, Crew::<Scratch>::PATIENCE)?,
            users: Arc::default(),
            roster: Arc::default(),
            accounts: Accounts::new(machine),
            selection: Selection::default(),
            pids,
            effective: Arc::clone(&effective),
        };
        collector.adopt(effective);
        Ok(collector)
    }

    /// Goes by another configuration from the next scan on. Counters go on.
    pub(crate) fn adopt(&mut self, effective: Arc<Effective>) {
        self.users = Arc::new(Users::current());
        self.accounts.adopt(effective.classifier.rules());
        self.crew.forget_scratch();
        self.effective = effective;
    }

    /// The CPU time of all scans so far on all threads, for the thread that scans to ask.
    pub(crate) fn cpu(&self) -> Duration {
        self.crew.cpu().saturating_add(thread_cpu())
    }

    /// Scans once. `live_series` of the budget belong to the exporter's own families.
    pub(crate) fn scan(&mut self, live_series: usize) -> Result<Scan, ScanFailure> {
        self.source
            .pids(&mut self.pids)
            .map_err(ScanFailure::List)?;
        if self.pids.is_empty() {
            return Err(ScanFailure::NoProcesses);
        }
        let mut tally = Tally::default();
        self.accounts.begin();
        let mut seen = self.survey(&mut tally);
        if seen.is_empty() {
            let first = tally
                .first_error
                .map_or_else(String::new, |it| it.to_string());
            return Err(ScanFailure::NothingReadable {
                listed: self.pids.len(),
                first,
            });
        }
        let over_limit = self.over_limit(&seen);
        self.read_chosen_memory(&mut seen, &over_limit, &mut tally);
        for it in &seen {
            match &it.memory {
                MemoryRead::Not => {}
                MemoryRead::Fresh { .. } => tally.memory(Ok(())),
                MemoryRead::Failed(error) => tally.memory(Err(error)),
            }
        }
        let snapshot = {
            let mut roster = self.roster.write().unwrap_or_else(PoisonError::into_inner);
            self.accounts
                .classify(&seen, &mut roster, &self.effective.classifier);
            let mut builder = self
                .accounts
                .account(&seen, &over_limit, &roster, &self.effective);
            if self.effective.config().export.host {
                builder.host(self.host.read());
            }
            builder.finish(&self.effective.limits(live_series), &mut self.selection)
        };
        let Tally {
            faults,
            reads,
            asked,
            refused,
            ..
        } = tally;
        Ok(Scan {
            snapshot,
            faults,
            reads,
            asked,
            refused,
        })
    }

    fn survey(&mut self, tally: &mut Tally) -> Vec<Seen> {
        let survey = Survey {
            source: Arc::clone(&self.source),
            pids: self.pids.clone(),
            roster: Arc::clone(&self.roster),
            classifier: Arc::clone(&self.effective.classifier),
            rules: self.accounts.rules(),
            users: Arc::clone(&self.users),
            page_size: self.page_size,
            memory_source: self.memory_source,
            memory: self.inline_reads(),
            stuck: self.crew.stuck_keys().into_iter().collect(),
            may_hang: self.may_hang(),
            buffers: self.effective.config().buffers.clone(),
        };
        let mut seen = Vec::with_capacity(self.pids.len());
        let mut roster_keeps = Vec::new();
        for done in self.crew.run(survey, usize::MAX) {
            let pid = self.pids.get(done.0).copied();
            match tally.settle(done) {
                Found::Process(it) => seen.push(it),
                Found::Unread => roster_keeps.extend(pid),
                Found::Gone => {}
            }
        }
        let mut roster = self.roster.write().unwrap_or_else(PoisonError::into_inner);
        for pid in roster_keeps {
            self.accounts.keep(pid, &mut roster);
        }
        seen
    }

    /// Whether files that may hang are read at all: not while too many threads are stuck.
    fn may_hang(&self) -> bool {
        self.crew.stuck_threads() < Crew::<Scratch>::MAX_STUCK
    }

    fn inline_reads(&self) -> MemoryReads {
        let config = self.effective.config();
        let fits = config
            .scan
            .max_processes
            .is_none_or(|most| self.pids.len() <= most.get());
        match config.memory_mode() {
            MemoryMode::Exact | MemoryMode::Adaptive if fits => MemoryReads::Inline,
            _ => MemoryReads::Elsewhere,
        }
    }

    /// The processes beyond `scan.max_processes`: the smallest by RSS, of equals those with the
    /// higher pids.
    fn over_limit(&self, seen: &[Seen]) -> HashSet<ProcessKey> {
        let Some(most) = self.effective.config().scan.max_processes else {
            return HashSet::new();
        };
        let mut by_size: Vec<(u64, ProcessKey)> = seen
            .iter()
            .filter(|it| it.kind == Kind::User)
            .map(|it| (it.rss_bytes.unwrap_or(0), it.key))
            .collect();
        by_size.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        by_size
            .into_iter()
            .skip(most.get())
            .map(|(_, key)| key)
            .collect()
    }

    /// Reads the memory of those within the limit, where the survey did not.
    fn read_chosen_memory(
        &mut self,
        seen: &mut [Seen],
        over_limit: &HashSet<ProcessKey>,
        tally: &mut Tally,
    ) {
        let rss_only = self.effective.config().memory_mode() == MemoryMode::Rss;
        if rss_only || self.inline_reads() == MemoryReads::Inline || !self.may_hang() {
            return;
        }
        let stuck: HashSet<ProcessKey> = self.crew.stuck_keys().into_iter().collect();
        let chosen: Vec<usize> = seen
            .iter()
            .enumerate()
            .filter(|(_, it)| it.kind == Kind::User)
            .filter(|(_, it)| !over_limit.contains(&it.key) && !stuck.contains(&it.key))
            .map(|(index, _)| index)
            .collect();
        let pass = MemoryPass {
            source: Arc::clone(&self.source),
            keys: chosen.iter().map(|&index| seen[index].key).collect(),
            memory_source: self.memory_source,
            buffers: self.effective.config().buffers.clone(),
        };
        for (item, result) in self.crew.run(pass, usize::MAX) {
            let it = &mut seen[chosen[item]];
            match result {
                Ok(result) => it.take_late_memory(result),
                Err((lost, _)) => tally.lost(lost, Some(self.memory_source.file())),
            }
        }
    }
}
