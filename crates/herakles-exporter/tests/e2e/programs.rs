//! Real programs, started as Debian has them, and where the built-in rules put them.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use procfs::process::all_processes;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    alone::runs_alone,
    debian::{self, Program},
    eventually,
    exporter::{Options, free_address},
    tools,
};

/// The uid and gid of nobody, wherever that is called so.
const NOBODY: u32 = 65534;

/// A server on a loopback port of its own, ended when dropped.
struct Server {
    child: Child,
    directory: TempDir,
}

impl Server {
    /// Starts what `command` makes of a free address and a fresh directory, and waits until it
    /// listens there.
    fn start(name: &str, command: impl Fn(SocketAddr, &Path) -> Command) -> Self {
        // Between the choice of a free port and its use, somebody else may take it.
        let server = (0..3).find_map(|_| Self::attempt(name, &command));
        server.unwrap_or_else(|| panic!("{name} ended three times before it listened"))
    }

    fn attempt(name: &str, command: &impl Fn(SocketAddr, &Path) -> Command) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))
            .expect("the directory is ours");
        let address = free_address();
        let log = fs::File::create(directory.path().join("log")).expect("the log can be written");
        let mut command = command(address, directory.path());
        let child = command
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let mut server = Self { child, directory };
        let listens = eventually(name, || {
            let ended = server.child.try_wait().expect("it is our child").is_some();
            if ended {
                return Some(false);
            }
            TcpStream::connect(address).is_ok().then_some(true)
        });
        if !listens {
            eprintln!("{name} ended:\n{}", server.log());
        }
        listens.then_some(server)
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its pid and those of its children.
    fn family(&self) -> Vec<u32> {
        let own = self.child.id();
        let all = all_processes().expect("/proc can be listed");
        let children = all
            .filter_map(|process| process.ok()?.stat().ok())
            .filter(|stat| u32::try_from(stat.ppid) == Ok(own) && stat.state != 'Z')
            .filter_map(|stat| u32::try_from(stat.pid).ok());
        std::iter::once(own).chain(children).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, it ends its children too.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server and its children, `at_least` so many processes, are all in one subgroup.
fn check(server: &Server, at_least: usize, group: &str, subgroup: &str) {
    let exporter = Options::live().start();
    // Some children do a short piece of work and end.
    let (lasting, snapshot) = eventually("the children", || {
        let before = server.family();
        exporter.wait_for_next_refresh();
        let snapshot = exporter.get("/api/v1/snapshot").text();
        let after = server.family();
        let lasting: Vec<u32> = before.into_iter().filter(|it| after.contains(it)).collect();
        (lasting.len() >= at_least).then_some((lasting, snapshot))
    });
    let snapshot: Value = serde_json::from_str(&snapshot).expect("it is JSON");
    let processes = snapshot["processes"].as_array().expect("a list");
    for pid in lasting {
        let found = processes.iter().find(|it| it["pid"] == pid);
        let found = found.unwrap_or_else(|| panic!("{pid} is missing\n{}", server.log()));
        assert_eq!(
            (&found["group"], &found["subgroup"]),
            (&group.into(), &subgroup.into()),
            "{found}"
        );
        let memory = [&found["rss_bytes"], &found["uss_bytes"]].map(Value::as_u64);
        assert!(
            memory.iter().all(|it| it.is_some_and(|bytes| bytes > 0)),
            "{found}"
        );
    }
}

fn port(address: SocketAddr) -> String {
    address.port().to_string()
}

#[test]
fn redis() {
    if runs_alone() {
        return;
    }
    let Some(program) = Program::find("redis-server") else {
        return;
    };
    let server = Server::start("redis-server", |address, _| {
        let mut command = program.command();
        command.args([
            "--bind",
            &address.ip().to_string(),
            "--save",
            "",
            "--port",
            &port(address),
        ]);
        command
    });
    check(&server, 1, "cache", "redis");
}

#[test]
fn memcached() {
    if runs_alone() {
        return;
    }
    let Some(program) = Program::find("memcached") else {
        return;
    };
    let server = Server::start("memcached", |address, _| {
        let mut command = program.command();
        command.args(["-l", &address.ip().to_string(), "-p", &port(address)]);
        if geteuid().is_root() {
            command.args(["-u", "root"]);
        }
        command
    });
    check(&server, 1, "cache", "memcached");
}

#[test]
fn nginx_and_its_workers() {
    if runs_alone() {
        return;
    }
    let Some(program) = Program::find("nginx") else {
        return;
    };
    let server = Server::start("nginx", |address, directory| {
        let config = format!(
            "daemon off; worker_processes 2; pid nginx.pid; error_log stderr;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path t; proxy_temp_path t;\n\
             fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             server {{ listen {address}; }} }}\n"
        );
        fs::write(directory.join("nginx.conf"), config).expect("it can be written");
        let mut command = program.command();
        command
            .arg("-p")
            .arg(directory)
            .args(["-c", "nginx.conf", "-e", "stderr"]);
        command
    });
    check(&server, 3, "web", "nginx");
}

#[test]
fn postgres_and_its_background_processes() {
    if runs_alone() {
        return;
    }
    let (Some(initdb), Some(postgres)) = (Program::find("initdb"), Program::find("postgres"))
    else {
        return;
    };
    // It refuses to run as root, and nobody may be kept out of the directory of the build.
    let place = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let as_nobody = |program: &Program| {
        let mut command = program.readable_by_all(place.path()).command();
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let server = Server::start("postgres", |address, directory| {
        let data = directory.join("data");
        fs::create_dir(&data).expect("it can be made");
        if geteuid().is_root() {
            chown(&data, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let made = as_nobody(&initdb)
            .args(["--no-sync", "--no-locale", "--auth=trust", "--pgdata"])
            .arg(&data)
            .current_dir(&data)
            .output()
            .expect("initdb starts");
        let stderr = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{stderr}");
        let mut command = as_nobody(&postgres);
        command.arg("-D").arg(&data);
        for setting in [
            &format!("listen_addresses={}", address.ip()),
            "unix_socket_directories=",
            "fsync=off",
            &format!("port={}", address.port()),
        ] {
            command.args(["-c", setting]);
        }
        command
    });
    check(&server, 5, "db", "postgres");
}

#[test]
fn a_tomcat_behind_the_name_java() {
    if runs_alone() {
        return;
    }
    let (Some(java), Some(tomcat)) = (tools::java(), debian::tomcat()) else {
        return;
    };
    let jar = |name: &str| tomcat.join("bin").join(name).display().to_string();
    let server = Server::start("tomcat", |address, directory| {
        for folder in ["conf", "webapps", "logs", "temp", "work"] {
            fs::create_dir(directory.join(folder)).expect("it can be made");
        }
        let config = format!(
            "<Server port='-1'><Service name='Catalina'>\n\
             <Connector port='{}' address='{}' protocol='HTTP/1.1'/>\n\
             <Engine name='Catalina' defaultHost='localhost'>\
             <Host name='localhost' appBase='webapps'/></Engine>\n\
             </Service></Server>\n",
            address.port(),
            address.ip()
        );
        fs::write(directory.join("conf/server.xml"), config).expect("it can be written");
        fs::write(directory.join("conf/web.xml"), "<web-app/>").expect("it can be written");
        let mut command = Command::new(&java);
        command
            .args(["-Xmx64m", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-Dcatalina.home={}", tomcat.display()))
            .arg(format!("-Dcatalina.base={}", directory.display()))
            .arg("-classpath")
            .arg(format!(
                "{}:{}",
                jar("bootstrap.jar"),
                jar("tomcat-juli.jar")
            ))
            .args(["org.apache.catalina.startup.Bootstrap", "start"]);
        command
    });
    check(&server, 1, "web", "tomcat");
}
