//! Equal pages that the kernel merges, and separates again.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::harness::tools::not_here;

use super::{
    Memory,
    family::{Family, HELD_BYTES, Held},
    owns_nearly_all,
    watch::{exporters, follows, settles},
};

/// Switches KSM on, fast enough for 32 MB within a second or so and with the `use_zero_pages` that
/// is its argument, and says so. Then writes each
/// word it is given to `run`. At the end of its standard input, which comes also when the test is
/// killed, it puts back what was there: nothing had been merged, so nothing may stay merged.
///
/// Where KSM is in use it is left as it is.
const SWITCH: &str = r#"
trap '' HUP INT TERM
cd /sys/kernel/mm/ksm || exit
run=$(cat run) && pages=$(cat pages_to_scan) && pause=$(cat sleep_millisecs) || exit
zero=$(cat use_zero_pages) || exit
if [ "$run" = 1 ] || [ "$(cat pages_sharing)" != 0 ]; then
    echo 'KSM is in use' >&2
    exit
fi
if echo "$1" >use_zero_pages && echo 4096 >pages_to_scan && echo 20 >sleep_millisecs && echo 1 >run; then
    echo on
    while read -r word; do
        echo "$word" >run
        echo done
    done
    echo 2 >run
    echo "$run" >run
fi
echo "$pause" >sleep_millisecs
echo "$pages" >pages_to_scan
echo "$zero" >use_zero_pages
"#;

/// KSM at work. Dropped, it is as it was before.
struct Ksm {
    switch: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Ksm {
    /// Switches it on, or says why not.
    fn switch_on(use_zero_pages: bool) -> Option<Self> {
        let mut switch = Command::new("sh")
            .args(["-c", SWITCH, "sh", if use_zero_pages { "1" } else { "0" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let stdout = switch.stdout.take().expect("it is piped");
        let mut ksm = Self {
            stdin: switch.stdin.take(),
            stdout: BufReader::new(stdout),
            switch,
        };
        let is_on = ksm.answer() == "on\n";
        if !is_on {
            not_here("KSM cannot be switched on here, or is in use; see above");
        }
        is_on.then_some(ksm)
    }

    /// Separates what has been merged, and merges no more.
    fn separate(&mut self) {
        let stdin = self.stdin.as_mut().expect("it is open until the drop");
        stdin.write_all(b"2\n").expect("the shell reads");
        assert_eq!(self.answer(), "done\n");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the shell speaks");
        line
    }
}

impl Drop for Ksm {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.switch.wait();
    }
}

fn is_mostly_merged([rss, pss, uss]: Memory) -> bool {
    rss > HELD_BYTES && pss < HELD_BYTES / 2 && uss < HELD_BYTES / 2
}

#[test]
fn adaptive_who_does_nothing_shares_what_ksm_merges_until_it_is_separated() {
    for exporter in exporters() {
        let Some(family) = Family::start("hk-twins", 0, Held::Mergeable) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        // Where this cannot be, it is as with any memory of its own.
        let Some(mut ksm) = Ksm::switch_on(false) else {
            return;
        };
        follows(&exporter, pid, "its pages are merged", is_mostly_merged);
        // KSM goes on looking for equal pages; as long as it finds none, nobody is read for it.
        settles(&exporter, pid, is_mostly_merged);
        ksm.separate();
        follows(&exporter, pid, "they are separated", owns_nearly_all);
    }
}

fn has_lost_its_pages([rss, pss, uss]: Memory) -> bool {
    rss < HELD_BYTES && pss < HELD_BYTES && uss < HELD_BYTES
}

#[test]
fn adaptive_who_does_nothing_loses_what_ksm_finds_to_be_zero() {
    for exporter in exporters() {
        let Some(family) = Family::start("hk-blank", 0, Held::Zeroes) else {
            return;
        };
        let pid = family.parent();
        settles(&exporter, pid, owns_nearly_all);
        let Some(_ksm) = Ksm::switch_on(true) else {
            return;
        };
        follows(&exporter, pid, "its pages are gone", has_lost_its_pages);
    }
}
