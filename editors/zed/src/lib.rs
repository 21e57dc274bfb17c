//! The Zed extension: tells Zed how to start `meshscope lsp`, and hands its settings on.
//!
//! It must not know what the settings mean.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree, serde_json};

struct Meshscope;

impl zed::Extension for Meshscope {
    fn new() -> Meshscope {
        Meshscope
    }

    fn language_server_command(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree)?.binary;
        let configured = binary.as_ref().and_then(|binary| binary.path.clone());
        let command = configured
            .or_else(|| worktree.which("meshscope"))
            .ok_or("meshscope is not on PATH; name it in lsp.meshscope.binary.path")?;
        let args = binary.and_then(|binary| binary.arguments);
        Ok(Command {
            command,
            args: args.unwrap_or_else(|| vec!["lsp".into()]),
            env: worktree.shell_env(),
        })
    }

    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.settings)
    }

    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.settings)
    }
}

zed::register_extension!(Meshscope);
