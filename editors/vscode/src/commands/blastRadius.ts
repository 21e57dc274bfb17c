/** "Show blast radius": whom a change of the object at the cursor reaches. */

import type { Impact } from "../server/answers.ts";
import type { Server } from "../server/server.ts";
import { blastRadiusPage } from "../views/blastRadius.ts";
import type { Panels } from "../views/panels.ts";
import { cursor } from "./cursor.ts";

export async function showBlastRadius(server: Server, panels: Panels): Promise<void> {
  const at = cursor();
  if (at === undefined) {
    throw new Error("put the cursor into an object of a YAML file");
  }
  presentBlastRadius(await server.ask("meshscope.blastRadius", at), panels);
}

/** Shows the answer, also when a code lens asked for it. */
export function presentBlastRadius(answer: Impact | Impact[], panels: Panels): void {
  const impacts = Array.isArray(answer) ? answer : [answer];
  if (impacts.length === 0) {
    throw new Error("there is no object of a mesh at the cursor");
  }
  const title = impacts[0]?.resource ?? "";
  panels.show("blastRadius", `Blast radius: ${title}`, blastRadiusPage(impacts));
}
