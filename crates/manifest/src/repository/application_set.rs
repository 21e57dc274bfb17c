//! Argo CD ApplicationSets: the Applications that their generators make, as far as files tell.
//!
//! `list` and the directories and files of `git` are known here; clusters, pull requests and other outside
//! sources are not, and what they would fill in stays a placeholder. It must not know roots.

use super::facts::{Application, application};
use crate::value::{Str, Value};

/// Applications one set may make; what comes after is left out.
const MAX_APPLICATIONS: usize = 1_000;

/// Generators inside each other, at most.
const MAX_DEPTH: usize = 4;

/// An ApplicationSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationSet {
    /// Its name.
    pub name: Str,
    /// `spec.generators`.
    pub generators: Value,
    /// `spec.template`.
    pub template: Value,
}

/// What one run of the generators gives: names, as they are written between braces, and texts.
type Parameters = Vec<(String, Str)>;

impl ApplicationSet {
    /// The Applications, given the directories and files of the repository.
    pub fn applications(&self, directories: &[&str], files: &[&str]) -> Vec<Application> {
        let repository = Known { directories, files };
        let sets = generated(self.generators.as_list(), &repository, 0);
        let made = sets.into_iter().take(MAX_APPLICATIONS).map(|parameters| {
            let mut document = self.template.clone();
            fill(&mut document, &parameters);
            let mut app = application(&document, document.get("spec"));
            app.name.clone_from(&self.name);
            if super::is_unknown(&app.cluster) {
                app.cluster = Str::default();
            }
            app
        });
        made.collect()
    }
}

/// The paths generators look at.
struct Known<'a> {
    directories: &'a [&'a str],
    files: &'a [&'a str],
}

fn generated(generators: &[Value], known: &Known<'_>, depth: usize) -> Vec<Parameters> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let mut all = Vec::new();
    for generator in generators {
        all.extend(one(generator, known, depth));
        all.truncate(MAX_APPLICATIONS);
    }
    all
}

fn one(generator: &Value, known: &Known<'_>, depth: usize) -> Vec<Parameters> {
    let inner = |kind: &str| generator.get(kind).list("generators");
    if let Some(list) = generator.field("list") {
        let elements = list.list("elements").iter();
        return elements.map(|e| flat(e, "")).collect();
    }
    if let Some(git) = generator.field("git") {
        return of_git(git, known);
    }
    if generator.field("matrix").is_some() {
        let mut product = vec![Parameters::new()];
        for factor in inner("matrix") {
            let factor = generated(std::slice::from_ref(factor), known, depth + 1);
            let pairs = product.iter().flat_map(|left| {
                factor.iter().map(move |right| {
                    let both = left.iter().chain(right);
                    both.cloned().collect()
                })
            });
            product = pairs.take(MAX_APPLICATIONS).collect();
        }
        return product;
    }
    if generator.field("merge").is_some() {
        // The first generator says which there are; what others would put over it stays open.
        return generated(
            inner("merge").get(..1).unwrap_or_default(),
            known,
            depth + 1,
        );
    }
    // What comes from elsewhere: there is at least the template.
    vec![Parameters::new()]
}

fn of_git(git: &Value, known: &Known<'_>) -> Vec<Parameters> {
    let of = |field: &str, exclude: bool| {
        let entries = git.list(field).iter();
        let wanted = entries.filter(move |e| (e.bool("exclude") == Some(true)) == exclude);
        let paths = wanted.map(|e| e.str_or_empty("path"));
        paths
            .map(|path| super::facts::normal(&path))
            .collect::<Vec<Str>>()
    };
    let (mut found, out) = (Vec::new(), of("directories", true));
    let wanted = of("directories", false);
    let chosen = |path: &str, globs: &[Str]| globs.iter().any(|glob| matches(glob, path));
    for dir in known.directories {
        if chosen(dir, &wanted) && !chosen(dir, &out) {
            found.push(path_parameters(dir));
        }
    }
    let wanted = of("files", false);
    for file in known.files.iter().filter(|file| chosen(file, &wanted)) {
        let (dir, name) = file.rsplit_once('/').unwrap_or(("", file));
        let mut parameters = path_parameters(dir);
        parameters.push(("path.filename".to_owned(), name.into()));
        found.push(parameters);
    }
    found
}

/// What a git generator says of a directory, in the words of both template languages.
fn path_parameters(dir: &str) -> Parameters {
    let base = dir.rsplit('/').next().unwrap_or(dir);
    let mut parameters = vec![
        ("path".to_owned(), dir.into()),
        ("path.path".to_owned(), dir.into()),
        ("path.basename".to_owned(), base.into()),
        (
            "path.basenameNormalized".to_owned(),
            base.replace(['_', '.'], "-").into(),
        ),
    ];
    for (index, part) in dir.split('/').enumerate() {
        parameters.push((format!("path[{index}]"), part.into()));
        parameters.push((format!("index .path.segments {index}"), part.into()));
    }
    parameters
}

