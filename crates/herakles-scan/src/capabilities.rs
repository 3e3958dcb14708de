//! The capabilities that decide what may be read, what each gives, and how it is given.

use std::fmt;
use std::io;
use std::path::Path;

use rustix::thread::{CapabilitySet, capabilities};

/// The capabilities that decide what a scan may read: those held, needed or missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `CAP_SYS_PTRACE`: the memory files and `exe` of all processes, and a way past `hidepid`.
    pub sys_ptrace: bool,
    /// `CAP_PERFMON`: the memory files of all processes, with recent kernels.
    pub perfmon: bool,
    /// `CAP_NET_ADMIN`: taskstats.
    pub net_admin: bool,
    /// `CAP_DAC_READ_SEARCH`: no memory file, but what file modes keep from others.
    pub dac_read_search: bool,
}

impl Capabilities {
    /// What this thread has in effect. Capabilities are a matter of threads: those started
    /// later inherit them.
    ///
    /// # Errors
    /// Those of `capget(2)`.
    pub fn effective() -> io::Result<Self> {
        let effective = capabilities(None)?.effective;
        Ok(Self {
            sys_ptrace: effective.contains(CapabilitySet::SYS_PTRACE),
            perfmon: effective.contains(CapabilitySet::PERFMON),
            net_admin: effective.contains(CapabilitySet::NET_ADMIN),
            dac_read_search: effective.contains(CapabilitySet::DAC_READ_SEARCH),
        })
    }

    /// Those of `needed` that are not here, with what they would give and the ways to give them to
    /// `program`; `None` if none is missing.
    pub fn advice(self, needed: Self, program: &Path) -> Option<String> {
        let missing: Vec<_> = needed
            .named()
            .into_iter()
            .zip(self.named())
            .filter(|(needed, held)| needed.held && !held.held)
            .map(|(needed, _)| needed)
            .collect();
        let joined = |each: fn(&Named) -> String, by: &str| {
            let each: Vec<String> = missing.iter().map(each).collect();
            each.join(by)
        };
        let gives = joined(|it| format!("{} gives {}", it.name, it.gives), ", ");
        let ambient = joined(|it| it.name.to_owned(), " ");
        let file = joined(|it| it.name.to_ascii_lowercase(), ",");
        (!missing.is_empty()).then(|| {
            format!(
                "{gives}: run it as root, or with AmbientCapabilities={ambient} in its systemd \
                 unit, or after setcap {file}=ep {}",
                program.display()
            )
        })
    }

    fn named(self) -> [Named; 4] {
        let named = |held, name, gives| Named { held, name, gives };
        [
            named(
                self.sys_ptrace,
                "CAP_SYS_PTRACE",
                "PSS, USS and swap of other users' processes",
            ),
            named(
                self.perfmon,
                "CAP_PERFMON",
                "PSS, USS and swap of other users' processes with recent kernels",
            ),
            named(
                self.net_admin,
                "CAP_NET_ADMIN",
                "taskstats: who ran and who exited",
            ),
            named(
                self.dac_read_search,
                "CAP_DAC_READ_SEARCH",
                "with CAP_SYS_PTRACE what other users' processes read and write",
            ),
        ]
    }
}

struct Named {
    held: bool,
    name: &'static str,
    gives: &'static str,
}

/// Their names with commas, or `none`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named();
        let held = named.iter().filter(|it| it.held);
        let names: Vec<&str> = held.map(|it| it.name).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_and_not_held_is_advised() {
        let none = Capabilities::default();
        let all = Capabilities {
            sys_ptrace: true,
            perfmon: true,
            net_admin: true,
            dac_read_search: true,
        };
        let program = Path::new("/usr/bin/program");
        assert_eq!(none.advice(none, program), None);
        assert_eq!(all.advice(all, program), None);
        let needed = Capabilities {
            perfmon: false,
            ..all
        };
        let held = Capabilities {
            net_admin: true,
            ..none
        };
        let advice = held.advice(needed, program).unwrap();
        for part in [
            "CAP_SYS_PTRACE gives PSS",
            "AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH in",
            "setcap cap_sys_ptrace,cap_dac_read_search=ep /usr/bin/program",
        ] {
            assert!(advice.contains(part), "{advice}");
        }
        assert!(!advice.contains("NET_ADMIN"), "{advice}");
        assert_eq!(none.to_string(), "none");
        assert_eq!(held.to_string(), "CAP_NET_ADMIN");
    }
}
