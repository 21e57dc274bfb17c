//! `meshscope trace`: what happens to a call, hop by hop, with what decided each step.

mod ask;
mod human;
mod view;

pub use view::TraceView;

pub use human::sees;

use crate::args::{Cli, ListFormat};
use crate::output::{Failure, print, print_answer};
use crate::reason::Reasons;
use camino::Utf8PathBuf;
use clap::Args;
use meshscope::Who;
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The call
    #[command(flatten)]
    pub call: CallArgs,
    /// Trace every call of a file, one a line, written as on the command line: `--from` may be left
    /// out where it is given here; `#` begins a comment; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "call")]
    pub calls: Option<Utf8PathBuf>,
    /// How to show the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// One call and where it starts.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// Who calls: workload:NS/NAME, gateway:NS/NAME (a call from outside that arrives there) or
    /// NS/NAME
    #[arg(long, value_name = "WHO")]
    pub from: Option<Who>,
    /// The call as a URL: `https://httpbin.org/get`, tcp://10.0.0.1:31400, tls://db.example.com:5432
    #[arg(value_name = "CALL")]
    pub call: Option<String>,
    /// The server name in the TLS handshake; default: the host
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,
    /// A header; may be given several times
    #[arg(long, value_name = "K:V")]
    pub header: Vec<String>,
    /// The HTTP method
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// The caller's IP, where policies ask for it
    #[arg(long, value_name = "IP")]
    pub source_ip: Option<String>,
    /// The caller speaks Istio mutual TLS itself
    #[arg(long)]
    pub mtls: bool,
}

/// What happens to many calls.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Several {
    traces: Vec<TraceView>,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &TraceArgs) -> Result<ExitCode, Failure> {
    // Before anything is read: what cannot be asked is said at once.
    let asked = match &args.calls {
        Some(file) => ask::of_file(file, &args.call)?,
        None => vec![ask::one(&args.call)?],
    };
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let reasons = Reasons::new(mesh);
    let mut traces = Vec::new();
    for question in &asked {
        traces.push(view::of(mesh, &reasons, question)?);
    }
    match (args.format, &args.calls) {
        (ListFormat::Human, _) => {
            let texts: Vec<String> = traces.iter().map(human::render).collect();
            print(&texts.join("\n"))?;
        }
        (ListFormat::Json, Some(_)) => print_answer(&Several { traces })?,
        (ListFormat::Json, None) => {
            for trace in &traces {
                print_answer(trace)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
