//! Memory that moves although its process does nothing: what adaptive reading must notice.

mod family;
mod ksm;
mod reclaim;
mod watch;

use std::{fs, time::Instant};

use rustix::process::Signal;

use crate::harness::{eventually, exposition::Exposition};

use family::{Family, HELD_BYTES, Held};
use watch::{Memory, exported, exporters, follows, settles};

fn shares_nearly_all([rss, pss, uss]: Memory) -> bool {
    rss > HELD_BYTES && pss < HELD_BYTES && uss < HELD_BYTES / 2
}

fn owns_nearly_all([_, pss, uss]: Memory) -> bool {
    pss > HELD_BYTES && uss > HELD_BYTES
}

#[test]
fn adaptive_who_does_nothing_owns_what_its_sharers_leave() {
    for exporter in exporters() {
        // The one that stays is the parent, or a child that init adopts.
        for parent_stays in [true, false] {
            let Some(mut family) = Family::start("hk-heir", 4, Held::Own) else {
                return;
            };
            let stays = if parent_stays {
                family.parent()
            } else {
                family.children().next().expect("there are children")
            };
            settles(&exporter, stays, shares_nearly_all);
            for pid in family.pids.clone() {
                if pid != stays {
                    family.end(pid);
                }
            }
            follows(&exporter, stays, "it owns what it held", owns_nearly_all);
        }
    }
}

#[test]
fn adaptive_who_does_nothing_owns_what_a_sharer_has_copied() {
    for exporter in exporters() {
        let Some(mut family) = Family::start("hk-writer", 1, Held::Own) else {
            return;
        };
        let parent = family.parent();
        let child = family.children().next().expect("there is one");
        settles(&exporter, parent, shares_nearly_all);
        family.ask(child, Signal::USR1, "overwritten");
        follows(&exporter, child, "it has its own copy", owns_nearly_all);
        follows(&exporter, parent, "it keeps the old", owns_nearly_all);
    }
}

#[test]
fn adaptive_a_second_reader_of_a_file_halves_the_first_until_it_ends() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let bytes = usize::try_from(HELD_BYTES).expect("it is small");
    fs::write(file.path(), vec![b'x'; bytes]).expect("there is space");
    for exporter in exporters() {
        let Some(first) = Family::start("hk-reader", 0, Held::File(file.path())) else {
            return;
        };
        settles(&exporter, first.parent(), owns_nearly_all);
        let Some(mut second) = Family::start("hk-reader", 0, Held::File(file.path())) else {
            return;
        };
        follows(
            &exporter,
            first.parent(),
            "two map the file",
            shares_nearly_all,
        );
        settles(&exporter, first.parent(), shares_nearly_all);
        second.end(second.parent());
        follows(
            &exporter,
            first.parent(),
            "it maps the file alone",
            owns_nearly_all,
        );
    }
}

#[test]
fn adaptive_memory_given_back_is_gone() {
    for exporter in exporters() {
        let Some(mut family) = Family::start("hk-giver", 0, Held::Own) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        family.ask(pid, Signal::USR2, "given back");
        follows(&exporter, pid, "it holds nothing", |[rss, _, _]| {
            rss < HELD_BYTES
        });
    }
}

#[test]
fn adaptive_who_does_nothing_alone_is_left_alone() {
    for exporter in exporters() {
        let Some(family) = Family::start("hk-alone", 0, Held::Own) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        // Other tests start and end relatives of its parent, for which it may rightly be read.
        eventually("two refreshes that leave it alone", || {
            let begin = Instant::now();
            let reused = reuses(&exporter.metrics());
            let (memory, _) = exported(&exporter, pid)?;
            exporter.wait_for_next_refresh();
            let (later, age) = exported(&exporter, pid)?;
            let is_older = age > begin.elapsed().as_secs_f64();
            let is_reused = reuses(&exporter.metrics()) > reused;
            (is_older && is_reused && later == memory).then_some(())
        });
    }
}

/// How many samples have been used again.
fn reuses(metrics: &Exposition) -> f64 {
    let reads = "herakles_exporter_memory_reads_total";
    metrics
        .value(reads, &[("result", "reused")])
        .expect("it is counted")
}
