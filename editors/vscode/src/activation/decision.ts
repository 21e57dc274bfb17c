/**
 * Whether a folder is about a mesh: it has a meshscope.yaml, or some YAML file holds an object of Istio
 * or of the Gateway API. The look into files is bounded in number and bytes; what it misses is made up
 * for when such a file is opened.
 *
 * It must not know VS Code: folders are given to it.
 */

/** Names of the settings file. */
export const SETTINGS_FILES = ["meshscope.yaml", "meshscope.yml"];

/** How much of a folder is looked at. */
export const LIMITS = {
  /** Files that are opened. */
  files: 3000,
  /** Bytes read of each. */
  bytesPerFile: 256 * 1024,
  /** Files read at a time. */
  atOnce: 16,
};

/**
 * Whether a text mentions an API group, label or annotation of Istio, or an API group of the Gateway
 * API, outside comments. Links to istio.io are no mention.
 */
export function mentionsMesh(text: string): boolean {
  if (!text.includes("istio.io/") && !text.includes("gateway.networking.k8s.io/")) {
    return false;
  }
  return text.split("\n").some((line) => {
    const code = line.replace(/(^|\s)#.*$/, "");
    return /(^|[\s"'{,[])([\w-]+\.)*(istio\.io|gateway\.networking\.k8s\.io)\/\w/.test(code);
  });
}

/** A folder to decide about. */
export interface Folder {
  /** Paths of YAML files, at most `limit`. */
  yamlFiles(limit: number): Promise<string[]>;
  /** Whether there is a settings file. */
  hasSettings(): Promise<boolean>;
  /** The first bytes of a file, as text; empty when it cannot be read. */
  head(file: string, bytes: number): Promise<string>;
}

/** Why the server should run, or undefined to stay quiet. */
export async function reasonToStart(
  folder: Folder,
  limits: typeof LIMITS = LIMITS,
): Promise<string | undefined> {
  if (await folder.hasSettings()) {
    return "the folder has a meshscope.yaml";
  }
  const files = await folder.yamlFiles(limits.files);
  for (let start = 0; start < files.length; start += limits.atOnce) {
    const some = files.slice(start, start + limits.atOnce);
    const heads = await Promise.all(some.map((file) => folder.head(file, limits.bytesPerFile)));
    const found = heads.findIndex(mentionsMesh);
    if (found >= 0) {
      return `${some[found]} is about a mesh`;
    }
  }
  return undefined;
}
