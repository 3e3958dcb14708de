//! Processes under many names: those of known programs, and as many that no rule knows.

use std::{
    fs,
    io::{self, PipeReader, PipeWriter, Read as _},
    process::{Child, Command},
};

use crate::{failure::Failure, programs, workspace};

/// So many processes have a name, by turns: few have many, as on hosts.
const OF_A_NAME: [usize; 5] = [1, 1, 2, 6, 40];

/// Memory of those of a name, in KiB, by turns.
const KIB: [usize; 7] = [256, 512, 1024, 2048, 4096, 8192, 600];

/// Names with the subgroup that each leads to, kept for the tests of the rules.
const KNOWN: &str = "crates/herakles-classify/tests/known_names.csv";

/// Running processes; they end with this value or its program.
pub(super) struct Crew {
    lifeline: Option<PipeWriter>,
    children: Vec<Child>,
}

impl Crew {
    /// Starts so many processes and waits until all of them have their memory.
    ///
    /// # Errors
    /// When one cannot be started or ends.
    pub(super) fn start(processes: usize) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::new(format!("cannot start so many processes: {e}"));
        let (program, known) = (programs::compile("holder")?, known_names()?);
        let (held, lifeline) = io::pipe().map_err(failed)?;
        let (mut readiness, ready) = io::pipe().map_err(failed)?;
        let mut crew = Self {
            lifeline: Some(lifeline),
            children: Vec::new(),
        };
        let mut left = processes;
        for (turn, (sharers, kib)) in OF_A_NAME.iter().cycle().zip(KIB.iter().cycle()).enumerate() {
            let sharers = left.min(*sharers);
            if sharers == 0 {
                break;
            }
            left -= sharers;
            let name = match known.get(turn / 2) {
                Some(known) if turn % 2 == 0 => known.clone(),
                _ => format!("unheard-of-{turn}"),
            };
            let mut command = Command::new(&program);
            command
                .args([&name, "anonymous", &kib.to_string()])
                .arg((sharers - 1).to_string());
            let child = hand_over(&mut command, &held, &ready).map_err(failed)?;
            crew.children.push(child);
        }
        drop((held, ready));
        // A member says so when all that share its name are ready too.
        let mut bytes = vec![0; crew.children.len()];
        readiness.read_exact(&mut bytes).map_err(failed)?;
        Ok(crew)
    }
}

fn hand_over(command: &mut Command, held: &PipeReader, ready: &PipeWriter) -> io::Result<Child> {
    command
        .stdin(held.try_clone()?)
        .stdout(ready.try_clone()?)
        .spawn()
}

fn known_names() -> Result<Vec<String>, Failure> {
    let path = workspace::root().join(KNOWN);
    let text = fs::read_to_string(&path)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))?;
    let names = text.lines().filter_map(|line| {
        let name = line.strip_prefix("name,")?.split(',').next()?;
        let is_plain = !name.contains(['*', '?', '"']) && name.len() < 16;
        is_plain.then(|| name.to_owned())
    });
    Ok(names.collect())
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        for child in &mut self.children {
            // It ends by itself; this only hurries it. Its children die with it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
