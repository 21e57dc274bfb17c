//! Reads a document with saphyr-parser's events. Owns everything saphyr does otherwise
//! than this crate promises: characters for bytes, missing positions, and the few texts
//! go-yaml reads differently. Must not know the fast scanner or recovery.

mod positions;
mod refused;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use self::positions::{is_unfinished, name_end, quoted_end};
use crate::marks::Marks;
use crate::read::Parsed;
use crate::tree::{Builder, Kind, Text};
use crate::{ErrorKind, Limits, Span, Style, SyntaxError, comments, explain};

/// Unknown aliases that are read past; more are a fatal fault.
const MAX_UNKNOWN: usize = 16;

/// Reads one document; positions are bytes of `text`.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Parsed, SyntaxError> {
    // saphyr has no way past an unknown alias, so its name is made a scalar and the
    // document read again.
    let mut patched: Option<String> = None;
    let mut unknown = Vec::new();
    loop {
        let source = patched.as_deref().unwrap_or(text);
        let reader = Reader::new(source, text, limits, &unknown);
        // saphyr has been seen to panic on hostile texts; one text must not end a run.
        let result = catch_unwind(AssertUnwindSafe(|| reader.run()));
        let error = match result {
            Ok(Ok(parsed)) => return Ok(parsed),
            Ok(Err(Stop::Fault(error))) => return Err(error),
            Ok(Err(Stop::Scan(error))) => error,
            Err(_) => {
                let whole = Span::new(0, text.len() as u32);
                let message = "the YAML reader failed here; this is a bug in meshscope";
                return Err(SyntaxError::new(ErrorKind::Internal, whole, message));
            }
        };
        let at = Marks::new(text).byte(error.marker().index());
        let alias = Span::new(at, name_end(text, at as usize + 1) as u32);
        let is_unknown = error.info().contains("unknown anchor") && alias.len() > 1;
        if !is_unknown || unknown.len() >= MAX_UNKNOWN {
            return Err(explain::scan_error(text, at, error.info()));
        }
        unknown.push(alias);
        let mut bytes = source.as_bytes().to_vec();
        bytes[alias.range()].fill(b'x');
        match String::from_utf8(bytes) {
            Ok(text) => patched = Some(text),
            Err(_) => return Err(explain::scan_error(text, at, error.info())),
        }
    }
}

/// Why reading ended early.
enum Stop {
    Scan(ScanError),
    Fault(SyntaxError),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Self::Fault(error)
    }
}

struct Reader<'t> {
    /// What saphyr reads: `text`, or a copy with unknown aliases replaced.
    source: &'t str,
    text: &'t str,
    bytes: &'t [u8],
    marks: Marks,
    builder: Builder,
    anchors: HashMap<usize, u32>,
    unknown: &'t [Span],
    /// End of the last thing that is not blank: what saphyr leaves out is searched
    /// from here.
    cursor: usize,
    errors: Vec<SyntaxError>,
    /// The mapping whose end comes next is no mapping after all.
    collapsed: bool,
}

impl<'t> Reader<'t> {
    fn new(source: &'t str, text: &'t str, limits: &Limits, unknown: &'t [Span]) -> Self {
        Self {
            source,
            text,
            bytes: text.as_bytes(),
            marks: Marks::new(source),
            builder: Builder::new(text.len(), *limits),
            anchors: HashMap::new(),
            unknown,
            cursor: 0,
            errors: Vec::new(),
            collapsed: false,
        }
    }

