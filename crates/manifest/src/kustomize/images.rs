//! `images`: other names, tags and digests for images, wherever containers are.

use std::sync::Arc;

use super::build::Build;
use super::field::{Make, each_field};
use super::file;
use super::place::Place;
use super::source::Kustomization;
use super::transform::set_scalar;
use super::tree::{Is, Node};
use crate::value::Str;

impl Build<'_> {
    /// The images of a kustomization.
    pub(super) fn images(&mut self, k: &Kustomization) {
        for field in ["images", "imageTags"] {
            for (at, entry) in file::entries(&k.root, field) {
                let Some(image) = Image::read(entry) else {
                    continue;
                };
                let from = Arc::new(k.place(&at));
                let specs = self.layer.config.images.clone();
                self.each(&from, |resource, _| {
                    if resource.kind() == "CustomResourceDefinition" {
                        return Ok(());
                    }
                    image.everywhere(&mut resource.node, &from);
                    for spec in &specs {
                        each_field(resource, spec, Make::Nothing, &mut |node, _| {
                            image.set(node, &from)
                        })?;
                    }
                    Ok(())
                });
            }
        }
    }
}

/// An entry of `images`.
struct Image {
    pattern: regex::Regex,
    name: Str,
    tag: Str,
    digest: Str,
    tag_suffix: Str,
}

impl Image {
    fn read(entry: &Node) -> Option<Image> {
        let name = entry.str_at("name");
        let pattern = format!(r"^(?:{name})(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$");
        Some(Image {
            pattern: regex::Regex::new(&pattern).ok()?,
            name: entry.str_at("newName"),
            tag: entry.str_at("newTag"),
            digest: entry.str_at("digest"),
            tag_suffix: entry.str_at("tagSuffix"),
        })
    }

    /// The `image` of every item of a `containers` or `initContainers`, wherever it is.
    fn everywhere(&self, node: &mut Node, from: &Arc<Place>) {
        match &mut node.is {
            Is::Seq(items) => items.iter_mut().for_each(|i| self.everywhere(i, from)),
            Is::Map(fields) => {
                for (key, value) in fields {
                    self.everywhere(value, from);
                    if !matches!(key.as_str(), "containers" | "initContainers") {
                        continue;
                    }
                    if let Is::Seq(items) = &mut value.is {
                        for image in items.iter_mut().filter_map(|i| i.get_mut("image")) {
                            // What is no scalar is no image.
                            let _ = self.set(image, from);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn set(&self, node: &mut Node, from: &Arc<Place>) -> Result<(), String> {
        if node.is_null() {
            return Ok(());
        }
        let text = node.scalar();
        if !self.pattern.is_match(&text) {
            return if node.is_scalar() {
                Ok(())
            } else {
                Err("expected a scalar".to_owned())
            };
        }
        let (name, tag, digest) = split_image(&text);
        let name = if self.name.is_empty() {
            name
        } else {
            &self.name
        };
        let (tag, digest) = match (self.tag.as_str(), self.digest.as_str()) {
            ("", "") if !self.tag_suffix.is_empty() => (format!("{tag}{}", self.tag_suffix), ""),
            ("", "") => (tag.to_owned(), digest),
            (tag, digest) => (tag.to_owned(), digest),
        };
        let mut image = name.to_owned();
        for (mark, part) in [(':', tag.as_str()), ('@', digest)] {
            if !part.is_empty() {
                image.push(mark);
                image.push_str(part);
            }
        }
        set_scalar(node, Is::Text(image.into()), from)
    }
}

/// Name, tag and digest of an image. A colon before the first slash is a port's.
fn split_image(image: &str) -> (&str, &str, &str) {
    let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
    let path = rest.find('/').filter(|&at| at > 0).unwrap_or(0);
    match rest[path..].find(':') {
        Some(at) => (&rest[..path + at], &rest[path + at + 1..], digest),
        None => (rest, "", digest),
    }
}
