//! The course of a scan: survey, memory, classes, accounts, snapshot.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Instant;

use herakles_metrics::ProcessKind;
use herakles_scan::{Glance, ProcSource, ReadBuf, glance};
use herakles_stat::ProcessKey;
use herakles_taskstats::ExitRecord;

use super::Collector;
use crate::idle_looks::{Candidate, StatmPass};
use crate::memory_pass::ReadContext;
use crate::notice::Notice;
use crate::phase::ScanPhase;
use crate::process_sample::ProcessSample;
use crate::process_table::ProcessTable;
use crate::rule_counts::RuleCounts;
use crate::scan::{Scan, ScanFailure};
use crate::stats::{Found, ScanStats};
use crate::survey::{Early, InlineReads, Survey, SurveyResult};
use crate::worker_pool::Done;

impl<S: ProcSource> Collector<S> {
    /// Scans once.
    ///
    /// # Errors
    /// If the processes cannot be listed, or none of them can be read. What is known stays: the
    /// next scan may succeed.
    pub fn scan(&mut self) -> Result<Scan, ScanFailure> {
        self.scan_observed(&mut |_| {})
    }

    /// As [`scan`](Self::scan), and calls `ended` at the end of each phase, on this thread.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub fn scan_observed(&mut self, ended: &mut dyn FnMut(ScanPhase)) -> Result<Scan, ScanFailure> {
        self.source
            .pids(&mut self.pids)
            .map_err(ScanFailure::List)?;
        ended(ScanPhase::List);
        if self.pids.is_empty() {
            return Err(ScanFailure::NoProcesses);
        }
        if let Some(users) = self.users.renewed() {
            self.users = Arc::new(users);
        }
        let mut stats = ScanStats::default();
        self.accounts.begin();
        let inline = self.memory.inline_reads(&self.options);
        let mut samples = self.survey(inline, &mut stats, ended);
        ended(ScanPhase::Observe);
        if samples.is_empty() {
            let first = stats
                .first_error
                .map_or_else(String::new, |error| error.to_string());
            return Err(ScanFailure::NothingReadable {
                listed: self.pids.len(),
                first,
                faults: stats.faults,
            });
        }
        if samples.iter().any(|sample| sample.open_fds.is_some()) {
            // An older kernel says of everybody that it has none.
            self.counts_fds = samples.iter().any(|sample| sample.open_fds > Some(0));
            self.options.fds &= self.counts_fds;
        }
        // Before memory is read, which may take a while: its CPU time and that of the processes
        // shall be of the same moment.
        let host = self.host.as_mut().filter(|_| self.options.host);
        let boot = self.accounts.boot_seconds();
        let host = host.map(|host| host.read(boot, &mut stats.faults));
        let over_limit = self.over_limit(&samples);
        let context = ReadContext {
            source: &self.source,
            memory_source: self.memory_source,
            buffers: self.options.buffers,
            page_size: self.page_size,
            interval: self.options.interval,
            workers: &mut self.workers,
            stats: &mut stats,
        };
        self.memory.read(&mut samples, &over_limit, inline, context);
        samples.retain(|sample| !sample.is_gone());
        ended(ScanPhase::Read);
        let exits = self.take_exits(&mut stats);
        let (snapshot, rule_counts) = {
            let mut table = write(&self.table);
            let classifier = &self.options.classifier;
            self.accounts
                .classify(&samples, &exits, &mut table, classifier);
            let mut builder = self
                .accounts
                .account(&samples, &over_limit, &table, &self.options);
            builder.unread(stats.unread);
            if let Some(host) = host {
                builder.host(host);
            }
            let snapshot = builder.finish(&self.options.limits, &mut self.selection);
            (snapshot, RuleCounts::of_table(&table))
        };
        if self.memory.detects_idle() {
            let most = 2 * samples.len();
            samples.clear();
            samples.shrink_to(most);
            self.samples = samples;
        }
        ended(ScanPhase::Snapshot);
        // Whoever waits has something to look at from now on.
        self.workers.take_time(self.patience);
        let mut notices = std::mem::take(&mut self.notices);
        notices.extend(self.too_big(&stats.too_big));
        Ok(Scan {
            snapshot,
            rule_counts,
            stats,
            notices,
        })
    }

    /// Looks at everybody, except for those that are known not to have run.
    fn survey(
        &mut self,
        inline: InlineReads,
        stats: &mut ScanStats,
        ended: &mut dyn FnMut(ScanPhase),
    ) -> Vec<ProcessSample> {
        let early = self.memory.early(&self.options, self.workers.stuck());
        let mut idle = self.idle(&early);
        ended(ScanPhase::Detect);
        let survey = Survey {
            source: Arc::clone(&self.source),
            pids: self.pids.clone(),
            table: Arc::clone(&self.table),
            classifier: Arc::clone(&self.options.classifier),
            rules: self.accounts.rules(),
            users: Arc::clone(&self.users),
            page_size: self.page_size,
            fds: self.options.fds,
            io: self.options.io,
            memory_source: self.memory_source,
            memory: inline,
            early,
            stuck: self.workers.stuck().clone(),
            buffers: self.options.buffers,
        };
        let listed = u32::try_from(self.pids.len()).unwrap_or(u32::MAX);
        let width = self.workers.width(self.each_took.saturating_mul(listed));
        let before = self.workers.cpu();
        let done = self.workers.run(survey, width);
        let mut unread = Vec::new();
        let settle = |done: Done<SurveyResult>| {
            let pid = self.pids.get(done.0).copied();
            match stats.settle(done) {
                Found::Process(mut sample) => {
                    if sample.reading.is_some() && sample.rss_bytes.is_none() {
                        self.read_rss_of_lost(&mut sample);
                    }
                    return Some(sample);
                }
                Found::Unread => {
                    stats.unread += 1;
                    unread.extend(pid);
                }
                Found::Gone => {}
            }
            None
        };
        // Collected in place, as thousands of them are megabytes.
        let found = done.into_iter().filter_map(settle);
        let mut samples: Vec<ProcessSample> = if idle.is_empty() {
            found.collect()
        } else {
            idle.extend(found);
            idle
        };
        samples.sort_unstable_by_key(|sample| sample.key);
        let took = self.workers.cpu().saturating_sub(before);
        self.each_took = took.checked_div(listed).unwrap_or(self.each_took);
        let mut table = write(&self.table);
        for pid in unread {
            self.accounts.keep(pid, &mut table);
        }
        samples
    }

    /// A file of this process did not come back in time, before `statm` was read: that one waits
    /// for nobody.
    fn read_rss_of_lost(&self, lost: &mut ProcessSample) {
        let mut buf = ReadBuf::new(self.options.buffers.io_bytes);
        if let Ok(Glance { stat, statm }) = glance(&*self.source, lost.key.pid, &mut buf)
            && stat.key() == lost.key
        {
            lost.take_statm(&statm, self.page_size);
        }
    }

    /// Takes those that have not run since the last scan out of `pids`.
    fn idle(&mut self, early: &Early) -> Vec<ProcessSample> {
        let Some(detector) = self.memory.idle_detector() else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        let moves = detector.take_idle(&mut self.pids, &mut idle);
        let now = Instant::now();
        let mut known = std::mem::take(&mut self.samples);
        let mut candidates = Vec::with_capacity(idle.len());
        {
            let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
            let rules = self.accounts.rules();
            for pid in idle {
                let process = table.by_pid(pid).filter(|it| it.rules == Some(rules));
                let Some(process) = process else {
                    self.pids.push(pid);
                    continue;
                };
                match (process.kind, self.memory.rss_bytes(process.key)) {
                    (ProcessKind::User, Some(rss_bytes)) => candidates.push(Candidate {
                        index: known.len(),
                        key: process.key,
                        rss_bytes,
                        looked_at: process.rss_at,
                        is_planned: early.includes(process.key),
                    }),
                    (ProcessKind::KernelThread, _) => {}
                    (ProcessKind::User | ProcessKind::Zombie, _) => {
                        self.pids.push(pid);
                        continue;
                    }
                }
                known.push(process.idle_sample(now));
            }
        }
        let chosen = self.looks.choose(candidates, moves, now);
        let pass = StatmPass::new(&self.source, chosen, self.options.buffers);
        self.pids
            .extend(pass.apply(&mut known, &mut self.workers, self.page_size));
        known
    }

    /// The exits since the last scan. To be called after everybody has been looked at: the record
    /// of a process that was gone by then is there.
    fn take_exits(&mut self, stats: &mut ScanStats) -> Vec<ExitRecord> {
        let Some(exits) = &mut self.exits else {
            return Vec::new();
        };
        match exits.take() {
            Ok((records, lost)) => {
                stats.exits_lost(lost);
                records
            }
            Err(error) => {
                self.notices.push(Notice::ExitRecordsEnded(error));
                self.exits = None;
                Vec::new()
            }
        }
    }

    /// The processes beyond `max_processes`: the smallest by RSS, of equals those with the higher
    /// pids.
    fn over_limit(&self, samples: &[ProcessSample]) -> HashSet<ProcessKey> {
        let Some(most) = self.options.max_processes else {
            return HashSet::new();
        };
        let mut by_size: Vec<(u64, ProcessKey)> = samples
            .iter()
            .filter(|sample| sample.kind == ProcessKind::User)
            .map(|sample| (sample.rss_bytes.unwrap_or(0), sample.key))
            .collect();
        by_size.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let beyond = by_size.into_iter().skip(most.get());
        beyond.map(|(_, key)| key).collect()
    }

    fn too_big(&self, keys: &[ProcessKey]) -> Vec<Notice> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let processes = keys.iter().filter_map(|key| table.get(*key));
        processes
            .map(|process| Notice::TooBig {
                pid: process.key.pid,
                name: Arc::clone(&process.name),
                rss_bytes: process.rss_bytes.unwrap_or(0),
            })
            .collect()
    }
}

fn write(table: &RwLock<ProcessTable>) -> RwLockWriteGuard<'_, ProcessTable> {
    table.write().unwrap_or_else(PoisonError::into_inner)
}
