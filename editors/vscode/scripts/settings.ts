/**
 * The settings of package.json: those of the server as `editors/settings.json` lists them, and those
 * the extension itself reads. `npm run settings` writes them, a unit test says when they differ.
 */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Settings that only the extension reads. */
const OWN = {
  "meshscope.server.path": {
    type: "string",
    default: "",
    scope: "machine-overridable",
    markdownDescription:
      "The `meshscope` program to start. Empty: the one that comes with the extension, or else the one on `PATH`. May begin with `~/` or `${workspaceFolder}`.",
  },
  "meshscope.trace.server": {
    type: "string",
    enum: ["off", "messages", "verbose"],
    default: "off",
    scope: "window",
    markdownDescription: "Whether the output shows what is said between VS Code and the server.",
  },
};

/** A setting that the extension finds out by itself. */
const KNOWN = "meshscope.otherYamlServer";

interface Manifest {
  contributes: { configuration: { title: string; properties: object } };
}

/** The manifest of the extension as it is, and as it should be. */
export function manifests(extension: string, editors: string): { is: string; should: string } {
  const is = readFileSync(path.join(extension, "package.json"), "utf8");
  const manifest = JSON.parse(is) as Manifest;
  const listed = readFileSync(path.join(editors, "settings.json"), "utf8");
  const { [KNOWN]: _, ...server } = JSON.parse(listed) as Record<string, object>;
  manifest.contributes.configuration.properties = { ...server, ...OWN };
  return { is, should: `${JSON.stringify(manifest, null, 2)}\n` };
}

if (import.meta.main) {
  writeFileSync("package.json", manifests(".", "..").should);
}
