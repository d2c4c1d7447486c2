// What of the platform's `fetch` (https://fetch.spec.whatwg.org) is used.
import { CoreError } from "../errors.ts";

interface RequestLike {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly redirect: "error";
  readonly credentials: "omit";
  readonly cache: "no-store";
  readonly signal: AbortSignal;
}

export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly body: { getReader(): BodyReaderLike } | null;
}

interface BodyReaderLike {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export type FetchLike = (url: string, request: RequestLike) => Promise<ResponseLike>;

/** The platform's own (browsers, Node 22 and later). @throws CoreError BLOBS_UNSENT where there is none */
export function platformFetch(): FetchLike {
  const { fetch: found } = globalThis as { readonly fetch?: FetchLike };
  if (found === undefined) throw new CoreError("BLOBS_UNSENT", "this platform has no fetch");
  return found;
}
