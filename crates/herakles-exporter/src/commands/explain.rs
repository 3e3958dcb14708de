//! `explain`: which rule matches, and why.

use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use herakles_classify::{
    ClassTable, Explanation, Facts, Inheritance, Placement, RuleOrigin, cmdline_of_text,
    display_name, known,
};
use herakles_collect::{Inspection, OpenError, Users};
use herakles_scan::{ProcFs, Skip};
use herakles_stat::Pid;
use serde::Serialize;

use super::{Failure, output};
use crate::cli::{Description, Explain, ReportFormat, Subject};
use crate::config::RunningConfig;

pub(super) fn run(explain: &Explain, running_config: &RunningConfig) -> Result<ExitCode, Failure> {
    let report = match &explain.subject {
        Subject::Process(pid) => of_process(*pid, running_config)?,
        Subject::Described(description) => of_description(description, running_config),
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
    /// The ancestor whose class it has, as its rule counts before any that matches the process.
    inherited_from: Option<Ancestor>,
    /// `None` for a kernel thread: no rule is asked about it.
    explanation: Option<Explanation>,
    /// What rules could be written on.
    #[serde(skip)]
    known: String,
}

/// A process that passes its class on.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Ancestor {
    pid: u32,
    name: String,
    /// The rule with `inherit = true` that it falls under.
    rule: RuleOrigin,
}

impl Report {
    fn text(&self) -> String {
        let who = match self.pid {
            Some(pid) => format!("process {pid} ({})", self.name),
            None => self.name.clone(),
        };
        let how = self.inherited_from.as_ref().map_or_else(String::new, |it| {
            format!(
                ", inherited from process {} ({}) by the rule at {}",
                it.pid, it.name, it.rule
            )
        });
        let (group, subgroup) = (&self.group, &self.subgroup);
        match &self.explanation {
            Some(explanation) => {
                let overruled = if self.inherited_from.is_some() && explanation.matched.is_some() {
                    "  which counts before the rule that matches the process itself:\n"
                } else {
                    ""
                };
                format!(
                    "{who} is in {group}/{subgroup}{how}\n{overruled}{explanation}\n{}",
                    self.known
                )
            }
            None => format!(
                "{who} is in {group}/{subgroup}, as all kernel threads are: no rule is asked about \
                 them\n"
            ),
        }
    }
}

fn of_description(it: &Description, running_config: &RunningConfig) -> Report {
    // One would type blanks between the arguments; the kernel has NULs.
    let typed = it.cmdline.as_ref();
    let cmdline = typed.map(|line| cmdline_of_text(line.as_bytes()));
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
    let explanation = running_config.options.classifier.explain(&facts);
    Report {
        pid: None,
        name: display_name(facts.comm),
        group: explanation.class.group.to_string(),
        subgroup: explanation.class.subgroup.to_string(),
        inherited_from: None,
        explanation: Some(explanation),
        known: known(&facts),
    }
}

fn of_process(pid: Pid, running_config: &RunningConfig) -> Result<Report, Failure> {
    let paths = &running_config.config().path;
    let proc = ProcFs::open(&paths.procfs).map_err(OpenError::from)?;
    let users = Users::open(&paths.rootfs);
    let subject = Inspection::read(&proc, pid, &users).map_err(|error| match error.skip {
        Skip::Vanished => Failure::Other(format!("there is no process {pid}")),
        _ => Failure::Other(format!("cannot explain {error}")),
    })?;
    let mut table = ClassTable::new();
    let (id, inherited_from, explanation) = if subject.is_kernel_thread {
        (ClassTable::kernel(), None, None)
    } else {
        let (placement, from) = place(&proc, &subject, &users, running_config, &mut table);
        let explanation = running_config.options.classifier.explain(&subject.facts());
        (placement.class, from, Some(explanation))
    };
    let class = table.class(id);
    Ok(Report {
        pid: Some(pid.as_u32()),
        name: display_name(&subject.comm),
        group: class.group.to_string(),
        subgroup: class.subgroup.to_string(),
        inherited_from,
        explanation,
        known: known(&subject.facts()),
    })
}

/// Places the ancestors of a process, the oldest first, and then the process itself; says from
/// whom it has its class if not from a rule.
fn place(
    proc: &ProcFs,
    subject: &Inspection,
    users: &Users,
    running_config: &RunningConfig,
    table: &mut ClassTable,
) -> (Placement, Option<Ancestor>) {
    let mut inheritance = Inheritance::NONE;
    let mut source = None;
    for ancestor in subject.ancestors(proc, users).iter().rev() {
        let classification = running_config
            .options
            .classifier
            .classify(&ancestor.facts());
        let placement = table.place(&classification, &inheritance);
        inheritance = placement.inheritance;
        let rule = classification.rule().filter(|_| !placement.inherited);
        if let Some(rule) = rule.filter(|rule| rule.inherits()) {
            source = Some(Ancestor {
                pid: ancestor.pid.as_u32(),
                name: display_name(&ancestor.comm),
                rule: rule.origin().clone(),
            });
        }
    }
    let classification = running_config.options.classifier.classify(&subject.facts());
    let placement = table.place(&classification, &inheritance);
    let source = source.filter(|_| placement.inherited);
    (placement, source)
}
