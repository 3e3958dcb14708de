//! Replaces what is private or chance in the files of a process: names, addresses, inodes, pids.
//!
//! The same becomes the same in all files. Shapes and numbers stay: the length of a name and its
//! marks, which mappings are neighbours, how much memory there is.

use std::{collections::HashMap, path::Path};

use super::{places::Places, stat_line};
use crate::failure::Failure;

/// Where distributions put their files, whose names are public.
const PUBLIC: [&str; 9] = [
    "/usr/bin/",
    "/usr/lib/",
    "/usr/lib64/",
    "/usr/libexec/",
    "/usr/sbin/",
    "/usr/share/",
    "/dev/zero",
    "/lib/",
    "/SYSV",
];

/// Directories whose own names are public.
const PUBLIC_DIRECTORIES: [&str; 8] = ["dev", "home", "opt", "run", "shm", "srv", "tmp", "var"];

/// What `d_path` puts behind the name of a file that is gone.
const DELETED: &str = " (deleted)";

/// Columns before the name of a mapping.
const NAME_COLUMN: usize = 73;

/// What stands for what.
pub(super) struct Disguise {
    places: Places,
    names: HashMap<Vec<u8>, Vec<u8>>,
    inodes: Numbers,
    pids: Numbers,
}

impl Disguise {
    /// That of a process with this `smaps`.
    pub(super) fn of_process(smaps: &[u8]) -> Self {
        let mappings = smaps.split(|&byte| byte == b'\n').filter_map(Mapping::read);
        Self {
            places: Places::of(mappings.map(|mapping| (mapping.start, mapping.end))),
            names: HashMap::new(),
            inodes: Numbers::default(),
            pids: Numbers::default(),
        }
    }

    /// A `smaps` or `smaps_rollup`.
    pub(super) fn smaps(&mut self, file: &[u8]) -> Vec<u8> {
        let mut disguised = Vec::new();
        for line in file.split_inclusive(|&byte| byte == b'\n') {
            match Mapping::read(line.strip_suffix(b"\n").unwrap_or(line)) {
                Some(mapping) => disguised.extend(self.mapping(&mapping)),
                None => disguised.extend(line),
            }
        }
        disguised
    }

    fn mapping(&mut self, mapping: &Mapping) -> Vec<u8> {
        let inode = match mapping.inode {
            0 => 0,
            inode => self.inodes.other(inode),
        };
        let mut line = format!(
            "{:0width$x}-{:0width$x} {} {inode} ",
            self.places.moved(mapping.start),
            self.places.moved(mapping.end),
            mapping.rights_offset_device,
            width = mapping.digits,
        )
        .into_bytes();
        if !mapping.name.is_empty() {
            line.resize(line.len().max(NAME_COLUMN), b' ');
            line.extend(self.path(mapping.name));
        }
        line.push(b'\n');
        line
    }

    /// A `stat`, whose name is that of the process.
    ///
    /// # Errors
    /// That it is none.
    pub(super) fn stat(&mut self, line: &[u8]) -> Result<Vec<u8>, Failure> {
        let stat = stat_line::read(line).ok_or_else(|| Failure::new("this is no stat"))?;
        let name = match stat.is_kernel_thread() || is_program(stat.name) {
            true => stat.name.to_vec(),
            false => self.word(stat.name),
        };
        let pids = &mut self.pids;
        // Those that every system has.
        let pid = |pid| if pid <= 2 { pid } else { pids.other(pid) };
        Ok(stat.write(&name, pid, |address| self.places.moved(address)))
    }

    /// The name of a mapping: a path, or something in brackets.
    fn path(&mut self, name: &[u8]) -> Vec<u8> {
        if PUBLIC
            .iter()
            .any(|public| name.starts_with(public.as_bytes()))
        {
            return name.to_vec();
        }
        if let Some(name) = name.strip_suffix(DELETED.as_bytes()) {
            return [&self.path(name), DELETED.as_bytes()].concat();
        }
        for (before, behind) in [("/memfd:", ""), ("[anon:", "]"), ("[anon_shmem:", "]")] {
            let within = name.strip_prefix(before.as_bytes());
            if let Some(word) = within.and_then(|rest| rest.strip_suffix(behind.as_bytes())) {
                return [before.as_bytes(), &self.word(word), behind.as_bytes()].concat();
            }
        }
        if !name.starts_with(b"/") {
            return name.to_vec();
        }
        let parts = name.split(|&byte| byte == b'/');
        let parts: Vec<Vec<u8>> = parts.map(|part| self.part(part)).collect();
        parts.join(&b'/')
    }

    fn part(&mut self, part: &[u8]) -> Vec<u8> {
        match PUBLIC_DIRECTORIES
            .iter()
            .any(|public| public.as_bytes() == part)
        {
            true => part.to_vec(),
            false => self.word(part),
        }
    }

    /// Another word of the same shape.
    fn word(&mut self, word: &[u8]) -> Vec<u8> {
        let number = self.names.len();
        let disguised = self.names.entry(word.to_vec());
        disguised.or_insert_with(|| like(word, number)).clone()
    }
}

/// Numbers that stand for others, in the order in which those came.
#[derive(Default)]
struct Numbers(HashMap<i64, i64>);

impl Numbers {
    fn other(&mut self, number: i64) -> i64 {
        let next = 1001 + self.0.len() as i64;
        *self.0.entry(number).or_insert(next)
    }
}

/// A word of this shape: letters become letters and digits digits, all that is neither stays. The
/// number makes it differ from others.
fn like(word: &[u8], number: usize) -> Vec<u8> {
    let mut rest = number;
    let mut next = |count: usize| {
        let digit = rest % count;
        rest /= count;
        digit as u8
    };
    let mut like = Vec::with_capacity(word.len());
    let mut bytes = word.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        like.push(match byte {
            b'a'..=b'z' => b'a' + next(26),
            b'A'..=b'Z' => b'A' + next(26),
            b'0'..=b'9' => b'0' + next(10),
            // The rest of a letter of two bytes.
            0x80..=0xbf => 0xa0 + next(16),
            _ => byte,
        });
        // Three octal digits stand for a byte of a name.
        if byte == b'\\' {
            like.extend(bytes.by_ref().take(3));
        }
    }
    like
}

/// Whether the distribution has a program of this name.
fn is_program(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    !name.contains('/')
        && ["/usr/bin", "/usr/sbin"]
            .iter()
            .any(|place| Path::new(place).join(&*name).is_file())
}

/// The first line of a mapping.
struct Mapping<'a> {
    start: u64,
    end: u64,
    /// Digits of an address.
    digits: usize,
    rights_offset_device: &'a str,
    inode: i64,
    name: &'a [u8],
}

impl<'a> Mapping<'a> {
    /// `None` for all other lines.
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut inode_end = 0;
        for _ in 0..5 {
            let field = line
                .get(inode_end..)?
                .iter()
                .position(|&byte| byte == b' ')?;
            inode_end += field + 1;
        }
        let head = std::str::from_utf8(line.get(..inode_end - 1)?).ok()?;
        let (addresses, rest) = head.split_once(' ')?;
        let (start, end) = addresses.split_once('-')?;
        let (rights_offset_device, inode) = rest.rsplit_once(' ')?;
        Some(Self {
            start: u64::from_str_radix(start, 16).ok()?,
            end: u64::from_str_radix(end, 16).ok()?,
            digits: start.len(),
            rights_offset_device,
            inode: inode.parse().ok()?,
            name: line.get(inode_end..)?.trim_ascii_start(),
        })
    }
}

#[cfg(test)]
mod tests;
