/** The extension's beginning and end. */

import * as vscode from "vscode";
import { startWhenNeeded } from "./activation/activation.ts";
import { presentBlastRadius } from "./commands/blastRadius.ts";
import { registerCommands } from "./commands/commands.ts";
import { provideRulePages } from "./commands/explainRule.ts";
import { presentRouteGraph } from "./commands/routeGraph.ts";
import type { Impact } from "./server/answers.ts";
import { Server } from "./server/server.ts";
import { Panels } from "./views/panels.ts";

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const started = new Server(context.extensionPath);
  const panels = new Panels();
  started.present = async (command, answer) => {
    if (command === "meshscope.blastRadius") {
      presentBlastRadius(answer as Impact | Impact[], panels);
    } else if (command === "meshscope.routeGraph") {
      presentRouteGraph(answer as string, panels);
    }
  };
  server = started;
  context.subscriptions.push(
    started,
    panels,
    registerCommands(started, panels),
    provideRulePages(started),
    startWhenNeeded(started),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("meshscope.server")) {
        void started.settingsChanged();
      }
    }),
  );
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
