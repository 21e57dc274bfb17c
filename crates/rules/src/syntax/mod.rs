//! Documents and the objects they define.

pub mod duplicate_resource;
