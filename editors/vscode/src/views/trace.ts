/** The explanation of a trace as a page: the verdict, then the proxies on the way. */

import type { TraceAnswer } from "../server/answers.ts";
import { escaped } from "./html.ts";
import { page, reasonList } from "./reasons.ts";

/** The page for a call of `from` to `url`. */
export function tracePage(from: string, url: string, answer: TraceAnswer): string {
  const fails = answer.arrives ? "" : " fails";
  const verdict = answer.verdict.replaceAll("_", " ");
  const steps = answer.steps.map(
    (step) =>
      `<li><b>${escaped(step.proxy)}</b> ${escaped(step.title)}` +
      facts([
        ["listener", step.listener],
        ["route", step.route],
        ["cluster", step.title.includes(step.cluster ?? "") ? null : step.cluster],
      ]) +
      `${reasonList(step.because)}</li>`,
  );
  return page(
    "Trace",
    `<h1>${escaped(url)}</h1>` +
      `<p class="soft">from ${escaped(from)} in mesh ${escaped(answer.mesh)}</p>` +
      `<p><span class="verdict${fails}">${escaped(verdict)}</span> ${escaped(answer.summary)}</p>` +
      facts([
        ["ends at", answer.destinations.join(", ")],
        ["through", answer.throughGateways.join(", ")],
      ]) +
      (steps.length === 0 ? "" : `<h2>Way</h2><ol>${steps.join("")}</ol>`) +
      (answer.because.length === 0 ? "" : `<h2>Decided by</h2>${reasonList(answer.because)}`) +
      assumed(answer.assumptions),
  );
}

function facts(entries: [string, string | null][]): string {
  const known = entries.filter(([, value]) => value !== null && value !== "");
  if (known.length === 0) {
    return "";
  }
  const rows = known.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value ?? "")}</dd>`);
  return `<dl>${rows.join("")}</dl>`;
}

function assumed(assumptions: string[]): string {
  if (assumptions.length === 0) {
    return "";
  }
  return `<h2>Assumed</h2><ul>${assumptions.map((a) => `<li>${escaped(a)}</li>`).join("")}</ul>`;
}
