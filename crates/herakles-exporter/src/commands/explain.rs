//! `explain`: which rule matches, and why.

use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use herakles_classify::{ClassTable, Explanation, Facts, Heritage, Placement, display_name};
use herakles_scan::{ProcFile, ProcFs, ProcHandle, ProcSource, ReadBuf, ScanError, Skip};
use herakles_scan::{open_process, read_stat, read_text};
use herakles_stat::Pid;
use serde::Serialize;

use super::{Failure, output};
use crate::cli::{Description, Explain, ReportFormat, Subject};
use crate::collect::Users;
use crate::effective::Effective;
use crate::serve::open_proc;

pub(super) fn run(explain: &Explain, effective: &Effective) -> Result<ExitCode, Failure> {
    let report = match &explain.subject {
        Subject::Process(pid) => of_process(*pid, effective)?,
        Subject::Described(description) => of_description(description, effective),
    };
    match explain.format {
        ReportFormat::Text => output::print(&report.text()),
        ReportFormat::Json => match serde_json::to_string_pretty(&report) {
            Ok(json) => output::print(&format!("{json}\n")),
            Err(error) => Err(Failure::Other(format!("cannot write the report: {error}"))),
        },
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    name: String,
    /// Where it ends up, inheritance included.
    group: String,
    subgroup: String,
    /// The class comes from an ancestor, as no rule matches the process itself.
    inherited: bool,
    explanation: Explanation,
}

impl Report {
    fn text(&self) -> String {
        let who = match self.pid {
            Some(pid) => format!("process {pid} ({})", self.name),
            None => self.name.clone(),
        };
        let how = if self.inherited {
            ", inherited from an ancestor"
        } else {
            ""
        };
        format!(
            "{who} is in {}/{}{how}\n{}\n",
            self.group, self.subgroup, self.explanation
        )
    }
}

fn of_description(it: &Description, effective: &Effective) -> Report {
    // One would type blanks between the arguments; the kernel has NULs.
    let cmdline = it.cmdline.as_ref().map(|line| {
        let spaced = line.as_bytes().iter();
        spaced
            .map(|byte| if *byte == b' ' { 0 } else { *byte })
            .collect::<Vec<u8>>()
    });
    let cgroup = it.cgroup.as_ref().map(|path| {
        let path = path.as_bytes();
        // A line of the file is taken as it is, a path as that of a v2 hierarchy.
        if path.starts_with(b"/") {
            [b"0::", path].concat()
        } else {
            path.to_vec()
        }
    });
    let facts = Facts {
        comm: it.comm.as_bytes(),
        cmdline: cmdline.as_deref(),
        exe: it.exe.as_ref().map(|exe| exe.as_bytes()),
        cgroup: cgroup.as_deref(),
        user: it.user.as_deref(),
        parent_comm: it.parent.as_ref().map(|parent| parent.as_bytes()),
    };
    let explanation = effective.classifier.explain(&facts);
    Report {
        pid: None,
        name: display_name(facts.comm),
        group: explanation.class.group.to_string(),
        subgroup: explanation.class.subgroup.to_string(),
        inherited: false,
        explanation,
    }
}

fn of_process(pid: Pid, effective: &Effective) -> Result<Report, Failure> {
    let (proc, _) = open_proc(&effective.config().path.procfs)?;
    let users = Users::current();
    let subject = Known::read(&proc, pid, &users).map_err(|error| match error.skip {
        Skip::Vanished => Failure::Other(format!("there is no process {pid}")),
        _ => Failure::Other(format!("cannot explain {error}")),
    })?;
    let mut table = ClassTable::new();
    let placement = place(&proc, &subject, &users, effective, &mut table);
    let class = table.class(placement.class);
    let explanation = effective.classifier.explain(&subject.facts());
    Ok(Report {
        pid: Some(pid.as_u32()),
        name: display_name(&subject.comm),
        group: class.group.to_string(),
        subgroup: class.subgroup.to_string(),
        inherited: explanation.matched.is_none() && placement.heritage.class().is_some(),
        explanation,
    })
}

/// Places the ancestors of a process, the oldest first, and then the process itself.
fn place(
    proc: &ProcFs,
    subject: &Known,
    users: &Users,
    effective: &Effective,
    table: &mut ClassTable,
) -> Placement {
    let mut ancestors = Vec::new();
    let mut next = subject.parent;
    // The bound is for a /proc that changes under us into a circle.
    while let Some(pid) = next.filter(|_| ancestors.len() < 1000) {
        let Ok(ancestor) = Known::read(proc, pid, users) else {
            break;
        };
        next = ancestor.parent;
        ancestors.push(ancestor);
    }
    let mut heritage = Heritage::NONE;
    for ancestor in ancestors.iter().rev() {
        let decision = effective.classifier.classify(&ancestor.facts());
        heritage = table.place(&decision, &heritage).heritage;
    }
    if subject.is_kernel_thread {
        return Placement {
            class: ClassTable::kernel(),
            heritage: Heritage::NONE,
            overflowed: false,
        };
    }
    table.place(&effective.classifier.classify(&subject.facts()), &heritage)
}

/// The facts of a living process, read at once.
struct Known {
    comm: Vec<u8>,
    parent: Option<Pid>,
    is_kernel_thread: bool,
    cmdline: Option<Vec<u8>>,
    exe: Option<Vec<u8>>,
    cgroup: Option<Vec<u8>>,
    user: Option<String>,
    parent_comm: Option<Vec<u8>>,
}

impl Known {
    fn read(proc: &ProcFs, pid: Pid, users: &Users) -> Result<Self, ScanError> {
        let mut buffer = ReadBuf::default();
        let handle = open_process(proc, pid)?;
        let stat = read_stat(&handle, &mut buffer)?;
        let (comm, parent) = (stat.comm.to_vec(), stat.parent);
        let is_kernel_thread = stat.is_kernel_thread();
        let mut text = |file| match read_text(&handle, file, &mut buffer) {
            Ok(text) => Ok(Some(text.to_vec())),
            // Each fact that may be had is used; the explanation names those that are absent.
            Err(error) if error.skip == Skip::Vanished && file != ProcFile::Exe => Err(error),
            Err(_) => Ok(None),
        };
        let cmdline = text(ProcFile::Cmdline)?;
        let (exe, cgroup) = (text(ProcFile::Exe)?, text(ProcFile::Cgroup)?);
        let user = handle.owner_uid().ok().map(|uid| users.name(uid));
        let parent_comm = parent.and_then(|parent| comm_of(proc, parent));
        Ok(Self {
            comm,
            parent,
            is_kernel_thread,
            cmdline,
            exe,
            cgroup,
            user,
            parent_comm,
        })
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            comm: &self.comm,
            cmdline: self.cmdline.as_deref(),
            exe: self.exe.as_deref(),
            cgroup: self.cgroup.as_deref(),
            user: self.user.as_deref(),
            parent_comm: self.parent_comm.as_deref(),
        }
    }
}

fn comm_of(proc: &impl ProcSource, pid: Pid) -> Option<Vec<u8>> {
    let mut buffer = ReadBuf::default();
    let handle = open_process(proc, pid).ok()?;
    read_stat(&handle, &mut buffer)
        .ok()
        .map(|stat| stat.comm.to_vec())
}
