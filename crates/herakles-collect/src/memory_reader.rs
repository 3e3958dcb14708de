//! How the memory of processes is read: one strategy at a time, which owns what it needs.

use std::collections::HashSet;
use std::path::Path;

use herakles_scan::ProcSource;
use herakles_stat::ProcessKey;

use crate::adaptive::Adaptive;
use crate::exact;
use crate::idle::IdleDetector;
use crate::memory_pass::ReadContext;
use crate::options::{IdleDetection, MemoryMode, Options};
use crate::process_sample::ProcessSample;
use crate::survey::{Early, InlineReads};
use crate::worker_pool::StuckThreads;

/// The strategy of the mode in force.
pub(crate) enum MemoryReader {
    Rss,
    Exact,
    Adaptive(Box<Adaptive>),
}

impl MemoryReader {
    /// Reads as `options` say from now on; what an adaptive reader knows is kept.
    pub(crate) fn adopt(&mut self, options: &Options, proc: Option<&Path>) {
        match options.memory_mode() {
            MemoryMode::Rss => *self = Self::Rss,
            MemoryMode::Exact => *self = Self::Exact,
            MemoryMode::Adaptive(limits) => {
                // Processes that change places at the limit must be looked at, whether they ran
                // or not.
                let detects = options.idle_detection == IdleDetection::Auto
                    && options.max_processes.is_none();
                let open = || proc.and_then(IdleDetector::open);
                let before = match self {
                    Self::Adaptive(adaptive) => adaptive.take_idle_detector(),
                    Self::Rss | Self::Exact => None,
                };
                let idle = if detects { before.or_else(open) } else { None };
                match self {
                    Self::Adaptive(adaptive) => adaptive.adopt(limits, idle),
                    Self::Rss | Self::Exact => {
                        *self = Self::Adaptive(Box::new(Adaptive::new(limits, idle)));
                    }
                }
            }
        }
    }

    /// The detector of idle processes, where there is one.
    pub(crate) fn idle_detector(&mut self) -> Option<&mut IdleDetector> {
        match self {
            Self::Adaptive(adaptive) => adaptive.idle_detector(),
            Self::Rss | Self::Exact => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn detect_idle_by(&mut self, detector: IdleDetector) {
        if let Self::Adaptive(adaptive) = self {
            adaptive.detect_idle_by(detector);
        }
    }

    /// What is resident of a process; `None` if it has to be looked at, also if it is idle.
    pub(crate) fn rss_bytes(&self, key: ProcessKey) -> Option<u64> {
        match self {
            Self::Adaptive(adaptive) => adaptive.rss_bytes(key),
            Self::Rss | Self::Exact => None,
        }
    }

    /// Whether idle processes are known without a look.
    pub(crate) fn detects_idle(&self) -> bool {
        match self {
            Self::Adaptive(adaptive) => adaptive.detects_idle(),
            Self::Rss | Self::Exact => false,
        }
    }

    /// Which memory the survey reads as it goes. Where it is not known yet which processes are
    /// within the limit, none.
    pub(crate) fn inline_reads(&self, options: &Options) -> InlineReads {
        match self {
            Self::Exact if options.max_processes.is_none() => InlineReads::Inline,
            Self::Exact | Self::Rss | Self::Adaptive(_) => InlineReads::Elsewhere,
        }
    }

    /// Whose memory is read whatever the survey says, and so along with it, unless they are idle.
    /// None where it is not known yet which are within the limit, or while too many are stuck.
    pub(crate) fn early(&mut self, options: &Options, stuck: &StuckThreads) -> Early {
        match self {
            Self::Adaptive(adaptive)
                if options.max_processes.is_none() && !stuck.are_too_many() =>
            {
                adaptive.early(options.interval)
            }
            Self::Adaptive(_) | Self::Exact | Self::Rss => Early::default(),
        }
    }

    /// Brings the memory of those within the limit up to date.
    pub(crate) fn read<S: ProcSource>(
        &mut self,
        samples: &mut [ProcessSample],
        over_limit: &HashSet<ProcessKey>,
        was_inline: InlineReads,
        context: ReadContext<'_, S>,
    ) {
        match (self, was_inline) {
            (Self::Rss, _) => {}
            (Self::Adaptive(adaptive), _) => adaptive.read(samples, over_limit, context),
            (Self::Exact, InlineReads::Inline) => exact::count(samples, context.stats),
            (Self::Exact, InlineReads::Elsewhere) => {
                if !context.workers.stuck().are_too_many() {
                    exact::read(samples, over_limit, context);
                }
            }
        }
    }
}
