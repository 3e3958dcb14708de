//! What the fuzz targets reach: everything that is read from datagrams.

use std::time::{Duration, Instant};

use herakles_stat::Pid;

use super::threads::Threads;
use super::{ExitRecord, Now, thread_end};
use crate::client::{self, TaskActivity};
use crate::wire::answers;

/// What datagrams say, read as answers about a process and as the news of exits.
pub fn read_datagrams<'a>(
    datagrams: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<TaskActivity>, Vec<ExitRecord>) {
    let now = Now {
        since_boot: Duration::from_secs(1000),
        at: Instant::now(),
    };
    let mut threads = Threads::default();
    let (mut activities, mut exits) = (Vec::new(), Vec::new());
    for answer in datagrams.into_iter().flat_map(answers) {
        if let (Ok(attributes), Some(pid)) = (answer.result, Pid::new(1)) {
            activities.extend(client::activity(pid, attributes));
        }
        let record = thread_end(&answer, now).map(|end| threads.end(end));
        exits.extend(record.and_then(Result::ok).flatten());
    }
    (activities, exits)
}
