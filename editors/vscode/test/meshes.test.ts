import assert from "node:assert/strict";
import { test } from "node:test";
import { meshesOf } from "../src/commands/meshes.ts";

const mesh = (name: string, ...files: string[]) => ({ name, reason: "", files });
const meshes = [mesh("prod", "base/a.yaml", "prod.yaml"), mesh("test", "base/a.yaml")];
const names = (file?: string) => meshesOf(meshes, file).map(({ name }) => name);

test("a file leaves the meshes it is part of to choose from", () => {
  assert.deepEqual(names("prod.yaml"), ["prod"]);
  assert.deepEqual(names("base/a.yaml"), ["prod", "test"]);
});

test("a file of no mesh, and no file, leave all of them", () => {
  assert.deepEqual(names("README.yaml"), ["prod", "test"]);
  assert.deepEqual(names(), ["prod", "test"]);
});
