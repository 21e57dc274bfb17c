//! Editor features as plain data: hover, definition, completion. Nothing is here yet; it will know no LSP type.
