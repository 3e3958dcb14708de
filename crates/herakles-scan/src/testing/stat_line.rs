//! Lines of `stat` as the kernel writes them.

/// A line of `/proc/<pid>/stat` as the kernel writes it, from chosen values.
///
/// ```
/// use herakles_scan::testing::StatLine;
/// use herakles_stat::Stat;
///
/// let line = StatLine { user_ticks: 7, ..StatLine::new(42, "a b) (c") }.to_bytes();
/// assert_eq!(Stat::parse(&line)?.comm, b"a b) (c");
/// assert_eq!(Stat::parse(&line)?.cpu.user, 7);
/// # Ok::<(), herakles_stat::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of herakles_stat::Stat")]
pub struct StatLine {
    pub pid: u32,
    pub comm: Vec<u8>,
    pub state: char,
    pub parent: u32,
    pub flags: u32,
    pub minor_faults: u64,
    pub reaped_minor_faults: u64,
    pub major_faults: u64,
    pub reaped_major_faults: u64,
    pub user_ticks: u64,
    pub system_ticks: u64,
    pub reaped_user_ticks: u64,
    pub reaped_system_ticks: u64,
    pub threads: u32,
    pub start_time: u64,
    pub virtual_bytes: u64,
    pub rss_pages: u64,
    pub start_stack: u64,
}

impl StatLine {
    /// A sleeping child of pid 1 with one thread, which started `pid` ticks after boot and has
    /// used nothing yet.
    pub fn new(pid: u32, comm: impl AsRef<[u8]>) -> Self {
        Self {
            pid,
            comm: comm.as_ref().to_owned(),
            state: 'S',
            parent: 1,
            flags: 0x0040_0000,
            minor_faults: 0,
            reaped_minor_faults: 0,
            major_faults: 0,
            reaped_major_faults: 0,
            user_ticks: 0,
            system_ticks: 0,
            reaped_user_ticks: 0,
            reaped_system_ticks: 0,
            threads: 1,
            start_time: u64::from(pid),
            virtual_bytes: 16 << 20,
            rss_pages: 1024,
            start_stack: 0x7ffc_1234_5600,
        }
    }

    /// The line, newline included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            pid,
            comm,
            state,
            parent,
            flags,
            minor_faults,
            reaped_minor_faults,
            major_faults,
            reaped_major_faults,
            user_ticks,
            system_ticks,
            reaped_user_ticks,
            reaped_system_ticks,
            threads,
            start_time,
            virtual_bytes,
            rss_pages,
            start_stack,
        } = self;
        let head = format!("{pid} (");
        let rest = format!(
            ") {state} {parent} {pid} {pid} 0 -1 {flags} {minor_faults} {reaped_minor_faults} \
             {major_faults} {reaped_major_faults} {user_ticks} {system_ticks} {reaped_user_ticks} \
             {reaped_system_ticks} 20 0 {threads} 0 {start_time} {virtual_bytes} {rss_pages} \
             18446744073709551615 1 1 {start_stack} 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
        );
        [head.as_bytes(), comm, rest.as_bytes()].concat()
    }
}
