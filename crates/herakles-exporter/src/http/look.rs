//! A look at one process for its page, which a snapshot does not hold: who started it, whose it
//! is, what it runs, and which rule put it where it is. Of its command line no more than the name of
//! the script goes to the page.

use std::sync::Arc;
use std::time::Duration;

use herakles_classify::{Variables, display_name};
use herakles_collect::{Inspection, Users};
use herakles_dashboard::{AncestorLink, ProcessDetails};
use herakles_scan::ProcFs;
use herakles_stat::Pid;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::App;
use crate::config::RunningConfig;

/// A file of a process may be stuck; nobody waits for it longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be said of the process; nothing if it ended, or if a look hangs.
pub(super) async fn at(app: &Arc<App>, pid: u32) -> ProcessDetails {
    let look = async {
        let permit = Arc::clone(&app.looks).acquire_owned().await.ok()?;
        let running_config = app.running_config.load_full();
        let look = move || {
            let _one_at_a_time = permit;
            details(&running_config, Pid::new(pid)?)
        };
        spawn_blocking(look).await.ok()?
    };
    timeout(PATIENCE, look)
        .await
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn details(running_config: &RunningConfig, pid: Pid) -> Option<ProcessDetails> {
    let config = running_config.config();
    let proc = ProcFs::open(&config.path.procfs).ok()?;
    let users = Users::open(&config.path.rootfs);
    let subject = Inspection::read(&proc, pid, &users).ok()?;
    let mut details = ProcessDetails {
        ancestors: subject.ancestors(&proc, &users).iter().map(shown).collect(),
        ..ProcessDetails::default()
    };
    let facts = subject.facts();
    let Variables {
        user,
        unit,
        slice,
        container,
        pod,
        script,
        ..
    } = Variables::of(&facts);
    let named = [
        ("Runs", script),
        ("User", user),
        ("Unit", unit),
        ("Slice", slice),
        ("Container", container),
        ("Pod", pod),
    ];
    details.facts.extend(
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    details.explanation = if subject.is_kernel_thread {
        "It is a kernel thread: no rule is asked about it.".to_owned()
    } else {
        let classifier = &running_config.options.classifier;
        classifier.explain_by_search(&facts).reason()
    };
    Some(details)
}

fn shown(ancestor: &Inspection) -> AncestorLink {
    AncestorLink {
        pid: ancestor.pid.as_u32(),
        name: display_name(&ancestor.comm),
    }
}
