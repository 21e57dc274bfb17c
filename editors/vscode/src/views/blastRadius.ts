/** The blast radius of an object as a page: who sees it, is pushed, changes, freezes. */

import type { Impact, ReachedProxy } from "../server/answers.ts";
import { count, escaped } from "./html.ts";
import { page, reason, reasonList } from "./reasons.ts";

/** The page; one answer for each mesh the object is part of. */
export function blastRadiusPage(impacts: Impact[]): string {
  return page("Blast radius", impacts.map(section).join(""));
}

function section(impact: Impact): string {
  const frozen = impact.freezes.map((part) => {
    const along = part.along.length === 0 ? "" : ` together with ${part.along.join(", ")}`;
    return (
      `<li><b>${escaped(part.proxy)}</b> ${escaped(`${part.kind} ${part.name}${along}`)}` +
      `<div class="because">${reason(part.because)}</div></li>`
    );
  });
  return (
    `<h1>${escaped(impact.resource)}</h1><p class="soft">in mesh ${escaped(impact.mesh)}</p>` +
    `<p>${escaped(impact.summary)}</p>` +
    proxies("changes behaviour", "change behaviour", impact.changesBehaviour) +
    proxies("is pushed", "are pushed", impact.pushed) +
    proxies("sees it", "see it", impact.sees) +
    (frozen.length === 0
      ? ""
      : `<h2>Keeps its old version if Envoy refuses it</h2><ul>${frozen.join("")}</ul>`)
  );
}

function proxies(one: string, many: string, list: ReachedProxy[]): string {
  if (list.length === 0) {
    return "";
  }
  const entries = list.map((reached) => {
    const name = `<b>${escaped(reached.proxy)}</b>`;
    return reached.because.length === 0
      ? `<p>${name}</p>`
      : `<details><summary>${name}</summary>${reasonList(reached.because)}</details>`;
  });
  const does = list.length === 1 ? one : many;
  return `<h2>${count(list.length, "proxy")} ${does}</h2>${entries.join("")}`;
}
