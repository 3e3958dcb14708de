//! The line of `/proc/PID/stat`, taken apart and put together again.

/// `PF_KTHREAD`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Fields that are pids: parent, group, session, and the foreground group of the terminal.
const PIDS: [usize; 4] = [4, 5, 6, 8];

/// Fields that are addresses, from `startcode` to `kstkeip` and from `start_data` to `env_end`.
const ADDRESSES: [usize; 12] = [26, 27, 28, 29, 30, 45, 46, 47, 48, 49, 50, 51];

/// The field behind the name.
const FIRST: usize = 3;

const FLAGS: usize = 9;

/// A line in its parts.
pub(super) struct StatLine<'a> {
    pid: i64,
    pub(super) name: &'a [u8],
    /// From the third field on.
    fields: Vec<&'a str>,
}

/// `None` for what is no such line.
pub(super) fn read(line: &[u8]) -> Option<StatLine<'_>> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let close = line.iter().rposition(|&byte| byte == b')')?;
    let pid = std::str::from_utf8(line.get(..open)?).ok()?;
    let fields = std::str::from_utf8(line.get(close + 1..)?).ok()?;
    Some(StatLine {
        pid: pid.trim_end().parse().ok()?,
        name: line.get(open + 1..close)?,
        fields: fields.split_ascii_whitespace().collect(),
    })
}

impl StatLine<'_> {
    pub(super) fn is_kernel_thread(&self) -> bool {
        let flags = self.fields.get(FLAGS - FIRST);
        flags.is_some_and(|flags| {
            flags
                .parse()
                .is_ok_and(|flags: u64| flags & KERNEL_THREAD != 0)
        })
    }

    /// The line with another name, other pids and other addresses.
    pub(super) fn write(
        &self,
        name: &[u8],
        mut pid: impl FnMut(i64) -> i64,
        address: impl Fn(u64) -> u64,
    ) -> Vec<u8> {
        let mut line = format!("{} (", pid(self.pid)).into_bytes();
        line.extend(name);
        line.push(b')');
        for (number, field) in (FIRST..).zip(&self.fields) {
            let other = if PIDS.contains(&number) {
                field.parse().ok().map(|field| pid(field).to_string())
            } else if ADDRESSES.contains(&number) {
                field.parse().ok().map(|field| address(field).to_string())
            } else {
                None
            };
            line.push(b' ');
            line.extend(other.as_deref().unwrap_or(field).as_bytes());
        }
        line.push(b'\n');
        line
    }
}
