/**
 * Pages as a webview shows them: nothing is loaded, only styles and scripts with the page's nonce
 * count, colours are those of the theme, and what has a place in the files leads there.
 *
 * It must not know VS Code.
 */

/** Where a click leads: 1-based line and column of a file, by URI or by path in the workspace. */
export interface Place {
  uri?: string;
  file?: string;
  line: number;
  column: number;
}

/** The page, its own `<style>` and `<script>` elements let through. */
export function forWebview(page: string, nonce: string): string {
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  return page
    .replaceAll("<style>", `<style nonce="${nonce}">`)
    .replaceAll("<script>", `<script nonce="${nonce}">`)
    .replace("<head>", `<head>${head}`)
    .replace("</head>", `<style nonce="${nonce}">${THEME}</style></head>`)
    .replace("</body>", `<script nonce="${nonce}">${GO_THERE}${ZOOM}</script></body>`);
}

/** A message of a page as a place; undefined for anything else. */
export function placeOf(message: unknown): Place | undefined {
  if (typeof message !== "object" || message === null) {
    return undefined;
  }
  const { uri, file, line, column } = message as Record<string, unknown>;
  if (typeof line !== "number" || typeof column !== "number" || line < 1 || column < 1) {
    return undefined;
  }
  if (typeof uri === "string") {
    return { uri, line, column };
  }
  return typeof file === "string" ? { file, line, column } : undefined;
}

// The variables are those of the library's pages.
const THEME = `
:root{--ink:var(--vscode-editor-foreground);--paper:var(--vscode-editor-background);
--soft:var(--vscode-descriptionForeground);
--line:color-mix(in srgb,var(--vscode-editor-foreground) 45%,transparent)}
body{padding:0;font-family:var(--vscode-font-family);font-size:var(--vscode-font-size)}
[data-line]{cursor:pointer}
input{color:var(--vscode-input-foreground);background:var(--vscode-input-background);
border:1px solid var(--vscode-input-border,transparent);padding:2px 6px}
`;

const GO_THERE = `
{const vscode=acquireVsCodeApi();
const go=event=>{const at=event.target.closest('[data-line]');
if(at)vscode.postMessage({uri:at.dataset.uri,file:at.dataset.file,line:Number(at.dataset.line),column:Number(at.dataset.column)});};
document.addEventListener('click',go);
document.addEventListener('keydown',event=>{if(event.key==='Enter')go(event);});}
`;

// A picture fits the width as far as it stays legible; Ctrl and the wheel change its size.
const ZOOM = `
{const picture=document.querySelector('body > svg');
if(picture){const {width,height}=picture.viewBox.baseVal;
let scale=Math.min(1,Math.max(0.6,innerWidth/width));
const draw=()=>{picture.setAttribute('width',width*scale);picture.setAttribute('height',height*scale);};
draw();
addEventListener('wheel',event=>{if(event.ctrlKey||event.metaKey){event.preventDefault();
scale=Math.min(3,Math.max(0.1,scale*(event.deltaY<0?1.1:1/1.1)));draw();}},{passive:false});}}
`;
