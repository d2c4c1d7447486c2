// What the peer asks for, read as it is answered.
import { limits, type Replica, type TenantId } from "@selkie/entry";
import { assertNever } from "../assert-never.ts";
import { bytesDue } from "../message/blob-codec.ts";
import { TICKET_BYTES } from "../message/bounds.ts";
import type { Answer, Fetch, FetchBlob, Question } from "../message/message.ts";
import { readParts } from "./fetched-parts.ts";
import type { LeftOut } from "./left-out.ts";
import type { BlobPiece, SessionOptions } from "./session.ts";

/** Who asks for no more than this of a blob makes a store hash all of it for that (docs/spec/store.md section 7). */
const SMALL_PIECE = 262_144;

/** What an {@link Answerer} needs. */
export interface AnswererOptions {
  readonly session: SessionOptions;
  readonly leftOut: LeftOut;
  tenant(): TenantId;
  replicaAt(handle: number): Replica;
}

/** Answers questions out of what this side holds. */
export class Answerer {
  readonly #at: AnswererOptions;

  constructor(at: AnswererOptions) {
    this.#at = at;
  }

  /** The answer; where the peer may not read, that nothing is held. */
  async answer(question: Question, mayRead: boolean): Promise<Answer> {
    switch (question.type) {
      case "fetch":
        return { type: "parts", handle: question.handle, parts: await this.#parts(question, mayRead) };
      case "fetchBlob":
        return { type: "blob", piece: mayRead ? await this.#piece(question) : null };
      case "askTicket":
        return { type: "ticket", ticket: this.#ticket() };
      default:
        return assertNever(question);
    }
  }

  async #parts({ handle, places }: Fetch, mayRead: boolean): Promise<readonly (Uint8Array | null)[]> {
    const replica = this.#at.replicaAt(handle);
    if (!mayRead) return places.map(() => null);
    const { parts, left } = await readParts(replica, places);
    await this.#at.leftOut.pace(left);
    return parts;
  }

  /** SECURITY: F4. Small pieces cost what reading a whole blob does, and take as long (blobs.test.ts). */
  async #piece(question: FetchBlob): Promise<BlobPiece | null> {
    const { session, tenant, leftOut } = this.#at;
    const { hash, from, length } = question;
    const piece = (await session.blobs?.read(tenant(), hash, [from, from + length])) ?? null;
    if (piece === null) return null;
    const { size, bytes } = piece;
    if (size > limits.blobBytes || bytes.length !== bytesDue(question, size))
      throw new RangeError("another piece than was asked for");
    if (bytes.length <= SMALL_PIECE) await leftOut.pace(size - bytes.length);
    return piece;
  }

  #ticket(): Uint8Array | null {
    const ticket = this.#at.session.ticket?.() ?? null;
    if (ticket !== null && ticket.length !== TICKET_BYTES) throw new RangeError("a ticket has 32 bytes");
    return ticket;
  }
}
