//! Typed resources without positions.
//!
//! Owns the kinds meshscope knows, how their manifests decode into values, what CRD schema and
//! webhook say about it; and how files become the objects of a mesh. This crate must not know salsa,
//! proxies, or what a mesh does with a resource.

pub mod document;
pub mod edit;
pub mod kind;
pub mod kustomize;
pub mod read;
pub mod repository;
pub mod resource;
pub mod spec;
pub mod validate;
pub mod value;

pub use document::{Decoded, decode_document};
pub use kind::Kind;
pub use resource::{Body, Metadata, Resource, ResourceKey};
pub use value::{Str, Value};
