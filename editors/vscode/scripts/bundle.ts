/** Bundles the extension into one file, and writes the licences of what is in it. */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const result = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.cjs",
  bundle: true,
  platform: "node",
  // The oldest VS Code that engines.vscode allows runs on it.
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  minify: true,
  metafile: true,
});

const packages = new Set<string>();
for (const input of Object.keys(result.metafile.inputs)) {
  const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
  if (match !== null) {
    packages.add(match[0]);
  }
}
const notices = [...packages].sort().map((folder) => {
  const about = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license: string;
  };
  const licence = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (licence === undefined) {
    throw new Error(`${about.name} has no licence file`);
  }
  const text = readFileSync(path.join(folder, licence), "utf8").trim();
  return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
});
writeFileSync("out/NOTICES.txt", notices.join(`\n${"-".repeat(72)}\n\n`));
