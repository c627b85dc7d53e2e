//! A request's head as it stands on the wire.
//!
//! hyper parses requests; this reads only what decides where a request begins and ends, and refuses every head
//! that another reader could take for something else.

use http::StatusCode;

use crate::accept::ConnectionSettings;

/// Where a message's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes; zero also when nothing was said.
    Length(u64),
    /// At the last chunk.
    Chunked,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not HTTP/1, or it could be read in two ways.
    Malformed(&'static str),
    TargetTooLong,
    HeadersTooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// hyper refused it.
    Parser(StatusCode),
}

impl Fault {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Parser(status) => status,
        }
    }
}

/// The most that a head may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadLimits {
    target_bytes: usize,
    header_bytes: usize,
    fields: usize,
}

impl HeadLimits {
    pub(super) fn of(settings: &ConnectionSettings) -> Self {
        Self {
            target_bytes: settings.max_target_bytes,
            header_bytes: settings.max_header_bytes as usize,
            fields: settings.max_header_fields,
        }
    }
}

/// Reads one head as its bytes arrive. Each byte is looked at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeadScanner {
    scanned: usize,
    line_start: usize,
    request_line: Option<RequestLine>,
    fields: usize,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Clone, Copy, Debug)]
struct RequestLine {
    /// Where the fields begin.
    end: usize,
    is_http_1_0: bool,
}

/// A complete head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its bytes, with the empty line.
    pub(super) bytes: usize,
    pub(super) framing: Framing,
}

impl HeadScanner {
    /// Reads on. `wire` is everything from the first byte of the head; more bytes than last time.
    /// `None` means that the head is not complete.
    pub(super) fn read(&mut self, wire: &[u8], limits: HeadLimits) -> Result<Option<Head>, Fault> {
        while let Some(&byte) = wire.get(self.scanned) {
            match byte {
                b'\r' => match wire.get(self.scanned + 1) {
                    None => break,
                    Some(b'\n') => {}
                    Some(_) => return Err(Fault::Malformed("carriage return within a line")),
                },
                b'\n' => {
                    let line = wire[self.line_start..self.scanned]
                        .strip_suffix(b"\r")
                        .ok_or(Fault::Malformed("line ends without carriage return"))?;
                    let next = self.scanned + 1;
                    if line.is_empty() && self.request_line.is_some() {
                        return Ok(Some(Head { bytes: next, framing: self.framing() }));
                    }
                    self.line(line, next)?;
                    self.line_start = next;
                    self.check_fields(limits)?;
                }
                b'\t' if self.request_line.is_some() => {}
                0..0x20 | 0x7f => return Err(Fault::Malformed("control character")),
                _ => {}
            }
            self.scanned += 1;
            self.check_size(limits)?;
        }
        Ok(None)
    }

    fn check_size(&self, limits: HeadLimits) -> Result<(), Fault> {
        match self.request_line {
            None if self.scanned > limits.target_bytes => Err(Fault::TargetTooLong),
            Some(line) if self.scanned - line.end > limits.header_bytes => Err(Fault::HeadersTooLarge),
            _ => Ok(()),
        }
    }

    fn check_fields(&self, limits: HeadLimits) -> Result<(), Fault> {
        if self.fields > limits.fields { Err(Fault::HeadersTooLarge) } else { Ok(()) }
    }

    fn line(&mut self, line: &[u8], end: usize) -> Result<(), Fault> {
        match self.request_line {
            None => {
                self.request_line = Some(RequestLine { end, is_http_1_0: is_http_1_0(line)? });
                Ok(())
            }
            Some(RequestLine { is_http_1_0, .. }) => self.field(line, is_http_1_0),
        }
    }

    fn field(&mut self, line: &[u8], is_http_1_0: bool) -> Result<(), Fault> {
        self.fields += 1;
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.ok_or(Fault::Malformed("field without a colon"))?);
        // A folded line begins with white space, which no token has: it is refused here too.
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(Fault::Malformed("field name"));
        }
        let value = value[1..].trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.content_length(value)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.transfer_encoding(value, is_http_1_0)
        } else {
            Ok(())
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.chunked {
            return Err(Fault::Malformed("Content-Length beside Transfer-Encoding"));
        }
        if self.length.is_some() {
            return Err(Fault::Malformed("more than one Content-Length"));
        }
        self.length = Some(decimal(value).ok_or(Fault::Malformed("Content-Length"))?);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8], is_http_1_0: bool) -> Result<(), Fault> {
        if is_http_1_0 {
            return Err(Fault::Malformed("Transfer-Encoding in HTTP/1.0"));
        }
        if self.length.is_some() {
            return Err(Fault::Malformed("Content-Length beside Transfer-Encoding"));
        }
        if self.chunked {
            return Err(Fault::Malformed("more than one Transfer-Encoding"));
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::Malformed("transfer coding"));
        }
        self.chunked = true;
        Ok(())
    }

    fn framing(&self) -> Framing {
        if self.chunked { Framing::Chunked } else { Framing::Length(self.length.unwrap_or(0)) }
    }
}

/// Checks `method SP target SP version` and tells which version.
fn is_http_1_0(line: &[u8]) -> Result<bool, Fault> {
    let mut words = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Fault::Malformed("request line"));
    };
    if method.is_empty() || !method.iter().copied().all(is_token) {
        return Err(Fault::Malformed("method"));
    }
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(Fault::Malformed("target"));
    }
    match version {
        b"HTTP/1.1" => Ok(false),
        b"HTTP/1.0" => Ok(true),
        _ => Err(Fault::Malformed("version")),
    }
}

/// Digits and nothing else: no sign, no list, no white space within, no overflow.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
