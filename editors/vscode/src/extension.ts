/** The extension's beginning and end. */

import * as vscode from "vscode";
import { startWhenNeeded } from "./activation/activation.ts";
import { presentBlastRadius } from "./commands/blastRadius.ts";
import { registerCommands } from "./commands/commands.ts";
import { provideRulePages } from "./commands/explainRule.ts";
import { RouteGraph } from "./commands/routeGraph.ts";
import type { Impact, RouteGraphRequest } from "./server/answers.ts";
import { Server } from "./server/server.ts";
import { otherYamlServer } from "./server/settings.ts";
import { Panels } from "./views/panels.ts";

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const started = new Server(context.extensionPath);
  const panels = new Panels();
  const routeGraph = new RouteGraph(started, panels);
  // Code lenses name commands of the server.
  started.present = async (command, argument, answer) => {
    if (command === "meshscope.blastRadius") {
      presentBlastRadius(answer as Impact | Impact[], panels);
    } else if (command === "meshscope.routeGraph") {
      await routeGraph.show(argument as RouteGraphRequest);
    }
  };
  server = started;
  context.subscriptions.push(
    started,
    panels,
    routeGraph,
    registerCommands(started, panels, routeGraph),
    provideRulePages(started),
    startWhenNeeded(started),
    restartOnChanges(started),
  );
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Starts the server anew when what it was started with changes. */
function restartOnChanges(started: Server): vscode.Disposable {
  let yaml = otherYamlServer();
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("meshscope.server")) {
        void started.settingsChanged();
      }
    }),
    vscode.extensions.onDidChange(() => {
      if (yaml !== otherYamlServer()) {
        yaml = !yaml;
        void started.settingsChanged();
      }
    }),
  );
}
