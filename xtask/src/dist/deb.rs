//! The Debian package: made, installed, tried, taken away.

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{self, Child, Command},
    thread,
    time::{Duration, Instant},
};

use super::{assets, home, target::Target, tools};
use crate::{command, failure::Failure};

/// The only right that the unit of the package gives.
const RIGHT: &str = "sys_ptrace";
/// nobody, wherever it is called so.
const NOBODY: &str = "65534";

/// Packs what [`assets::gather`] laid out.
pub(super) fn pack(target: &Target) -> Command {
    let mut command = tools::cargo("deb");
    command
        .args(["--package", "herakles-exporter", "--no-build", "--no-strip"])
        .args(["--target", &target.triple, "--output"])
        .arg(home());
    command
}

/// Packs `program`, which is for this machine; gives the path of the package.
///
/// # Errors
/// The command that failed.
pub(super) fn build(program: &Path) -> Result<PathBuf, Failure> {
    tools::install(&[tools::DEB])?;
    assets::gather(program)?;
    let output = command::output(&mut pack(&Target::of_this_machine()?))?;
    let output = String::from_utf8_lossy(&output);
    let package = output.lines().rev().find(|line| line.ends_with(".deb"));
    package
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("cargo-deb names no package"))
}

/// Installs it into an empty root, runs it there as nobody with one right, upgrades and purges it.
///
/// # Errors
/// What does not hold.
pub(super) fn try_out(package: &Path) -> Result<(), Failure> {
    let root = Root::new()?;
    root.dpkg(&["--install".as_ref(), package.as_ref()])?;
    let enabled = |unit: &str| root.path("etc/systemd/system").join(unit).is_symlink();
    // A socket beside it would take its port away.
    if !enabled("multi-user.target.wants/herakles-exporter.service")
        || enabled("sockets.target.wants/herakles-exporter.socket")
    {
        return Err(Failure::new(
            "the package does not enable its service alone",
        ));
    }
    let program = root.path("usr/bin/herakles-exporter");
    command::output(
        as_nobody(&program)
            .arg("check")
            .arg("--web.listen-address=127.0.0.1:0"),
    )?;
    serves(&program)?;

    let configuration = root.path("etc/herakles/exporter.toml");
    let changed = "[scan]\ncache_ttl = \"11s\"\n";
    fs::write(&configuration, changed).map_err(cannot)?;
    root.dpkg(&["--install".as_ref(), package.as_ref()])?;
    if fs::read_to_string(&configuration).map_err(cannot)? != changed {
        return Err(Failure::new("an upgrade loses the configuration"));
    }
    root.dpkg(&["--purge".as_ref(), "herakles-exporter".as_ref()])?;
    for left in ["etc/herakles", "usr/bin/herakles-exporter"] {
        if root.path(left).exists() {
            return Err(Failure::new(format!("a purge leaves /{left}")));
        }
    }
    Ok(())
}

fn cannot(error: io::Error) -> Failure {
    Failure::new(format!("cannot try the package: {error}"))
}

/// A root without a system, outside the workspace: nobody has to get there.
struct Root(PathBuf);

impl Root {
    fn new() -> Result<Self, Failure> {
        let root = Self(env::temp_dir().join(format!("herakles-deb-{}", process::id())));
        let administration = root.path("var/lib/dpkg");
        for directory in ["info", "updates"] {
            fs::create_dir_all(administration.join(directory)).map_err(cannot)?;
        }
        fs::write(administration.join("status"), "").map_err(cannot)?;
        Ok(root)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }

    /// The scripts of the package run here, told by `DPKG_ROOT` where the system is.
    fn dpkg(&self, arguments: &[&std::ffi::OsStr]) -> Result<(), Failure> {
        command::output(
            Command::new("dpkg")
                .arg(format!("--root={}", self.0.display()))
                .args([
                    "--force-script-chrootless",
                    "--force-depends",
                    "--force-confold",
                ])
                .args(arguments),
        )
        .map(drop)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Another user with the right, and no way to more. The outer one prepares, the inner one lets
/// nothing through that the outer one still had.
fn as_nobody(program: &Path) -> Command {
    let only = format!("-all,+{RIGHT}");
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .args(["--inh-caps", &only, "--ambient-caps", &only])
        .args(["--bounding-set", &only])
        .args(["setpriv", "--no-new-privs"])
        .arg(program);
    command
}

/// Starts it and asks for its metrics.
fn serves(program: &Path) -> Result<(), Failure> {
    let address = free_address().map_err(cannot)?;
    let mut exporter = as_nobody(program);
    exporter.arg(format!("--web.listen-address={address}"));
    let exporter = Running(exporter.spawn().map_err(cannot)?);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match metrics(address) {
            Ok(answer) if answer.contains("herakles_process_memory_pss_bytes{") => break,
            _ if Instant::now() > deadline => {
                return Err(Failure::new("the installed exporter shows nobody's PSS"));
            }
            _ => thread::sleep(Duration::from_millis(100)),
        }
    }
    drop(exporter);
    Ok(())
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn metrics(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Ends with the trial, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
