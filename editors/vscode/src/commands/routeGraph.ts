/** "Show route graph": the routes of the mesh as a picture whose boxes lead to what they stand for. */

import * as vscode from "vscode";
import type { RouteGraphRequest } from "../server/answers.ts";
import type { Server } from "../server/server.ts";
import type { Panels } from "../views/panels.ts";
import { chooseMesh } from "./chooseMesh.ts";
import { cursor } from "./cursor.ts";

/** The graph that is shown; kept up to date when files are saved. */
export class RouteGraph implements vscode.Disposable {
  private readonly server: Server;
  private readonly panels: Panels;
  private readonly saves: vscode.Disposable;
  private shown: RouteGraphRequest = {};

  constructor(server: Server, panels: Panels) {
    this.server = server;
    this.panels = panels;
    this.saves = vscode.workspace.onDidSaveTextDocument((document) => {
      if (document.languageId === "yaml" && panels.has("routeGraph") && server.running) {
        void this.ask(this.shown).then((page) => panels.update("routeGraph", page));
      }
    });
  }

  /** Asks for the mesh where there are several, and shows its graph. */
  async showMesh(): Promise<void> {
    const uri = cursor()?.uri;
    const mesh = await chooseMesh(this.server, uri);
    if (mesh !== undefined) {
      await this.show(uri === undefined ? { mesh } : { mesh, uri });
    }
  }

  /** Shows a graph, such as the part a code lens asks for. */
  async show(part: RouteGraphRequest): Promise<void> {
    this.shown = part;
    this.panels.show("routeGraph", "Route graph", await this.ask(this.shown));
  }

  dispose(): void {
    this.saves.dispose();
  }

  private ask(request: RouteGraphRequest): Promise<string> {
    return this.server.ask("meshscope.routeGraph", { ...request, format: "html" });
  }
}
