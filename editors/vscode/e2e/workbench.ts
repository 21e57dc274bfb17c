/** VS Code's window as a user handles it: files, commands, hovers, pictures. Every wait is bounded. */

import path from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  type BrowserContext,
  type Frame,
  type Locator,
  type Page,
  chromium,
} from "playwright-core";

const PATIENCE = 60_000;

/** Chromium as root in a container, without calls to its maker. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export class Workbench {
  readonly page: Page;
  /** Requests to anything but this machine. */
  readonly outside: string[] = [];
  private readonly context: BrowserContext;
  private readonly pictures: string;

  private constructor(context: BrowserContext, page: Page, pictures: string) {
    this.context = context;
    this.page = page;
    this.pictures = pictures;
    page.setDefaultTimeout(PATIENCE);
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      // A worker of the page answers for vscode-resource, from files of code-server.
      const inside = /^(127\.0\.0\.1|localhost|.*\.vscode-resource\.vscode-cdn\.net)$/;
      if (protocol !== "data:" && protocol !== "blob:" && !inside.test(hostname)) {
        this.outside.push(request.url());
      }
    });
  }

  /** Opens a folder of a code-server in a window. */
  static async open(url: string, folder: string, pictures: string): Promise<Workbench> {
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const workbench = new Workbench(context, await context.newPage(), pictures);
    await workbench.page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
    await workbench.page.locator(".monaco-workbench .explorer-folders-view").waitFor();
    return workbench;
  }

  /** Opens a file of the folder by its path, and waits until its text is shown. */
  async openFile(file: string): Promise<void> {
    await this.page.keyboard.press("Control+1");
    await this.quickInput("Control+P", file, path.basename(file));
    await this.activeTab(path.basename(file)).waitFor();
    await this.page.locator(".editor-instance .view-lines").first().waitFor();
  }

  /** Runs a command of the palette by its title. */
  async runCommand(title: string): Promise<void> {
    await this.quickInput("F1", `>${title}`, title);
  }

  /** Chooses an entry of the list with this title, or types it. */
  async choose(title: string, entry: string): Promise<void> {
    const list = this.page.locator(".quick-input-widget", { hasText: title });
    await list.waitFor();
    await list.locator("input").fill(entry);
    await list.locator(".monaco-list-row.focused", { hasText: entry }).waitFor();
    await this.page.keyboard.press("Enter");
  }

  /** The tab in front, if it has this label. */
  activeTab(label: string): Locator {
    return this.page.locator(".tab.active", { hasText: label }).first();
  }

  /** A text in the editor. */
  text(text: string): Locator {
    return this.page.locator(".view-lines").getByText(text, { exact: false }).first();
  }

  /** What a hover over this text says, once it says something that matches. */
  async hover(text: string, expected: RegExp): Promise<string> {
    const shown = this.page.locator(".monaco-hover:not(.hidden)").filter({ hasText: expected });
    await this.retry(async () => {
      await this.page.mouse.move(2, 2);
      await this.text(text).hover();
      await shown.first().waitFor({ timeout: 5000 });
    });
    return shown.first().innerText();
  }

  /** Puts the cursor into a text. */
  async clickText(text: string): Promise<void> {
    // The cursor itself may lie over the text.
    await this.text(text).click({ force: true });
  }

  /** The webview in front that shows such an element with this text. */
  async webview(inside: string, text: string): Promise<Frame> {
    for (let left = 120; left > 0; left--) {
      for (const frame of this.page.frames()) {
        // A frame that is just being replaced would let the question wait.
        const shows = this.shows(frame, inside, text).catch(() => false);
        if (await Promise.race([shows, setTimeout(2000, false)])) {
          return frame;
        }
      }
      await this.page.waitForTimeout(500);
    }
    throw new Error(`no webview shows ${text}`);
  }

  /** A picture of the window. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(this.pictures, `${name}.png`) });
  }

  /** Does something until it works, a few times. */
  async retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (let left = 8; ; left--) {
      try {
        return await attempt();
      } catch (error) {
        if (left === 0) {
          throw error;
        }
      }
    }
  }

  async close(): Promise<void> {
    await this.context.browser()?.close();
  }

  /** Webviews are frames in frames; those behind others stay there, invisible. */
  private async shows(frame: Frame, inside: string, text: string): Promise<boolean> {
    const outer = await frame.parentFrame()?.frameElement();
    return (
      (await outer?.isVisible()) === true &&
      (await frame.locator(inside).filter({ hasText: text }).first().isVisible())
    );
  }

  private async quickInput(key: string, typed: string, row: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input");
    const found = this.page
      .locator(".quick-input-widget .monaco-list-row.focused")
      .filter({ hasText: row });
    await this.retry(async () => {
      await this.page.keyboard.press("Escape");
      await this.page.keyboard.press(key);
      await input.waitFor({ timeout: 5000 });
      await input.fill(typed, { timeout: 5000 });
      await found.first().waitFor({ timeout: 10_000 });
      await this.page.keyboard.press("Enter");
    });
  }
}
