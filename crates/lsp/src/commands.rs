//! Commands: questions that answer with a JSON value, so that any editor can show it.
//!
//! Each takes one object. `uri` names a document of the folder that is meant (default: the first
//! folder), `position` a place in it, `mesh` a mesh by name. What is written somewhere has a `location`.

use crate::features::{references, refusal};
use crate::pool::About;
use crate::world::{File, FolderView, World};
use meshscope::rules::registry;
use meshscope_ide::{self as ide, GraphFormat, RouteGraphRequest, TraceRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::{Position, Uri};

/// The commands.
pub const ALL: [&str; 7] = [
    "meshscope.meshes",
    "meshscope.callers",
    "meshscope.trace",
    "meshscope.blastRadius",
    "meshscope.routeGraph",
    "meshscope.explain",
    "meshscope.references",
];

/// What a command is asked with; each takes its part of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Arguments {
    uri: Option<Uri>,
    position: Option<Position>,
    mesh: Option<String>,
    /// `Kind NAMESPACE/NAME`.
    resource: Option<String>,
    from: Option<String>,
    url: Option<String>,
    method: Option<String>,
    headers: Map<String, Value>,
    namespace: Option<String>,
    host: Option<String>,
    format: Format,
    rule: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Format {
    #[default]
    Json,
    Dot,
    Mermaid,
    Html,
}

/// A command that was understood.
pub struct Asked {
    name: String,
    arguments: Arguments,
}

impl Asked {
    /// Reads a command.
    ///
    /// # Errors
    /// When there is no such command, or its argument cannot be read.
    pub fn read(name: &str, arguments: Vec<Value>) -> Result<Asked> {
        if !ALL.contains(&name) {
            return Err(Error::invalid_params(format!("there is no command {name}")));
        }
        let argument = arguments
            .into_iter()
            .next()
            .filter(|value| !value.is_null());
        let read = argument.map(serde_json::from_value).transpose();
        let read = read.map_err(|error| Error::invalid_params(format!("{name}: {error}")))?;
        Ok(Asked {
            name: name.to_owned(),
            arguments: read.unwrap_or_default(),
        })
    }

    /// What it is about.
    pub fn about(&self) -> About {
        match (&self.arguments.uri, self.arguments.position) {
            (Some(uri), Some(_)) => About::Position(uri.clone()),
            (Some(uri), None) => About::Document(uri.clone()),
            (None, _) => About::Everything,
        }
    }

    /// The answer.
    ///
    /// # Errors
    /// When it cannot be given; the reason is for people.
    pub fn answer(&self, world: &World) -> Result<Option<Value>> {
        let arguments = &self.arguments;
        if self.name == "meshscope.explain" {
            return explain(arguments).map(Some);
        }
        let file = arguments.uri.as_ref().and_then(|uri| world.file(uri));
        let folder = file.as_ref().map(|file| file.folder);
        let first = world.folders.iter().find(|folder| folder.root.is_some());
        let Some(folder) = folder.or(first).or(world.folders.first()) else {
            return Err(refusal("no folder is open"));
        };
        let value = match self.name.as_str() {
            "meshscope.meshes" => {
                let path = file.as_ref().map_or("", |file| file.path.as_str());
                value(ide::meshes(&folder.workspace, path))
            }
            "meshscope.callers" => callers(folder, file.as_ref(), arguments),
            "meshscope.trace" => trace(folder, arguments)?,
            "meshscope.blastRadius" => blast_radius(folder, file.as_ref(), arguments)?,
            "meshscope.references" => named(file.as_ref(), arguments),
            _ => return route_graph(folder, arguments).map(Some),
        };
        Ok(Some(located(world, folder, value)))
    }
}

fn value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

fn offset(file: &File<'_>, arguments: &Arguments) -> Option<usize> {
    Some(file.lines.offset(arguments.position?))
}

fn callers(folder: &FolderView, file: Option<&File<'_>>, arguments: &Arguments) -> Value {
    let (path, offset) = match file {
        Some(file) => (
            file.path.as_str(),
            offset(file, arguments).unwrap_or_default(),
        ),
        None => ("", 0),
    };
    value(ide::callers(&folder.workspace, path, offset))
}

fn trace(folder: &FolderView, arguments: &Arguments) -> Result<Value> {
    let (Some(from), Some(url)) = (&arguments.from, &arguments.url) else {
        return Err(Error::invalid_params("a trace needs `from` and `url`"));
    };
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let headers = arguments.headers.iter();
    let request = TraceRequest {
        mesh: arguments.mesh.clone(),
        from: from.clone(),
        url: url.clone(),
        method: arguments.method.clone(),
        headers: headers
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
    };
    let answer = ide::trace(&folder.workspace, &request).map_err(refusal)?;
    Ok(value(answer))
}

/// With a resource its one answer, with a position one per mesh.
fn blast_radius(
    folder: &FolderView,
    file: Option<&File<'_>>,
    arguments: &Arguments,
) -> Result<Value> {
    if let Some(resource) = &arguments.resource {
        let mesh = arguments.mesh.as_deref();
        let impact = ide::blast_radius_of(&folder.workspace, mesh, resource).map_err(refusal)?;
        return Ok(value(impact));
    }
    let Some((file, offset)) = file.and_then(|file| Some((file, offset(file, arguments)?))) else {
        let needs = "a blast radius needs `resource`, or `uri` and `position`";
        return Err(Error::invalid_params(needs));
    };
    Ok(value(ide::blast_radius(
        file.workspace(),
        &file.path,
        offset,
    )))
}

fn named(file: Option<&File<'_>>, arguments: &Arguments) -> Value {
    let at = file.and_then(|file| Some((file, offset(file, arguments)?)));
    let found = at.and_then(|(file, offset)| references(file, offset, false));
    value(found.unwrap_or_default())
}

fn route_graph(folder: &FolderView, arguments: &Arguments) -> Result<Value> {
    let request = RouteGraphRequest {
        mesh: arguments.mesh.clone(),
        namespace: arguments.namespace.clone(),
        host: arguments.host.clone(),
        format: match arguments.format {
            Format::Json => GraphFormat::Json,
            Format::Dot => GraphFormat::Dot,
            Format::Mermaid => GraphFormat::Mermaid,
            Format::Html => GraphFormat::Html,
        },
    };
    let text = ide::route_graph(&folder.workspace, &request).map_err(refusal)?;
    Ok(match arguments.format {
        Format::Json => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        _ => Value::String(text),
    })
}

fn explain(arguments: &Arguments) -> Result<Value> {
    let Some(name) = &arguments.rule else {
        return Err(Error::invalid_params("an explanation needs `rule`"));
    };
    let Some(rule) = registry::find(name) else {
        return Err(refusal(format!("there is no rule {name}")));
    };
    Ok(json!({
        "rule": rule.name,
        "group": rule.group.name(),
        "summary": rule.summary,
        "equivalents": rule.equivalents,
        "page": rule.page,
    }))
}

/// The answer with places as the client names them: `place` becomes `location`.
fn located(world: &World, folder: &FolderView, value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let items = items.into_iter().map(|item| located(world, folder, item));
            Value::Array(items.collect())
        }
        Value::Object(map) => {
            let entries = map.into_iter().filter_map(|(key, inner)| {
                if key != "place" {
                    return Some((key, located(world, folder, inner)));
                }
                let place: ide::Place = serde_json::from_value(inner).ok()?;
                let location = world.location(folder, &place.path, &place.range)?;
                Some(("location".to_owned(), self::value(location)))
            });
            Value::Object(entries.collect())
        }
        other => other,
    }
}
