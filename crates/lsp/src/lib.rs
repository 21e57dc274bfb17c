//! The language server: the only crate that will name an LSP type. Nothing is here yet.
