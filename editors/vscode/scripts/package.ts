/**
 * Makes the .vsix: `npm run package -- [--server FILE] [--target PLATFORM] [--out FILE]`.
 *
 * With a server the package is for one platform (`linux-x64`, `darwin-arm64`…; default: this one),
 * without one it is for all and needs `meshscope` on PATH.
 */

import { chmodSync, copyFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { createVSIX } from "@vscode/vsce";
import "./bundle.ts";

const { values } = parseArgs({
  options: {
    server: { type: "string" },
    target: { type: "string", default: `${process.platform}-${process.arch}` },
    out: { type: "string", default: "meshscope.vsix" },
    // What lies beside the extension in the repository.
    repository: { type: "string", default: "../.." },
  },
});

copyFileSync(path.join(values.repository, "LICENSE"), "LICENSE");
copyFileSync(
  path.join(values.repository, "editors/meshscope.schema.json"),
  "meshscope.schema.json",
);
rmSync("server", { recursive: true, force: true });
if (values.server !== undefined) {
  const name = values.target.startsWith("win32") ? "meshscope.exe" : "meshscope";
  mkdirSync("server");
  copyFileSync(values.server, path.join("server", name));
  chmodSync(path.join("server", name), 0o755);
}

await createVSIX({
  cwd: process.cwd(),
  packagePath: values.out,
  // What is needed is in the bundle.
  dependencies: false,
  // Without a server there is no folder for it.
  allowUnusedFilesPattern: true,
  ...(values.server === undefined ? {} : { target: values.target }),
});
