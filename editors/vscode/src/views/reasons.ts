/** Reasons as HTML: what was decided, by which field, and a way there. */

import type { Reason } from "../server/answers.ts";
import { escaped } from "./html.ts";

/** The list of reasons; nothing for none. */
export function reasonList(because: Reason[]): string {
  if (because.length === 0) {
    return "";
  }
  return `<ul class="because">${because.map((b) => `<li>${reason(b)}</li>`).join("")}</ul>`;
}

/** One reason on a line. */
export function reason(because: Reason): string {
  const field = `${because.resource} ${because.path}`.trim();
  // People read what is the case, not the paragraph of the semantics that says so.
  const said = because.why.replace(/\s*\((?:G|O|V|SF):[^()]*\)$/, "");
  const why = said === "" ? "" : `: ${escaped(said)}`;
  const at = because.location;
  if (at === undefined) {
    return `<span class="place">${escaped(field)}</span>${why}`;
  }
  const { line, character } = at.range.start;
  return (
    `<a class="place" tabindex="0" data-uri="${escaped(at.uri)}" data-line="${line + 1}" ` +
    `data-column="${character + 1}">${escaped(field)}</a>${why}`
  );
}

/** A whole page around a body. */
export function page(title: string, body: string): string {
  return (
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>` +
    `<style>${STYLE}</style></head><body>${body}</body></html>`
  );
}

const STYLE = `
body{margin:0 20px 24px;line-height:1.5;max-width:60em;color:var(--ink)}
h1{font-size:1.3em;font-weight:600;margin:16px 0 4px}
h2{font-size:1.05em;font-weight:600;margin:20px 0 4px}
p{margin:4px 0}.soft{color:var(--soft)}
ol,ul{margin:4px 0;padding-left:22px}ol>li{margin:12px 0}
.because{list-style:none;padding-left:10px;border-left:2px solid var(--line)}
a.place{color:var(--vscode-textLink-foreground)}a.place:hover{text-decoration:underline}
.verdict{display:inline-block;padding:1px 8px;border-radius:9px;font-size:.85em;
color:var(--vscode-badge-foreground);background:var(--vscode-badge-background)}
.verdict.fails{color:var(--vscode-editor-background);background:var(--vscode-editorError-foreground)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 12px;margin:4px 0}
dt{color:var(--soft)}dd{margin:0;font-family:var(--vscode-editor-font-family);overflow-wrap:anywhere}
details{margin:2px 0}summary{cursor:pointer}
`;