    fn run(mut self) -> Result<Parsed, Stop> {
        let mut parser = Parser::new_from_str(self.source);
        // The root of a document without content is an empty scalar; it is no node.
        let mut depth = 0usize;
        while let Some(event) = parser.next_event() {
            let (event, span) = event?;
            let start = self.marks.byte(span.start.index()) as usize;
            match event {
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                Event::Alias(anchor) => {
                    let end = self.marks.byte(span.end.index()) as usize;
                    self.alias(start, end, anchor);
                }
                Event::Scalar(value, style, anchor, tag) => {
                    let empty_root = depth == 0 && value.is_empty() && style == ScalarStyle::Plain;
                    if empty_root && anchor == 0 && tag.is_none() {
                        continue;
                    }
                    let end = self.marks.byte(span.end.index()) as usize;
                    let bytes = self.bytes.get(start..end).unwrap_or(&[]);
                    let in_brackets = matches!(self.builder.inside(), Some((_, Style::Flow)));
                    if let Some(error) = refused::fault(bytes, start, style, in_brackets) {
                        return Err(error.into());
                    }
                    self.scalar(start, end, &value, style, anchor, tag.as_deref());
                }
                Event::SequenceStart(anchor, tag) => {
                    depth += 1;
                    self.open(
                        Kind::Sequence,
                        start,
                        span.is_empty(),
                        anchor,
                        tag.as_deref(),
                    )?;
                }
                Event::MappingStart(anchor, tag) => {
                    depth += 1;
                    self.open(
                        Kind::Mapping,
                        start,
                        span.is_empty(),
                        anchor,
                        tag.as_deref(),
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd if self.collapsed => {
                    depth = depth.saturating_sub(1);
                    self.collapsed = false;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    depth = depth.saturating_sub(1);
                    self.close(start);
                }
            }
        }
        let comments = comments::find(self.text, &self.builder.tree.nodes);
        Ok(Parsed {
            tree: self.builder.tree,
            comments,
            errors: self.errors,
        })
    }

    fn open(
        &mut self,
        kind: Kind,
        start: usize,
        empty: bool,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), SyntaxError> {
        let mut at = start;
        if anchor > 0 || tag.is_some() {
            at = self.after_properties(start);
        }
        // What has no brackets of its own begins with an empty event, though perhaps before
        // a bracket: `- [a]`, `[a]: 1`, and the mapping of `[a: 1]`.
        let bracket = !empty && matches!(self.bytes.get(at), Some(b'[' | b'{'));
        let pair = kind == Kind::Mapping
            && matches!(self.builder.inside(), Some((Kind::Sequence, Style::Flow)))
            && !bracket;
        let style = if bracket || pair {
            Style::Flow
        } else {
            Style::Block
        };
        if kind == Kind::Sequence
            && !bracket
            && let Some((Kind::Mapping, Style::Block)) = self.builder.inside()
        {
            // For a list that stands as far left as its key saphyr tells where its first
            // item is.
            at = self.first_dash(at);
        }
        let id = self.builder.open(kind, style, at as u32)?;
        if pair {
            self.builder.set_pair();
        }
        self.properties(id, anchor, tag);
        self.cursor = self.cursor.max(at + usize::from(bracket));
        Ok(())
    }

    fn close(&mut self, start: usize) {
        let flow = matches!(self.builder.inside(), Some((_, Style::Flow)));
        let mut end = self.cursor;
        if flow && !self.builder.is_pair() {
            // After a comma without an entry saphyr tells where the comma is.
            end = self.skip_blank(start);
            if self.bytes.get(end) == Some(&b',') {
                end = self.skip_blank(end + 1);
            }
            end += 1;
        }
        self.builder.close(end as u32);
        self.cursor = self.cursor.max(end);
    }

    fn alias(&mut self, start: usize, end: usize, anchor: usize) {
        let target = self.anchors.get(&anchor).copied();
        let id = self.builder.alias((start as u32, end as u32), target);
        if self.builder.tree.nodes[id as usize].flags & crate::tree::DANGLING != 0 {
            let span = Span::new(start as u32, end as u32);
            let message = "an alias inside what it stands for";
            self.errors
                .push(SyntaxError::new(ErrorKind::CyclicAlias, span, message));
        }
        self.cursor = end;
    }

    fn scalar(
        &mut self,
        start: usize,
        end: usize,
        value: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) {
        let mut start = start;
        let bare = anchor == 0 && tag.is_none();
        if !bare {
            start = self.after_properties(start);
        }
        let (span, text, style) = match style {
            ScalarStyle::Plain if value.is_empty() => {
                if bare && self.is_word_with_colon() {
                    return;
                }
                let at = if bare { self.empty_at(start) } else { end };
                self.cursor = at;
                let at = at as u32;
                ((at, at), Text::Range(at, at), Style::Plain)
            }
            ScalarStyle::Plain => {
                if let Some(alias) = self.unknown.iter().find(|u| u.start as usize == start) {
                    self.unknown_alias(*alias);
                    return;
                }
                self.cursor = end;
                (
                    (start as u32, end as u32),
                    self.text(start, end, value),
                    Style::Plain,
                )
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let end = quoted_end(self.bytes, start);
                self.cursor = end;
                let style = match style {
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    _ => Style::DoubleQuoted,
                };
                let text = self.text(start + 1, end.saturating_sub(1), value);
                ((start as u32, end as u32), text, style)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = self.block_header(start);
                let body = end;
                let end = comments::block_end(self.bytes, header, body);
                self.cursor = body.max(end);
                let style = if style == ScalarStyle::Literal {
                    Style::Literal
                } else {
                    Style::Folded
                };
                // Without a line break at the end of the text go-yaml adds none.
                let value = if body >= self.bytes.len() && is_unfinished(self.bytes, header) {
                    value.strip_suffix('\n').unwrap_or(value)
                } else {
                    value
                };
                let from = if value.is_empty() {
                    end
                } else {
                    start.max(header)
                };
                (
                    (header as u32, end as u32),
                    self.text(from, from + value.len(), value),
                    style,
                )
            }
        };
        let id = self.builder.scalar(span, text, style);
        self.properties(id, anchor, tag);
    }

    /// The text of a scalar: by range where the source says the same.
    fn text(&self, start: usize, end: usize, value: &str) -> Text {
        if self.bytes.get(start..end) == Some(value.as_bytes()) {
            Text::Range(start as u32, end as u32)
        } else {
            Text::Owned(value.into())
        }
    }

    fn properties(&mut self, id: u32, anchor: usize, tag: Option<&Tag>) {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        if let Some(tag) = tag {
            let text = if tag.handle.is_empty() && tag.suffix == "!" {
                "!".to_owned()
            } else {
                format!("{}{}", tag.handle, tag.suffix)
            };
            self.builder.tag(id, text.into());
        }
    }

    fn unknown_alias(&mut self, span: Span) {
        self.builder.alias((span.start, span.end), None);
        self.cursor = span.end as usize;
        let name = Span::new(span.start + 1, span.end).slice(self.text);
        let kind = ErrorKind::UnknownAlias { name: name.into() };
        let message = format!("nothing before this is named `&{name}`");
        self.errors.push(SyntaxError::new(kind, span, message));
    }

    /// `[001:db8::]`: saphyr follows YAML 1.2 and takes the last colon for the end of a
    /// key; go-yaml wants a blank after such a colon and reads a word. So does this.
    fn is_word_with_colon(&mut self) -> bool {
        if !self.builder.expects_value() {
            return false;
        }
        let Some(key) = self.builder.tree.nodes.last_mut() else {
            return false;
        };
        let end = key.end as usize;
        let touching = self.bytes.get(end) == Some(&b':')
            && matches!(self.bytes.get(end + 1), Some(b',' | b']' | b'}'));
        if key.kind != Kind::Scalar
            || key.style != Style::Plain
            || !touching
            || key.start == key.end
        {
            return false;
        }
        key.end += 1;
        if key.flags & crate::tree::OWNED == 0 {
            key.b += 1;
        } else if let Some(text) = self.builder.tree.owned.last_mut() {
            *text = format!("{text}:").into();
        }
        self.cursor = end + 1;
        if self.builder.is_pair() {
            self.builder.collapse_to_key();
            self.collapsed = true;
            return true;
        }
        false
    }
}
