//! Classifies a list of processes: `ps -eo args= | cargo run --example classify_list`.
//!
//! Names on the command line are rule files, which count before the built-in rules.

use std::io::{self, BufRead, Write};

use herakles_classify::{ClassTable, Classifier, Inheritance, ListedProcess, Rules};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rules = Rules::default();
    for path in std::env::args().skip(1) {
        rules.append(Rules::parse(&std::fs::read_to_string(&path)?, &path)?);
    }
    rules.append(Rules::builtin());
    let classifier = Classifier::new(rules);
    let mut table = ClassTable::new();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        let classification = classifier.classify(&ListedProcess::new(&line));
        // A list tells nothing of parents.
        let placement = table.place(&classification, &Inheritance::NONE);
        let class = table.class(placement.class);
        writeln!(out, "{class}\t{}", String::from_utf8_lossy(&line))?;
    }
    Ok(())
}
