/** Panels, one for each kind of page. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { type Place, forWebview, placeOf } from "./webPage.ts";

/** Kinds of pages. */
export type PageKind = "routeGraph" | "trace" | "blastRadius";

/** The open panels. */
export class Panels implements vscode.Disposable {
  private readonly open = new Map<PageKind, vscode.WebviewPanel>();
  private readonly pages = new Map<PageKind, string>();

  /** Shows a page in the panel of its kind: a picture over the editor, words beside it. */
  show(kind: PageKind, title: string, page: string): void {
    const panel = this.open.get(kind) ?? this.create(kind);
    panel.title = title;
    this.fill(panel, kind, page);
    panel.reveal(undefined, true);
  }

  /** Shows a newer page where one is shown, if it says something else. */
  update(kind: PageKind, page: string): void {
    const panel = this.open.get(kind);
    if (panel !== undefined && this.pages.get(kind) !== page) {
      this.fill(panel, kind, page);
    }
  }

  /** Whether a page of this kind is there to be brought up to date. */
  has(kind: PageKind): boolean {
    return this.open.has(kind);
  }

  dispose(): void {
    for (const panel of this.open.values()) {
      panel.dispose();
    }
  }

  private fill(panel: vscode.WebviewPanel, kind: PageKind, page: string): void {
    this.pages.set(kind, page);
    panel.webview.html = forWebview(page, randomBytes(16).toString("base64url"));
  }

  private create(kind: PageKind): vscode.WebviewPanel {
    const { Active, Beside } = vscode.ViewColumn;
    const viewColumn = kind === "routeGraph" ? Active : Beside;
    const where = { viewColumn, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(`meshscope.${kind}`, "meshscope", where, {
      enableScripts: true,
      enableFindWidget: true,
      localResourceRoots: [],
      retainContextWhenHidden: true,
    });
    panel.onDidDispose(() => this.open.delete(kind));
    panel.webview.onDidReceiveMessage((message: unknown) => {
      const place = placeOf(message);
      if (place !== undefined) {
        void goTo(place, panel.viewColumn);
      }
    });
    this.open.set(kind, panel);
    return panel;
  }
}

/** Opens a place in an editor, not over the panel it was clicked in. */
async function goTo(place: Place, panel: vscode.ViewColumn | undefined): Promise<void> {
  const uri = place.uri === undefined ? await inWorkspace(place.file) : vscode.Uri.parse(place.uri);
  if (uri === undefined) {
    void vscode.window.showWarningMessage(`meshscope: ${place.file} is not in this workspace`);
    return;
  }
  const position = new vscode.Position(place.line - 1, place.column - 1);
  await vscode.window.showTextDocument(uri, {
    viewColumn: panel === vscode.ViewColumn.One ? vscode.ViewColumn.Beside : vscode.ViewColumn.One,
    selection: new vscode.Range(position, position),
  });
}

/** A path as the library writes it, in the first folder that has it. */
async function inWorkspace(file: string | undefined): Promise<vscode.Uri | undefined> {
  for (const folder of file === undefined ? [] : (vscode.workspace.workspaceFolders ?? [])) {
    const uri = vscode.Uri.joinPath(folder.uri, file ?? "");
    const there = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    if (there) {
      return uri;
    }
  }
  return undefined;
}
