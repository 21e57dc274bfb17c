/** Which of the meshes of a folder a question is about. It must not know VS Code. */

/** A mesh as `meshscope meshes --format json` lists it. */
export interface ListedMesh {
  name: string;
  /** Why its files are one mesh. */
  reason: string;
  /** Paths relative to the folder. */
  files: string[];
}

/** The meshes a file is part of; all of them for a file of none, or for no file. */
export function meshesOf(meshes: ListedMesh[], file: string | undefined): ListedMesh[] {
  const its = meshes.filter((mesh) => file !== undefined && mesh.files.includes(file));
  return its.length > 0 ? its : meshes;
}
