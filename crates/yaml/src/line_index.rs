//! Byte offsets to lines and columns and back. Owns the three ways to count a
//! column; must not know YAML.

use memchr::memchr2_iter;

/// A line and a column, both counted from 1; columns in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A line and a column, both counted from 0; columns in UTF-16 units, as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Utf16Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// The lines of one text. Lines end with LF, CRLF or CR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// Where each line starts.
    starts: Vec<u32>,
    /// Characters of more than one byte: offset and number of bytes, in order.
    wide: Vec<(u32, u8)>,
    len: u32,
}

impl LineIndex {
    /// Reads the lines of a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        let mut wide = Vec::new();
        if !text.is_ascii() {
            let many = text.char_indices().filter(|(_, c)| c.len_utf8() > 1);
            wide.extend(many.map(|(at, c)| (at as u32, c.len_utf8() as u8)));
        }
        Self {
            starts,
            wide,
            len: text.len() as u32,
        }
    }

    /// Number of lines; a text always has one.
    pub fn lines(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The first byte of a 1-based line; none beyond the last line.
    pub fn line_start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// The position of a byte. Offsets beyond the text count as its end, offsets
    /// inside a character as its start.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let (line, start, offset) = self.line_of(offset);
        let mut column = offset - start;
        for &(_, bytes) in self.wide_between(start, offset) {
            column -= u32::from(bytes) - 1;
        }
        LineColumn {
            line: line as u32 + 1,
            column: column + 1,
        }
    }

    /// The byte of a position; columns beyond the line count as its end.
    pub fn offset(&self, at: LineColumn) -> Option<u32> {
        self.walk(at.line.checked_sub(1)?, at.column.checked_sub(1)?, |_| 1)
    }

    /// The position of a byte as editors count.
    pub fn utf16(&self, offset: u32) -> Utf16Position {
        let (line, start, offset) = self.line_of(offset);
        let mut column = offset - start;
        for &(_, bytes) in self.wide_between(start, offset) {
            column -= u32::from(bytes) - utf16_units(bytes);
        }
        Utf16Position {
            line: line as u32,
            column,
        }
    }

    /// The byte of a position as editors count; columns beyond the line count as its
    /// end, a column between two surrogates as the start of their character.
    pub fn offset_utf16(&self, at: Utf16Position) -> Option<u32> {
        self.walk(at.line, at.column, utf16_units)
    }

    /// Line index (from 0), its start, and the offset moved onto a character.
    fn line_of(&self, offset: u32) -> (usize, u32, u32) {
        let mut offset = offset.min(self.len);
        let after = self.wide.partition_point(|&(at, _)| at < offset);
        if let Some(&(at, bytes)) = after.checked_sub(1).and_then(|i| self.wide.get(i))
            && offset < at + u32::from(bytes)
        {
            offset = at;
        }
        let line = self
            .starts
            .partition_point(|&s| s <= offset)
            .saturating_sub(1);
        (line, self.starts.get(line).copied().unwrap_or(0), offset)
    }

    fn wide_between(&self, start: u32, end: u32) -> &[(u32, u8)] {
        let from = self.wide.partition_point(|&(at, _)| at < start);
        let to = self.wide.partition_point(|&(at, _)| at < end);
        self.wide.get(from..to).unwrap_or(&[])
    }

    /// Walks `columns` to the right from the start of a line (from 0).
    fn walk(&self, line: u32, columns: u32, units: impl Fn(u8) -> u32) -> Option<u32> {
        let start = *self.starts.get(line as usize)?;
        let end = self
            .starts
            .get(line as usize + 1)
            .map_or(self.len, |&next| next - 1);
        let mut at = start;
        let mut left = columns;
        for &(wide, bytes) in self.wide_between(start, end) {
            let narrow = wide - at;
            if left <= narrow {
                break;
            }
            left -= narrow;
            if left < units(bytes) {
                return Some(wide);
            }
            left -= units(bytes);
            at = wide + u32::from(bytes);
        }
        Some(at.saturating_add(left).min(end))
    }
}

/// UTF-16 units of a character of so many UTF-8 bytes.
fn utf16_units(bytes: u8) -> u32 {
    if bytes == 4 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> LineColumn {
        LineColumn { line, column }
    }

    #[test]
    fn counts_characters_from_one() {
        let index = LineIndex::new("é: 😀x\r\nb\n");
        assert_eq!(index.line_column(0), at(1, 1));
        assert_eq!(index.line_column(4), at(1, 4));
        assert_eq!(index.line_column(8), at(1, 5));
        assert_eq!(index.line_column(6), at(1, 4), "inside the emoji");
        assert_eq!(index.line_column(11), at(2, 1));
        assert_eq!(index.line_column(99), at(3, 1));
        assert_eq!(index.lines(), 3);
    }

    #[test]
    fn counts_utf16_from_zero() {
        let index = LineIndex::new("é: 😀x\r\nb");
        assert_eq!(index.utf16(8), Utf16Position { line: 0, column: 5 });
        assert_eq!(
            index.offset_utf16(Utf16Position { line: 0, column: 5 }),
            Some(8)
        );
        assert_eq!(
            index.offset_utf16(Utf16Position { line: 0, column: 4 }),
            Some(4)
        );
        assert_eq!(
            index.offset_utf16(Utf16Position { line: 7, column: 0 }),
            None
        );
    }

    #[test]
    fn every_offset_comes_back() {
        let text = "aé\n\r\n😀😀 b\rc\n\n€";
        let index = LineIndex::new(text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let offset = offset as u32;
            if text[offset as usize..].starts_with('\n') && offset == 4 {
                continue; // the LF of a CRLF is no column of its own
            }
            assert_eq!(
                index.offset(index.line_column(offset)),
                Some(offset),
                "{offset}"
            );
            assert_eq!(
                index.offset_utf16(index.utf16(offset)),
                Some(offset),
                "{offset}"
            );
        }
    }
}
