//! What one scan counts: reads, and errors by kind and file.

use herakles_metrics::MemoryReads;
use herakles_scan::{ProcFile, ScanError, Skip};

use herakles_stat::ProcessKey;

use super::process_sample::ProcessSample;
use super::survey::SurveyResult;
use super::worker_pool::{Done, Lost};
use crate::status::Faults;

/// Kind and file of the fault that records of exits were lost.
pub(crate) const EXITS_LOST: (&str, &str) = ("io", "none");

/// The counts of one scan.
#[derive(Default)]
pub(crate) struct ScanStats {
    pub(crate) faults: Faults,
    pub(crate) reads: MemoryReads,
    /// Processes whose memory was read or refused, and those of them that were refused.
    pub(crate) asked: u64,
    pub(crate) refused: u64,
    /// Processes that are listed, but of which nothing could be read.
    pub(crate) unread: u64,
    /// Memory was refused earlier and has not been asked for again.
    pub(crate) standing_refusals: bool,
    /// Processes that are found too big to be read for the first time.
    pub(crate) too_big: Vec<ProcessKey>,
    /// The first error other than that a process has ended, for people.
    pub(crate) first_error: Option<ScanError>,
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
        let kind = match error.skip {
            Skip::Vanished => "vanished",
            Skip::Denied(_) => "denied",
            Skip::Malformed(_) => "malformed",
            // Normal for such a process; no error.
            Skip::KernelThread | Skip::Zombie => return,
            _ => "io",
        };
        self.fault(kind, error.file_name());
        if error.skip != Skip::Vanished {
            self.first_error.get_or_insert(*error);
        }
    }

    fn fault(&mut self, kind: &'static str, file: &'static str) {
        *self.faults.entry((kind, file)).or_default() += 1;
    }

    /// A worker's loss: it hung in, or panicked at, this file.
    pub(crate) fn lost(&mut self, lost: Lost, file: Option<ProcFile>) {
        let kind = match lost {
            Lost::Hung => "timeout",
            Lost::Panicked => "panic",
        };
        self.fault(kind, file.map_or("none", ProcFile::name));
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
            if let Some(error) = &seen.statm_error {
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
        if lost > 0 {
            *self.faults.entry(EXITS_LOST).or_default() += lost;
        }
    }

    /// Takes the result of a memory read.
    pub(crate) fn memory(&mut self, result: Result<(), &ScanError>) {
        self.asked += 1;
        if let Err(error) = result {
            if matches!(error.skip, Skip::Denied(_)) {
                self.refused += 1;
            }
            self.error(error);
        }
    }
}
