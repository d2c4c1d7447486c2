// The HTTP door for blobs. Who comes shows the ticket of a session that is logged in; what it may do is asked of that session at each
// request. Bytes go straight between the network and the store's files.

import { finished, Readable } from "node:stream";
import { type BlobHash, fromHex, limits, parseBlobHash } from "@selkie/entry";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Counters } from "../counters.ts";
import { BlobRefusal } from "../tenants/blob-refusal.ts";
import type { Retiring } from "../tenants/retiring.ts";
import type { Admitted } from "../tenants/tenant.ts";
import type { OpenedBlob, TenantBlobs } from "../tenants/tenant-blobs.ts";
import { askedRange } from "./byte-range.ts";
import { HTTP_REFUSALS, HttpRefusal } from "./http-refusal.ts";
import { pageOf } from "./page-of-hashes.ts";
import type { Tickets } from "./tickets.ts";
import type { Transfers } from "./transfers.ts";

export interface BlobRoutesOptions {
  readonly tickets: Tickets;
  readonly blobs: TenantBlobs;
  readonly retiring: Pick<Retiring, "waitingBlobs">;
  readonly transfers: Transfers;
  readonly counters: Counters;
}

const HASH_BYTES = 32;
/** Hashes that one request may ask about. */
const MOST_ASKED = 512;
const BINARY = "application/octet-stream";

/** Whoever shows a ticket has it from a session, not from a cookie: pages of any origin may come. */
const ANY_ORIGIN = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "accept-ranges, content-length, content-range, retry-after",
};
const PREFLIGHT = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT",
  "access-control-allow-headers": "authorization, content-type, range",
  "access-control-max-age": "86400",
};

type Named = { Params: { hash: string } };

/** Adds the routes below `/blobs`. */
export function addBlobRoutes(app: FastifyInstance, options: BlobRoutesOptions): void {
  const door = new BlobDoor(options);
  void app.register(async (routes) => {
    routes.addHook("onRequest", async (_request, reply) => void reply.headers(ANY_ORIGIN));
    routes.setErrorHandler((failure, request, reply) => door.refuse(failure, request, reply));
    routes.options("/blobs/*", (_request, reply) => reply.code(204).headers(PREFLIGHT).send());
    routes.post("/blobs/missing", (request, reply) => door.missing(request, reply));
    routes.get("/blobs/retiring", (request, reply) => door.retiring(null, request, reply));
    routes.get<Named>("/blobs/retiring/:hash", (request, reply) => door.retiring(hashOf(request), request, reply));
    routes.head<Named>("/blobs/:hash", (request, reply) => door.describe(request, reply));
    routes.get<Named>("/blobs/:hash", (request, reply) => door.give(request, reply));
    routes.put<Named>("/blobs/:hash", (request, reply) => door.take(request, reply));
  });
}

class BlobDoor {
  readonly #at: BlobRoutesOptions;

  constructor(at: BlobRoutesOptions) {
    this.#at = at;
  }

  async missing(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const holder = this.#pusher(request);
    const length = lengthOf(request);
    if (length > HASH_BYTES * MOST_ASKED || length % HASH_BYTES !== 0) throw new HttpRefusal("BAD_REQUEST");
    const end = this.#at.transfers.begin(holder.login, () => request.raw.destroy());
    try {
      const body: Uint8Array[] = [];
      for await (const chunk of bodyOf(request)) body.push(chunk);
      const missing = await this.#at.blobs.missing(holder, hashesIn(Buffer.concat(body)));
      return reply.type(BINARY).send(Buffer.concat(missing));
    } finally {
      end();
    }
  }

  /** @param after the last that was told; null for the first of them */
  async retiring(after: BlobHash | null, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { tenant, login } = this.#pusher(request);
    const end = this.#at.transfers.begin(login, () => reply.raw.destroy());
    finished(reply.raw, end);
    // SECURITY: C3. Who could not fetch them learns of no blobs. Test: blob-routes.test.ts "C3 ...".
    const waiting = tenant.mayPullBlobs(login) ? await this.#at.retiring.waitingBlobs(tenant) : [];
    return reply.type(BINARY).send(Buffer.concat(pageOf(waiting, after)));
  }

  async take(request: FastifyRequest<Named>, reply: FastifyReply): Promise<FastifyReply> {
    const { blobs, transfers, tickets } = this.#at;
    const holder = this.#pusher(request);
    const hash = hashOf(request);
    const size = lengthOf(request);
    if (size > limits.blobBytes) throw new HttpRefusal("BLOB_TOO_LARGE", { connection: "close" });
    const ticket = ticketOf(request);
    const end = transfers.begin(holder.login, () => request.raw.destroy());
    try {
      const isAllowed = (): boolean => holder.login.grant?.push === true && tickets.holderOf(ticket) === holder;
      const taken = await blobs.take(holder, { hash, size, chunks: bodyOf(request), isAllowed });
      return reply.code(taken === "stored" ? 201 : 200).send();
    } finally {
      end();
    }
  }

