//! Unix sockets, sockets from systemd, and what systemd is told.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{
    PATIENCE,
    alone::runs_alone,
    eventually,
    exporter::{NO_RULE_FILES, Options, run},
    recorded_proc, tools,
};

/// An exporter whose addresses the harness does not choose, ended when dropped.
struct Started(Child);

impl Started {
    fn by(mut command: Command, directory: &Path) -> Self {
        let config = directory.join("exporter.toml");
        fs::write(&config, NO_RULE_FILES).expect("the configuration can be written");
        let log = fs::File::create(directory.join("log")).expect("the log can be written");
        let child = command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--path.procfs={}", recorded_proc().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self(child.expect("the exporter starts"))
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a child has a pid"), signal).expect("it runs");
    }

    fn ends_well(&mut self) {
        self.signal(Signal::TERM);
        assert!(self.0.wait().expect("our child").success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_herakles-exporter"))
}

/// The metrics by curl, once they can be had.
fn scrape(curl: &Path, arguments: &[&str]) -> String {
    eventually("a scrape", || {
        let output = Command::new(curl).args(["-sSf"]).args(arguments).output();
        let output = output.expect("curl runs");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    })
}

const FAMILY: &str = "herakles_exporter_build_info";

#[test]
fn it_listens_at_a_path_and_cleans_up() {
    let Some(curl) = tools::curl() else { return };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let socket = directory.path().join("h.sock");
    let mut command = binary();
    command.arg(format!(
        "--web.listen-address=unix:{}?mode=0600",
        socket.display()
    ));
    let mut exporter = Started::by(command, directory.path());
    let socket_text = socket.to_str().expect("UTF-8");
    let arguments = ["--unix-socket", socket_text, "http://any.name/metrics"];
    assert!(scrape(&curl, &arguments).contains(FAMILY));
    let mode = fs::metadata(&socket)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    exporter.ends_well();
    assert!(!socket.exists());
}

/// Opens a TCP and a unix socket as a `.socket` unit would, says so, and becomes the exporter.
const LIKE_SYSTEMD: &str = "
import os, socket, sys
tcp = socket.create_server(('127.0.0.1', 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1])
unix.listen()
open(sys.argv[2], 'w').write(str(tcp.getsockname()[1]))
os.rename(sys.argv[2], sys.argv[2] + '.done')
first, second = os.dup(tcp.fileno()), os.dup(unix.fileno())
os.dup2(first, 3)
os.dup2(second, 4)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2')
os.execv(sys.argv[3], sys.argv[3:])
";

#[test]
fn it_takes_the_sockets_of_a_socket_unit() {
    let (Some(curl), Some(python)) = (tools::curl(), tools::python()) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (socket, port) = (directory.path().join("s"), directory.path().join("port"));
    let mut command = Command::new(python);
    command.args(["-c", LIKE_SYSTEMD]).args([&socket, &port]);
    command.arg(env!("CARGO_BIN_EXE_herakles-exporter"));
    command.arg("--web.systemd-socket");
    let mut exporter = Started::by(command, directory.path());
    let port = eventually("the port", || {
        fs::read_to_string(port.with_extension("done")).ok()
    });
    assert!(scrape(&curl, &[&format!("http://localhost:{port}/metrics")]).contains(FAMILY));
    let socket = socket.to_str().expect("UTF-8");
    assert!(scrape(&curl, &["--unix-socket", socket, "http://x/metrics"]).contains(FAMILY));
    exporter.ends_well();
    assert!(Path::new(socket).exists(), "it belongs to systemd");
}

#[test]
fn without_such_sockets_it_says_so_and_ends() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = binary();
    command.arg("--web.systemd-socket");
    let mut exporter = Started::by(command, directory.path());
    assert_eq!(exporter.0.wait().expect("our child").code(), Some(1));
    let log = fs::read_to_string(directory.path().join("log")).expect("a log");
    assert!(log.contains("no sockets were handed over"), "{log}");
}

#[test]
fn systemd_is_told_when_it_serves_reloads_lives_and_stops() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let hear = |wanted: &str| {
        let mut told = Vec::new();
        loop {
            let mut bytes = [0; 256];
            let length = manager
                .recv(&mut bytes)
                .unwrap_or_else(|_| panic!("{wanted}: {told:?}"));
            let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if message.starts_with(wanted) {
                return message;
            }
            told.push(message);
        }
    };
    let mut command = binary();
    command
        .arg("--web.listen-address=127.0.0.1:0")
        .env("NOTIFY_SOCKET", &path)
        .env(
            "WATCHDOG_USEC",
            Duration::from_millis(400).as_micros().to_string(),
        );
    let mut exporter = Started::by(command, directory.path());
    hear("READY=1");
    hear("WATCHDOG=1");
    hear("WATCHDOG=1");
    exporter.signal(Signal::HUP);
    let message = hear("RELOADING=1");
    assert!(message.contains("MONOTONIC_USEC="), "{message}");
    hear("READY=1");
    exporter.signal(Signal::TERM);
    hear("STOPPING=1");
    assert!(exporter.0.wait().expect("our child").success());
}

/// As after the installation of a package, which starts the service.
#[test]
fn check_tells_a_running_exporter_from_another_program_on_its_port() {
    if runs_alone() {
        return;
    }
    let check = |address: SocketAddr| {
        let flag = format!("--web.listen-address={address}");
        let output = run(&["check".to_owned(), "--allow-partial".to_owned(), flag]);
        let text = String::from_utf8(output.stdout).expect("sentences are UTF-8");
        let line = text.lines().find(|line| line.contains("address: "));
        (output.status.code(), line.unwrap_or_default().to_owned())
    };
    let other = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (code, line) = check(other.local_addr().expect("it is bound"));
    assert_eq!(code, Some(1), "{line}");
    assert!(line.starts_with("FAIL  address: "), "{line}");

    let exporter = Options::live().start();
    let (code, line) = check(exporter.address);
    assert_eq!(code, Some(0), "{line}");
    let running = format!("runs already ({})", exporter.pid());
    assert!(
        line.starts_with("warn  address: ") && line.contains(&running),
        "{line}"
    );
}
