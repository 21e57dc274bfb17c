/** Findings as VS Code shows them: the rule's name leads to its page, which is at hand offline. */

import * as vscode from "vscode";
import type { HandleDiagnosticsSignature, Middleware } from "vscode-languageclient";

/** For findings that are pushed. */
export function linkPushed(
  uri: vscode.Uri,
  diagnostics: vscode.Diagnostic[],
  next: HandleDiagnosticsSignature,
): void {
  linkRules(diagnostics);
  next(uri, diagnostics);
}

/** For findings that are pulled. */
export const linkPulled: Pick<Middleware, "provideDiagnostics"> = {
  provideDiagnostics: async (document, previous, token, next) => {
    const report = await next(document, previous, token);
    if (report !== null && report !== undefined && "items" in report) {
      linkRules(report.items as vscode.Diagnostic[]);
    }
    return report;
  },
};

function linkRules(diagnostics: vscode.Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    const code = diagnostic.code;
    // What is no rule has no page.
    if (typeof code === "object" && typeof code.value === "string") {
      const argument = encodeURIComponent(JSON.stringify([code.value]));
      code.target = vscode.Uri.parse(`command:meshscope.explainRule?${argument}`);
    }
  }
}
