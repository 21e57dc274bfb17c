//! The documents that are open: their texts, and how edits change them.
//!
//! It must not know files, meshes or the client.

use crate::positions::{Encoding, Lines};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use tower_lsp::ls_types::{TextDocumentContentChangeEvent, Uri};

/// An open document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name, as the client spells it.
    pub uri: Uri,
    /// The version the client gave it.
    pub version: i32,
    /// Its language, as the client names it.
    pub language: String,
    /// Its text.
    pub text: Arc<str>,
    /// The line that is typed in, 1-based as the engine counts; none before the first edit and after saving.
    pub line: Option<u32>,
}

/// Bytes that were replaced, and the end of what replaced them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it starts.
    pub start: usize,
    /// Where the bytes ended that were replaced.
    pub old_end: usize,
    /// Where what replaced them ends.
    pub new_end: usize,
}

impl Edit {
    /// Where some bytes are after the edit; `None` when part of them is gone.
    pub fn moved(&self, bytes: &Range<usize>) -> Option<Range<usize>> {
        let shift = |at: usize| at + self.new_end - self.old_end;
        if bytes.end <= self.start {
            Some(bytes.clone())
        } else if bytes.start >= self.old_end {
            Some(shift(bytes.start)..shift(bytes.end))
        } else if bytes.start <= self.start && self.old_end <= bytes.end {
            Some(bytes.start..shift(bytes.end))
        } else {
            None
        }
    }
}

impl Document {
    /// Applies changes in order; the edits they are.
    pub fn apply(
        &mut self,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Vec<Edit> {
        // A change that comes late says nothing of the text as it is now.
        if version < self.version {
            return Vec::new();
        }
        self.version = version;
        let mut edits = Vec::with_capacity(changes.len());
        for change in changes {
            let edit = match change.range {
                Some(range) => {
                    self.replace(Lines::new(&self.text, encoding).bytes(range), &change.text)
                }
                None => self.replace_all(&change.text),
            };
            edits.push(edit);
        }
        if let Some(last) = edits.last() {
            let before = &self.text.as_bytes()[..last.new_end];
            let line = before.iter().filter(|&&byte| byte == b'\n').count();
            self.line = u32::try_from(line + 1).ok();
        }
        edits
    }

    fn replace(&mut self, bytes: Range<usize>, new: &str) -> Edit {
        let mut text = String::with_capacity(self.text.len() - bytes.len() + new.len());
        text.push_str(&self.text[..bytes.start]);
        text.push_str(new);
        text.push_str(&self.text[bytes.end..]);
        self.text = text.into();
        Edit {
            start: bytes.start,
            old_end: bytes.end,
            new_end: bytes.start + new.len(),
        }
    }

    /// Another text; the edit is what differs between its beginning and end.
    fn replace_all(&mut self, new: &str) -> Edit {
        let (old, fresh) = (self.text.as_bytes(), new.as_bytes());
        let same = |a: &mut dyn Iterator<Item = (&u8, &u8)>| a.take_while(|(a, b)| a == b).count();
        let start = same(&mut old.iter().zip(fresh));
        let rest = (&old[start..], &fresh[start..]);
        let tail = same(&mut rest.0.iter().rev().zip(rest.1.iter().rev()));
        let edit = Edit {
            start,
            old_end: old.len() - tail,
            new_end: fresh.len() - tail,
        };
        self.text = new.into();
        edit
    }
}

/// The open documents by the name the client gave them.
pub type Documents = BTreeMap<Uri, Document>;

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp::ls_types::{Position, Range as LspRange};

    fn document(text: &str) -> Document {
        Document {
            uri: "file:///a.yaml".parse().unwrap(),
            version: 1,
            language: "yaml".into(),
            text: text.into(),
            line: None,
        }
    }

    fn change(at: Option<[u32; 4]>, text: &str) -> TextDocumentContentChangeEvent {
        let range = at.map(|[a, b, c, d]| LspRange::new(Position::new(a, b), Position::new(c, d)));
        TextDocumentContentChangeEvent {
            range,
            range_length: None,
            text: text.into(),
        }
    }

    #[test]
    fn changes_apply_in_order_each_on_the_text_before() {
        let mut document = document("a: 😀\r\nb: 漢\r\n");
        let changes = vec![
            change(Some([0, 5, 0, 5]), "!"),
            change(Some([1, 3, 1, 4]), "x\r\nc: y"),
            change(Some([2, 4, 3, 0]), ""),
        ];
        document.apply(2, changes, Encoding::Utf16);
        assert_eq!(&*document.text, "a: 😀!\r\nb: x\r\nc: y");
        assert_eq!((document.version, document.line), (2, Some(3)));
    }

    #[test]
    fn a_late_version_changes_nothing() {
        let mut document = document("a");
        assert!(
            document
                .apply(0, vec![change(None, "b")], Encoding::Utf16)
                .is_empty()
        );
        assert_eq!(&*document.text, "a");
    }

    #[test]
    fn a_whole_new_text_is_an_edit_of_what_differs() {
        let mut document = document("one: 1\ntwo: 2\nthree: 3\n");
        let edits = document.apply(
            2,
            vec![change(None, "one: 1\ntwo: 22\nthree: 3\n")],
            Encoding::Utf8,
        );
        assert_eq!(
            edits,
            [Edit {
                start: 13,
                old_end: 13,
                new_end: 14
            }]
        );
        assert_eq!(edits[0].moved(&(0..6)), Some(0..6));
        assert_eq!(edits[0].moved(&(14..19)), Some(15..20));
    }

    #[test]
    fn bytes_move_with_edits_and_go_with_them() {
        let edit = Edit {
            start: 4,
            old_end: 6,
            new_end: 9,
        };
        assert_eq!(edit.moved(&(0..4)), Some(0..4));
        assert_eq!(edit.moved(&(6..8)), Some(9..11));
        assert_eq!(edit.moved(&(2..8)), Some(2..11));
        assert_eq!(edit.moved(&(5..8)), None);
        assert_eq!(edit.moved(&(2..5)), None);
    }
}
