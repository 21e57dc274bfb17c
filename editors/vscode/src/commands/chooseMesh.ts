/** The mesh a question is about: that of the file in front; asks where that leaves several. */

import * as vscode from "vscode";
import type { ListedMesh } from "../server/answers.ts";
import type { Server } from "../server/server.ts";

/** Its name, undefined when the user chose none. */
export async function chooseMesh(
  server: Server,
  uri: string | undefined,
): Promise<string | undefined> {
  const meshes = await server.ask<ListedMesh[]>("meshscope.meshes", { uri });
  const here = meshes.filter((mesh) => mesh.here);
  const candidates = here.length > 0 ? here : meshes;
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
