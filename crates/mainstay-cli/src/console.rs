//! Where output goes.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;

use anstream::AutoStream;
use anstream::adapter::strip_str;
use zeroize::Zeroizing;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 4096;

/// Standard output for data, standard error for talk, standard input for what must not stand on a command line.
///
/// Talk may be styled: colours are taken out where the other end is no terminal, or where `NO_COLOR` asks for
/// it. No meaning rests on colour alone. Data is never styled.
pub struct Console {
    data: Box<dyn Write>,
    talk: Talk,
    input: Box<dyn BufRead>,
}

/// The part of a console that says something beside the data. Clones say it in the same place.
#[derive(Clone)]
pub(crate) struct Talk {
    stream: Rc<RefCell<dyn Write>>,
    /// Whether the other end takes out styles where they do not belong.
    takes_styles: bool,
}

impl Console {
    /// The process's own streams.
    pub(crate) fn of_process() -> Self {
        let talk = AutoStream::auto(io::stderr());
        Self {
            data: Box::new(io::BufWriter::new(io::stdout())),
            talk: Talk { stream: Rc::new(RefCell::new(talk)), takes_styles: true },
            input: Box::new(io::BufReader::new(io::stdin())),
        }
    }

    /// Writes to these, without styles.
    pub fn plain(data: impl Write + 'static, talk: impl Write + 'static) -> Self {
        Self {
            data: Box::new(data),
            talk: Talk { stream: Rc::new(RefCell::new(talk)), takes_styles: false },
            input: Box::new(io::empty()),
        }
    }

    /// Reads from this.
    #[must_use]
    pub fn with_input(self, input: impl BufRead + 'static) -> Self {
        Self { input: Box::new(input), ..self }
    }

    /// Reads one line, without its end.
    pub(crate) fn read_line(&mut self) -> io::Result<Zeroizing<String>> {
        let mut line = Zeroizing::new(String::with_capacity(256));
        let mut input = (&mut self.input).take(LONGEST_LINE);
        input.read_line(&mut line)?;
        let length = line.trim_end_matches(['\n', '\r']).len();
        line.truncate(length);
        Ok(line)
    }

    /// For data: what was asked for.
    pub fn data(&mut self) -> &mut dyn Write {
        &mut *self.data
    }

    /// Says something beside the data. It is lost if nobody listens.
    pub fn say(&mut self, text: impl fmt::Display) {
        self.talk.say(text);
    }

    /// For what is said while somebody else has the console.
    pub(crate) fn talk(&self) -> Talk {
        self.talk.clone()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }
}

impl Talk {
    /// Says something. It is lost if nobody listens.
    pub(crate) fn say(&self, text: impl fmt::Display) {
        let text = format!("{text}\n");
        let mut stream = self.stream.borrow_mut();
        let _ = if self.takes_styles {
            stream.write_all(text.as_bytes())
        } else {
            write!(stream, "{}", strip_str(&text))
        };
        let _ = stream.flush();
    }
}
