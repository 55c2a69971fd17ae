//! A memcached-compatible server on [`memwire`]'s sessions: a bounded store that clients share,
//! connections over TCP and Unix sockets, statistics, and a graceful shutdown.
//!
//! [`Server::bind`] takes a [`Config`], binds its addresses, and needs no runtime yet;
//! [`Server::serve`] then serves clients on the caller's [`tokio`] runtime, until the caller's stop
//! future completes. Logs are `tracing` events.
//!
//! ```
//! use memwire_server::{Address, Config, Dialect, Server};
//! use std::error::Error;
//! use tokio::{
//!     io::{AsyncReadExt as _, AsyncWriteExt as _},
//!     net::TcpStream,
//!     sync::oneshot,
//! };
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn Error>> {
//!     let config = Config::new(Dialect::Classic).with_address(([127, 0, 0, 1], 0).into());
//!     let server = Server::bind(config)?;
//!     let address = server.addresses()[0].to_string();
//!
//!     let (stop, stopped) = oneshot::channel::<()>();
//!     let serving = tokio::spawn(server.serve(async {
//!         let _ = stopped.await;
//!     }));
//!
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"set k 0 0 5\r\nvalue\r\nquit\r\n").await?;
//!     let mut reply = String::new();
//!     client.read_to_string(&mut reply).await?;
//!     assert_eq!(reply, "STORED\r\n");
//!
//!     let _ = stop.send(());
//!     serving.await??;
//!     Ok(())
//! }
//! ```
//!
//! To accept connections by other means, or from a store of your own, use [`serve_connection`]: it
//! serves one client, over any transport that [`tokio`] can read and write, from any
//! [`Store`](memwire::store::Store). [`Cache`] is the server's own store.
//!
//! The files, from the bottom up:
//!
//! | file | |
//! |---|---|
//! | `clock.rs` | the system's clock |
//! | `counters.rs` | counters that many threads increment |
//! | `memcached.rs` | memcached's version, and its default sizes |
//! | `dialect.rs` | what depends on the dialect |
//! | `cache.rs` | the bounded store |
//! | `item_size.rs` | the largest item, by memory, configuration and dialect |
//! | `write_queue.rs` | unsent replies |
//! | `connection.rs`, `connection_counters.rs` | one client connection |
//! | `stats.rs` | the reports of `stats` |
//! | `first_line.rs` | the warning that a client speaks the other dialect |
//! | `admission.rs` | the limit of connections |
//! | `config.rs`, `address.rs`, `listener.rs`, `start_error.rs` | how a server is started |
//! | `server.rs` | the accept loop, and shutdown |

pub mod memcached;

mod address;
mod admission;
mod cache;
mod clock;
mod config;
mod connection;
mod connection_counters;
mod counters;
mod dialect;
mod first_line;
mod item_size;
mod listener;
mod server;
mod start_error;
mod stats;
mod write_queue;

pub use address::Address;
pub use cache::Cache;
pub use clock::unix_time;
pub use config::{Config, UnixSocket};
pub use connection::{ConnectionError, ConnectionOptions, serve_connection};
pub use connection_counters::{ConnectionCounter, ConnectionCounters};
pub use dialect::Dialect;
pub use server::Server;
pub use start_error::StartError;
