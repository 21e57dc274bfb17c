/** When the server starts by itself: folders and texts that are about a mesh. */

import * as vscode from "vscode";
import type { Server } from "../server/server.ts";
import { mentionsMesh } from "./decision.ts";
import { reasonInWorkspace } from "./folders.ts";

/** Looks at the opened folders now, and at every YAML text that is opened or saved until it is started. */
export function startWhenNeeded(server: Server): vscode.Disposable {
  const lookAtFolders = async () => {
    const reason = server.wanted ? undefined : await reasonInWorkspace();
    // A text may have been quicker.
    if (server.wanted) {
      return;
    }
    if (reason === undefined) {
      server.output.info("quiet: no file of the opened folders is about a mesh");
    } else {
      await server.start(reason);
    }
  };
  const lookAt = (document: vscode.TextDocument) => {
    if (!server.wanted && document.languageId === "yaml" && mentionsMesh(document.getText())) {
      void server.start(`${document.uri.fsPath} is about a mesh`);
    }
  };
  const open = vscode.workspace.textDocuments;
  open.forEach(lookAt);
  void lookAtFolders();
  return vscode.Disposable.from(
    vscode.workspace.onDidOpenTextDocument(lookAt),
    vscode.workspace.onDidSaveTextDocument(lookAt),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void lookAtFolders()),
  );
}
