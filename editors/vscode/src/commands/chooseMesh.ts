/** The mesh a question is about: that of the file in front; asks where that leaves several. */

import path from "node:path";
import * as vscode from "vscode";
import type { Server } from "../server/server.ts";
import { type ListedMesh, meshesOf } from "./meshes.ts";

/** Its name, undefined when the user chose none. */
export async function chooseMesh(server: Server): Promise<string | undefined> {
  const file = vscode.window.activeTextEditor?.document.uri;
  const own = file && vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath;
  const folder = own ?? server.folder();
  const listed = await server.run(["--root", folder, "meshes", "--format", "json"], folder);
  const { meshes } = JSON.parse(listed) as { meshes: ListedMesh[] };
  const inFolder = file && path.relative(folder, file.fsPath).replaceAll(path.sep, "/");
  const candidates = meshesOf(meshes, inFolder);
  if (candidates.length === 0) {
    throw new Error("there is no mesh in this folder");
  }
  if (candidates.length === 1) {
    return candidates[0]?.name;
  }
  const items = candidates.map(({ name, reason }) => ({ label: name, detail: reason }));
  const chosen = await vscode.window.showQuickPick(items, { title: "Which mesh" });
  return chosen?.label;
}
