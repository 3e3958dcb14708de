//! What the variables of rules stand for, for a process that no rule need know.

use crate::cgroup;
use crate::facts::FactSource;
use crate::name::{
    basename, display_name, exe_path, first_argument, template_value, visible_cmdline,
};
use crate::script;

/// The values that rules could give a process's class by their variables, made printable; `None`
/// where there is none.
///
/// ```
/// use herakles_classify::{Facts, Variables};
///
/// let facts = Facts {
///     comm: b"python3",
///     cmdline: Some(b"python3\0/srv/shop/worker.py\0"),
///     cgroup: Some(b"0::/system.slice/shop.service\n"),
///     ..Facts::default()
/// };
/// let variables = Variables::of(&facts);
/// assert_eq!(variables.script.as_deref(), Some("worker.py"));
/// assert_eq!(variables.unit.as_deref(), Some("shop.service"));
/// assert_eq!(variables.container, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variables {
    /// The file name of the executable.
    pub exe: Option<String>,
    /// The file name of the first argument.
    pub argv0: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The systemd unit.
    pub unit: Option<String>,
    /// The systemd slice.
    pub slice: Option<String>,
    /// The container's id.
    pub container: Option<String>,
    /// The pod's id.
    pub pod: Option<String>,
    /// What an interpreter runs.
    pub script: Option<String>,
}

impl Variables {
    /// Those of one process.
    pub fn of<F: FactSource + ?Sized>(facts: &F) -> Self {
        let cgroup = facts.cgroup();
        let cmdline = facts.cmdline().and_then(visible_cmdline);
        Self {
            exe: facts.exe().map(exe_path).map(basename).map(display_name),
            argv0: first_argument(facts).map(basename).map(display_name),
            user: facts.user().map(|user| display_name(user.as_bytes())),
            unit: cgroup.and_then(cgroup::unit).map(display_name),
            slice: cgroup.and_then(cgroup::slice).map(display_name),
            container: cgroup
                .and_then(cgroup::container)
                .map(|id| display_name(&id)),
            pod: cgroup
                .and_then(cgroup::pod)
                .map(|value| display_name(&value)),
            script: cmdline.and_then(script::script).map(display_name),
        }
    }

    /// What an interpreter runs, by the command line alone and of at most 64 bytes.
    pub fn script_of<F: FactSource + ?Sized>(facts: &F) -> Option<String> {
        let cmdline = facts.cmdline().and_then(visible_cmdline)?;
        script::script(cmdline).map(template_value)
    }
}