/// The scalars of a mapping by their paths, joined by dots.
fn flat(value: &Value, prefix: &str) -> Parameters {
    let mut parameters = Parameters::new();
    for (key, value) in value.as_map().into_iter().flatten() {
        let name = match prefix {
            "" => key.to_string(),
            prefix => format!("{prefix}.{key}"),
        };
        match value.scalar_text() {
            Some(text) => parameters.push((name, text)),
            // Deep nesting is no list element of anybody.
            None if prefix.matches('.').count() < MAX_DEPTH => {
                parameters.extend(flat(value, &name));
            }
            None => {}
        }
    }
    parameters
}

/// Puts parameters into the texts of a template.
fn fill(value: &mut Value, parameters: &Parameters) {
    match value {
        Value::String(text) if text.contains("{{") => *text = filled(text, parameters),
        Value::Seq(items) => items.iter_mut().for_each(|item| fill(item, parameters)),
        Value::Map(map) => map.values_mut().for_each(|value| fill(value, parameters)),
        _ => {}
    }
}

fn filled(text: &str, parameters: &Parameters) -> Str {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("{{") {
        let Some((inside, after)) = from.split_once("}}") else {
            break;
        };
        result.push_str(before);
        let name = inside.trim();
        let bare = name.strip_prefix('.').unwrap_or(name);
        let known = parameters
            .iter()
            .rev()
            .find(|(n, _)| n == bare || n == name);
        match known {
            Some((_, text)) => result.push_str(text),
            None => {
                result.push_str("{{");
                result.push_str(inside);
                result.push_str("}}");
            }
        }
        rest = after;
    }
    result.push_str(rest);
    result.into()
}

/// Argo's globs: `*` is one part of a path or some of it, `**` any number of parts.
fn matches(glob: &str, path: &str) -> bool {
    let (mut globs, mut parts) = (glob.split('/'), path.split('/'));
    loop {
        match (globs.next(), parts.next()) {
            (None, None) => return true,
            (Some("**"), _) => return true,
            (Some(glob), Some(part)) => {
                let fits = match glob.split_once('*') {
                    None => glob == part,
                    Some((start, end)) => {
                        part.len() >= start.len() + end.len()
                            && part.starts_with(start)
                            && part.ends_with(end)
                    }
                };
                if !fits {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(spec: &str) -> ApplicationSet {
        let stream = meshscope_yaml::parse(spec);
        let spec = crate::read::document(&stream.documents[0]).unwrap_or_default();
        ApplicationSet {
            name: "set".into(),
            generators: spec.get("generators").clone(),
            template: spec.get("template").clone(),
        }
    }

    fn applied(apps: &[Application]) -> Vec<String> {
        let lines = apps
            .iter()
            .map(|a| format!("{} -> {} {}", a.paths.join(","), a.cluster, a.namespace));
        lines.collect()
    }

    #[test]
    fn directories_make_applications_in_both_template_languages() {
        let dirs = ["apps/web", "apps/api", "apps/old", "apps/web/deep"];
        for (path, name) in [
            ("{{path}}", "{{path.basename}}"),
            ("{{ .path.path }}", "{{index .path.segments 1}}"),
        ] {
            let spec = format!(
                "generators: [{{git: {{directories: [{{path: apps/*}}, {{path: apps/old, exclude: true}}]}}}}]\n\
                 template: {{spec: {{source: {{path: '{path}'}}, destination: {{namespace: 'ns-{name}'}}}}}}\n"
            );
            let apps = set(&spec).applications(&dirs, &[]);
            assert_eq!(
                applied(&apps),
                ["apps/web ->  ns-web", "apps/api ->  ns-api"]
            );
        }
    }

    #[test]
    fn lists_and_matrices_are_multiplied_out() {
        let spec = "generators:\n- matrix:\n    generators:\n    - list: {elements: [{env: dev, at: {server: https://a}}, {env: prod, at: {server: https://b}}]}\n    \
                    - git: {directories: [{path: apps/*}]}\n\
                    template: {spec: {source: {path: '{{path}}/overlays/{{env}}'}, destination: {server: '{{at.server}}', namespace: x}}}\n";
        let apps = set(spec).applications(&["apps/web"], &[]);
        assert_eq!(
            applied(&apps),
            [
                "apps/web/overlays/dev -> https://a x",
                "apps/web/overlays/prod -> https://b x"
            ]
        );
    }

    #[test]
    fn what_clusters_would_say_stays_open() {
        let spec = "generators: [{clusters: {}}]\n\
                    template: {spec: {source: {path: apps/web}, destination: {server: '{{server}}', namespace: '{{metadata.labels.team}}'}}}\n";
        let apps = set(spec).applications(&[], &[]);
        assert_eq!(applied(&apps), ["apps/web ->  {{metadata.labels.team}}"]);
    }
}
