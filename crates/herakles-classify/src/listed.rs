//! Processes as a text lists them.

use crate::facts::FactSource;
use crate::name::{COMM_LEN, basename};

/// A command line with blanks between its arguments, as people type it and `ps` prints it, in the
/// form that [`FactSource::cmdline`] has.
///
/// Which blanks stood within an argument is lost in such a text: all of them count as borders.
pub fn cmdline_of_text(text: &[u8]) -> Vec<u8> {
    let words = text.split(|byte| byte.is_ascii_whitespace());
    let words = words.filter(|word| !word.is_empty());
    let mut cmdline = Vec::with_capacity(text.len() + 1);
    for word in words {
        cmdline.extend_from_slice(word);
        cmdline.push(0);
    }
    cmdline
}

/// A process of a list such as `ps -eo args` prints: nothing but its command line is known.
///
/// ```
/// use herakles_classify::{Classifier, ListedProcess, Rules};
///
/// let classifier = Classifier::new(Rules::builtin());
/// let server = ListedProcess::new("/usr/bin/java -Dcatalina.base=/srv org.apache.catalina.startup.Bootstrap start");
/// let classification = classifier.classify(&server);
/// assert_eq!(classification.class().unwrap().to_string(), "web/tomcat");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProcess {
    comm: Vec<u8>,
    cmdline: Vec<u8>,
}

impl ListedProcess {
    /// The process of one line. Its name is the file name of the first word, as far as the kernel
    /// would keep it; what `ps` puts in brackets has no command line.
    pub fn new(line: impl AsRef<[u8]>) -> Self {
        let line = line.as_ref().trim_ascii();
        let bare = line
            .strip_prefix(b"[")
            .and_then(|line| line.strip_suffix(b"]"));
        if let Some(comm) = bare {
            return Self {
                comm: comm.to_vec(),
                cmdline: Vec::new(),
            };
        }
        let cmdline = cmdline_of_text(line);
        let first = cmdline.split(|&byte| byte == 0).next().unwrap_or_default();
        // Login shells have a dash before their name, titles a colon behind it.
        let name = basename(first.strip_prefix(b"-").unwrap_or(first));
        let name = name.strip_suffix(b":").unwrap_or(name);
        Self {
            comm: name.get(..COMM_LEN).unwrap_or(name).to_vec(),
            cmdline,
        }
    }
}

impl FactSource for ListedProcess {
    fn comm(&self) -> &[u8] {
        &self.comm
    }

    fn cmdline(&self) -> Option<&[u8]> {
        Some(&self.cmdline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Classifier;
    use crate::rule::Rules;

    #[test]
    fn lines_of_ps_are_classified() {
        let classifier = Classifier::new(Rules::builtin());
        for (line, comm, expected) in [
            ("nginx: worker process", "nginx", "web/nginx"),
            ("  /usr/sbin/sshd   -D", "sshd", "system/ssh"),
            ("-bash", "bash", "runtime/shell"),
            (
                "[kworker/0:1-events]",
                "kworker/0:1-events",
                "system/kernel",
            ),
            (
                "/usr/bin/kube-controller-manager --v=2",
                "kube-controller",
                "container/kube_controller_manager",
            ),
            ("", "", "other/other"),
        ] {
            let process = ListedProcess::new(line);
            assert_eq!(process.comm(), comm.as_bytes(), "{line}");
            let classification = classifier.classify(&process);
            let class = classification
                .class()
                .map_or("other/other".to_owned(), ToString::to_string);
            assert_eq!(class, expected, "{line}");
        }
        assert_eq!(cmdline_of_text(b"a  b\tc "), b"a\0b\0c\0");
    }
}