  async describe(request: FastifyRequest<Named>, reply: FastifyReply): Promise<FastifyReply> {
    const size = await this.#at.blobs.sizeOf(this.#puller(request), hashOf(request));
    if (size === null) throw new HttpRefusal("NOT_FOUND");
    return reply.type(BINARY).headers({ "accept-ranges": "bytes", "content-length": size }).send();
  }

  async give(request: FastifyRequest<Named>, reply: FastifyReply): Promise<FastifyReply> {
    const { blobs, transfers } = this.#at;
    const holder = this.#puller(request);
    const hash = hashOf(request);
    const end = transfers.begin(holder.login, () => reply.raw.destroy());
    finished(reply.raw, end);
    const size = await blobs.sizeOf(holder, hash);
    if (size === null) throw new HttpRefusal("NOT_FOUND");
    const asked = askedRange(request.headers.range, size);
    if (asked.type === "unsatisfiable") throw new HttpRefusal("BAD_RANGE", { "content-range": `bytes */${size}` });
    const [from, to] = asked.type === "whole" ? [0, size] : [asked.from, asked.to];
    const opened = await blobs.open(holder, hash, [from, to]);
    if (opened === null) throw new HttpRefusal("NOT_FOUND");
    if (asked.type === "part") reply.code(206).header("content-range", `bytes ${from}-${to - 1}/${size}`);
    reply.type(BINARY).headers({ "accept-ranges": "bytes", "content-length": to - from });
    return reply.send(Readable.from(this.#whileAllowed(opened, request), { objectMode: false }));
  }

  /** SECURITY: F7. Answers are fixed words; nothing of a request comes back. Test: blob-routes.test.ts "F7 ...". */
  refuse(failure: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const refusal = failure instanceof BlobRefusal ? new HttpRefusal(failure.code) : failure;
    // Who hung up does not hear the answer; that its bytes ended early is no failure of the relay.
    if (!(refusal instanceof HttpRefusal) && !request.socket.destroyed) throw failure;
    const { code, headers } = refusal instanceof HttpRefusal ? refusal : new HttpRefusal("BAD_REQUEST");
    this.#at.counters.count("blob_requests_refused_total");
    return reply.code(HTTP_REFUSALS[code]).headers(headers).send({ error: code });
  }

  async *#whileAllowed({ bytes }: OpenedBlob, request: FastifyRequest): AsyncIterable<Uint8Array> {
    const { counters } = this.#at;
    counters.count("blobs_served_total");
    for await (const chunk of bytes) {
      this.#puller(request);
      counters.count("blob_bytes_served_total", chunk.length);
      yield chunk;
    }
  }

  #pusher(request: FastifyRequest): Admitted {
    const holder = this.#holder(request);
    if (holder.login.grant?.push !== true) throw new HttpRefusal("NO_RIGHT");
    return holder;
  }

  #puller(request: FastifyRequest): Admitted {
    const holder = this.#holder(request);
    if (!holder.tenant.mayPullBlobs(holder.login)) throw new HttpRefusal("NO_RIGHT");
    return holder;
  }

  #holder(request: FastifyRequest): Admitted {
    const holder = this.#at.tickets.holderOf(ticketOf(request));
    if (holder === null) throw new HttpRefusal("NO_TICKET", { "www-authenticate": "Bearer" });
    return holder;
  }
}

/** The ticket of a request; one that opens nothing where it shows none. */
function ticketOf({ headers }: FastifyRequest): Uint8Array {
  const [, ticket = ""] = /^Bearer ([A-Za-z0-9_-]{43})$/i.exec(headers.authorization ?? "") ?? [];
  return new Uint8Array(Buffer.from(ticket, "base64url"));
}

/** SECURITY: F8. A name is 64 hexadecimal digits and nothing else. Test: blob-routes.test.ts "F8 ...". */
function hashOf({ params: { hash } }: FastifyRequest<Named>): BlobHash {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new HttpRefusal("NOT_FOUND");
  return parseBlobHash(fromHex(hash));
}

/** The bytes that come with a request. Whoever stops reading can still answer. */
function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return request.raw.iterator({ destroyOnReturn: false });
}

function lengthOf({ headers }: FastifyRequest): number {
  const length = headers["content-length"];
  if (length === undefined) throw new HttpRefusal("LENGTH_REQUIRED", { connection: "close" });
  return Number(length);
}

function hashesIn(bytes: Uint8Array): readonly BlobHash[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    parseBlobHash(Uint8Array.from(bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))),
  );
}
