import assert from "node:assert/strict";
import { test } from "node:test";
import { manifests } from "../scripts/settings.ts";

test("package.json has the settings of the server; otherwise: npm run settings", () => {
  const { is, should } = manifests(".", process.env["MESHSCOPE_EDITORS"] ?? "..");
  assert.equal(is, should);
});
