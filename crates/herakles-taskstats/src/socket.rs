//! A conversation with a generic netlink family.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::error::Error;
use crate::wire::{Answer, Attributes, Request, answers, u16_at};

/// `GENL_ID_CTRL`, the family that knows the others, and what to ask it.
const CONTROL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// `include/uapi/linux/taskstats.h`
const FAMILY_NAME: &[u8] = b"TASKSTATS\0";

/// The kernel answers before `send` returns, so there is nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A socket to the taskstats family.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: OwnedFd,
    family: u16,
    sequence: u32,
    request: Vec<u8>,
    datagram: Vec<u8>,
}

impl Socket {
    pub(crate) fn open() -> Result<Self, Error> {
        let family = AddressFamily::NETLINK;
        let protocol = Some(netlink::GENERIC);
        let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, protocol).map_err(
            |errno| match errno {
                Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT => Error::Unsupported,
                Errno::ACCESS | Errno::PERM => Error::Denied,
                errno => errno.into(),
            },
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        let mut opened = Self {
            socket,
            family: CONTROL,
            sequence: 0,
            request: Vec::new(),
            datagram: vec![0; 8 * 1024],
        };
        opened.family = opened.ask_family()?;
        Ok(opened)
    }

    /// Begins a new request, and returns the sequence number of its first question.
    pub(crate) fn begin(&mut self) -> u32 {
        self.request.clear();
        self.sequence
    }

    /// Takes a datagram that nobody has asked for and hands over what is in it; false if there
    /// is none.
    pub(crate) fn overhear(&mut self, mut each: impl FnMut(Answer<'_>)) -> Result<bool, Errno> {
        let flags = RecvFlags::DONTWAIT;
        match retry_on_intr(|| recv(&self.socket, &mut self.datagram[..], flags)) {
            Ok((length, _)) => {
                answers(self.datagram.get(..length).unwrap_or_default()).for_each(&mut each);
                Ok(true)
            }
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Numbers of families are given out at boot.
    fn ask_family(&mut self) -> Result<u16, Error> {
        let mut family = None;
        let first = self.begin();
        self.ask(CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, FAMILY_NAME);
        self.exchange(first, |_, result| {
            let attributes = result.map_err(|errno| match errno {
                Errno::NOENT => Error::Unsupported,
                errno => errno.into(),
            })?;
            family = attributes
                .find(CTRL_ATTR_FAMILY_ID)
                .and_then(|id| u16_at(id, 0));
            Ok(())
        })?;
        family.ok_or(Error::Malformed)
    }

    /// Adds a question, which has an answer.
    pub(crate) fn ask(&mut self, command: u8, attribute: u16, value: &[u8]) {
        self.push(command, false, attribute, value);
    }

    /// Adds an order, whose answer is that it was carried out.
    pub(crate) fn order(&mut self, command: u8, attribute: u16, value: &[u8]) {
        self.push(command, true, attribute, value);
    }

    fn push(&mut self, command: u8, acknowledge: bool, attribute: u16, value: &[u8]) {
        let Self {
            family, sequence, ..
        } = *self;
        Request {
            family,
            command,
            sequence,
            acknowledge,
            attribute,
            value,
        }
        .write(&mut self.request);
        self.sequence = sequence.wrapping_add(1);
    }

    /// Sends the requests, whose sequence numbers begin with `first`, and hands over the answer
    /// to each with its index.
    pub(crate) fn exchange(
        &mut self,
        first: u32,
        mut each: impl FnMut(usize, Result<Attributes<'_>, Errno>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        retry_on_intr(|| send(&self.socket, &self.request, SendFlags::empty()))?;
        let mut missing = self.sequence.wrapping_sub(first);
        let asked = missing;
        while missing > 0 {
            let received =
                retry_on_intr(|| recv(&self.socket, &mut self.datagram[..], RecvFlags::empty()));
            let (length, _) = received.map_err(|errno| match errno {
                Errno::AGAIN => Error::NoAnswer,
                errno => errno.into(),
            })?;
            let datagram = self.datagram.get(..length).unwrap_or_default();
            let mut understood = false;
            for answer in answers(datagram) {
                understood = true;
                let index = answer.sequence.wrapping_sub(first);
                // What is left of a question that failed is not ours.
                if index < asked {
                    missing = missing.saturating_sub(1);
                    let result = answer.result.map_err(Errno::from_raw_os_error);
                    each(index as usize, result)?;
                }
            }
            if !understood {
                return Err(Error::Malformed);
            }
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
