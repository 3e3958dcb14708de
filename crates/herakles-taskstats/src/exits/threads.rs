//! From the ends of threads to the ends of processes.

use std::collections::HashMap;
use std::time::Duration;

use herakles_stat::{IoBytes, Pid};

use super::{ExitRecord, ThreadEnd};

/// Processes with living threads beside ended ones. Beyond it all are forgotten, which makes
/// their records incomplete.
const MOST: usize = 8192;

/// Two ends tell of the same process if they agree on its start to so much.
const SAME_START: Duration = Duration::from_secs(1);

/// Not all threads of a process were seen to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incomplete;

/// The sums over the threads that have ended, of processes that live on.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    ended: HashMap<Pid, Sum>,
}

#[derive(Clone, Copy, Debug)]
struct Sum {
    /// Of the main thread if it has ended.
    record: ExitRecord,
    run: u64,
    leader: bool,
}

impl Threads {
    /// Takes the end of a thread, and returns the record of its process if it was the last.
    pub(crate) fn end(&mut self, end: ThreadEnd) -> Result<Option<ExitRecord>, Incomplete> {
        let pid = end.record.pid;
        let before = self.ended.remove(&pid).filter(|before| {
            // An older process with the same pid, whose last end was lost?
            before.record.started.abs_diff(end.record.started) <= SAME_START
        });
        let sum = match before {
            // It has always been the only thread.
            _ if end.last && end.run_by_all.is_none() => Sum::of(&end),
            Some(before) => before.plus(&end),
            None => Sum::of(&end),
        };
        if !end.last {
            if self.ended.len() >= MOST {
                self.ended.clear();
            }
            self.ended.insert(pid, sum);
            return Ok(None);
        }
        match end.run_by_all {
            // A tick may have come between the two readings.
            Some(by_all) if by_all == 0 || sum.run < by_all => Err(Incomplete),
            _ => Ok(Some(sum.record())),
        }
    }
}

impl Sum {
    fn of(end: &ThreadEnd) -> Self {
        Self {
            record: end.record,
            run: end.run,
            leader: end.leader,
        }
    }

    fn plus(self, end: &ThreadEnd) -> Self {
        let named = if self.leader { self.record } else { end.record };
        Self {
            record: ExitRecord {
                // As late as is known: who reaps it, and who it was.
                parent: end.record.parent,
                started: end.record.started,
                lived: end.record.lived,
                drained_at: end.record.drained_at,
                user: self.record.user.saturating_add(end.record.user),
                system: self.record.system.saturating_add(end.record.system),
                minor_faults: self
                    .record
                    .minor_faults
                    .saturating_add(end.record.minor_faults),
                major_faults: self
                    .record
                    .major_faults
                    .saturating_add(end.record.major_faults),
                io: IoBytes {
                    read: self.record.io.read.saturating_add(end.record.io.read),
                    write: self.record.io.write.saturating_add(end.record.io.write),
                },
                ..named
            },
            run: self.run.saturating_add(end.run),
            leader: self.leader || end.leader,
        }
    }

