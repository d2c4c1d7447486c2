// Brings one relay the blobs that this device offers.
import { type BlobHash, equalBytes, toHex } from "@selkie/entry";
import type { BlobStore } from "@selkie/store";
import type { GrowingPause } from "../connection/growing-pause.ts";
import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";
import { type BlobDoor, MOST_ASKED, MOST_RETIRING } from "./blob-door.ts";
import { readBlob } from "./given-blobs.ts";
import type { Offers } from "./offers.ts";

export interface UploadsContext {
  readonly offers: Offers;
  readonly blobs: BlobStore;
  /** 16 bytes that name the relay. */
  readonly relay: Uint8Array;
  readonly platform: Pick<Platform, "now" | "scheduler">;
  /** Before it is tried again. */
  readonly pause: Pick<GrowingPause, "wait" | "reset" | "end">;
  /** Gets what goes wrong while nobody waits. */
  failed(error: unknown): void;
}

/** A session with the relay. */
export interface UploadSession {
  /** The generation of the relay's store, 8 bytes. */
  readonly generation: Uint8Array;
  /** Null where the relay takes no blobs. */
  door(): Promise<BlobDoor | null>;
}

/** After so long a relay is asked again what it is about to drop, also in a session that lasts. */
const ASKED_AGAIN_MS = 6 * 3_600_000;
/** And after so long what it lacks of all that is offered, as a disk may have lost something. */
const COMPARED_AGAIN_MS = 7 * 86_400_000;
/** Of hashes that a relay is about to drop: a million. */
const MOST_PAGES = 64;
/** Blobs on their way at once: a few megabytes each. */
const AT_ONCE = 2;

export class Uploads {
  readonly #at: UploadsContext;
  readonly #running = new Serial();
  #session: UploadSession | null = null;
  /** Whether a session has let this device bring any. */
  #mayBring = false;
  /** The session in which the relay was last asked what it is about to drop, and when. */
  #kept: { readonly session: UploadSession; readonly at: number } | null = null;
  #stopAsking: () => void = () => undefined;

  constructor(at: UploadsContext) {
    this.#at = at;
  }

  /** The relay is there: what it lacks is brought to it. */
  begin(session: UploadSession): void {
    this.#session = session;
    this.#mayBring = true;
    this.look();
    this.#askAgain();
  }

  end(): void {
    this.#session = null;
    this.#stopAsking();
    this.#at.pause.end();
  }

  #askAgain(): void {
    this.#stopAsking(); // a session may begin twice: when it is there, and when it gave this device its rights
    this.#stopAsking = this.#at.platform.scheduler.after(ASKED_AGAIN_MS, () => {
      this.look();
      this.#askAgain();
    });
  }

  /** More is offered. */
  look(): void {
    const session = this.#session;
    if (session === null) return;
    this.settled().then(
      () => this.#at.pause.reset(),
      (error: unknown) => {
        if (this.#session !== session) return; // the next session does it
        this.#at.failed(error);
        if (error instanceof CoreError && error.code === "BLOBS_UNSENT") void this.#again(session);
      },
    );
  }

  /** The relay is there, and its door is not, or it has more to do than it can. */
  async #again(session: UploadSession): Promise<void> {
    await this.#at.pause.wait();
    if (this.#session === session) this.look();
  }

  /**
   * Resolves once the relay has all that was offered at the call.
   * @throws CoreError QUOTA_EXCEEDED | RELAY_FULL | BLOBS_UNSENT; what was brought until then stays brought
   */
  settled(): Promise<void> {
    return this.#running.run(() => this.#bring());
  }

  async #bring(): Promise<void> {
    const { removals } = this.#at.offers;
    const offered = await this.#at.offers.all();
    const session = this.#session;
    if (offered.length === 0 || !this.#mayBring) return;
    if (session === null) throw new CoreError("BLOBS_UNSENT", "the connection ended");
    const isBrought = await this.#wasBrought(session, offered);
    if (isBrought && this.#kept?.session === session && this.#isWithin(ASKED_AGAIN_MS, this.#kept.at)) return;
    const door = await session.door();
    if (door === null) throw new CoreError("BLOBS_UNSENT", "the relay takes no blobs over this connection");
    // What others had dropped there and this device offers still is kept.
    const due = isBrought ? await retiringAmong(offered, door) : offered;
    let isWhole = true;
    for (let at = 0; at < due.length; at += MOST_ASKED) {
      const asked = due.slice(at, at + MOST_ASKED);
      if (!(await this.#send(session, door, among(asked, await door.missing(asked))))) isWhole = false;
    }
    this.#kept = { session, at: this.#at.platform.now() };
    if (!isBrought && isWhole) await this.#noteBrought(session, offered, removals);
  }

  async #wasBrought({ generation }: UploadSession, offered: readonly BlobHash[]): Promise<boolean> {
    const { offers, relay } = this.#at;
    const before = await offers.brought(relay);
    if (before === null || !this.#isWithin(COMPARED_AGAIN_MS, before.at)) return false;
    return equalBytes(before.generation, generation) && equalBytes(before.digest, offers.digest(offered));
  }

  #isWithin(ms: number, at: number): boolean {
    return Math.abs(this.#at.platform.now() - at) < ms;
  }

  async #noteBrought({ generation }: UploadSession, offered: readonly BlobHash[], removals: number): Promise<void> {
    const { offers, relay, platform } = this.#at;
    await offers.noteBrought(relay, { generation, digest: offers.digest(offered), at: platform.now() }, removals);
  }

  /**
   * These come ascending by hash: an order that says nothing of which blobs make a file, and where in it they stand.
   * @returns false when one is not here: swept by now, or lost, and then it may come back
   */
  async #send(session: UploadSession, door: BlobDoor, missing: readonly BlobHash[]): Promise<boolean> {
    const left = missing.values();
    let isWhole = true;
    const send = async (): Promise<void> => {
      for (const next of left) {
        if (this.#session !== session) throw new CoreError("BLOBS_UNSENT", "the connection ended");
        const bytes = await readBlob(this.#at.blobs, next);
        if (bytes === null) isWhole = false;
        else await door.put(next, bytes);
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, send));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return isWhole;
  }
}

/** Those of ours that the relay is about to drop. @throws CoreError BLOBS_UNSENT when it goes on and on */
async function retiringAmong(ours: readonly BlobHash[], door: BlobDoor): Promise<readonly BlobHash[]> {
  const due: BlobHash[] = [];
  let after: BlobHash | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const named: readonly BlobHash[] = await door.retiring(after);
    due.push(...among(ours, named));
    if (named.length < MOST_RETIRING) return due;
    after = named.at(-1) ?? null;
  }
  throw new CoreError("BLOBS_UNSENT", "the relay names more blobs that it is about to drop than it can hold");
}

/** Those of ours that the relay names, each once: what else it names it is not given. */
function among(ours: readonly BlobHash[], named: readonly BlobHash[]): readonly BlobHash[] {
  const names = new Set(named.map(toHex));
  return ours.filter((each) => names.has(toHex(each)));
}
