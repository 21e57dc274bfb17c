//! The protocol's requests and notifications. Each handler first puts a message into the owner's
//! mailbox, before anything is awaited: first polls happen in the order of arrival, nothing after them
//! does. No handler touches state or waits for the client.

use crate::client::Traits;
use crate::commands::Asked;
use crate::outgoing::Voice;
use crate::owner::{Mailbox, Message, Pull, Start};
use crate::places::file_path;
use crate::pool::{About, internal};
use crate::settings::{SECTION, Settings};
use crate::world::File;
use crate::{capabilities, diagnostics, features};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::*;
use tower_lsp::{Client, LanguageServer};

/// The server, as the transport sees it.
pub struct Server {
    /// The owner.
    pub mailbox: Mailbox,
    /// What is said by the server itself.
    pub voice: Voice,
    /// The other side.
    pub client: Client,
    /// Whether the client asked for the end.
    pub is_shut_down: Arc<AtomicBool>,
    /// What the client can do, once it said so.
    pub traits: OnceLock<Traits>,
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let traits = Traits::of(&params.capabilities);
        let settings = self.settings(params.initialization_options.as_ref());
        let settings = settings.unwrap_or_default();
        let capabilities = capabilities::of(&traits, &settings);
        self.mailbox.send(Message::Start(Box::new(Start {
            traits,
            folders: folders(&params),
            settings,
        })));
        // A second request of this kind is refused before it comes here.
        let _ = self.traits.set(traits);
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "meshscope".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
            offset_encoding: None,
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let traits = self.traits.get().copied().unwrap_or_default();
        let (client, mailbox, voice) = (
            self.client.clone(),
            self.mailbox.clone(),
            self.voice.clone(),
        );
        tokio::spawn(async move {
            let registrations = capabilities::registrations(&traits);
            if !registrations.is_empty()
                && let Err(error) = client.register_capability(registrations).await
            {
                voice.log(
                    MessageType::WARNING,
                    format!("the client watches nothing: {error}"),
                );
            }
            if traits.configuration {
                ask_settings(client, mailbox, voice).await;
            }
        });
    }

    async fn shutdown(&self) -> Result<()> {
        self.mailbox.send(Message::Stop);
        self.is_shut_down.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.mailbox.send(Message::Open(params.text_document));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.mailbox.send(Message::Change(params));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.mailbox.send(Message::Save(params.text_document.uri));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.mailbox.send(Message::Close(params.text_document.uri));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.touched(params.changes.iter().map(|change| change.uri.as_str()));
    }

    async fn did_create_files(&self, params: CreateFilesParams) {
        self.touched(params.files.iter().map(|file| file.uri.as_str()));
    }

    async fn did_rename_files(&self, params: RenameFilesParams) {
        let names = params.files.iter();
        self.touched(names.flat_map(|file| [file.old_uri.as_str(), file.new_uri.as_str()]));
    }

    async fn did_delete_files(&self, params: DeleteFilesParams) {
        self.touched(params.files.iter().map(|file| file.uri.as_str()));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let uris =
            |folders: Vec<WorkspaceFolder>| folders.into_iter().map(|folder| folder.uri).collect();
        self.mailbox.send(Message::Folders {
            added: uris(params.event.added),
            removed: uris(params.event.removed),
        });
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if self.traits.get().is_some_and(|traits| traits.configuration) {
            let (client, mailbox) = (self.client.clone(), self.mailbox.clone());
            tokio::spawn(ask_settings(client, mailbox, self.voice.clone()));
        } else if let Some(settings) = self.settings(Some(&params.settings)) {
            self.mailbox.send(Message::Configure(settings));
        }
    }

    async fn diagnostic(
        &self,
        params: DocumentDiagnosticParams,
    ) -> Result<DocumentDiagnosticReportResult> {
        let (uri, previous) = (params.text_document.uri, params.previous_result_id);
        let about = About::Document(uri.clone());
        let found = self.mailbox.ask(about, move |world| {
            let file = world.file(&uri);
            Ok(Some(file.map_or_else(Vec::new, |file| {
                diagnostics::of_file(&file, &uri)
            })))
        });
        match found.await? {
            Some(items) => Ok(diagnostics::document_report(items, previous).into()),
            None => Err(diagnostics::ask_again()),
        }
    }

    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        let previous = params.previous_result_ids.into_iter();
        let (pull, answer) = Pull::new(previous.map(|known| (known.uri, known.value)));
        self.mailbox.send(Message::Pull(pull));
        answer
            .await
            .unwrap_or_else(|_| Err(internal("the server is stopping")))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        self.at(params.text_document_position_params, features::hover)
            .await
    }

    async fn goto_definition(
        &self,
        params: GotoDefinitionParams,
    ) -> Result<Option<GotoDefinitionResponse>> {
        self.at(params.text_document_position_params, features::definition)
            .await
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let definitions = params.context.include_declaration;
        self.at(params.text_document_position, move |file, offset| {
            features::references(file, offset, definitions)
        })
        .await
    }

    async fn document_highlight(
        &self,
        params: DocumentHighlightParams,
    ) -> Result<Option<Vec<DocumentHighlight>>> {
        self.at(params.text_document_position_params, features::highlights)
            .await
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        self.at(params.text_document_position, features::complete)
            .await
    }

    async fn prepare_rename(
        &self,
        params: TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>> {
        self.at(params, features::prepare_rename).await
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let (at, name) = (params.text_document_position, params.new_name);
        let uri = at.text_document.uri;
        self.mailbox
            .ask(About::Position(uri.clone()), move |world| {
                match world.file(&uri) {
                    Some(file) => features::rename(&file, file.lines.offset(at.position), &name),
                    None => Ok(None),
                }
            })
            .await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let (uri, range, context) = (params.text_document.uri, params.range, params.context);
        self.mailbox
            .ask(About::Position(uri.clone()), move |world| {
                let file = world.file(&uri);
                Ok(file.and_then(|file| features::code_actions(&file, range, &context)))
            })
            .await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.of(params.text_document.uri, features::lenses).await
    }

    async fn code_lens_resolve(&self, lens: CodeLens) -> Result<CodeLens> {
        let about = features::document_of(&lens).map_or(About::Everything, About::Document);
        let given = lens.clone();
        let resolved = self.mailbox.ask(about, move |world| {
            Ok(Some(features::resolve_lens(world, given.clone())))
        });
        Ok(resolved.await?.unwrap_or(lens))
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let range = params.range;
        self.of(params.text_document.uri, move |file, _| {
            features::inlay_hints(file, range)
        })
        .await
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> Result<Option<DocumentSymbolResponse>> {
        self.of(params.text_document.uri, features::document_symbols)
            .await
    }

    async fn symbol(
        &self,
        params: WorkspaceSymbolParams,
    ) -> Result<Option<WorkspaceSymbolResponse>> {
        self.mailbox
            .ask(About::Everything, move |world| {
                Ok(features::workspace_symbols(world, &params.query))
            })
            .await
    }

    async fn prepare_call_hierarchy(
        &self,
        params: CallHierarchyPrepareParams,
    ) -> Result<Option<Vec<CallHierarchyItem>>> {
        self.at(
            params.text_document_position_params,
            features::prepare_call_hierarchy,
        )
        .await
    }

    async fn incoming_calls(
        &self,
        params: CallHierarchyIncomingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
        let item = params.item;
        self.mailbox
            .ask(About::Document(item.uri.clone()), move |world| {
                Ok(features::incoming_calls(world, &item))
            })
            .await
    }

    async fn outgoing_calls(
        &self,
        params: CallHierarchyOutgoingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
        let item = params.item;
        self.mailbox
            .ask(About::Document(item.uri.clone()), move |world| {
                Ok(features::outgoing_calls(world, &item))
            })
            .await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        let asked = Asked::read(&params.command, params.arguments)?;
        self.mailbox
            .ask_patiently(asked.about(), move |world| asked.answer(world))
            .await
    }
}

impl Server {
    /// A question about a position.
    fn at<T, F>(
        &self,
        at: TextDocumentPositionParams,
        ask: F,
    ) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Default + Send + 'static,
        F: Fn(&File<'_>, usize) -> T + Send + 'static,
    {
        let uri = at.text_document.uri;
        self.mailbox
            .ask(About::Position(uri.clone()), move |world| {
                let file = world.file(&uri);
                let answer = file.map(|file| ask(&file, file.lines.offset(at.position)));
                Ok(answer.unwrap_or_default())
            })
    }

    /// A question about a document.
    fn of<T, F>(&self, uri: Uri, ask: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Default + Send + 'static,
        F: Fn(&File<'_>, &Uri) -> T + Send + 'static,
    {
        self.mailbox
            .ask(About::Document(uri.clone()), move |world| {
                let answer = world.file(&uri).map(|file| ask(&file, &uri));
                Ok(answer.unwrap_or_default())
            })
    }

    fn touched<'n>(&self, names: impl Iterator<Item = &'n str>) {
        let files = names.filter_map(|name| file_path(&name.parse().ok()?));
        self.mailbox.send(Message::Touched(files.collect()));
    }

    /// What a client says it wants to see; what it cannot mean is said in the log.
    fn settings(&self, value: Option<&Value>) -> Option<Settings> {
        read_settings(value?, &self.voice)
    }
}

fn read_settings(value: &Value, voice: &Voice) -> Option<Settings> {
    match Settings::read(value) {
        Ok(settings) => Some(settings),
        Err(reason) => {
            let text = format!("the settings of section {SECTION} are not used: {reason}");
            voice.log(MessageType::WARNING, text);
            None
        }
    }
}

async fn ask_settings(client: Client, mailbox: Mailbox, voice: Voice) {
    let item = ConfigurationItem {
        scope_uri: None,
        section: Some(SECTION.into()),
    };
    // A client without an answer keeps what it said at the start.
    let Ok(values) = client.configuration(vec![item]).await else {
        return;
    };
    let value = values.first().filter(|value| !value.is_null());
    if let Some(settings) = value.and_then(|value| read_settings(value, &voice)) {
        mailbox.send(Message::Configure(settings));
    }
}

/// The folders of a client: those it lists, or the one root of older clients.
#[allow(deprecated, reason = "older clients say nothing else")]
fn folders(params: &InitializeParams) -> Vec<Uri> {
    match &params.workspace_folders {
        Some(folders) if !folders.is_empty() => folders.iter().map(|f| f.uri.clone()).collect(),
        _ => {
            let path = params.root_path.as_deref();
            let of_path = || path.and_then(Uri::from_file_path);
            params
                .root_uri
                .clone()
                .or_else(of_path)
                .into_iter()
                .collect()
        }
    }
}
