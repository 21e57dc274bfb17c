/** "Create meshscope.yaml": writes one from what is found, and opens it. */

import * as vscode from "vscode";
import { SETTINGS_FILES } from "../activation/decision.ts";
import type { Server } from "../server/server.ts";

export async function createSettings(server: Server): Promise<void> {
  const folder = await chosenFolder();
  if (folder === undefined) {
    return;
  }
  const there = await existing(folder);
  if (there === undefined) {
    await server.run(["--root", folder.uri.fsPath, "init"], folder.uri.fsPath);
  }
  const file = there ?? (await existing(folder));
  if (file !== undefined) {
    await vscode.window.showTextDocument(file);
  }
}

async function chosenFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    throw new Error("open a folder first");
  }
  return folders.length === 1 ? folders[0] : vscode.window.showWorkspaceFolderPick();
}

async function existing(folder: vscode.WorkspaceFolder): Promise<vscode.Uri | undefined> {
  for (const name of SETTINGS_FILES) {
    const uri = vscode.Uri.joinPath(folder.uri, name);
    const stat = await vscode.workspace.fs.stat(uri).then(
      (found) => found,
      () => undefined,
    );
    if (stat !== undefined) {
      return uri;
    }
  }
  return undefined;
}
