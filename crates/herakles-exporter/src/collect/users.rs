//! User names by id, for rules that ask for them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The names of `/etc/passwd`; a directory service is not asked, it could block a scan.
#[derive(Debug, Default)]
pub(crate) struct Users {
    names: HashMap<u32, Box<str>>,
}

impl Users {
    /// Those of this machine.
    pub(crate) fn current() -> Self {
        Self::read(Path::new("/etc/passwd"))
    }

    /// Reads the file; a missing or unreadable one knows nobody.
    fn read(passwd: &Path) -> Self {
        fs::read(passwd)
            .map(|text| Self::parse(&text))
            .unwrap_or_default()
    }

    fn parse(text: &[u8]) -> Self {
        let mut names = HashMap::new();
        for line in text.split(|&byte| byte == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let mut fields = line.split(':');
            if let (Some(name), Some(uid)) = (fields.next(), fields.nth(1))
                && let Ok(uid) = uid.parse()
            {
                // The first entry of an id names it, as in getpwuid(3).
                names.entry(uid).or_insert_with(|| name.into());
            }
        }
        Self { names }
    }

    /// The user's name, or the id in decimal.
    pub(crate) fn name(&self, uid: u32) -> String {
        self.names
            .get(&uid)
            .map_or_else(|| uid.to_string(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_an_id_counts_and_unknown_ids_are_numbers() {
        let users =
            Users::parse(b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0\n\xff:x:5:5\nbroken\nwww:x:33:");
        assert_eq!(users.name(0), "root");
        assert_eq!(users.name(33), "www");
        assert_eq!(users.name(5), "5");
        assert_eq!(users.name(1000), "1000");
    }
}
