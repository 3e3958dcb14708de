//! Clients that behave badly.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// How long crowds come, or ask, that do not cease by themselves; the least time for all.
const ACT: Duration = Duration::from_secs(15);

/// What the exporter grants by default: for a request, and for reading what was asked for.
const FOR_REQUEST: Duration = Duration::from_secs(10);
const FOR_READING: Duration = Duration::from_secs(30);

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The head of a TLS record of 512 bytes, and of a ClientHello.
const HANDSHAKE: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

/// What each client does once it is connected.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    /// Nothing more.
    Waits,
    /// Another byte each second.
    Drips,
    /// Asks again and again and reads nothing.
    Floods,
    /// Asks again and again and reads all of it.
    Devours,
    /// Makes room for another one, again and again.
    Swarms,
}

/// Clients of one kind.
#[derive(Debug)]
pub(super) struct Crowd {
    clients: usize,
    what: &'static str,
    greeting: Vec<u8>,
    habit: Habit,
}

/// Nobody, and all kinds of clients.
pub(super) fn all() -> Vec<Crowd> {
    let half = &GET[..GET.len() - 7];
    let more_than_fits = GET.repeat(40);
    [
        (0, "nobody else", "", Habit::Waits),
        (100, "with half a request", half, Habit::Waits),
        (100, "that send a byte a second", half, Habit::Drips),
        (1000, "that send a byte a second", half, Habit::Drips),
        (100, "that say nothing", "", Habit::Waits),
        (200, "that read nothing", &more_than_fits, Habit::Waits),
        (
            20,
            "that ask on and read nothing",
            &more_than_fits,
            Habit::Floods,
        ),
        (
            4,
            "that ask on and read all",
            &more_than_fits,
            Habit::Devours,
        ),
        (1000, "at a time, new ones all the time", "", Habit::Swarms),
    ]
    .map(|(clients, what, greeting, habit)| Crowd {
        clients,
        what,
        greeting: greeting.as_bytes().to_vec(),
        habit,
    })
    .into_iter()
    .chain([Crowd {
        clients: 300,
        what: "that begin a TLS handshake",
        greeting: HANDSHAKE.to_vec(),
        habit: Habit::Waits,
    }])
    .collect()
}

impl Crowd {
    pub(super) fn name(&self) -> String {
        match self.clients {
            0 => self.what.to_owned(),
            clients => format!("{clients} {}", self.what),
        }
    }

    pub(super) fn is_anybody(&self) -> bool {
        self.clients > 0
    }

    pub(super) fn is_secured(&self) -> bool {
        self.greeting == HANDSHAKE
    }

    /// How long new ones come.
    pub(super) fn comes_for(&self) -> Duration {
        match self.habit {
            Habit::Waits | Habit::Drips | Habit::Floods => Duration::ZERO,
            Habit::Devours | Habit::Swarms => ACT,
        }
    }

    /// How long it is watched at least.
    pub(super) fn stays(&self) -> Duration {
        ACT
    }

    /// What the exporter grants it.
    pub(super) fn patience(&self) -> Duration {
        // Who asks for more than it reads ends with an answer half read, also one that read for long.
        if self.greeting.len() > GET.len() {
            FOR_READING
        } else {
            FOR_REQUEST
        }
    }

    /// Connects and acts; hangs up when it is over.
    pub(super) fn act(&self, address: SocketAddr, over: &AtomicBool) {
        let began = Instant::now();
        let mut clients: VecDeque<Connection> = VecDeque::new();
        while clients.len() < self.clients && !over.load(Relaxed) {
            clients.extend(self.come(address));
        }
        while !over.load(Relaxed) {
            let comes = began.elapsed() < self.comes_for();
            match self.habit {
                Habit::Drips => {
                    // Who was closed is no longer listened to.
                    clients.retain_mut(|client| client.socket.write_all(b"x").is_ok());
                    thread::sleep(Duration::from_secs(1));
                }
                Habit::Floods => {
                    clients.retain_mut(|client| client.ask(&self.greeting));
                    thread::sleep(Duration::from_millis(10));
                }
                Habit::Devours if comes => {
                    clients.retain_mut(|client| client.ask(&self.greeting) && client.devour());
                }
                Habit::Swarms if comes => {
                    clients.pop_front();
                    clients.extend(self.come(address));
                }
                _ => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn come(&self, address: SocketAddr) -> Option<Connection> {
        let mut socket = TcpStream::connect_timeout(&address, FOR_REQUEST).ok()?;
        socket.write_all(&self.greeting).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Connection { socket, sent: 0 })
    }
}

/// A connection.
struct Connection {
    socket: TcpStream,
    /// Bytes of its current greeting that are sent.
    sent: usize,
}

impl Connection {
    /// Sends so much of greetings as there is room for; false if the connection has ended.
    fn ask(&mut self, greeting: &[u8]) -> bool {
        loop {
            match self.socket.write(&greeting[self.sent..]) {
                Ok(sent) => self.sent = (self.sent + sent) % greeting.len(),
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// Reads what has come; false if the connection has ended.
    fn devour(&mut self) -> bool {
        let mut bytes = [0; 64 * 1024];
        loop {
            match self.socket.read(&mut bytes) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
