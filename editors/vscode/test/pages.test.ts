import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceAnswer } from "../src/server/answers.ts";
import { blastRadiusPage } from "../src/views/blastRadius.ts";
import { tracePage } from "../src/views/trace.ts";
import { forWebview, placeOf } from "../src/views/webPage.ts";

test("only styles and scripts of the page itself count, and nothing is loaded", () => {
  const page =
    "<html><head><style>a{}</style></head><body><p>x</p><script>1</script></body></html>";
  const shown = forWebview(page, "N");
  assert.match(
    shown,
    /^<html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; /,
  );
  assert.equal(shown.match(/<(style|script)\b/g)?.length, shown.match(/nonce="N"/g)?.length);
  assert.equal(shown.match(/<script nonce="N">/g)?.length, 2);
});

test("a message of a page is a place or nothing", () => {
  assert.deepEqual(placeOf({ file: "a.yaml", line: 3, column: 1 }), {
    file: "a.yaml",
    line: 3,
    column: 1,
  });
  assert.deepEqual(placeOf({ uri: "file:///a.yaml", line: 3, column: 1, more: 1 }), {
    uri: "file:///a.yaml",
    line: 3,
    column: 1,
  });
  for (const other of [null, "x", {}, { line: 1, column: 1 }, { file: "a", line: 0, column: 1 }]) {
    assert.equal(placeOf(other), undefined);
  }
});

const location = {
  uri: "file:///mesh/a.yaml",
  range: { start: { line: 4, character: 2 }, end: { line: 4, character: 9 } },
};
const because = {
  resource: "VirtualService shop/web",
  path: "spec.http[0]",
  why: "it matches (any) (O:6.1, V:R4.25)",
};

const answer: TraceAnswer = {
  mesh: "default",
  verdict: "no_route",
  arrives: false,
  summary: "404 & <b>nothing</b>",
  steps: [
    {
      proxy: "workload:shop/web",
      title: "refuses it",
      listener: "0.0.0.0_80",
      route: null,
      cluster: null,
      because: [{ ...because, location }],
    },
  ],
  destinations: [],
  throughGateways: [],
  because: [because],
  assumptions: ["the service runs"],
};

test("a trace shows the verdict, each proxy, and leads to the field that decided", () => {
  const page = tracePage("workload:shop/web", "http://web/", answer);
  assert.match(page, /<span class="verdict fails">no route<\/span> 404 &amp; &lt;b&gt;nothing/);
  assert.match(page, /<dt>listener<\/dt><dd>0\.0\.0\.0_80<\/dd>/);
  assert.doesNotMatch(page, /<dt>(route|cluster|through)<\/dt>/);
  assert.match(page, /data-uri="file:\/\/\/mesh\/a\.yaml" data-line="5" data-column="3"/);
  assert.match(page, /<h2>Assumed<\/h2><ul><li>the service runs/);
  // What no file holds leads nowhere.
  assert.match(
    page,
    /<span class="place">VirtualService shop\/web spec\.http\[0\]<\/span>: it matches \(any\)</,
  );
});

test("a blast radius tells apart who changes, is pushed, sees and freezes", () => {
  const page = blastRadiusPage([
    {
      mesh: "default",
      resource: "VirtualService shop/web",
      summary: "reaches 2 sidecars",
      sees: [
        { proxy: "workload:shop/a", because: [] },
        { proxy: "workload:shop/b", because: [because] },
      ],
      pushed: [],
      changesBehaviour: [{ proxy: "workload:shop/a", because: [] }],
      freezes: [
        { proxy: "gateway:in/gw", kind: "route-config", name: "http.80", along: ["x"], because },
      ],
    },
  ]);
  assert.match(page, /1 proxy changes behaviour/);
  assert.match(page, /2 proxies see it/);
  assert.doesNotMatch(page, /pushed/);
  assert.match(page, /route-config http\.80 together with x/);
});
