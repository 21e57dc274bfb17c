/** The extension's beginning and end. */

import * as vscode from "vscode";
import { startWhenNeeded } from "./activation/activation.ts";
import { presentBlastRadius } from "./commands/blastRadius.ts";
import { registerCommands } from "./commands/commands.ts";
import { provideRulePages } from "./commands/explainRule.ts";
import { showReferences } from "./commands/references.ts";
import { RouteGraph } from "./commands/routeGraph.ts";
import type { At, Impact, Location, RouteGraphRequest } from "./server/answers.ts";
import { type Present, Server } from "./server/server.ts";
import { otherYamlServer } from "./server/settings.ts";
import { Panels } from "./views/panels.ts";

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const started = new Server(context.extensionPath);
  const panels = new Panels();
  const routeGraph = new RouteGraph(started, panels);
  started.present = presenter(panels, routeGraph);
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

/** Shows what code lenses ask for; they name commands of the server. */
function presenter(panels: Panels, routeGraph: RouteGraph): Present {
  return async (command, argument, ask) => {
    switch (command) {
      case "meshscope.routeGraph":
        return routeGraph.show(argument as RouteGraphRequest);
      case "meshscope.blastRadius":
        return presentBlastRadius((await ask()) as Impact | Impact[], panels);
      case "meshscope.references":
        return showReferences(argument as At, (await ask()) as Location[]);
      default:
        return ask();
    }
  };
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
