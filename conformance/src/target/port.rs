//! Free ports for servers that are started, each given once.

use std::{
    collections::HashSet,
    io,
    net::Ipv4Addr,
    sync::{Mutex, PoisonError},
};

use tokio::net::TcpSocket;

/// A port that no other process of this run is given, nor, on Linux, of another run.
#[derive(Debug)]
pub struct Port {
    pub number: u16,
    #[cfg(target_os = "linux")]
    _claim: std::os::unix::net::UnixDatagram,
}

static PORTS: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

impl Port {
    pub fn choose() -> io::Result<Self> {
        loop {
            // It does not listen: a client that waits for another run's server on this port would
            // be connected to it.
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            if let Some(port) = Self::claim(socket.local_addr()?.port())? {
                return Ok(port);
            }
        }
    }

    /// `None`: it was given already.
    fn claim(number: u16) -> io::Result<Option<Self>> {
        // A name in the same network namespace as the port, freed when the process ends.
        #[cfg(target_os = "linux")]
        let claim = {
            use std::os::{
                linux::net::SocketAddrExt as _,
                unix::net::{SocketAddr, UnixDatagram},
            };
            let name = SocketAddr::from_abstract_name(format!("memwire conform, port {number}"))?;
            match UnixDatagram::bind_addr(&name) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
                claim => claim?,
            }
        };
        let mut ports = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        if !ports.get_or_insert_default().insert(number) {
            return Ok(None);
        }
        Ok(Some(Self {
            number,
            #[cfg(target_os = "linux")]
            _claim: claim,
        }))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let mut ports = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
        ports.get_or_insert_default().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_given_once() {
        let port = Port::choose().expect("a port is free");
        let number = port.number;
        assert!(Port::claim(number).expect("it can be claimed").is_none());
        // As if another process had claimed it.
        PORTS.lock().expect("no test panics").get_or_insert_default().remove(&number);
        assert_eq!(
            Port::claim(number).expect("it can be claimed").is_none(),
            cfg!(target_os = "linux")
        );
        drop(port);
        assert!(Port::claim(number).expect("it can be claimed").is_some());
    }
}
