//! From bytes of a text to positions as the client counts, and back.
//!
//! Everything else here counts bytes. A line ends at `\n`, `\r\n` or `\r`. It must not know documents.

use meshscope::yaml::{LineIndex, Utf16Position};
use std::ops::Range as Bytes;
use tower_lsp::ls_types::{Position, PositionEncodingKind, Range};

/// What the client counts columns in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 code units: what every client can do.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

impl Encoding {
    /// The encoding to use with a client: UTF-16 whenever it is offered, because a buffer whose servers
    /// count differently is something editors warn of, and other YAML servers count in UTF-16.
    pub fn negotiate(offered: Option<&[PositionEncodingKind]>) -> Encoding {
        match offered {
            Some(kinds)
                if !kinds.contains(&PositionEncodingKind::UTF16)
                    && kinds.contains(&PositionEncodingKind::UTF8) =>
            {
                Encoding::Utf8
            }
            _ => Encoding::Utf16,
        }
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf8 => PositionEncodingKind::UTF8,
        }
    }
}

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The lines of a text.
pub struct Lines<'t> {
    text: &'t str,
    index: LineIndex,
    encoding: Encoding,
    /// The byte order mark that the client does not count: its bytes.
    mark: u32,
}

impl<'t> Lines<'t> {
    /// The lines of a text as the client has it.
    pub fn new(text: &'t str, encoding: Encoding) -> Lines<'t> {
        Lines {
            text,
            index: LineIndex::new(text),
            encoding,
            mark: 0,
        }
    }

    /// The lines of a text as the disk has it: clients take a byte order mark off when they read it.
    pub fn of_disk(text: &'t str, encoding: Encoding) -> Lines<'t> {
        let mark = text.starts_with(MARK).then_some(MARK.len_utf8());
        Lines {
            mark: mark.map_or(0, to_u32),
            ..Lines::new(text, encoding)
        }
    }

    /// The position of a byte; those beyond the text count as its end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = to_u32(offset.min(self.text.len()));
        let at = self.index.utf16(offset);
        let (mut column, mark) = match self.encoding {
            Encoding::Utf16 => (at.column, u32::from(self.mark > 0)),
            Encoding::Utf8 => {
                let start = self.index.line_start(at.line + 1).unwrap_or(offset);
                (offset.saturating_sub(start), self.mark)
            }
        };
        if at.line == 0 {
            column = column.saturating_sub(mark);
        }
        Position::new(at.line, column)
    }

    /// The range of some bytes.
    pub fn range(&self, bytes: &Bytes<usize>) -> Range {
        Range::new(self.position(bytes.start), self.position(bytes.end))
    }

    /// The byte of a position. Columns beyond the line count as its end, lines beyond the text as the
    /// end of the text, the middle of a character as its start.
    pub fn offset(&self, position: Position) -> usize {
        let in_first = position.line == 0;
        let offset = match self.encoding {
            Encoding::Utf16 => {
                let mark = u32::from(in_first && self.mark > 0);
                let column = position.character.saturating_add(mark);
                let line = position.line;
                self.index.offset_utf16(Utf16Position { line, column })
            }
            Encoding::Utf8 => {
                let mark = if in_first { self.mark } else { 0 };
                let start = self.index.line_start(position.line.saturating_add(1));
                start.map(|start| {
                    let end = self.index.line_start(position.line + 2);
                    let end = end.map_or(to_u32(self.text.len()), |end| end - 1);
                    let column = position.character.saturating_add(mark);
                    start.saturating_add(column).min(end)
                })
            }
        };
        let Some(offset) = offset else {
            return self.text.len();
        };
        let mut offset = offset as usize;
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        // A line ends before both characters of `\r\n`.
        let bytes = self.text.as_bytes();
        let between = offset > 0 && bytes[offset - 1] == b'\r' && bytes.get(offset) == Some(&b'\n');
        if between { offset - 1 } else { offset }
    }

    /// The bytes of a range; the wrong way round counts as the right way.
    pub fn bytes(&self, range: Range) -> Bytes<usize> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        start.min(end)..start.max(end)
    }
}

/// Texts are smaller than 4 GB; what is not counts as its end.
fn to_u32(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "é: 😀x\r\nb: 漢字\r\n\nlast";

    #[test]
    fn utf16_is_taken_whenever_it_is_offered() {
        let (utf8, utf16) = (PositionEncodingKind::UTF8, PositionEncodingKind::UTF16);
        let both = [utf8.clone(), utf16.clone()];
        assert_eq!(Encoding::negotiate(None), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&both)), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&[utf8])), Encoding::Utf8);
        let utf32 = [PositionEncodingKind::UTF32];
        assert_eq!(Encoding::negotiate(Some(&utf32)), Encoding::Utf16);
    }

    #[test]
    fn every_character_comes_back_in_both_encodings() {
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::new(TEXT, encoding);
            for (offset, c) in TEXT.char_indices().chain([(TEXT.len(), ' ')]) {
                if c != '\n' {
                    assert_eq!(lines.offset(lines.position(offset)), offset, "{encoding:?}");
                }
            }
        }
    }

    #[test]
    fn columns_are_units_of_the_encoding() {
        let x = TEXT.find('x').unwrap();
        let utf16 = Lines::new(TEXT, Encoding::Utf16).position(x);
        let utf8 = Lines::new(TEXT, Encoding::Utf8).position(x);
        assert_eq!((utf16, utf8), (Position::new(0, 5), Position::new(0, 8)));
    }

    #[test]
    fn positions_outside_of_the_text_count_as_the_nearest_inside() {
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::new(TEXT, encoding);
            assert_eq!(
                lines.offset(Position::new(0, 999)),
                TEXT.find('\r').unwrap()
            );
            assert_eq!(lines.offset(Position::new(99, 0)), TEXT.len());
            let middle = Position::new(0, 4);
            assert!(TEXT.is_char_boundary(lines.offset(middle)));
            let backwards = Range::new(Position::new(1, 1), Position::new(0, 0));
            assert_eq!(lines.bytes(backwards), 0..lines.offset(Position::new(1, 1)));
        }
    }

    #[test]
    fn a_byte_order_mark_on_the_disk_is_not_counted() {
        let text = "\u{feff}a: b\nc";
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::of_disk(text, encoding);
            assert_eq!(lines.position(3), Position::new(0, 0));
            assert_eq!(lines.position(6), Position::new(0, 3));
            assert_eq!(lines.offset(Position::new(0, 3)), 6);
            assert_eq!(lines.offset(Position::new(1, 1)), text.len());
        }
    }
}
