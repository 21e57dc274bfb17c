/** "Explain rule": the page of a rule, those of the findings at the cursor first. */

import * as vscode from "vscode";
import type { Server } from "../server/server.ts";

/** Pages of rules are texts of this scheme, `meshscope-rule:/NAME.md`. */
const SCHEME = "meshscope-rule";

/** Gives the texts of rule pages. */
export function provideRulePages(server: Server): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) =>
      server.run(["explain", uri.path.replace(/^\//, "").replace(/\.md$/, "")], server.folder()),
  });
}

export async function explainRule(server: Server): Promise<void> {
  const listed = await server.run(["rules", "--format", "json"], server.folder());
  const { rules } = JSON.parse(listed) as { rules: { name: string; summary: string }[] };
  const here = rulesAtCursor();
  const rank = (name: string) => (here.includes(name) ? 0 : 1);
  const items = rules
    .map((rule) => ({
      label: rule.name,
      description: here.includes(rule.name) ? "at the cursor" : "",
      detail: rule.summary,
    }))
    .sort((a, b) => rank(a.label) - rank(b.label));
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Explain rule",
    matchOnDetail: true,
  });
  if (chosen !== undefined) {
    await showRule(chosen.label);
  }
}

/** Shows the page of a rule. */
export async function showRule(name: string): Promise<void> {
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
  await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
}

function rulesAtCursor(): string[] {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return [];
  }
  return vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((d) => d.source === "meshscope" && d.range.contains(editor.selection.active))
    .map((d) => String(typeof d.code === "object" ? d.code.value : d.code));
}
