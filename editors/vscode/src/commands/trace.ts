/** "Trace a call from here": asks for caller and URL, filled in from the cursor, and shows the way. */

import * as vscode from "vscode";
import type { Caller, TraceAnswer, TraceRequest } from "../server/answers.ts";
import type { Server } from "../server/server.ts";
import type { Panels } from "../views/panels.ts";
import { tracePage } from "../views/trace.ts";
import { chooseMesh } from "./chooseMesh.ts";
import { cursor } from "./cursor.ts";

export async function traceFromHere(server: Server, panels: Panels): Promise<void> {
  const at = cursor();
  const callers = await server.ask<Caller[]>("meshscope.callers", at ?? {});
  const caller = await askCaller(callers);
  if (caller === undefined) {
    return;
  }
  const known = callers.find(
    ({ who, mesh }) => who === caller.label && mesh === caller.description,
  );
  const url = (await askUrl(known?.calls ?? callers.flatMap(({ calls }) => calls)))?.label;
  if (url === undefined) {
    return;
  }
  const from = caller.label;
  const mesh = known?.mesh ?? (await chooseMesh(server, at?.uri));
  if (mesh === undefined) {
    return;
  }
  const request: TraceRequest = { mesh, from, url };
  if (at !== undefined) {
    request.uri = at.uri;
  }
  const answer = await server.ask<TraceAnswer>("meshscope.trace", request);
  panels.show("trace", `Trace: ${url}`, tracePage(from, url, answer));
}

/** One of the workloads the cursor suggests, or any other that is typed. */
function askCaller(callers: Caller[]): Promise<vscode.QuickPickItem | undefined> {
  const known = callers.map((caller) => ({ label: caller.who, description: caller.mesh }));
  return pickOrType("Who calls", "workload:NAMESPACE/NAME or gateway:NAMESPACE/NAME", known);
}

function askUrl(calls: string[]): Promise<vscode.QuickPickItem | undefined> {
  const known = [...new Set(calls)].map((label) => ({ label }));
  return pickOrType("What is called", "https://host/path, tcp://host:port, tls://host:port", known);
}

/** A list to pick from in which anything else can be typed. */
function pickOrType(
  title: string,
  placeholder: string,
  known: vscode.QuickPickItem[],
): Promise<vscode.QuickPickItem | undefined> {
  const input = vscode.window.createQuickPick();
  input.title = title;
  input.placeholder = placeholder;
  input.items = known;
  input.ignoreFocusOut = true;
  return new Promise((resolve) => {
    input.onDidChangeValue((typed) => {
      const taken = typed === "" || known.some((item) => item.label === typed);
      input.items = taken ? known : [...known, { label: typed, description: "as typed" }];
    });
    input.onDidAccept(() => {
      const [chosen] = input.selectedItems;
      if (chosen === undefined) {
        return;
      }
      resolve({ ...chosen, label: chosen.label.trim() });
      input.hide();
    });
    input.onDidHide(() => {
      resolve(undefined);
      input.dispose();
    });
    input.show();
  });
}
