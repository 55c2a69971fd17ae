//! A client of the simple dialect: requests are encoded, and the machine reads the replies.
//!
//! `cargo run --example client -- 127.0.0.1:11211`

use std::{
    env,
    error::Error,
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

use memwire::{
    Limits, Machine, Step,
    dialect::simple::{Key, Keys, Replies, Reply, Request},
    grammar::Data,
};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:11211".to_owned());
    let mut stream = TcpStream::connect(address)?;

    let key = Key::try_from("greeting")?;
    let keys = Keys::try_from(&b"greeting other"[..])?;
    let mut requests = Vec::new();
    Request::Set { key, value: Data::Borrowed(b"hello,\nworld") }.encode(&mut requests);
    Request::Get(keys).encode(&mut requests);
    stream.write_all(&requests)?;

    let mut machine = Machine::<Replies>::new(Limits::default().for_replies());
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err("the server closed the connection".into());
        }
        let mut chunk = &buffer[..length];
        loop {
            match machine.step(&mut chunk) {
                Step::NeedMore => break,
                Step::Dispatch(reply) => {
                    writeln!(io::stdout(), "{reply:?}")?;
                    if reply == Reply::End {
                        return Ok(());
                    }
                }
                // A client cannot know where the next reply begins: close the connection.
                Step::Reject(error) => return Err(error.into()),
            }
        }
    }
}
