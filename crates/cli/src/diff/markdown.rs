//! A difference as a comment on a pull request: a short summary, the rest folded away, and never longer
//! than a comment may be.

use super::human::{calls, one_sided, sentence, side, sign, visibility, workloads, worst_first};
use super::view::{DiffView, MeshView};
use crate::check::word;
use meshscope::finding::{Finding, Severity};
use std::fmt::Write;

/// A comment on GitHub has at most 65,536 characters; GitLab takes more. This leaves room for those who
/// put a line around it.
const LONGEST: usize = 60_000;

/// How long one entry of a list gets.
const ENTRY: usize = 600;

/// How many added findings stand outside of the fold.
const SHOWN: usize = 10;

/// The comment. Its first line lets a bot find the one it wrote before.
pub fn render(view: &DiffView) -> String {
    let mut text = String::from("<!-- meshscope diff -->\n");
    let (base, head) = (side(&view.base), side(&view.head));
    let _ = write!(
        text,
        "### meshscope: {} → {}\n\n",
        plain(&base),
        plain(&head)
    );
    let _ = writeln!(text, "{}", plain(&sentence(view)));
    let mut added: Vec<&Finding> = view.findings.added.iter().collect();
    added.sort_by(worst_first);
    if !added.is_empty() {
        text.push('\n');
    }
    for finding in added.iter().take(SHOWN) {
        let _ = writeln!(text, "- {}", item(finding));
    }
    let rest: Vec<String> = added.iter().skip(SHOWN).map(|f| item(f)).collect();
    fold(&mut text, "More findings added", &rest);
    let fixed: Vec<String> = view.findings.fixed.iter().map(item).collect();
    fold(&mut text, "Findings fixed", &fixed);
    let several = view.meshes.len() > 1;
    for mesh in view.meshes.iter().filter(|mesh| !mesh.is_empty()) {
        let of = match several {
            true => format!(" in mesh {}", plain(&mesh.mesh)),
            false => String::new(),
        };
        if mesh.change != "changed" {
            append(
                &mut text,
                &format!("\nMesh {}{}\n", plain(&mesh.mesh), one_sided(mesh)),
            );
        }
        of_mesh(&mut text, mesh, &of);
    }
    text
}

fn of_mesh(text: &mut String, mesh: &MeshView, of: &str) {
    let block = |entries: Vec<String>| entries.iter().map(|e| fence(e)).collect::<Vec<_>>();
    fold(
        text,
        &format!("Calls that end otherwise{of}"),
        &block(calls(mesh)),
    );
    let seen = mesh.visibility.iter().map(visibility).collect();
    fold(text, &format!("Visibility{of}"), &block(seen));
    fold(
        text,
        &format!("Workloads touched{of}"),
        &block(workloads(mesh)),
    );
    let objects = mesh.objects.iter();
    let objects = objects.map(|o| format!("{} {}", sign(o.change), o.resource));
    let objects: Vec<String> = objects.collect();
    fold(
        text,
        &format!("Objects{of}"),
        &objects.iter().map(|o| code(o)).collect::<Vec<_>>(),
    );
    if !mesh.left_out.is_empty() {
        let left_out = plain(&mesh.left_out.join(", "));
        append(text, &format!("\nNot compared{of}: {left_out}\n"));
    }
}

/// Adds a piece if it fits; whether it did.
fn append(text: &mut String, piece: &str) -> bool {
    let fits = text.len() + piece.len() <= LONGEST;
    if fits {
        text.push_str(piece);
    }
    fits
}

/// A folded list; entries that do not fit are counted.
fn fold(text: &mut String, title: &str, entries: &[String]) {
    // The end of the fold, and the line that counts, must fit whatever happens.
    const RESERVE: usize = 200;
    if entries.is_empty() {
        return;
    }
    let head = format!(
        "\n<details><summary>{title} ({})</summary>\n\n",
        entries.len()
    );
    if text.len() + head.len() + RESERVE > LONGEST {
        append(
            text,
            &format!(
                "\n{title}: {}, see the output of `meshscope diff`\n",
                entries.len()
            ),
        );
        return;
    }
    text.push_str(&head);
    for (i, entry) in entries.iter().enumerate() {
        if text.len() + entry.len() + RESERVE > LONGEST {
            let _ = writeln!(
                text,
                "\nand {} more, see the output of `meshscope diff`",
                entries.len() - i
            );
            break;
        }
        let _ = writeln!(text, "- {entry}");
    }
    text.push_str("\n</details>\n");
}

fn item(finding: &Finding) -> String {
    let place = finding.location.as_ref();
    let place = place.map_or(String::new(), |at| {
        format!(" {}", code(&format!("{}:{}", at.file, at.range.start.line)))
    });
    let severity = match finding.severity {
        Severity::Error => "**error**",
        other => word(other),
    };
    let message = plain(&cut(&finding.message));
    format!("{severity} {}{place} {message}", code(&finding.rule))
}

/// A text of several lines as code under its first line.
fn fence(text: &str) -> String {
    let text = cut(text.trim_end());
    let mut lines = text.lines();
    let mut entry = code(lines.next().unwrap_or_default());
    let mut more = lines.peekable();
    if more.peek().is_some() {
        entry.push_str("\n  ````text");
        for line in more {
            let _ = write!(entry, "\n  {}", line.replace("````", "' ' ' '"));
        }
        entry.push_str("\n  ````");
    }
    entry
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(ENTRY) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A text as code in a line.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let ticks = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A text that Markdown takes as it is.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            // A name after an @ would be told of it, and a number after a # would become a link.
            '@' | '#' => {
                escaped.push_str(if c == '@' { "&#64;" } else { "&#35;" });
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_hold_stays_text() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(plain("<b> *.x @you #1"), "&lt;b&gt; \\*.x &#64;you &#35;1");
        assert!(!fence("a\n````\nb").contains("\n  ````\n  b"));
    }

    #[test]
    fn a_comment_is_never_too_long() {
        let mut text = String::new();
        let many = vec!["x".repeat(500); 1000];
        for title in ["one", "two", "three"] {
            fold(&mut text, title, &many);
        }
        assert!(text.len() <= LONGEST, "{}", text.len());
        assert!(text.contains("and 8"), "the rest is counted");
        assert_eq!(
            text.matches("<details>").count(),
            text.matches("</details>").count()
        );
    }
}
