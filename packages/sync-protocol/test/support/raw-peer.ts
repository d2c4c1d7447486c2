// A peer that says what a test tells it to, message by message.
import { expect } from "vitest";
import {
  ALL_RIGHTS,
  pipe,
  type Rights,
  runSession,
  type Session,
  type SessionOptions,
  type Transport,
} from "../../src/index.ts";
import { decodeMessage, encodeMessage } from "../../src/message/codec.ts";
import type { Hello, Message } from "../../src/message/message.ts";
import { FrameTags } from "../../src/session/frame-tags.ts";
import { type Peer, testRandom } from "./peers.ts";
import { bytesOf, tenant, verifier } from "./writer.ts";

export class RawPeer {
  readonly transport: Transport;
  readonly #frames: AsyncIterator<Uint8Array>;
  readonly #tags = new FrameTags(verifier);
  #own: Hello | null = null;
  #theirs: Hello | null = null;

  constructor(transport: Transport) {
    this.transport = transport;
    this.#frames = transport.receive()[Symbol.asyncIterator]();
  }

  async send(...messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (message.type === "hello") this.#own = message;
      await this.transport.send(this.#tags.seal(encodeMessage(message)));
      this.#begin();
    }
  }

  async sendFrame(frame: Uint8Array): Promise<void> {
    await this.transport.send(frame);
  }

  /** The next message; null once the other side has closed. */
  async next(): Promise<Message | null> {
    const { done, value } = await this.#frames.next();
    if (done === true) return null;
    const message = decodeMessage(this.#tags.open(value));
    if (message.type === "hello") this.#theirs = message;
    this.#begin();
    return message;
  }

  #begin(): void {
    const [own, theirs] = [this.#own, this.#theirs];
    if (own === null || theirs === null) return;
    this.#tags.begin(own, theirs);
  }

  /** The next message, which has to be of this type. */
  async take<Type extends Message["type"]>(type: Type): Promise<Extract<Message, { type: Type }>> {
    const message = await this.next();
    expect(message?.type).toBe(type);
    return message as Extract<Message, { type: Type }>;
  }

  /** Everything up to the end. */
  async rest(): Promise<readonly Message[]> {
    const messages: Message[] = [];
    for (let message = await this.next(); message !== null; message = await this.next()) messages.push(message);
    return messages;
  }
}

export function helloOf(role: Hello["role"], change: Partial<Hello> = {}): Hello {
  return { type: "hello", role, nonce: testRandom(32), windowBytes: 4_194_304, databases: 1_024, ...change };
}

export const generation = bytesOf("raw generation", 8);

export interface Faced {
  readonly session: Session;
  readonly raw: RawPeer;
  readonly hellos: { readonly raw: Hello; readonly session: Hello };
}

/** A real dialler that faces a raw listener, or the reverse, after the greetings. */
export async function face(
  peer: Peer,
  role: "dialler" | "listener",
  options: Partial<SessionOptions> = {},
  hello: Partial<Hello> = {},
): Promise<Faced> {
  const [left, right] = pipe();
  const session = runSession(left, peer.options({ role, ...options }));
  const raw = new RawPeer(right);
  const own = helloOf(role === "dialler" ? "listener" : "dialler", hello);
  await raw.send(own);
  return { session, raw, hellos: { raw: own, session: await raw.take("hello") } };
}

/** A real listener without gatekeeper that has admitted a raw dialler. */
export async function faceOpenListener(
  peer: Peer,
  options: Partial<SessionOptions> = {},
  rights: Rights = ALL_RIGHTS,
  hello: Partial<Hello> = {},
): Promise<Faced> {
  const faced = await face(peer, "listener", options, hello);
  const { raw } = faced;
  await raw.send({
    type: "claim",
    kind: "none",
    tenant,
    key: null,
    origin: "pipe:test",
    documents: [],
    signature: null,
  });
  await raw.take("claim");
  await raw.take("admitted");
  await raw.send({ type: "admitted", rights, generation });
  await faced.session.ready;
  return faced;
}

/** A real dialler without gatekeeper that was admitted by a raw listener. */
export async function faceOpenDialler(
  peer: Peer,
  options: Partial<SessionOptions> = {},
  rights: Rights = ALL_RIGHTS,
  hello: Partial<Hello> = {},
): Promise<Faced> {
  const faced = await face(peer, "dialler", options, hello);
  const { raw } = faced;
  const claim = await raw.take("claim");
  await raw.send({ ...claim, kind: "none", key: null, signature: null, documents: [] });
  await raw.send({ type: "admitted", rights, generation });
  await raw.take("admitted");
  await faced.session.ready;
  return faced;
}

/** Everything that was under way in this process is done. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}
