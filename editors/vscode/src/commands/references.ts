/** References that a code lens asks for, in VS Code's own list. */

import * as vscode from "vscode";
import type { At, Location, Position } from "../server/answers.ts";

export async function showReferences(at: At, references: Location[]): Promise<void> {
  const place = ({ line, character }: Position) => new vscode.Position(line, character);
  const locations = references.map(
    ({ uri, range }) =>
      new vscode.Location(
        vscode.Uri.parse(uri),
        new vscode.Range(place(range.start), place(range.end)),
      ),
  );
  await vscode.commands.executeCommand(
    "editor.action.showReferences",
    vscode.Uri.parse(at.uri),
    place(at.position),
    locations,
  );
}
