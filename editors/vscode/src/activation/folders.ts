/** Workspace folders as `decision.ts` wants to see them. */

import { open } from "node:fs/promises";
import * as vscode from "vscode";
import { type Folder, SETTINGS_FILES, reasonToStart } from "./decision.ts";

/** Folders that hold no config of the project. */
const ELSEWHERE = "**/{node_modules,.git,target,vendor,.terraform}/**";

/** Why the server should run for the opened folders, or undefined to stay quiet. */
export async function reasonInWorkspace(): Promise<string | undefined> {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    if (folder.uri.scheme !== "file") {
      continue;
    }
    const reason = await reasonToStart(inspected(folder));
    if (reason !== undefined) {
      return reason;
    }
  }
  return undefined;
}

function inspected(folder: vscode.WorkspaceFolder): Folder {
  const find = async (glob: string, limit: number) => {
    const pattern = new vscode.RelativePattern(folder, glob);
    const found = await vscode.workspace.findFiles(pattern, ELSEWHERE, limit);
    return found.map((uri) => uri.fsPath);
  };
  return {
    yamlFiles: (limit) => find("**/*.{yaml,yml}", limit),
    hasSettings: async () => (await find(`{${SETTINGS_FILES.join(",")}}`, 1)).length > 0,
    head,
  };
}

async function head(path: string, bytes: number): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // Gone, or not ours to read: no reason to start.
    return "";
  }
}
