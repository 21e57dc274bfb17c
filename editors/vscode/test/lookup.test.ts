import assert from "node:assert/strict";
import { test } from "node:test";
import { type Surroundings, findServer } from "../src/server/lookup.ts";

function around(programs: string[], changes: Partial<Surroundings> = {}): Surroundings {
  return {
    configured: "",
    extensionPath: "/ext",
    workspaceFolder: "/repo",
    home: "/home/me",
    path: "/usr/local/bin:/usr/bin",
    platform: "linux",
    isProgram: (file) => programs.includes(file),
    ...changes,
  };
}

const everywhere = ["/opt/meshscope", "/ext/server/meshscope", "/usr/bin/meshscope"];

test("the settings come before what is bundled, and that before PATH", () => {
  assert.deepEqual(findServer(around(everywhere, { configured: "/opt/meshscope" })), {
    program: "/opt/meshscope",
    source: "settings",
  });
  assert.deepEqual(findServer(around(everywhere)), {
    program: "/ext/server/meshscope",
    source: "extension",
  });
  assert.deepEqual(findServer(around(["/usr/bin/meshscope"])), {
    program: "/usr/bin/meshscope",
    source: "PATH",
  });
});

test("a configured path that leads nowhere is said, not replaced", () => {
  const found = findServer(around(everywhere, { configured: "/nowhere/meshscope" }));
  assert.ok("missing" in found && found.missing.includes("/nowhere/meshscope"));
});

test("home and workspace folder are filled in, other relative paths refused", () => {
  const programs = ["/home/me/bin/meshscope", "/repo/target/debug/meshscope", "bin/meshscope"];
  const found = (configured: string) => findServer(around(programs, { configured }));
  assert.deepEqual(found("~/bin/meshscope"), {
    program: "/home/me/bin/meshscope",
    source: "settings",
  });
  assert.deepEqual(found("${workspaceFolder}/target/debug/meshscope"), {
    program: "/repo/target/debug/meshscope",
    source: "settings",
  });
  assert.ok("missing" in found("bin/meshscope"));
});

test("nothing of the opened folder is run through PATH", () => {
  const found = findServer(around(["./meshscope", "meshscope"], { path: ".::bin" }));
  assert.ok("missing" in found && found.missing.includes("meshscope.server.path"));
});
