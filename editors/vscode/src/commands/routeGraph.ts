/** "Show route graph": the routes of the mesh as a picture whose boxes lead to what they stand for. */

import type { Server } from "../server/server.ts";
import type { Panels } from "../views/panels.ts";
import { cursor } from "./cursor.ts";

export async function showRouteGraph(server: Server, panels: Panels): Promise<void> {
  const uri = cursor()?.uri;
  const request = { format: "html", ...(uri === undefined ? {} : { uri }) };
  presentRouteGraph(await server.ask("meshscope.routeGraph", request), panels);
}

/** Shows the page, also when a code lens asked for it. */
export function presentRouteGraph(page: string, panels: Panels): void {
  panels.show("routeGraph", "Route graph", page);
}
