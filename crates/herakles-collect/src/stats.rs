//! What one scan counts: reads, and errors by kind and file.

use herakles_metrics::MemoryReads;
use herakles_scan::{ProcFile, ScanError, Skip};
use herakles_stat::ProcessKey;

use crate::fault::{Fault, FaultFile, FaultKind, Faults};
use crate::process_sample::ProcessSample;
use crate::survey::SurveyResult;
use crate::worker_pool::{Done, Lost};

/// The counts of one scan.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScanStats {
    /// What went wrong, and how often.
    pub faults: Faults,
    /// Where the memory samples came from.
    pub reads: MemoryReads,
    /// Processes whose memory was read or refused in this scan.
    pub memory_asked: u64,
    /// Those of them whose memory was refused.
    pub memory_refused: u64,
    /// Processes that are listed, but of which nothing could be read.
    pub unread: u64,
    /// Memory was refused in an earlier scan and has not been asked for again.
    pub has_standing_refusals: bool,
    /// The first error other than that a process has ended, for people.
    pub first_error: Option<ScanError>,
    /// Processes that are found too big to be read for the first time.
    pub(crate) too_big: Vec<ProcessKey>,
}

/// What a survey found at one pid.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and nearly all are processes"
)]
pub(crate) enum Found {
    Process(ProcessSample),
    /// Listed, but not read: its history goes on with its next good read.
    Unread,
    Gone,
}

impl ScanStats {
    pub(crate) fn error(&mut self, error: &ScanError) {
        let Some(fault) = Fault::of(error) else {
            return;
        };
        self.faults.add(fault, 1);
        if error.skip != Skip::Vanished {
            self.first_error.get_or_insert(*error);
        }
    }

    /// A worker's loss: it hung in, or panicked at, this file.
    pub(crate) fn lost(&mut self, lost: Lost, file: Option<ProcFile>) {
        let kind = match lost {
            Lost::Hung => FaultKind::Timeout,
            Lost::Panicked => FaultKind::Panic,
        };
        let file = file.map_or(FaultFile::None, FaultFile::from);
        self.faults.add(Fault { kind, file }, 1);
    }

    /// Takes one item of a survey, counting what went wrong.
    pub(crate) fn settle(&mut self, done: Done<SurveyResult>) -> Found {
        let found = match done.1 {
            Ok(Ok(seen)) => Found::Process(seen),
            Ok(Err(error)) => {
                self.error(&error);
                if error.skip == Skip::Vanished {
                    Found::Gone
                } else {
                    Found::Unread
                }
            }
            Err((lost, Some(Ok(seen)))) => {
                self.lost(lost, seen.reading);
                Found::Process(seen)
            }
            Err((lost, _)) => {
                self.lost(lost, None);
                Found::Unread
            }
        };
        if let Found::Process(seen) = &found {
            for error in seen.statm_error.iter().chain(&seen.errors) {
                self.error(error);
            }
            for error in seen.news.iter().flat_map(|news| &news.errors) {
                self.error(error);
            }
        }
        found
    }

    /// Counts exits that taskstats told of in vain.
    pub(crate) fn exits_lost(&mut self, lost: u64) {
        self.faults.add(Fault::EXITS_LOST, lost);
    }

    /// Takes the result of a memory read.
    pub(crate) fn memory(&mut self, result: Result<(), &ScanError>) {
        self.memory_asked += 1;
        if let Err(error) = result {
            if matches!(error.skip, Skip::Denied(_)) {
                self.memory_refused += 1;
            }
            self.error(error);
        }
    }
}
