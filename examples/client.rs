//! A client: the same machine reads what a server answers.
//!
//! `cargo run --example client -- 127.0.0.1:11211`

use std::{
    env,
    error::Error,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use memwire::{
    Limits, Machine, Step,
    dialect::{
        Value,
        simple::{Key, Keys, Replies, Reply, Request},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:11211".to_owned());
    let mut stream = TcpStream::connect(address)?;

    let key = Key::new(b"greeting").ok_or("a bad key")?;
    let keys = Keys::new(b"greeting other").ok_or("a bad key")?;
    let mut requests = Vec::new();
    Request::Set { key, value: Value::Lent(b"hello,\nworld") }.encode(&mut requests);
    Request::Get(keys).encode(&mut requests);
    stream.write_all(&requests)?;

    let mut machine = Machine::<Replies>::new(Limits::default().of_replies());
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
                    println!("{reply:?}");
                    if reply == Reply::End {
                        return Ok(());
                    }
                }
                // Nobody knows how such a server goes on.
                Step::Refuse(bad) => return Err(bad.into()),
            }
        }
    }
}
