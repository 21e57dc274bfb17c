//! From arguments to calls: one of the command line, many of a file.

use super::CallArgs;
use crate::output::Failure;
use camino::Utf8Path;
use clap::Parser;
use meshscope::Who;
use meshscope::engine::trace::Call;
use meshscope::manifest::Str;
use std::io::Read;

/// A call and where it starts.
pub struct Question {
    /// Who calls.
    pub from: Who,
    /// What.
    pub call: Call,
}

/// A line of a file of calls.
#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    call: CallArgs,
}

/// The call of the command line.
pub fn one(args: &CallArgs) -> Result<Question, Failure> {
    let said = |text: &str| Failure::Said(text.into());
    let from = args.from.clone();
    let from =
        from.ok_or_else(|| said("say who calls with --from, for example --from shop/cart"))?;
    let url = args.call.as_deref();
    let url = url.ok_or_else(|| said("say what is called, for example https://httpbin.org/get"))?;
    let mut call = Call::from_url(url)?;
    if args.mtls {
        call.mtls = true;
        call.sni = Str::default();
    }
    if let Some(sni) = &args.sni {
        call.sni = sni.into();
    }
    if let Some(method) = &args.method {
        call.method = method.into();
    }
    call.source_ip = args.source_ip.as_ref().map(Str::new);
    for header in &args.header {
        let parts = header.split_once(':');
        let (name, value) =
            parts.ok_or_else(|| said(&format!("{header:?} is no header: write NAME:VALUE")))?;
        call.headers.push((name.trim().into(), value.trim().into()));
    }
    Ok(Question { from, call })
}

/// The calls of a file; what a line leaves out is taken from the command line.
pub fn of_file(file: &Utf8Path, defaults: &CallArgs) -> Result<Vec<Question>, Failure> {
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(|e| Failure::Said(format!("{file}: {e}")))?
    };
    let mut questions = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = words(line);
        if words.is_empty() {
            continue;
        }
        let wrong = |why: &str| Failure::Said(format!("{file}:{}: {why}", number + 1));
        let parsed = Line::try_parse_from(words).map_err(|e| {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default();
            wrong(first.trim_start_matches("error: "))
        })?;
        let mut call = parsed.call;
        call.from = call.from.or_else(|| defaults.from.clone());
        call.method = call.method.or_else(|| defaults.method.clone());
        call.source_ip = call.source_ip.or_else(|| defaults.source_ip.clone());
        call.mtls |= defaults.mtls;
        questions.push(match one(&call) {
            Err(Failure::Said(why)) => return Err(wrong(&why)),
            other => other?,
        });
    }
    Ok(questions)
}

/// The words of a line as a shell splits them: quotes hold together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn lines_are_split_like_a_shell_does() {
        assert_eq!(words("a  --header 'x: 1' # no"), ["a", "--header", "x: 1"]);
        assert_eq!(words("http://x/#y \"\""), ["http://x/#y", ""]);
        assert!(words("  # only a comment").is_empty());
    }
}
