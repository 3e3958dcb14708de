//! TLS and passwords, pages from elsewhere, and sockets of every kind.

mod crowd;
mod flood;
mod foreign;
mod secured;
mod sockets;
