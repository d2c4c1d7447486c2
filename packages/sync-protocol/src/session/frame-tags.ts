// Tags of the frames that say what a side allows or holds: they count on this connection, at their place, and nowhere else.
import { ByteWriter, concatBytes, equalBytes, hash, type Verifier } from "@selkie/entry";
import { isTagged } from "../message/codec.ts";
import type { Hello, Role } from "../message/message.ts";
import { SyncError } from "../sync-error.ts";

const TAG_BYTES = 8;
const roleByte = { dialler: 1, listener: 2 } as const satisfies Record<Role, number>;

/**
 * Adds and checks tags, each H(frame-tag, both nonces, the sender's role, a counter), 8 bytes (docs/spec/sync.md section 3.4).
 *
 * SECURITY: without TLS somebody may play an old frame again. What a peer held or refused once is then not taken for what it does now:
 * no alarm is raised, nothing counts as acknowledged, nobody is refused. Who can forge frames is kept out by TLS alone. Tests:
 * frame-tags.test.ts "B6 ...".
 */
export class FrameTags {
  readonly #verifier: Verifier;
  #begun: { readonly nonces: readonly Uint8Array[]; readonly role: Role } | null = null;
  #sent = 0;
  #received = 0;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** Both greetings are known. */
  begin(own: Hello, { nonce }: Hello): void {
    const { role } = own;
    this.#begun ??= { nonces: role === "dialler" ? [own.nonce, nonce] : [nonce, own.nonce], role };
  }

  /** A frame as it goes out. */
  seal(frame: Uint8Array): Uint8Array {
    if (this.#begun === null || !isTagged(frame)) return frame;
    return concatBytes(frame, this.#tag(this.#begun.nonces, this.#begun.role, this.#sent++));
  }

  /** A frame without its tag. @throws SyncError `UNEXPECTED_MESSAGE`, `FRAME_MISPLACED` */
  open(frame: Uint8Array): Uint8Array {
    if (!isTagged(frame)) return frame;
    if (this.#begun === null) throw new SyncError("UNEXPECTED_MESSAGE", "a message before hello");
    const { nonces, role } = this.#begun;
    const tag = this.#tag(nonces, role === "dialler" ? "listener" : "dialler", this.#received++);
    if (frame.length < TAG_BYTES || !equalBytes(frame.subarray(-TAG_BYTES), tag))
      throw new SyncError("FRAME_MISPLACED", "a frame of another connection, or at another place of this one");
    return frame.subarray(0, -TAG_BYTES);
  }

  #tag(nonces: readonly Uint8Array[], role: Role, count: number): Uint8Array {
    const place = new ByteWriter(9).u8(roleByte[role]).u64(count).finish();
    return hash(this.#verifier, "frame-tag", ...nonces, place).subarray(0, TAG_BYTES);
  }
}
