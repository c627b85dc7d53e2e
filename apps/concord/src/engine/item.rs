//! One item against the rest of its catalogue.

use std::ops::Range;

use jiff::Timestamp;

use super::catalogue::Row;
use super::chunks::{Body, Chunks, Rendered};
use super::error::EvaluationError;
use super::pairwise::Pairwise;
use super::workers::Workers;
use super::writer::ResultWriter;

impl Pairwise {
    /// A JSON array of comparison results: the item first, every other item of the catalogue second, in storage
    /// order.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::InvalidItems`] if any item does not fit its schema.
    pub fn item(&self, item: Row, at: Timestamp, workers: &Workers) -> Result<Chunks, EvaluationError> {
        self.catalogue.usable_as_a_whole()?;
        let writer = ResultWriter::new(self.clone(), at);
        Ok(Chunks::new(ItemBody { writer, item: item.0 }, workers.clone()))
    }
}

struct ItemBody {
    writer: ResultWriter,
    item: usize,
}

impl Body for ItemBody {
    fn places(&self) -> Range<usize> {
        0..self.writer.pairwise().catalogue.len() - 1
    }

    fn head(&self, out: &mut String) {
        out.push('[');
    }

    fn render(&self, places: Range<usize>, full: usize, out: &mut String) -> Rendered {
        let mut verdicts = Vec::new();
        let mut rendered = Rendered { end: places.start, compatible: 0 };
        for place in places {
            if place > 0 {
                out.push(',');
            }
            // The item itself has no place among the others.
            let other = if place < self.item { place } else { place + 1 };
            let compatible = self.writer.write(self.item, other, &mut verdicts, out);
            rendered.compatible += usize::from(compatible);
            rendered.end = place + 1;
            if out.len() >= full {
                break;
            }
        }
        rendered
    }

    fn tail(&self, _compatible: usize, out: &mut String) {
        out.push(']');
    }
}
