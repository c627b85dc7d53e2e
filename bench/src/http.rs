//! As much of an HTTP/1.1 client as measuring needs: one connection, one request after the other.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    /// The header fields of every request.
    fields: String,
    standing: Standing,
}

/// How the latest exchange of a connection left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The server takes another request.
    Open,
    /// It said that this was the last.
    Over,
    /// Not a byte of an answer came.
    Unanswered,
}

/// A request; the body, if there is one, is JSON.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    pub(crate) accept: &'static str,
    pub(crate) body: &'a str,
}

impl<'a> Request<'a> {
    /// Reads something.
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, accept: "*/*", body: "" }
    }

    /// Sends JSON.
    pub(crate) fn post(path: &'a str, body: &'a str) -> Self {
        Self { method: "POST", path, accept: "application/json", body }
    }

    /// The same, asking for another representation.
    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let (fields, standing) = (format!("Host: {address}\r\n"), Standing::Open);
        Ok(Self { stream: BufReader::with_capacity(256 * 1_024, stream), address, fields, standing })
    }

    /// Connects anew to the same address, with the same fields.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        let Self { stream, standing, .. } = Self::open(self.address)?;
        (self.stream, self.standing) = (stream, standing);
        Ok(())
    }

    /// The same connection, which brings an API token with each request.
    pub(crate) fn with_token(self, token: &str) -> Self {
        self.with_field("Authorization", &format!("Bearer {token}"))
    }

    /// The same connection, which sends another header field with each request.
    pub(crate) fn with_field(self, name: &str, value: &str) -> Self {
        Self { fields: format!("{}{name}: {value}\r\n", self.fields), ..self }
    }

    /// Sends a request; the answer is then to be read.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub(crate) fn send(&mut self, request: &Request<'_>) -> io::Result<()> {
        self.standing = Standing::Unanswered;
        let Request { method, path, accept, body } = request;
        let content = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        let fields = &self.fields;
        let message = format!("{method} {path} HTTP/1.1\r\n{fields}Accept: {accept}\r\n{content}\r\n{body}");
        self.stream.get_mut().write_all(message.as_bytes())
    }

    /// Reads one answer, its body into `sink`, and returns its status.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or what comes is not HTTP/1.1.
    pub(crate) fn receive(&mut self, sink: &mut impl Write) -> Result<u16> {
        receive(&mut self.stream, sink, &mut self.standing)
    }

    /// Whether the server said that its latest answer was the last of this connection.
    pub(crate) fn is_over(&self) -> bool {
        self.standing == Standing::Over
    }

    /// Whether not a byte of an answer came to the latest request.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.standing == Standing::Unanswered
    }

    /// Sends a request and returns the body of its answer, which must be a success.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`] and [`Connection::receive`]; also when the status is not 2xx.
    pub(crate) fn exchange(&mut self, request: &Request<'_>) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        self.exchange_into(request, &mut body)
            .with_context(|| String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned())?;
        Ok(body)
    }

    /// As [`Connection::exchange`], with the body going to `sink`.
    ///
    /// # Errors
    ///
    /// As [`Connection::exchange`].
    pub(crate) fn exchange_into(&mut self, request: &Request<'_>, sink: &mut impl Write) -> Result<()> {
        self.send(request)?;
        let status = self.receive(sink)?;
        if !(200..300).contains(&status) {
            bail!("{} {} answered {status}", request.method, request.path);
        }
        Ok(())
    }
}

fn receive(stream: &mut impl BufRead, sink: &mut impl Write, standing: &mut Standing) -> Result<u16> {
    let first = line(stream)?;
    *standing = Standing::Open;
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status: u16 = status.with_context(|| format!("not an answer: {first:?}"))?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let field = line(stream)?;
        let Some((name, value)) = field.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().context("the length is not a number")?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.trim().eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close") {
            *standing = Standing::Over;
        }
    }
    if chunked {
        copy_chunks(stream, sink)?;
    } else {
        copy(stream, length, sink)?;
    }
    Ok(status)
}

fn copy_chunks(stream: &mut impl BufRead, sink: &mut impl Write) -> Result<()> {
    loop {
        let head = line(stream)?;
        let size = head.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).with_context(|| format!("not a chunk: {head:?}"))?;
        if size == 0 {
            // Trailers, up to the empty line.
            while !line(stream)?.is_empty() {}
            return Ok(());
        }
        copy(stream, size, sink)?;
        line(stream)?;
    }
}

fn copy(stream: &mut impl BufRead, length: u64, sink: &mut impl Write) -> Result<()> {
    let copied = io::copy(&mut stream.take(length), sink)?;
    if copied != length {
        bail!("the answer ended after {copied} of {length} bytes");
    }
    Ok(())
}

/// One line without its end; an error when the connection ended.
fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection was closed");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Counts what is written and keeps the end of it.
#[derive(Default)]
pub(crate) struct Tail {
    /// How many bytes there were.
    pub(crate) length: u64,
    end: Vec<u8>,
}

impl Tail {
    /// How much of the end is kept.
    const KEPT: usize = 1_024;

    /// Whether the last bytes hold this text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.end).contains(text)
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length += bytes.len() as u64;
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::KEPT)..]);
        self.end.drain(..self.end.len().saturating_sub(Self::KEPT));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<(u16, String)> {
        let mut body = Vec::new();
        let status = receive(&mut text.as_bytes(), &mut body, &mut Standing::Open)?;
        Ok((status, String::from_utf8(body)?))
    }

    #[test]
    fn a_body_with_a_length_is_read() {
        let (status, body) =
            answer("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbodymore").expect("an answer");
        assert_eq!((status, body.as_str()), (200, "body"));
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfir\r\nA;x=y\r\nst and las\r\n1\r\nt\r\n0\r\n\r\n";
        assert_eq!(answer(text).expect("an answer"), (200, "first and last".to_owned()));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        for text in [
            "",
            "SSH-2.0\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nha\r\n",
        ] {
            assert!(answer(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_tail_counts_everything_and_keeps_the_end() {
        let mut tail = Tail::default();
        for _ in 0..1_000 {
            tail.write_all(b"0123456789").expect("a tail takes anything");
        }
        tail.write_all(b"the end").expect("a tail takes anything");
        assert_eq!(tail.length, 10_007);
        assert!(tail.holds("789the end"));
        assert_eq!(tail.end.len(), Tail::KEPT);
    }
}
