//! What all pages have: the document around them, header, troubles and footer.

use std::time::Duration;

use herakles_metrics::Snapshot;
use herakles_metrics::exporter::ExporterStatus;
use maud::{DOCTYPE, Markup, html};

use crate::history::History;
use crate::human::{PROCESSES, SUBGROUPS, bytes, counted, percent, span, time_of_day};
use crate::members::Basis;

/// Where pages expect [`STYLE`].
pub const STYLE_PATH: &str = "/dashboard.css";
/// The style sheet of all pages.
pub const STYLE: &str = include_str!("../assets/dashboard.css");
/// Where pages expect [`SCRIPT`].
pub const SCRIPT_PATH: &str = "/dashboard.js";
/// The script that refreshes, sorts and filters in place.
pub const SCRIPT: &str = include_str!("../assets/dashboard.js");

/// What the pages need and no more, for the header `Content-Security-Policy`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
     script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// A small treemap.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
     %3Cpath fill='%232D78BD' d='M1 1h8v14H1z'/%3E%3Cpath fill='%23A46400' d='M10 1h5v8h-5z'/%3E\
     %3Cpath fill='%239558A3' d='M10 10h5v5h-5z'/%3E%3C/svg%3E";

/// What all pages are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The last good snapshot.
    pub snapshot: &'a Snapshot,
    /// What was before it; an empty one shows no lines.
    pub history: &'a History,
    /// The exporter, for what it costs and what it failed at.
    pub exporter: &'a ExporterStatus,
    /// What the host is called.
    pub host_name: &'a str,
    /// What else is served here.
    pub links: &'a [Link<'a>],
    /// The time from one snapshot to the next; pages are loaded again as often.
    pub refresh_every: Duration,
    /// Why the exporter is not well, as a sentence, if it is not.
    pub unhealthy: Option<&'a str>,
    /// Whether it may read the memory of all processes.
    pub rights: Rights,
}

/// A link in the header of all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Where it leads.
    pub path: &'a str,
    /// One word.
    pub label: &'a str,
    /// What people find there.
    pub about: &'a str,
}

/// Whether the exporter may read the memory of all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// It may; what the kernel refuses even so is nobody's to change.
    Full,
    /// It lacks `CAP_SYS_PTRACE`.
    Lacking,
}

/// Something that is wrong, for the top of the page: what, and what to do.
struct Trouble {
    what: String,
    remedy: &'static str,
}

impl View<'_> {
    /// A whole document. `main` stands between the troubles and the footer.
    pub(crate) fn document(&self, title: &str, lead: Markup, main: Markup) -> Markup {
        let seconds = self.refresh_every.as_secs().clamp(2, 3600);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    title { (title) }
                    link rel="icon" href=(ICON);
                    link rel="stylesheet" href=(STYLE_PATH);
                    script src=(SCRIPT_PATH) defer {}
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
                body data-every=(seconds) {
                    (self.header())
                    main {
                        (lead)
                        @for trouble in self.troubles() {
                            p.trouble role="status" { b { (trouble.what) } " " (trouble.remedy) }
                        }
                        (main)
                    }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        let snapshot = self.snapshot;
        let used = snapshot
            .subgroups()
            .iter()
            .filter(|subgroup| subgroup.processes > 0);
        let taken = snapshot.taken_at_seconds();
        html! {
            header {
                h1 { a href="/" { bdi { (self.host_name) } } }
                p.sub {
                    "scanned " time data-taken=(format!("{taken:.0}")) { "at " (time_of_day(taken)) }
                    " · " (counted(snapshot.processes().len() as u64, PROCESSES)) " · " (counted(used.count() as u64, SUBGROUPS))
                    @if let Some(cost) = self.scan_cost() {
                        " · scans cost " b { (cost) } " of one core"
                    }
                }
                nav aria-label="Pages" {
                    a href="/#memory" { "Memory" }
                    a href="/#subgroups" { "Subgroups" }
                    a href="/#processes" { "Processes" }
                    @for link in self.links { a href=(link.path) title=(link.about) { (link.label) } }
                }
            }
        }
    }

    /// CPU of all scans per time since the start.
    fn scan_cost(&self) -> Option<String> {
        let up = self.snapshot.taken_at_seconds() - self.exporter.started_seconds;
        let known = self.exporter.started_seconds > 0.0 && up > 0.0;
        known.then(|| percent(self.exporter.cache_update_cpu_seconds, up))
    }

    fn troubles(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        let mut say = |what: String, remedy| troubles.push(Trouble { what, remedy });
        if let Some(sentence) = self.unhealthy {
            say(sentence.to_owned(), "See Health for the reason.");
        }
        let subgroups = self.snapshot.subgroups().iter();
        let unread: u64 = subgroups
            .map(|subgroup| subgroup.unreadable_processes)
            .sum();
        if unread > 0 && self.rights == Rights::Lacking {
            let all = self.snapshot.processes().len();
            say(
                format!(
                    "PSS and USS are missing for {unread} of {all} processes: the exporter lacks CAP_SYS_PTRACE."
                ),
                "Run it with AmbientCapabilities=CAP_SYS_PTRACE in its systemd unit, or as root; \
                 herakles-exporter check tells more.",
            );
        }
        if self.exporter.cache_update_success == Some(false) {
            say(
                "The last scan failed; what is shown is the one before.".to_owned(),
                "See Health for the reason.",
            );
        }
        if self
            .exporter
            .config_reload
            .is_some_and(|reload| !reload.successful)
        {
            say(
                "The last reload failed; the configuration before it is in force.".to_owned(),
                "The log names the place; herakles-exporter check does too.",
            );
        }
        let dropped = self.snapshot.series_dropped();
        if dropped > 0 {
            say(
                format!("{dropped} series are not exported, as export.max_series is reached."),
                "Raise it, or set export.processes to top. All processes are on this page.",
            );
        }
        if Basis::of(self.snapshot.processes()) == Basis::Rss {
            say(
                "Sizes are RSS, in which shared pages count for each process that maps them."
                    .to_owned(),
                "So they add up to more than is in use.",
            );
        }
        troubles
    }

    fn footer(&self) -> Markup {
        let (snapshot, exporter) = (self.snapshot, self.exporter);
        html! {
            footer {
                p {
                    b { "PSS" } " shares each page among those that map it, so it adds up. "
                    b { "USS" } " is what ending the process would free. "
                    b { "RSS" } " counts shared pages in full. "
                    b { "CPU" } " is in cores: 2.00 is two full cores. "
                    b { "Sample" } " is the age of PSS and USS, which are read again when memory moved."
                }
                p {
                    "herakles-exporter " (exporter.build.version) " · " (snapshot.series()) " series"
                    @if let Some(rss) = exporter.process.resident_memory_bytes {
                        " · it uses " (bytes(rss)) " of memory"
                    }
                    @if let Some(took) = exporter.cache_update_duration_seconds {
                        " · the last scan took " (format!("{:.0} ms", took * 1000.0))
                    }
                    @if !self.history.span().is_zero() {
                        " · lines reach back " (span(self.history.span()))
                    }
                }
            }
        }
    }
}
