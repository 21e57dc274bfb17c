/** The settings as the server gets them: what the user says, and what only the editor knows. */

import * as vscode from "vscode";
import type { ConfigurationMiddleware } from "vscode-languageclient";

/** The section of the settings. */
const SECTION = "meshscope";

/** The extension whose server reads the same files. */
const YAML_EXTENSION = "redhat.vscode-yaml";

/** Whether another YAML server runs here. */
export function otherYamlServer(): boolean {
  return vscode.extensions.getExtension(YAML_EXTENSION) !== undefined;
}

/** The whole section. */
export function settings(): object {
  return completed(vscode.workspace.getConfiguration(SECTION));
}

/** Completes what the server asks for. */
export const completeSettings: ConfigurationMiddleware = {
  configuration: async (params, token, next) => {
    const values: unknown = await next(params, token);
    if (!Array.isArray(values)) {
      return [];
    }
    return values.map((value: unknown, index) =>
      params.items[index]?.section === SECTION ? completed(value) : value,
    );
  },
};

function completed(section: unknown): object {
  // A plain copy: configurations have methods.
  const said = JSON.parse(JSON.stringify(section ?? {})) as object;
  return { ...said, otherYamlServer: otherYamlServer() };
}
