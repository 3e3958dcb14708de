//! `/proc/<pid>/stat`: what a process is and what it has used.

use crate::fields::Fields;
use crate::{CpuTicks, ParseError, ParseErrorKind, Pid, ProcessKey};

/// `PF_KTHREAD` of `include/linux/sched.h`: the task is a kernel thread.
const PF_KTHREAD: u32 = 0x0020_0000;

/// What `/proc/<pid>/stat` says about a process (`fs/proc/array.c`, `do_task_stat`).
///
/// Field numbers are those of `proc_pid_stat(5)`. Times and faults are sums over all threads,
/// those that have ended included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat<'a> {
    /// `pid` (field 1).
    pub pid: Pid,
    /// `comm` (field 2) without its parentheses: at most 15 bytes for user processes, up to 63
    /// for kernel threads; any byte but NUL, possibly none.
    pub comm: &'a [u8],
    /// `state` (field 3) of the thread-group leader.
    pub state: State,
    /// `ppid` (field 4): `None` where it is 0, that is for pid 1, for kernel threads' ancestor,
    /// and where the parent lives outside our pid namespace.
    pub parent: Option<Pid>,
    /// `flags` (field 9): the kernel's `PF_*` bits.
    pub flags: u32,
    /// `minflt` (field 10): page faults that needed no I/O.
    pub minor_faults: u64,
    /// `cminflt` (field 11): the same of children that were waited for.
    pub reaped_minor_faults: u64,
    /// `majflt` (field 12): page faults that needed I/O.
    pub major_faults: u64,
    /// `cmajflt` (field 13): the same of children that were waited for.
    pub reaped_major_faults: u64,
    /// `utime` and `stime` (fields 14 and 15). Times below 0, which the kernel prints as thousands
    /// of millions of seconds, count as 0 here and in the next.
    pub cpu: CpuTicks,
    /// `cutime` and `cstime` (fields 16 and 17): CPU of children that were waited for, and of
    /// what those had waited for.
    pub reaped_cpu: CpuTicks,
    /// `num_threads` (field 20): 0 for a process that is being torn down.
    pub threads: u32,
    /// `starttime` (field 22): clock ticks after boot.
    pub start_time: u64,
    /// `vsize` (field 23): virtual size in bytes.
    pub virtual_bytes: u64,
    /// `rss` (field 24): resident set in pages. Cheap and approximate: the kernel batches this
    /// counter by CPU; `statm` and `smaps_rollup` are exact.
    pub rss_pages: u64,
    /// `startstack` (field 28): where the stack began, another address after each exec. 0 for
    /// who may not trace the process, and for kernel threads.
    pub start_stack: u64,
}

impl<'a> Stat<'a> {
    /// Parses the line, with or without its newline, without allocating.
    ///
    /// # Errors
    /// A line that is empty, has no name in parentheses, ends in or before field 28, or holds
    /// something other than a number that fits in one of the fields above.
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        if line.is_empty() {
            return Err(ParseError {
                kind: ParseErrorKind::Empty,
                offset: 0,
            });
        }
        let no_comm = |offset| ParseError {
            kind: ParseErrorKind::NoComm,
            offset,
        };
        // A process names itself, parentheses included; all fields behind the name are numbers
        // and a letter. So the name ends at the last parenthesis of the line, not the next.
        let open = line
            .iter()
            .position(|&byte| byte == b'(')
            .ok_or(no_comm(line.len()))?;
        let close = last_parenthesis(line).ok_or(no_comm(line.len()))?;
        let comm = line.get(open + 1..close).ok_or(no_comm(close))?;
        match line.get(close + 1) {
            Some(b' ') => {}
            Some(_) => return Err(no_comm(close + 1)),
            None => {
                let kind = ParseErrorKind::Missing(3);
                return Err(ParseError {
                    kind,
                    offset: line.len(),
                });
            }
        }

