//! Programs of Debian packages: installed, or unpacked by the gate.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::tools::{leave_out, succeed};

/// A program, and where its package was unpacked if it is not installed.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    file: PathBuf,
    root: PathBuf,
}

/// The roots below which packages may be: what the gate has unpacked, and the system.
fn roots() -> Vec<PathBuf> {
    let unpacked = env::var_os("HERAKLES_E2E_DEBIAN").map(PathBuf::from);
    unpacked.into_iter().chain([PathBuf::from("/")]).collect()
}

/// The entries of a folder, in order; none if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

impl Program {
    /// The program, or nothing after having said what the test leaves out.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let found = roots().into_iter().find_map(|root| {
            let versions = entries(&root.join("usr/lib/postgresql"));
            let folders = versions.iter().map(|version| version.join("bin"));
            [root.join("usr/bin"), root.join("usr/sbin")]
                .into_iter()
                .chain(folders)
                .map(|folder| folder.join(name))
                .find(|file| file.is_file())
                .map(|file| Self { file, root })
        });
        if found.is_none() {
            leave_out(&format!(
                "{name} is neither installed nor below HERAKLES_E2E_DEBIAN"
            ));
        }
        found
    }

    fn is_installed(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Starts it with the libraries that were unpacked with it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        if !self.is_installed() {
            let folders = entries(&self.root.join("usr/lib"));
            let multiarch = folders
                .iter()
                .filter(|folder| folder.to_string_lossy().ends_with("-linux-gnu"));
            let libraries = env::join_paths(multiarch).expect("no colon in these paths");
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// The same program where every user can reach it: the folder of the build may be closed.
    pub(crate) fn readable_by_all(&self, place: &Path) -> Self {
        if self.is_installed() {
            return self.clone();
        }
        let copy = place.join("usr");
        if !copy.exists() {
            succeed(
                Command::new("cp")
                    .args(["--recursive", "--no-dereference", "--preserve=mode,links"])
                    .arg(self.root.join("usr"))
                    .arg(&copy),
            );
        }
        let inside = self
            .file
            .strip_prefix(&self.root)
            .expect("it was found there");
        Self {
            file: place.join(inside),
            root: place.to_owned(),
        }
    }
}

/// The folder of a Tomcat.
pub(crate) fn tomcat() -> Option<PathBuf> {
    let homes = roots()
        .into_iter()
        .map(|root| root.join("usr/share/tomcat10"));
    let found = homes
        .into_iter()
        .find(|home| home.join("bin/bootstrap.jar").is_file());
    if found.is_none() {
        leave_out("tomcat10-common is neither installed nor below HERAKLES_E2E_DEBIAN");
    }
    found
}
