/** What the server's commands take and answer. Lines and characters count from 0, as in LSP. */

/** A place in a text. */
export interface Position {
  line: number;
  character: number;
}

/** Where something is written. */
export interface Location {
  uri: string;
  range: { start: Position; end: Position };
}

/** The object and field that decided something. */
export interface Reason {
  /** `Kind NAMESPACE/NAME`. */
  resource: string;
  /** The field; empty for the object. */
  path: string;
  /** What it decided. */
  why: string;
  location?: Location;
}

/** A position in a text. */
export interface At {
  uri: string;
  position: Position;
}

/** A mesh of a folder. */
export interface ListedMesh {
  name: string;
  /** Why its files are one mesh. */
  reason: string;
  /** Whether the file asked about is part of it. */
  here: boolean;
}

/** A workload a trace may start from. */
export interface Caller {
  /** `workload:NS/NAME` or `gateway:NS/NAME`. */
  who: string;
  mesh: string;
  /** URLs worth asking about, those under the cursor first. */
  calls: string[];
}

/** A call to trace. */
export interface TraceRequest {
  uri?: string;
  mesh: string;
  from: string;
  url: string;
}

/** What happens to a call. */
export interface TraceAnswer {
  mesh: string;
  verdict: string;
  arrives: boolean;
  summary: string;
  steps: {
    proxy: string;
    title: string;
    listener: string | null;
    route: string | null;
    cluster: string | null;
    because: Reason[];
  }[];
  destinations: string[];
  throughGateways: string[];
  because: Reason[];
  assumptions: string[];
}

/** A proxy that a change reaches. */
export interface ReachedProxy {
  proxy: string;
  because: Reason[];
}

/** Whom a change of an object reaches, in one mesh. */
export interface Impact {
  mesh: string;
  resource: string;
  summary: string;
  sees: ReachedProxy[];
  pushed: ReachedProxy[];
  changesBehaviour: ReachedProxy[];
  freezes: { proxy: string; kind: string; name: string; along: string[]; because: Reason }[];
}

/** Which route graph. */
export interface RouteGraphRequest {
  uri?: string;
  mesh?: string;
  namespace?: string;
  host?: string;
}
