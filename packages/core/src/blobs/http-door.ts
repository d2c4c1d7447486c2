// A relay's blobs over HTTP, beside the WebSocket: docs/spec/sync.md section 6.8.
import { type BlobHash, concatBytes, parseBlobHash, toBase64url, toHex } from "@selkie/entry";
import type { ByteRange } from "@selkie/store";
import type { Scheduler } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import { type BlobDoor, MOST_RETIRING } from "./blob-door.ts";
import { platformFetch, type ResponseLike } from "./fetch-like.ts";

export interface HttpDoorContext {
  /** Where the paths begin, with a slash at the end. */
  readonly url: string;
  readonly scheduler: Scheduler;
  /** 32 bytes that the relay gave in this session. */
  readonly ticket: Uint8Array;
}

const BINARY = { "content-type": "application/octet-stream" };

/** An answer of at most one blob over a slow line takes no longer. */
const MOST_MS = 120_000;

export function httpDoor(at: HttpDoorContext): BlobDoor {
  return {
    missing: async (hashes) => {
      const body = concatBytes(...hashes);
      return hashesOf(await ask(at, "blobs/missing", { method: "POST", body, headers: BINARY, most: body.length }));
    },
    retiring: async (after) => {
      const path = after === null ? "blobs/retiring" : `blobs/retiring/${toHex(after)}`;
      return hashesOf(await ask(at, path, { method: "GET", most: 32 * MOST_RETIRING }));
    },
    put: async (hash, bytes) => {
      await ask(at, `blobs/${toHex(hash)}`, { method: "PUT", body: bytes, headers: BINARY, most: MOST_ERROR });
    },
    get: (hash, range, signal) => get(at, hash, range, signal),
  };
}

async function get(at: HttpDoorContext, hash: BlobHash, [from, to]: ByteRange, signal?: AbortSignal) {
  if (from >= to) return new Uint8Array();
  const headers = { range: `bytes=${from}-${to - 1}` };
  const answer = await ask(at, `blobs/${toHex(hash)}`, { method: "GET", headers, most: to - from, signal });
  if (answer.status === 404) return null;
  if (answer.status === 416) return new Uint8Array();
  if (answer.status !== 206) throw unsent("the relay answers with other bytes than were asked for");
  return answer.bytes;
}

interface Question {
  readonly method: "GET" | "POST" | "PUT";
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes that an answer may have. */
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
}

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** @throws CoreError as {@link refusal} says, BLOBS_UNSENT when nobody answers; the signal's reason */
async function ask(
  { url, scheduler, ticket }: HttpDoorContext,
  path: string,
  { method, body, headers, most, signal }: Question,
): Promise<Answer> {
  const ending = new AbortController();
  const stop = scheduler.after(MOST_MS, () => ending.abort());
  const abort = (): void => ending.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const response = await platformFetch()(`${url}${path}`, {
      method,
      redirect: "error", // SECURITY: the ticket goes to this relay alone
      credentials: "omit",
      cache: "no-store",
      headers: { ...headers, authorization: `Bearer ${toBase64url(ticket)}` },
      signal: ending.signal,
      ...(body === undefined ? {} : { body }),
    });
    const { ok, status } = response;
    if (ok) return { status, bytes: await bytesOf(response, most) };
    if (method === "GET" && (status === 404 || status === 416)) return { status, bytes: new Uint8Array() };
    throw refusal(status, await errorOf(response));
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CoreError) throw cause;
    throw unsent("the relay's door for blobs could not be reached", cause);
  } finally {
    stop();
    signal?.removeEventListener("abort", abort);
  }
}

/** SECURITY: D12. A relay does not fill the memory of who asks it (http-door.test.ts). */
async function bytesOf({ body }: ResponseLike, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    length += read.value.length;
    chunks.push(read.value);
    if (length <= most) continue;
    await reader?.cancel();
    throw unsent("the relay answers with more bytes than were asked for");
  }
  return concatBytes(...chunks);
}

const MOST_ERROR = 1_024;

async function errorOf(response: ResponseLike): Promise<unknown> {
  const text = new TextDecoder().decode(await bytesOf(response, MOST_ERROR));
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === "object" && said !== null && "error" in said ? said.error : null;
  } catch {
    return null; // somebody in between answers
  }
}

function refusal(status: number, code: unknown): CoreError {
  if (code === "QUOTA") return new CoreError("QUOTA_EXCEEDED", "the relay stores no more of this device or its tenant");
  if (code === "RELAY_FULL") return new CoreError(code, "the relay's disk is full");
  return unsent(`the relay's door for blobs answers with status ${status}`);
}

function hashesOf({ bytes }: Answer): readonly BlobHash[] {
  if (bytes.length % 32 !== 0) throw unsent("the relay's answer is no list of hashes");
  return Array.from({ length: bytes.length / 32 }, (_, at) => parseBlobHash(bytes.slice(32 * at, 32 * (at + 1))));
}

const unsent = (message: string, cause?: unknown): CoreError => new CoreError("BLOBS_UNSENT", message, { cause });
