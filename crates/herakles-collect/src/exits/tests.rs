//! Exits of processes that a scan has or has not seen.

use super::*;

use herakles_classify::Rules;
use herakles_metrics::Activity;
use herakles_stat::IoBytes;

use crate::image::{Comm, Image};

const RULES: &str = "
[[subgroups]]
group = \"build\"
subgroup = \"make\"
matches = [\"make\"]
inherit = true

[[subgroups]]
group = \"build\"
subgroup = \"cc\"
matches = [\"cc1\"]
";

fn pid(id: u32) -> Pid {
    Pid::new(id).unwrap()
}

/// Half a minute after boot; scans at 10 s, and now.
struct Host {
    boot: Instant,
    exited: ExitedProcesses,
    table: ProcessTable,
    rules: Classifier,
    classes: ClassTable,
}

impl Host {
    fn new() -> Self {
        let boot = Instant::now();
        let mut host = Self {
            boot,
            exited: ExitedProcesses::new(TicksPerSecond::new(100).unwrap()),
            table: ProcessTable::default(),
            rules: Classifier::new(Rules::parse(RULES, "rules").unwrap()),
            classes: ClassTable::new(),
        };
        host.exited.scanned(boot + Duration::from_secs(10));
        host.member(1, 0, ProcessKind::User);
        host.member(2, 0, ProcessKind::KernelThread);
        host
    }

    fn member(&mut self, id: u32, start_time: u64, kind: ProcessKind) -> ClassId {
        let comm = format!("member{id}");
        let classification = self.rules.classify(&Facts {
            comm: comm.as_bytes(),
            ..Facts::default()
        });
        let placement = self.classes.place(&classification, &Inheritance::NONE);
        self.table.insert(TrackedProcess {
            key: ProcessKey {
                pid: pid(id),
                start_time,
            },
            parent: None,
            kind,
            threads: 1,
            rss_bytes: None,
            rss_at: Instant::now(),
            program: None,
            activity: Activity::Sleeping,
            virtual_bytes: 0,
            open_fds: None,
            max_fds: None,
            image: Image {
                comm: Comm::new(comm.as_bytes()),
                start_stack: 0,
            },
            name: comm.into(),
            script: None,
            class: placement.class,
            rule: None,
            overflowed: false,
            inheritance: placement.inheritance,
            scan: 1,
            rules: None,
        });
        placement.class
    }

    /// Who started at `started` and exited 15 ms later, at work for 14 ms.
    fn exit(&self, id: u32, parent: u32, comm: &str, started: Duration) -> ExitRecord {
        let lived = Duration::from_millis(15);
        let mut padded_comm = [0; 16];
        padded_comm[..comm.len()].copy_from_slice(comm.as_bytes());
        ExitRecord {
            pid: pid(id),
            parent: Some(pid(parent)),
            uid: 0,
            started,
            lived,
            drained_at: self.boot + started + lived,
            user: Duration::from_millis(14),
            system: Duration::ZERO,
            minor_faults: 7,
            major_faults: 0,
            io: IoBytes::ZERO,
            padded_comm,
        }
    }

    /// Pids and classes, in the order of the records.
    fn write(&mut self, records: &[ExitRecord]) -> Vec<(u32, String)> {
        let exits = self.exits(records);
        let class = |it: &Exit<ClassId>| self.classes.class(it.class).subgroup.to_string();
        exits
            .iter()
            .map(|it| (it.key.pid.as_u32(), class(it)))
            .collect()
    }

    fn exits(&mut self, records: &[ExitRecord]) -> Vec<Exit<ClassId>> {
        self.exited
            .write(records, &self.table, &self.rules, &mut self.classes)
    }
}

const LATER: Duration = Duration::from_secs(20);

#[test]
fn whom_nobody_saw_is_classed_by_name_and_by_those_that_exited_after_it() {
    let mut host = Host::new();
    let records = [
        host.exit(12, 11, "cc1", LATER),
        host.exit(13, 11, "helper", LATER),
        host.exit(11, 10, "sh", LATER),
        host.exit(10, 1, "make", LATER),
        host.exit(14, 1, "helper", LATER),
        host.exit(15, 2, "kworker/9", LATER),
    ];
    let of = |id, class: &str| (id, class.to_owned());
    assert_eq!(
        host.write(&records),
        [
            of(12, "cc"),
            of(13, "make"),
            of(11, "make"),
            of(10, "make"),
            of(14, "other"),
            of(15, "kernel"),
        ]
    );
}

#[test]
fn whose_time_went_to_somebody_unknown_is_left_to_who_absorbed_it() {
    let mut host = Host::new();
    // The record of the shell between the two was lost.
    let orphan = host.exit(12, 11, "cc1", LATER);
    assert_eq!(host.write(&[orphan]), []);
}

#[test]
fn who_was_there_at_the_last_scan_but_is_not_known_any_more_is_left_out() {
    let mut host = Host::new();
    let mut old = host.exit(20, 1, "make", LATER);
    // Its pid belongs to somebody else now.
    host.member(20, 2900, ProcessKind::User);
    old.lived = Duration::from_secs(15);
    old.started = Duration::from_secs(5);
    assert_eq!(host.write(&[old]), []);
}

#[test]
fn before_the_first_scan_nobody_is_new() {
    let mut host = Host::new();
    host.exited = ExitedProcesses::new(TicksPerSecond::new(100).unwrap());
    let record = host.exit(12, 1, "make", LATER);
    assert_eq!(host.write(&[record]), []);
}

#[test]
fn a_member_keeps_its_identity_and_class() {
    let mut host = Host::new();
    let class = host.member(30, 1995, ProcessKind::User);
    // It has taken another name since, and the record waited for half a second.
    let record = host.exit(30, 1, "make", LATER + Duration::from_millis(450));
    let exits = host.exits(&[record]);
    assert_eq!(exits.len(), 1);
    assert_eq!((exits[0].key.start_time, exits[0].class), (1995, class));
}

#[test]
fn nobody_is_older_than_its_parent() {
    let mut host = Host::new();
    // The record of the parent waited longer than that of the child.
    let child = host.exit(12, 10, "cc1", LATER);
    let parent = host.exit(10, 1, "make", LATER + Duration::from_millis(40));
    let exits = host.exits(&[child, parent]);
    assert_eq!(exits[0].key.start_time, exits[1].key.start_time);
}

#[test]
fn fractions_of_ticks_add_up() {
    let mut host = Host::new();
    let records: Vec<ExitRecord> = (100..200)
        .map(|id| host.exit(id, 1, "make", LATER))
        .collect();
    let exits = host.exits(&records);
    let ticks: u64 = exits.iter().map(|it| it.own.cpu.user).sum();
    assert_eq!(ticks, 140, "100 times 14 ms");
}
