//! What is known of a process, for the person who writes a rule for it.

use std::fmt::Write as _;

use crate::facts::FactSource;
use crate::name::{display_name, exe_path, visible_cmdline};
use crate::variables::Variables;

/// The facts that rules can ask for and the values of the variables that rules can use, each on a
/// line, made printable; what is absent is left out. It holds the command line.
///
/// ```
/// use herakles_classify::{Facts, known};
///
/// let cmdline = b"/usr/bin/python\0sync.py\0";
/// let facts = Facts { comm: b"python3", cmdline: Some(cmdline), ..Facts::default() };
/// assert_eq!(
///     known(&facts),
///     "what is known of it:\n  name      python3\n  cmdline   /usr/bin/python sync.py\n\
///      what variables stand for:\n  {comm}    python3\n  {argv0}   python\n  \
///      {script}  sync.py\n"
/// );
/// ```
pub fn known<F: FactSource + ?Sized>(facts: &F) -> String {
    let printable = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes
            .iter()
            .map(|b| if *b == 0 { b' ' } else { *b })
            .collect();
        display_name(spaced.trim_ascii())
    };
    let cgroup = facts.cgroup().map(|text| text.trim_ascii());
    let one_line = cgroup.filter(|text| !text.contains(&b'\n'));
    let Variables {
        user,
        unit,
        slice,
        container,
        pod,
        script,
        exe,
        argv0,
    } = Variables::of(facts);
    let known = [
        ("name", Some(printable(facts.comm()))),
        ("exe", facts.exe().map(exe_path).map(printable)),
        (
            "cmdline",
            facts.cmdline().and_then(visible_cmdline).map(printable),
        ),
        ("cgroup", one_line.map(printable)),
        ("parent", facts.parent_comm().map(printable)),
    ];
    let variables = [
        ("{comm}", Some(printable(facts.comm()))),
        ("{exe}", exe),
        ("{argv0}", argv0),
        ("{user}", user),
        ("{script}", script),
        ("{unit}", unit),
        ("{slice}", slice),
        ("{container}", container),
        ("{pod}", pod),
    ];
    let mut out = String::new();
    list(&mut out, "what is known of it", &known);
    list(&mut out, "what variables stand for", &variables);
    out
}

fn list(out: &mut String, heading: &str, items: &[(&str, Option<String>)]) {
    let there = || {
        items
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
    };
    let width = there()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max(8);
    let _ = writeln!(out, "{heading}:");
    for (name, value) in there() {
        let _ = writeln!(out, "  {name:width$}  {value}");
    }
}
