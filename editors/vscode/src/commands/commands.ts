/** The commands of the palette, each in a file of its own. */

import * as vscode from "vscode";
import type { Server } from "../server/server.ts";
import type { Panels } from "../views/panels.ts";
import { showBlastRadius } from "./blastRadius.ts";
import { createSettings } from "./createSettings.ts";
import { explainRule, showRule } from "./explainRule.ts";
import type { RouteGraph } from "./routeGraph.ts";
import { traceFromHere } from "./trace.ts";

/** Registers them. What goes wrong is said to the user and in the output. */
export function registerCommands(
  server: Server,
  panels: Panels,
  routeGraph: RouteGraph,
): vscode.Disposable {
  const commands: Record<string, (argument?: unknown) => unknown> = {
    traceFromHere: () => traceFromHere(server, panels),
    showBlastRadius: () => showBlastRadius(server, panels),
    showRouteGraph: () => routeGraph.showMesh(),
    explainRule: (rule) => (typeof rule === "string" ? showRule(rule) : explainRule(server)),
    createSettings: () => createSettings(server),
    restartServer: () => server.restart("asked for"),
    showOutput: () => server.output.show(),
    openServerSetting: () =>
      vscode.commands.executeCommand("workbench.action.openSettings", "meshscope.server.path"),
  };
  const registered = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`meshscope.${name}`, async (argument?: unknown) => {
      try {
        await run(argument);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        server.output.error(`${name}: ${said}`);
        void vscode.window.showErrorMessage(`meshscope: ${said}`);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}
