//! What is known of a process from the last scan, and how far that still holds.

use herakles_metrics::ProcessKind;
use herakles_stat::ProcessKey;

use crate::image::{Image, Program};
use crate::process_sample::ProcessSample;
use crate::process_table::TrackedProcess;

/// What a survey needs to know of a process that was there before.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) key: ProcessKey,
    pub(super) kind: ProcessKind,
    image: Image,
    pub(super) program: Option<Program>,
    rss_bytes: Option<u64>,
    pub(super) max_fds: Option<u64>,
    /// By the rules that are in force.
    pub(super) is_classified: bool,
}

impl Known {
    /// With the generation of the rules that are in force.
    pub(super) fn of(process: &TrackedProcess, rules: u32) -> Self {
        Self {
            key: process.key,
            kind: process.kind,
            image: process.image,
            program: process.program.as_deref().copied(),
            rss_bytes: process.rss_bytes,
            max_fds: process.max_fds,
            is_classified: process.rules == Some(rules),
        }
    }

    /// Whether what was decided by its size still holds: it has not grown much.
    pub(super) fn is_as_big_as(&self, seen: &ProcessSample) -> bool {
        let most = self.rss_bytes.map(|then| then.saturating_add(then / 8));
        seen.rss_bytes
            .is_some_and(|now| most.is_some_and(|most| now <= most))
    }

    /// Whether name and class are still those that are known. Notes an exec.
    pub(super) fn recognises(&self, seen: &mut ProcessSample) -> bool {
        // The kernel renames its workers all the time, by what they work on; and a zombie's
        // files say nothing any more.
        if seen.kind != ProcessKind::User {
            return true;
        }
        let known_stack = self.image.start_stack;
        if seen.image.start_stack == 0 {
            // Not ours to know, or the process has let go of its memory to end.
            seen.image.start_stack = known_stack;
        }
        seen.execd = seen.image.start_stack != known_stack && known_stack != 0;
        self.is_classified && seen.image == self.image
    }

    /// Whether it runs what it ran before, as far as that is known. Notes an exec.
    pub(super) fn runs_the_same(&self, seen: &mut ProcessSample) -> bool {
        let (Some(then), Some(now)) = (self.program, seen.program) else {
            return true;
        };
        seen.execd |= then.exe != now.exe;
        (then.exe, then.cmdline) == (now.exe, now.cmdline)
    }
}