        let pid = pid_before(line, open)?;
        let mut fields = Fields::new(line, close + 2, 3);
        let state = State::from_letter(fields.letter()?);
        let parent = Pid::new(fields.signed_number()?);
        Ok(Self {
            pid,
            comm,
            state,
            parent,
            flags: fields.number_at(9)?,
            minor_faults: fields.number()?,
            reaped_minor_faults: fields.number()?,
            major_faults: fields.number()?,
            reaped_major_faults: fields.number()?,
            cpu: CpuTicks {
                user: fields.ticks()?,
                system: fields.ticks()?,
            },
            reaped_cpu: CpuTicks {
                user: fields.signed_ticks()?,
                system: fields.signed_ticks()?,
            },
            threads: fields.signed_number_at(20)?,
            start_time: fields.number_at(22)?,
            virtual_bytes: fields.number()?,
            rss_pages: fields.signed_number()?,
            start_stack: fields.number_at(28)?,
        })
    }

    /// The identity of the process. One that started before the boot of our time namespace, for which
    /// the kernel prints a number below 0 as one near its highest, started at 0.
    pub const fn key(&self) -> ProcessKey {
        /// 174 years of uptime; below 0 begins at nearly twice as much.
        const BEYOND_ALL: u64 = 1 << 39;
        let start_time = if self.start_time < BEYOND_ALL {
            self.start_time
        } else {
            0
        };
        ProcessKey {
            pid: self.pid,
            start_time,
        }
    }

    /// Whether this is a kernel thread: it has no memory, no command line and no executable.
    pub const fn is_kernel_thread(&self) -> bool {
        self.flags & PF_KTHREAD != 0
    }

    /// Whether the process has ended altogether and waits to be reaped. It has no memory any
    /// more, but keeps its CPU times until then. See [`Stat::leader_exited`] for what looks alike.
    pub const fn is_zombie(&self) -> bool {
        self.state.is_exited() && self.threads <= 1
    }

    /// Whether the first thread has ended while others live. The process is alive, but its
    /// memory files and command line can only be read by the way of a living thread.
    pub const fn leader_exited(&self) -> bool {
        self.state.is_exited() && self.threads > 1
    }
}

/// The position of the last `)`. Most of a line lies behind it, so whole blocks are ruled out
/// first, which the compiler does with vector instructions.
fn last_parenthesis(line: &[u8]) -> Option<usize> {
    let mut before = line.len();
    for block in line.rchunks(32) {
        before -= block.len();
        if block
            .iter()
            .fold(false, |found, &byte| found | (byte == b')'))
        {
            let last = block.iter().rposition(|&byte| byte == b')');
            return last.map(|last| before + last);
        }
    }
    None
}

/// Field 1, which ends with the space before the parenthesis at `open`.
fn pid_before(line: &[u8], open: usize) -> Result<Pid, ParseError> {
    let offset = 0;
    let digits = line
        .get(..open)
        .and_then(|field| field.strip_suffix(b" "))
        .filter(|digits| !digits.is_empty())
        .ok_or(ParseError {
            kind: ParseErrorKind::Missing(1),
            offset,
        })?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(ParseError {
            kind: ParseErrorKind::NotANumber(1),
            offset,
        });
    }
    Pid::from_name(digits).ok_or(ParseError {
        kind: ParseErrorKind::OutOfRange(1),
        offset,
    })
}

/// The state of a process, by the letter in `stat` (`task_state_array` of `fs/proc/array.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// `R`: running, or ready to.
    Running,
    /// `S`: sleeping until something happens or a signal comes.
    Sleeping,
    /// `D`: sleeping in a way that signals do not end, usually for I/O.
    DiskSleep,
    /// `T`: stopped by a signal.
    Stopped,
    /// `t`: stopped by a tracer.
    Traced,
    /// `Z`: ended, not yet reaped.
    Zombie,
    /// `X` (`x` before Linux 3.13): being removed.
    Dead,
    /// `I`: idle kernel thread, since Linux 4.14.
    Idle,
    /// `P`: parked kernel thread.
    Parked,
    /// A letter of another kernel, such as `K` or `W` before Linux 3.13.
    Other(u8),
}

impl State {
    /// The state that a letter stands for.
    pub const fn from_letter(letter: u8) -> Self {
        match letter {
            b'R' => Self::Running,
            b'S' => Self::Sleeping,
            b'D' => Self::DiskSleep,
            b'T' => Self::Stopped,
            b't' => Self::Traced,
            b'Z' => Self::Zombie,
            b'X' | b'x' => Self::Dead,
            b'I' => Self::Idle,
            b'P' => Self::Parked,
            other => Self::Other(other),
        }
    }

    /// The letter that stands for the state.
    pub const fn letter(self) -> u8 {
        match self {
            Self::Running => b'R',
            Self::Sleeping => b'S',
            Self::DiskSleep => b'D',
            Self::Stopped => b'T',
            Self::Traced => b't',
            Self::Zombie => b'Z',
            Self::Dead => b'X',
            Self::Idle => b'I',
            Self::Parked => b'P',
            Self::Other(letter) => letter,
        }
    }

    /// Whether the thread has ended: `Z` or `X`.
    pub const fn is_exited(self) -> bool {
        matches!(self, Self::Zombie | Self::Dead)
    }
}
