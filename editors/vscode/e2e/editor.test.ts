/**
 * The extension in VS Code, on a copy of the bookshop in which a subset is misspelt. Run by `e2e/run`.
 * Each test goes on where the one before stopped, as a person would.
 */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { CodeServer } from "./codeServer.ts";
import { Workbench } from "./workbench.ts";

function given(name: string): string {
  const value = process.env[`MESHSCOPE_E2E_${name}`];
  assert.ok(value, `MESHSCOPE_E2E_${name} is set by e2e/run`);
  return value;
}

const folder = mkdtempSync(path.join(tmpdir(), "bookshop-"));
const experiments = path.join(folder, "storefront/experiments.yaml");
let server: CodeServer;
let code: Workbench;

before(async () => {
  const out = given("OUT");
  cpSync(path.join(given("CORPUS"), "bookshop"), folder, { recursive: true });
  writeFileSync(experiments, read(experiments).replace("subset: v2", "subset: v22"));
  const log = path.join(out, "code-server.log");
  server = await CodeServer.start(given("CODE_SERVER"), given("VSIX"), log);
  code = await Workbench.open(server.url, folder, out);
});

afterEach(async (context) => {
  if ("passed" in context && !context.passed) {
    await code?.picture(`failed-${context.name.replaceAll(" ", "-")}`);
  }
});

