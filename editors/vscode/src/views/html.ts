/** Small pieces of HTML. Text from files never becomes markup. */

/** A text as HTML. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** `1 gateway`, `2 gateways`, `2 proxies`. */
export function count(n: number, one: string): string {
  if (n === 1) {
    return `1 ${one}`;
  }
  return one.endsWith("y") ? `${n} ${one.slice(0, -1)}ies` : `${n} ${one}s`;
}
