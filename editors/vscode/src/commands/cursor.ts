/** The cursor, as questions to the server name it. */

import * as vscode from "vscode";
import type { At } from "../server/answers.ts";

/** Where the cursor is, if it is in a YAML text. */
export function cursor(): At | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "yaml") {
    return undefined;
  }
  const { line, character } = editor.selection.active;
  return { uri: editor.document.uri.toString(), position: { line, character } };
}
