/**
 * The language server as one thing that can be started, asked, restarted and stopped.
 *
 * It owns the client, the output channel and what the user is told when there is no server.
 */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { ExecuteCommandRequest, LanguageClient, type Executable } from "vscode-languageclient/node";
import { linkPulled, linkPushed } from "./diagnostics.ts";
import { type Lookup, findServer } from "./lookup.ts";
import { completeSettings, settings } from "./settings.ts";

/**
 * Runs a command of the server that was not asked for through the extension, such as that of a code
 * lens, and shows its answer. `ask` sends it to the server.
 */
export type Present = (
  command: string,
  argument: unknown,
  ask: () => Promise<unknown>,
) => Promise<unknown>;

/** The language server. */
export class Server implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel("meshscope", { log: true });
  /** Commands that the client runs by itself. */
  present: Present = (_command, _argument, ask) => ask();
  private readonly status = vscode.languages.createLanguageStatusItem("meshscope", {
    language: "yaml",
  });
  private client: LanguageClient | undefined;
  /** Starts and stops, one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private wasWanted = false;
  private readonly extensionPath: string;

  /** Quiet at first; the extension is installed at this path. */
  constructor(extensionPath: string) {
    this.extensionPath = extensionPath;
    this.status.name = "meshscope";
    this.tell("quiet: no mesh resources found", "Start", "meshscope.restartServer");
  }

  /** Whether it was asked to start, if in vain. */
  get wanted(): boolean {
    return this.wasWanted;
  }

  /** Whether it runs. */
  get running(): boolean {
    return this.client !== undefined;
  }

  /** Settings have changed: what runs, or should, is started anew. */
  async settingsChanged(): Promise<void> {
    if (this.wanted) {
      await this.restart("its settings changed");
    }
  }

  /** Starts it unless it runs. */
  start(reason: string): Promise<void> {
    this.wasWanted = true;
    return this.inTurn(async () => {
      if (!this.running) {
        await this.launch(reason);
      }
    });
  }

  /** Stops it if it runs, and starts it. */
  restart(reason: string): Promise<void> {
    this.wasWanted = true;
    return this.inTurn(async () => {
      await this.shutDown();
      await this.launch(reason);
    });
  }

  /** Stops it. */
  stop(): Promise<void> {
    return this.inTurn(() => this.shutDown());
  }

  dispose(): void {
    void this.stop();
    this.status.dispose();
    this.output.dispose();
  }

  /** Asks the server to run one of its commands; starts it first if it was quiet. */
  async ask<Answer>(command: string, argument?: unknown): Promise<Answer> {
    await this.start(`asked for ${command}`);
    if (this.client === undefined) {
      throw new Error("the meshscope server does not run");
    }
    const answer: Promise<Answer | null> = this.client.sendRequest(ExecuteCommandRequest.type, {
      command,
      arguments: argument === undefined ? [] : [argument],
    });
    // A mesh that is not read yet takes its time.
    const where = { location: vscode.ProgressLocation.Window, title: "meshscope" };
    const given = await vscode.window.withProgress(where, () => answer);
    if (given === null) {
      throw new Error("the files are still being read, try again");
    }
    return given;
  }

  /** Runs the program itself, for what is no question to the server. Gives what it prints. */
  async run(args: string[], folder: string): Promise<string> {
    const found = this.lookup();
    if ("missing" in found) {
      throw new Error(found.missing);
    }
    try {
      const { stdout } = await promisify(execFile)(found.program, args, {
        cwd: folder,
        timeout: 60_000,
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim();
      throw new Error(said ? said.replace(/^meshscope: /, "") : String(error), { cause: error });
    }
  }

  /** The folder programs are run in when a question is about none. */
  folder(): string {
    return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(step, step);
    return this.turn;
  }

  private lookup(): Lookup {
    return findServer({
      configured: vscode.workspace.getConfiguration("meshscope").get("server.path", ""),
      extensionPath: this.extensionPath,
      workspaceFolder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
      home: homedir(),
      path: process.env["PATH"] ?? "",
      platform: process.platform,
      isProgram,
    });
  }

  private async launch(reason: string): Promise<void> {
    this.output.info(`starting: ${reason}`);
    const found = this.lookup();
    if ("missing" in found) {
      this.complain(found.missing);
      return;
    }
    const version = await this.version(found.program);
    if (version === undefined) {
      return;
    }
    this.output.info(`${version}, ${found.program} (from ${found.source})`);
    const client = this.newClient(found.program);
    try {
      await client.start();
    } catch (error) {
      this.complain(`the server does not start: ${String(error)}`);
      await client.dispose().catch(() => undefined);
      return;
    }
    this.client = client;
    this.tell(version, "Restart", "meshscope.restartServer");
    await vscode.commands.executeCommand("setContext", "meshscope.active", true);
  }

  private async shutDown(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await vscode.commands.executeCommand("setContext", "meshscope.active", false);
    // A server that ended by itself has nothing to answer.
    await client?.dispose().catch((error: unknown) => this.output.warn(String(error)));
  }

  /** What `--version` says; a program that cannot say it cannot be run here. */
  private async version(program: string): Promise<string | undefined> {
    try {
      const said = await promisify(execFile)(program, ["--version"], { timeout: 10_000 });
      return said.stdout.trim();
    } catch (error) {
      this.complain(`${program} cannot be run: ${String(error)}`);
      return undefined;
    }
  }

  private newClient(program: string): LanguageClient {
    const server: Executable = { command: program, args: ["lsp"] };
    return new LanguageClient("meshscope", "meshscope", server, {
      documentSelector: [
        { scheme: "file", language: "yaml" },
        { scheme: "untitled", language: "yaml" },
      ],
      outputChannel: this.output,
      initializationOptions: settings(),
      middleware: {
        workspace: completeSettings,
        handleDiagnostics: linkPushed,
        ...linkPulled,
        executeCommand: (command, args, next) =>
          this.present(command, args[0], async () => next(command, args)),
      },
    });
  }

  private complain(problem: string): void {
    this.output.error(problem);
    this.tell(problem, "Settings", "meshscope.openServerSetting");
    this.status.severity = vscode.LanguageStatusSeverity.Error;
    const settings = "Open Settings";
    const output = "Show Output";
    void vscode.window
      .showErrorMessage(`meshscope: ${problem}`, settings, output)
      .then((chosen) => {
        if (chosen === settings) {
          void vscode.commands.executeCommand("meshscope.openServerSetting");
        } else if (chosen === output) {
          this.output.show();
        }
      });
  }

  private tell(detail: string, title: string, command: string): void {
    this.status.text = "meshscope";
    this.status.detail = detail;
    this.status.severity = vscode.LanguageStatusSeverity.Information;
    this.status.command = { title, command };
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
