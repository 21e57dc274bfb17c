/** VS Code as a server: one instance with the extension in it and settings of its own, on a free port. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

const SETTINGS = {
  "workbench.startupEditor": "none",
  // Without it a chat takes a third of the window.
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "window.restoreWindows": "none",
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "files.autoSave": "off",
};

export class CodeServer {
  readonly url: string;
  private readonly home: string;
  private readonly running: ChildProcess;

  private constructor(url: string, home: string, running: ChildProcess) {
    this.url = url;
    this.home = home;
    this.running = running;
  }

  /** Installs the package and starts. `log` takes what the server prints. */
  static async start(program: string, vsix: string, log: string): Promise<CodeServer> {
    const home = mkdtempSync(path.join(tmpdir(), "code-server-"));
    const user = path.join(home, "data", "User");
    mkdirSync(user, { recursive: true });
    writeFileSync(path.join(user, "settings.json"), JSON.stringify(SETTINGS));
    writeFileSync(path.join(home, "config.yaml"), "auth: none\n");
    const args = [
      ["--config", path.join(home, "config.yaml")],
      ["--user-data-dir", path.join(home, "data")],
      ["--extensions-dir", path.join(home, "extensions")],
    ].flat();
    const env = {
      ...process.env,
      XDG_CONFIG_HOME: path.join(home, "xdg-config"),
      XDG_DATA_HOME: path.join(home, "xdg-data"),
      // No gallery: nothing outside this machine is asked.
      EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    };
    execFileSync(program, [...args, "--install-extension", vsix], { env, stdio: "pipe" });
    const port = await freePort();
    const output = openSync(log, "w");
    const running = spawn(
      program,
      [
        ...args,
        ["--bind-addr", `127.0.0.1:${port}`],
        ["--auth", "none"],
        ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
      ].flat(),
      { env, stdio: ["ignore", output, output] },
    );
    const started = new CodeServer(`http://127.0.0.1:${port}`, home, running);
    await started.answers();
    return started;
  }

  /** The files of the installed extension, relative to it. */
  installedFiles(): string[] {
    const root = this.installed();
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  /** The size of one of them. */
  installedBytes(file: string): number {
    return statSync(path.join(this.installed(), file)).size;
  }

  /** What the extension has logged in the window opened last. */
  lastLog(): string {
    const logs = path.join(this.home, "data", "logs");
    const own = readdirSync(logs, { recursive: true, encoding: "utf8" })
      .filter((file) => path.basename(file) === "meshscope.log")
      .map((file) => path.join(logs, file))
      .sort((a, b) => statSync(a).birthtimeMs - statSync(b).birthtimeMs);
    const last = own.at(-1);
    return last === undefined ? "" : readFileSync(last, "utf8");
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.running.once("exit", resolve));
    this.running.kill();
    await ended;
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private installed(): string {
    const extensions = path.join(this.home, "extensions");
    const folder = readdirSync(extensions).find((name) => name.startsWith("meshscope."));
    if (folder === undefined) {
      throw new Error("the extension is not installed");
    }
    return path.join(extensions, folder);
  }

  private async answers(): Promise<void> {
    for (let attempt = 0; attempt < 120; attempt++) {
      const answer = await fetch(`${this.url}/healthz`).catch(() => undefined);
      if (answer?.ok === true) {
        return;
      }
      await setTimeout(500);
    }
    await this.stop();
    throw new Error("code-server does not answer");
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}
