import assert from "node:assert/strict";
import { test } from "node:test";
import { type Folder, mentionsMesh, reasonToStart } from "../src/activation/decision.ts";

const virtualService = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n";

test("objects, labels and annotations of a mesh are mentions", () => {
  assert.ok(mentionsMesh(virtualService));
  assert.ok(mentionsMesh("apiVersion: 'gateway.networking.k8s.io/v1'\nkind: HTTPRoute\n"));
  assert.ok(mentionsMesh("metadata:\n  labels:\n    istio.io/rev: stable\n"));
  assert.ok(mentionsMesh('{"apiVersion": "security.istio.io/v1"}'));
});

test("links, comments and other groups are not", () => {
  assert.ok(!mentionsMesh("docs: https://istio.io/latest/docs\n"));
  assert.ok(!mentionsMesh("# apiVersion: networking.istio.io/v1\nkind: Service\n"));
  assert.ok(!mentionsMesh("a: b # networking.istio.io/v1\n"));
  assert.ok(!mentionsMesh("apiVersion: networking.k8s.io/v1\nkind: Ingress\n"));
  assert.ok(!mentionsMesh("name: virtualservices.networking.istio.io\n"));
  assert.ok(!mentionsMesh("apiVersion: example.notistio.io/v1\n"));
});

/** A folder in memory that counts what is read. */
function folder(files: Record<string, string>, settings = false): Folder & { read: string[] } {
  const read: string[] = [];
  return {
    read,
    yamlFiles: async (limit) => Object.keys(files).slice(0, limit),
    hasSettings: async () => settings,
    head: async (file, bytes) => {
      read.push(file);
      return (files[file] ?? "").slice(0, bytes);
    },
  };
}

test("a settings file is reason enough, and nothing else is read", async () => {
  const quick = folder({ "a.yaml": virtualService }, true);
  assert.equal(await reasonToStart(quick), "the folder has a meshscope.yaml");
  assert.deepEqual(quick.read, []);
});

test("one object of a mesh is reason enough; a folder without stays quiet", async () => {
  const mesh = folder({ "a.yaml": "kind: Service\n", "b.yaml": virtualService });
  assert.equal(await reasonToStart(mesh), "b.yaml is about a mesh");
  assert.equal(await reasonToStart(folder({ "a.yaml": "kind: Service\n" })), undefined);
});

test("a large folder is read in part", async () => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}.yaml`);
  const large = folder(Object.fromEntries(names.map((name) => [name, "kind: Service\n"])));
  const limits = { files: 20, bytesPerFile: 10, atOnce: 8 };
  assert.equal(await reasonToStart(large, limits), undefined);
  assert.equal(large.read.length, 20);
  const late = folder({ "a.yaml": `${"\n".repeat(10)}${virtualService}` });
  assert.equal(await reasonToStart(late, limits), undefined);
});