after(async () => {
  await code?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function read(file: string): string {
  return readFileSync(file, "utf8");
}

test("the package holds what is needed and nothing else", () => {
  const expected = [
    ".vsixmanifest",
    "LICENSE.txt",
    "README.md",
    "images/icon.png",
    "meshscope.schema.json",
    "out/NOTICES.txt",
    "out/extension.cjs",
    "package.json",
    "server/meshscope",
  ];
  const installed = server.installedFiles().map((file) => file.replace("readme.md", "README.md"));
  assert.deepEqual(installed.sort(), expected.sort());
  const size = server.installedBytes("out/extension.cjs");
  assert.ok(size < 1_000_000, `the bundle has ${size} bytes`);
});

test("a finding is underlined, also in a folder nobody trusts", async () => {
  await code.openFile("storefront/experiments.yaml");
  await code.page.locator(".squiggly-error").first().waitFor();
  await code.page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
  await code.page.keyboard.press("Control+Shift+M");
  const problems = code.page.locator(".markers-panel .monaco-list-row");
  await problems.filter({ hasText: "subset-unknown" }).first().waitFor();
  await code.picture("1-findings");
});

test("the name of a rule leads to its page", async () => {
  const row = code.page.locator(".markers-panel .monaco-list-row", { hasText: "subset-unknown" });
  await row.first().locator("a", { hasText: "subset-unknown" }).click();
  await code.webview("h1", "subset-unknown");
  await code.picture("1-rule");
  await code.runCommand("View: Hide Panel");
});

test("a hover says what a host is", async () => {
  const said = await code.hover("search.catalog.svc.cluster.local", /behind it/);
  assert.match(said, /Deployment catalog\/search-v1/);
  await code.picture("2-hover");
});

test("a code lens says whom a change reaches, and shows them", async () => {
  // VS Code draws lenses of the editor that has the focus.
  await code.openFile("storefront/experiments.yaml");
  const lens = code.page.locator(".codelens-decoration a", { hasText: /sidecar/ }).first();
  await lens.waitFor();
  await lens.click();
  const page = await code.webview("h1", "VirtualService storefront/search-experiment");
  await page.getByText("workload:storefront/web").first().waitFor();
  await code.picture("3-blast-radius");
});

test("a definition in another file opens", async () => {
  await code.openFile("storefront/experiments.yaml");
  await code.retry(async () => {
    await code.clickText("search.catalog.svc.cluster.local");
    await code.page.keyboard.press("F12");
    await code.activeTab("search.yaml").waitFor({ timeout: 10_000 });
  });
  await code.picture("4-definition");
});

test("the route graph is a picture, and its boxes lead to their definitions", async () => {
  await code.openFile("storefront/experiments.yaml");
  await code.runCommand("meshscope: Show Route Graph");
  const graph = await code.webview("svg .node", "payments/cards");
  const box = graph.locator(".node.virtual-service", { hasText: "payments/cards" });
  const { width = 0, height = 0 } = (await box.boundingBox()) ?? {};
  assert.ok(width > 100 && height > 20, `the box is ${width} by ${height}`);
  await code.picture("5-route-graph");
  await box.click();
  await code.activeTab("card-processor.yaml").waitFor();
  await code.picture("6-route-graph-followed");
});

test("a trace asks for caller and call, and explains the way", async () => {
  await code.openFile("storefront/experiments.yaml");
  await code.clickText("search.catalog.svc.cluster.local");
  await code.runCommand("meshscope: Trace a Call from Here");
  await code.choose("Who calls", "workload:storefront/web");
  await code.picture("7-trace-asks");
  await code.choose("What is called", "http://search.catalog.svc.cluster.local:8080/");
  const page = await code.webview("h1", "http://search.catalog.svc.cluster.local:8080/");
  await page.locator(".verdict", { hasText: "routed" }).waitFor();
  await page.getByText("outbound|8080|v1|search.catalog.svc.cluster.local").first().waitFor();
  await code.picture("8-trace");
});

test("a rule at the cursor is explained", async () => {
  await code.openFile("storefront/experiments.yaml");
  await code.clickText("v22");
  await code.runCommand("meshscope: Explain Rule");
  const first = code.page.locator(".quick-input-widget .monaco-list-row").first();
  await first.filter({ hasText: "subset-unknown" }).waitFor();
  await code.choose("Explain rule", "destination-host-unknown");
  await code.webview("h1", "destination-host-unknown");
  await code.picture("9-rule");
});

test("a quick fix repairs the file", async () => {
  await code.openFile("storefront/experiments.yaml");
  const errors = code.page.locator(".squiggly-error");
  await errors.first().waitFor();
  const before = await errors.count();
  await code.retry(async () => {
    await code.clickText("v22");
    await code.page.keyboard.press("Control+.");
    const fix = code.page.locator(".action-widget .monaco-list-row", { hasText: "use subset v2" });
    await fix.first().waitFor({ timeout: 10_000 });
    await code.picture("10-quick-fix");
    await fix.first().click();
  });
  // The finding goes before anything is saved.
  await code.retry(async () => {
    await code.page.waitForTimeout(1000);
    assert.equal(await errors.count(), before - 1);
  });
  assert.match(read(experiments), /v22/);
  await code.page.keyboard.press("Control+S");
  await code.retry(async () => {
    await code.page.waitForTimeout(500);
    assert.match(read(experiments), /subset: v2\n/);
  });
  assert.doesNotMatch(read(experiments), /v22/);
  await code.picture("11-fixed");
});

test("settings are created from what is found", async () => {
  await code.runCommand("meshscope: Create meshscope.yaml");
  await code.activeTab("meshscope.yaml").waitFor();
  assert.match(read(path.join(folder, "meshscope.yaml")), /^version: 1$/m);
});

test("the server can be started anew", async () => {
  await code.runCommand("meshscope: Restart Server");
  await code.retry(async () => {
    await code.page.waitForTimeout(1000);
    assert.match(server.lastLog(), /starting: asked for/);
  });
  await code.openFile("storefront/experiments.yaml");
  await code.hover("search.catalog.svc.cluster.local", /behind it/);
});

test("a folder without a mesh is left alone", async () => {
  const quiet = mkdtempSync(path.join(tmpdir(), "no-mesh-"));
  writeFileSync(path.join(quiet, "service.yaml"), "apiVersion: v1\nkind: Service\n");
  const other = await Workbench.open(server.url, quiet, given("OUT"));
  try {
    await other.openFile("service.yaml");
    await other.retry(async () => {
      await other.page.waitForTimeout(1000);
      assert.match(server.lastLog(), /quiet: no file of the opened folders is about a mesh/);
    });
    assert.doesNotMatch(server.lastLog(), /starting/);
  } finally {
    await other.close();
    rmSync(quiet, { recursive: true });
  }
});

test("nothing outside this machine was asked", () => {
  assert.deepEqual(code.outside, []);
});
