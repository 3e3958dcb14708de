//! Processes that sleep while others change their memory, and what is shown of them a refresh later.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use procfs::process::Process;

use super::{
    case::KIB_HELD,
    holder::{FILE_BYTES, rollup},
    refreshed, scrape_of, updates,
};
use crate::{failure::Failure, programs, scrape::Scrape, service::Service};

/// The name of the process, what `moved.c` is told, and what happens.
const CASES: [(&str, &str, &str); 5] = [
    ("mt-truncated", "truncated", "its file is cut off"),
    ("mt-punched", "punched", "a hole in its shared memory"),
    ("mt-written", "written", "process_vm_writev into it"),
    ("mt-relative", "relative", "a CLONE_VM relative writes"),
    (
        "mt-reclaimed",
        "reclaimed",
        "its file's pages are reclaimed",
    ),
];

/// What is compared, and the lines of `smaps_rollup` that it sums.
const FAMILIES: [(&str, &[&str]); 3] = [
    ("rss", &["Rss"]),
    ("pss", &["Pss"]),
    ("uss", &["Private_Clean", "Private_Dirty"]),
];

/// Refreshes within which every process is looked at.
const PATIENCE: u32 = 10;

/// A process that has so much resident is looked at in each.
const BIG_KIB: f64 = 8192.0;

/// A sleeper and the one that moves its memory, which go with this value.
pub(super) struct Moved {
    name: &'static str,
    what: &'static str,
    child: Child,
    answers: BufReader<ChildStdout>,
    pid: i32,
}

impl Moved {
    /// Starts all cases and waits until they sleep.
    ///
    /// # Errors
    /// When one cannot be started or cannot take its memory.
    pub(super) fn start_all() -> Result<Vec<Self>, Failure> {
        let program = programs::compile("moved")?;
        CASES
            .iter()
            .map(|case| Self::start(&program, *case))
            .collect()
    }

    fn start(
        program: &Path,
        (name, kind, what): (&'static str, &'static str, &'static str),
    ) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .args([name, kind, &KIB_HELD.to_string()])
            .arg(programs::filled(name, FILE_BYTES)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::new(format!("{name}: {e}")))?;
        let answers = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new(format!("{name}: no output")))?;
        let mut moved = Self {
            name,
            what,
            child,
            answers: BufReader::new(answers),
            pid: 0,
        };
        moved.pid = moved
            .answer()?
            .parse()
            .map_err(|_| Failure::new(format!("{name}: no pid")))?;
        Ok(moved)
    }

    fn answer(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(1..) => Ok(line.trim().to_owned()),
            _ => Err(Failure::new(format!("{}: it has ended", self.name))),
        }
    }

    /// Moves its memory; returns when that is done.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub(super) fn go(&mut self) -> Result<(), Failure> {
        let input = self.child.stdin.as_mut();
        input
            .and_then(|input| input.write_all(b"m").ok())
            .ok_or_else(|| Failure::new(format!("{}: it does not listen", self.name)))?;
        self.answer().map(|_| ())
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is shown of a case, or is so, in the order of the families.
type Kib = [f64; FAMILIES.len()];

impl Moved {
    fn shown(&self, scrape: &Scrape) -> Kib {
        let pid = self.pid.to_string();
        FAMILIES.map(|(family, _)| {
            let family = format!("herakles_process_memory_{family}_bytes");
            scrape.sum(&family, &[("name", self.name), ("pid", &pid)]) / 1024.0
        })
    }

    fn independent(&self) -> Kib {
        let process = Process::new(self.pid).ok();
        FAMILIES.map(|(_, keys)| {
            let bytes = process.as_ref().and_then(|it| rollup(it, keys));
            bytes.unwrap_or(0) as f64 / 1024.0
        })
    }
}

/// Moves the memory of all, and prints for each what was shown before, what is shown then, and after
/// how many refreshes that was right.
///
/// # Errors
/// When one cannot be moved, or the exporter does not refresh any more.
pub(super) fn compare(
    cases: &mut [Moved],
    service: &Service,
    complaints: &mut Vec<String>,
) -> Result<(), Failure> {
    let scrape = scrape_of(service)?;
    let before: Vec<Kib> = cases.iter().map(|case| case.shown(&scrape)).collect();
    for case in &mut *cases {
        case.go()?;
    }
    let first = updates(&scrape_of(service)?);
    let mut right_after = vec![None; cases.len()];
    let mut scrape = scrape;
    for refreshes in 1..=PATIENCE {
        // The next one may have begun before.
        scrape = refreshed(service, first + 1.0 + f64::from(refreshes))?;
        for (case, right_after) in cases.iter().zip(&mut right_after) {
            let pairs = case.shown(&scrape).into_iter().zip(case.independent());
            if right_after.is_none() && pairs.into_iter().all(|(shown, read)| is_near(shown, read))
            {
                *right_after = Some(refreshes);
            }
        }
        if right_after.iter().all(Option::is_some) {
            break;
        }
    }
    println!(
        "| while it sleeps | RSS, PSS, USS before, KiB | after, KiB | independent reader, KiB | \
         right after, refreshes |"
    );
    println!("|---|---|---|---|---|");
    for ((case, before), right_after) in cases.iter().zip(before).zip(right_after) {
        let (after, read) = (case.shown(&scrape), case.independent());
        let count = right_after.map_or_else(|| "–".to_owned(), |it| it.to_string());
        let [before_text, after, read] = [before, after, read].map(listed);
        println!(
            "| {} | {before_text} | {after} | {read} | {count} |",
            case.what
        );
        let most = if before[0] >= BIG_KIB { 1 } else { PATIENCE };
        if right_after.is_none_or(|it| it > most) {
            complaints.push(format!(
                "{}: {after} KiB is shown, another reader finds {read}; right after {count} refreshes",
                case.name
            ));
        }
    }
    Ok(())
}

fn listed(kib: Kib) -> String {
    kib.map(|it| format!("{it:.0}")).join(", ")
}

fn is_near(shown: f64, read: f64) -> bool {
    (shown - read).abs() <= 0.01 * read + 64.0
}