    /// The record, its run time divided in the proportion of the sampled modes, as `stat` has it.
    fn record(self) -> ExitRecord {
        let (user, system) = (self.record.user, self.record.system);
        let run = Duration::from_nanos(self.run);
        let (user, system) = if run.is_zero() {
            // A kernel without CONFIG_TASK_DELAY_ACCT.
            (user, system)
        } else if system.is_zero() {
            (run, Duration::ZERO)
        } else {
            let system = run.mul_f64(system.as_secs_f64() / (user + system).as_secs_f64());
            (run.saturating_sub(system), system.min(run))
        };
        ExitRecord {
            user,
            system,
            ..self.record
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use herakles_stat::{IoBytes, Pid};

    use super::{Incomplete, MOST, Threads};
    use crate::ExitRecord;
    use crate::exits::ThreadEnd;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// A thread of process 7 that has run for 8 ms and was caught at it twice.
    fn thread() -> ThreadEnd {
        ThreadEnd {
            record: ExitRecord {
                pid: pid(7),
                parent: Some(pid(1)),
                uid: 0,
                started: Duration::from_secs(50),
                lived: millis(100),
                drained_at: Instant::now(),
                user: millis(4),
                system: millis(4),
                minor_faults: 10,
                major_faults: 1,
                io: IoBytes {
                    read: 8192,
                    write: 1024,
                },
                padded_comm: *b"worker\0\0\0\0\0\0\0\0\0\0",
            },
            run: 8_000_000,
            leader: false,
            last: false,
            run_by_all: None,
        }
    }

    fn pid(id: u32) -> Pid {
        Pid::new(id).unwrap()
    }

    #[test]
    fn the_run_time_is_divided_as_the_modes_were_sampled() {
        let divided = |user, system, run| {
            let mut end = ThreadEnd {
                last: true,
                run,
                ..thread()
            };
            (end.record.user, end.record.system) = (user, system);
            let record = Threads::default().end(end).map(Option::unwrap);
            record.map(|it| (it.user, it.system))
        };
        let none = Duration::ZERO;
        assert_eq!(
            divided(millis(12), millis(4), 8_000_000),
            Ok((millis(6), millis(2)))
        );
        assert_eq!(
            divided(none, none, 300_000),
            Ok((none + millis(3) / 10, none))
        );
        assert_eq!(
            divided(none, millis(4), 300_000),
            Ok((none, millis(3) / 10))
        );
        // A kernel that does not tell it.
        assert_eq!(
            divided(millis(12), millis(4), 0),
            Ok((millis(12), millis(4)))
        );
    }

    #[test]
    fn a_process_is_the_sum_of_its_threads_under_the_name_of_the_first() {
        let mut threads = Threads::default();
        let mut leader = ThreadEnd {
            leader: true,
            ..thread()
        };
        leader.record.padded_comm = *b"main\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(threads.end(thread()), Ok(None));
        assert_eq!(threads.end(leader), Ok(None));
        let mut last = ThreadEnd {
            last: true,
            run_by_all: Some(24_000_000),
            ..thread()
        };
        last.record.parent = Some(pid(2));
        let record = threads.end(last).unwrap().unwrap();
        assert_eq!((record.user, record.system), (millis(12), millis(12)));
        assert_eq!((record.minor_faults, record.major_faults), (30, 3));
        assert_eq!((record.comm(), record.parent), (&b"main"[..], Some(pid(2))));
        assert!(threads.ended.is_empty());
    }

    #[test]
    fn a_process_of_which_a_thread_was_missed_has_no_record() {
        let last = ThreadEnd {
            last: true,
            run_by_all: Some(24_000_000),
            ..thread()
        };
        let mut threads = Threads::default();
        assert_eq!(threads.end(thread()), Ok(None));
        assert_eq!(threads.end(last), Err(Incomplete));
        assert!(threads.ended.is_empty());
        // Where the kernel does not tell what all have run, nobody knows.
        let unknown = ThreadEnd {
            run_by_all: Some(0),
            ..last
        };
        assert_eq!(threads.end(unknown), Err(Incomplete));
    }

    #[test]
    fn threads_of_an_older_process_with_the_same_pid_do_not_count() {
        let mut threads = Threads::default();
        assert_eq!(threads.end(thread()), Ok(None));
        let mut other = ThreadEnd {
            last: true,
            run_by_all: Some(8_000_000),
            ..thread()
        };
        other.record.started += Duration::from_secs(3);
        let record = threads.end(other).unwrap().unwrap();
        assert_eq!(record.minor_faults, 10);
    }

    #[test]
    fn processes_that_lose_threads_all_the_time_are_bounded() {
        let mut threads = Threads::default();
        for number in 1..=3 * MOST as u32 {
            let mut end = thread();
            end.record.pid = pid(number);
            assert_eq!(threads.end(end), Ok(None));
        }
        assert!(threads.ended.len() <= MOST);
    }
}
