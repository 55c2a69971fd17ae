//! What the model expects of the requests of `classic`.

use memwire::{Limits, dialect::classic::Requests};
use memwire_testing::oracle::classic::{Request, RequestError, RequestErrorKind, requests};

use super::expected::{Action, Expects, Items, Script, StoredItem};

impl Expects for Requests {
    const LIMITS: Limits = Limits::DEFAULT.with_line(16).with_value(2);
    const END: &'static [u8] = b"END\r\n";
    const LONG_REPLIES: bool = true;
    const RECOVERIES: [&'static [u8]; 2] = [b"chunk\r\nERROR", b"chunk\r\nSTORED"];

    fn script(stream: &[u8]) -> Script<'_> {
        let action = |result| match result {
            Ok(request) => serve(request),
            Err(error) => Action::Do(Box::new(move |items| reject(&error, items))),
        };
        Script::new(requests(stream, &Self::LIMITS), action)
    }

    fn reply(verb: &[u8], key: &[u8], items: &mut Items) -> Vec<u8> {
        let Some(StoredItem { value, flags, cas }) = items.by_key.get(key).cloned() else {
            return vec![];
        };
        if verb == b"gat" {
            // The tokens have no other exptime than one that is past.
            items.by_key.remove(key);
        }
        let cas = if verb == b"gets" { format!(" {cas}") } else { String::new() };
        let line = format!(" {flags} {}{cas}\r\n", value.len());
        [b"VALUE ", key, line.as_bytes(), &value, b"\r\n"].concat()
    }
}

/// What the model's tokens can make requests of.
fn serve(request: Request<'_>) -> Action<'_> {
    let Request { verb, words, numbers, noreply, value } = request;
    if verb.starts_with(b"g") {
        return Action::Retrieve(verb, words);
    }
    if verb == b"quit" {
        return Action::Close;
    }
    Action::Do(Box::new(move |items| {
        let key = words.first().copied().unwrap_or_default();
        let stored = items.by_key.get(key).cloned();
        let new = value.unwrap_or_default();
        let flags = numbers.first().map_or(0, |flags| u32::try_from(*flags).unwrap_or_default());
        let reply = match (verb, stored) {
            (b"append", None) => "NOT_STORED".into(),
            (b"append", Some(stored))
                if stored.value.len() + new.len() > Requests::LIMITS.value =>
            {
                "SERVER_ERROR object too large for cache".into()
            }
            (b"append", Some(stored)) => {
                items.put(key, &[&stored.value, new].concat(), stored.flags);
                "STORED".into()
            }
            (b"cas" | b"incr" | b"decr", None) => "NOT_FOUND".into(),
            (b"cas", Some(stored)) if i128::from(stored.cas) != numbers[2] => "EXISTS".into(),
            (b"set", _) | (b"cas", Some(_)) => {
                items.put(key, new, flags);
                "STORED".into()
            }
            (b"incr" | b"decr", Some(stored)) => {
                match str::from_utf8(&stored.value).map(str::parse::<u64>) {
                    Ok(Ok(number)) => {
                        let width = stored.value.len();
                        let number = if verb == b"incr" { number + 1 } else { number - 1 };
                        items.put(key, format!("{number:<width$}").as_bytes(), stored.flags);
                        number.to_string()
                    }
                    _ => "CLIENT_ERROR cannot increment or decrement non-numeric value".into(),
                }
            }
            _ => panic!("no token is {}", verb.escape_ascii()),
        };
        if noreply { vec![] } else { [reply.as_bytes(), b"\r\n"].concat() }
    }))
}

fn reject(error: &RequestError<'_>, items: &mut Items) -> Vec<u8> {
    use RequestErrorKind as Kind;
    let reply: &[u8] = match error.kind {
        Kind::UnknownCommand | Kind::WrongWordCount => b"ERROR\r\n",
        Kind::LineTooLong => b"CLIENT_ERROR line too long\r\n",
        Kind::BadNumber | Kind::BadKey => b"CLIENT_ERROR bad command line format\r\n",
        Kind::BadExptime => b"CLIENT_ERROR invalid exptime argument\r\n",
        Kind::BadDelta => b"CLIENT_ERROR invalid numeric delta argument\r\n",
        Kind::BadDeleteTime => {
            b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
        }
        Kind::ValueTooLarge => {
            items.by_key.remove(error.key.unwrap_or_default());
            b"SERVER_ERROR object too large for cache\r\n"
        }
        Kind::BadBlockEnd => b"CLIENT_ERROR bad data chunk\r\n",
    };
    if error.noreply { vec![] } else { reply.to_vec() }
}
