//! Reads a document with saphyr-parser's events. Owns everything saphyr does otherwise
//! than this crate promises: characters for bytes, missing positions, and the few texts
//! go-yaml reads differently. Must not know the fast scanner or recovery.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use memchr::{memchr, memchr2};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

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
                    self.refused_by_go(start, end, style)?;
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
        let end = if flow && !self.builder.is_pair() {
            start + 1
        } else {
            self.cursor
        };
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

    /// Scalars that saphyr reads and go-yaml, and so kubectl, refuses.
    fn refused_by_go(&self, start: usize, end: usize, style: ScalarStyle) -> Result<(), Stop> {
        let fault = |at: usize, message| {
            let span = Span::new(at as u32, at as u32 + 1);
            Err(Stop::Fault(SyntaxError::new(
                ErrorKind::Syntax,
                span,
                message,
            )))
        };
        let bytes = self.bytes.get(start..end).unwrap_or(&[]);
        let in_brackets = matches!(self.builder.inside(), Some((_, Style::Flow)));
        if style == ScalarStyle::Plain && in_brackets {
            if bytes.len() > 1 && bytes[0] == b':' {
                return fault(
                    start,
                    "inside of brackets a word that begins with `:` needs quotes",
                );
            }
            if let Some(at) = memchr(b'?', bytes) {
                return fault(
                    start + at,
                    "inside of brackets a word with `?` needs quotes",
                );
            }
        }
        if style == ScalarStyle::DoubleQuoted {
            let mut at = 0;
            while let Some(found) = memchr(b'\\', bytes.get(at..).unwrap_or(&[])) {
                at += found + 2;
                if bytes.get(at - 1) == Some(&b'/') {
                    return fault(
                        start + at - 2,
                        "`\\/` is an escape in JSON, not to Kubernetes",
                    );
                }
            }
        }
        Ok(())
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

    /// Where an empty node is: after the `:` or `-` it belongs to.
    fn empty_at(&self, mark: usize) -> usize {
        match self.builder.inside() {
            Some((Kind::Mapping, _)) if self.builder.expects_value() => {
                let colon = self.skip_blank(self.cursor);
                if self.bytes.get(colon) == Some(&b':') {
                    colon + 1
                } else {
                    self.cursor
                }
            }
            Some((Kind::Sequence, Style::Block)) => {
                let dash = self.skip_blank(self.cursor);
                if self.bytes.get(dash) == Some(&b'-') {
                    dash + 1
                } else {
                    mark
                }
            }
            _ => mark,
        }
    }

    /// Past blanks, line ends and comments.
    fn skip_blank(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.bytes.get(at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                Some(b'#') => at = comments::end_of_line(self.bytes, at),
                _ => return at,
            }
        }
    }

    /// Past anchors and tags and the blanks after them.
    fn after_properties(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(b'&' | b'!') = self.bytes.get(at) {
            at = self.skip_blank(name_end(self.text, at + 1));
        }
        at
    }

    /// The first `-` of a list that is the value of what came last.
    fn first_dash(&self, mark: usize) -> usize {
        let mut at = self.cursor;
        loop {
            at = self.after_properties(self.skip_blank(at));
            match self.bytes.get(at) {
                Some(b':' | b'?') => at += 1,
                Some(b'-') => return at,
                _ => return mark,
            }
        }
    }

    /// The `|` or `>` of a block scalar whose content, or header, is at `mark`.
    fn block_header(&self, mark: usize) -> usize {
        let mut at = self.cursor;
        loop {
            at = self.after_properties(self.skip_blank(at));
            match self.bytes.get(at) {
                Some(b'|' | b'>') => return at,
                Some(b':' | b'-' | b'?') => at += 1,
                // A directive.
                Some(b'%') => at = comments::end_of_line(self.bytes, at),
                _ => return mark,
            }
        }
    }
}

/// The end of an anchor's or alias's name, or of a tag.
fn name_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or("");
    let verbatim = rest.starts_with('<').then(|| rest.find('>')).flatten();
    let end = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
    from + verbatim.map_or_else(|| rest.find(end).unwrap_or(rest.len()), |i| i + 1)
}

/// One past the closing quote of the quoted scalar at `start`.
fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let Some(&quote) = bytes.get(start) else {
        return start;
    };
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(quote, b'\\', rest)) {
        at += found;
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\\' => at += 1,
            _ if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            _ => return at + 1,
        }
    }
    bytes.len()
}

/// Whether the last line of the block scalar at `header`, which ends the text, has no line
/// break though its indentation is that of the scalar: saphyr adds one then.
fn is_unfinished(bytes: &[u8], header: usize) -> bool {
    let blank = |line: &[u8]| line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'));
    let body = &bytes[comments::end_of_line(bytes, header)..];
    let mut lines = body.split(|b| *b == b'\n');
    let last = lines.next_back().unwrap_or(body);
    let first = lines.find(|l| !blank(l)).unwrap_or(last);
    let indent = first.iter().take_while(|b| **b == b' ').count();
    !last.is_empty() && (!blank(last) || last.len() >= indent)
}
