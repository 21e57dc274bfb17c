/**
 * Which program is the server: the one the settings name, else the one that comes with the
 * extension, else the one on PATH.
 *
 * It must not know VS Code: files and the environment are given to it.
 */

import * as path from "node:path";

/** What the answer depends on. */
export interface Surroundings {
  /** `meshscope.server.path` as written; empty for unset. */
  configured: string;
  /** Where the extension is installed. */
  extensionPath: string;
  /** The first workspace folder, for `${workspaceFolder}`. */
  workspaceFolder: string | undefined;
  /** The user's home folder, for `~`. */
  home: string;
  /** The variable PATH. */
  path: string;
  /** `process.platform`. */
  platform: NodeJS.Platform;
  /** Whether a path is a file that may be run. */
  isProgram(file: string): boolean;
}

/** The program and where it was found, or why there is none. */
export type Lookup =
  { program: string; source: "settings" | "extension" | "PATH" } | { missing: string };

/** Looks the server up. A path in the settings that leads nowhere is said and not replaced by a guess. */
export function findServer(around: Surroundings): Lookup {
  const name = around.platform === "win32" ? "meshscope.exe" : "meshscope";
  const configured = around.configured.trim();
  if (configured !== "") {
    const program = expanded(configured, around);
    if (!path.isAbsolute(program)) {
      return { missing: `meshscope.server.path must be an absolute path, it is ${configured}` };
    }
    return around.isProgram(program)
      ? { program, source: "settings" }
      : { missing: `meshscope.server.path names ${program}, which is not a program` };
  }
  const bundled = path.join(around.extensionPath, "server", name);
  if (around.isProgram(bundled)) {
    return { program: bundled, source: "extension" };
  }
  // A relative entry of PATH would run what lies in the opened folder.
  const folders = around.path.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  for (const folder of folders) {
    const program = path.join(folder, name);
    if (around.isProgram(program)) {
      return { program, source: "PATH" };
    }
  }
  return {
    missing: `there is no ${name} in this extension or on PATH: install it, or set meshscope.server.path`,
  };
}

function expanded(written: string, around: Surroundings): string {
  if (written === "~" || written.startsWith("~/")) {
    return path.join(around.home, written.slice(1));
  }
  const folder = around.workspaceFolder;
  return folder === undefined ? written : written.replaceAll("${workspaceFolder}", folder);
}
