//! Exact memory reading: everybody, every time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use herakles_metrics::ProcessKind;
use herakles_plan::Sample;
use herakles_scan::ProcSource;
use herakles_stat::ProcessKey;

use crate::memory_pass::{MemoryPass, ReadContext, StatmReads, Target};
use crate::process_sample::{Memory, ProcessSample};
use crate::stats::ScanStats;

/// Counts what the survey has read as it went.
pub(crate) fn count(seen: &[ProcessSample], stats: &mut ScanStats) {
    for it in seen {
        match &it.memory {
            Memory::Unknown => {}
            Memory::Sample(_) => {
                stats.memory(Ok(()));
                stats.reads.fresh += 1;
            }
            Memory::Failed(error) => stats.memory(Err(error)),
        }
    }
}

/// Reads everybody except those in `left_out`, after the survey has told who they are.
pub(crate) fn read<S: ProcSource>(
    seen: &mut [ProcessSample],
    left_out: &HashSet<ProcessKey>,
    context: ReadContext<'_, S>,
) {
    let stuck = context.workers.stuck().clone();
    let mut chosen: Vec<&mut ProcessSample> = seen
        .iter_mut()
        .filter(|it| it.kind == ProcessKind::User)
        .filter(|it| !left_out.contains(&it.key) && !stuck.hold(it.key))
        .collect();
    let target = |key| Target {
        key,
        is_proven_later: false,
    };
    let pass = MemoryPass {
        source: Arc::clone(context.source),
        targets: chosen.iter().map(|it| target(it.key)).collect(),
        memory_source: context.memory_source,
        // What is read every time is shown as it was read.
        statm: StatmReads::None,
        allowance: None,
        spent_nanos: AtomicU64::new(0),
        stuck: context.workers.stuck().clone(),
        buffers: context.buffers,
    };
    for (item, result) in context.workers.run(pass, usize::MAX) {
        let Some(it) = chosen.get_mut(item) else {
            continue;
        };
        match result {
            Err((lost, _)) => context.stats.lost(lost, Some(context.memory_source.file())),
            Ok(attempt) => match attempt.usage {
                None => {}
                Some(Ok(usage)) => {
                    it.memory = Memory::Sample(Sample {
                        rss_bytes: usage.rss_bytes,
                        usage,
                        taken_at: attempt.at,
                    });
                }
                Some(Err(error)) => it.fail_memory(error),
            },
        }
    }
    count(seen, context.stats);
}
