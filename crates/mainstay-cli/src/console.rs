//! Where output goes.

use std::fmt;
use std::io::{self, Write};

use anstream::{AutoStream, StripStream};

/// Standard output for data, standard error for talk.
///
/// Talk may be styled: colours are taken out where the other end is no terminal, or where `NO_COLOR` asks for
/// it. No meaning rests on colour alone. Data is never styled.
pub struct Console {
    data: Box<dyn Write>,
    talk: Box<dyn Write>,
}

impl Console {
    /// The process's own streams.
    pub(crate) fn of_process() -> Self {
        let talk = AutoStream::auto(io::stderr());
        Self { data: Box::new(io::BufWriter::new(io::stdout())), talk: Box::new(talk) }
    }
    /// Writes to these, without styles.
    pub fn plain(data: impl Write + 'static, talk: impl Write + 'static) -> Self {
        Self { data: Box::new(data), talk: Box::new(Plain(talk)) }
    }

    /// For data: what was asked for.
    pub fn data(&mut self) -> &mut dyn Write {
        &mut *self.data
    }

    /// Says something beside the data. It is lost if nobody listens.
    pub fn say(&mut self, text: impl fmt::Display) {
        let _ = writeln!(self.talk, "{text}");
        let _ = self.talk.flush();
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }
}

/// Takes styles out. The adapter of the library takes only streams that it knows.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stripped = StripStream::new(Vec::new());
        stripped.write_all(bytes)?;
        self.0.write_all(&stripped.into_inner())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
