import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, fromHex, type TenantId, toHex } from "@selkie/entry";
import type { StateStore } from "@selkie/store";
import { CborFields, encodeCbor } from "../cbor.ts";
import { encodeInvitation } from "../directory/invitation.ts";
import { isInvited, type JoinRequest } from "../directory/join-request.ts";
import { CoreError } from "../errors.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";

/** An invitation that was not used yet. */
export interface OpenInvitation {
  /** Hex. */
  readonly id: string;
  /** Whom it lets in: somebody new, or a further device of the user who made it. */
  readonly kind: JoinRequest["kind"];
  readonly secret: Uint8Array;
}

/** Invitations that wait to be used, at most: each is tried on every request that says it was invited. */
const MAX_OPEN = 1_024;

/** What a device keeps of the invitations it made: sealed rows that survive a restart, each until it is used or taken back. */
export class Invitations {
  readonly #crypto: CryptoProvider;
  readonly #local: LocalState;
  readonly #rows: StateStore;
  readonly #place: { readonly tenant: TenantId; readonly directory: DatabaseId };

  constructor(
    at: { readonly crypto: CryptoProvider; readonly local: LocalState; readonly rows: StateStore },
    place: { readonly tenant: TenantId; readonly directory: DatabaseId },
  ) {
    this.#crypto = at.crypto;
    this.#local = at.local;
    this.#rows = at.rows;
    this.#place = place;
  }

  /** Makes one, durably. @returns its id in hex, and the text to give away. @throws CoreError INVITATIONS_FULL */
  async create(kind: JoinRequest["kind"]): Promise<{ id: string; text: string }> {
    if ((await this.open()).length >= MAX_OPEN)
      throw new CoreError("INVITATIONS_FULL", `${MAX_OPEN} invitations are open`);
    const [id, secret] = [this.#crypto.randomBytes(16), this.#crypto.randomBytes(32)];
    const row = await this.#local.seal(this.#key(id), encodeCbor([kind === "user" ? 0 : 1, secret]));
    await this.#rows.put(row.key, row.value);
    return { id: toHex(id), text: encodeInvitation(this.#crypto, { tenant: this.#place.tenant, secret }) };
  }

  /** A damaged row is an invitation lost: whoever has it is refused. */
  async open(): Promise<readonly OpenInvitation[]> {
    const open: OpenInvitation[] = [];
    for await (const { key, value } of this.#local.range(rowKind.invitation, this.#place.directory))
      if (value !== null) open.push({ id: toHex(key.subarray(-16)), ...readRow(value) });
    return open;
  }

  /**
   * The invitation that a request was made with.
   * SECURITY: A8. One for somebody new admits no device of its maker's, nor the other way round (device.test.ts).
   */
  async of(request: JoinRequest): Promise<OpenInvitation | null> {
    if (request.mac === null) return null;
    for (const open of await this.open())
      if (open.kind === request.kind && (await isInvited(this.#crypto, request, open.secret))) return open;
    return null;
  }

  /** Takes one back. One that is not open changes nothing. */
  async withdraw(id: string): Promise<void> {
    const [known] = (await this.open()).filter((open) => open.id === id);
    if (known !== undefined) await this.#rows.remove(this.keyOf(known));
  }

  /** The row to remove when it is used. */
  keyOf({ id }: OpenInvitation): Uint8Array {
    return this.#key(fromHex(id));
  }

  #key(id: Uint8Array): Uint8Array {
    return this.#local.key(rowKind.invitation, this.#place.directory, id);
  }
}

function readRow(value: Uint8Array): Pick<OpenInvitation, "kind" | "secret"> {
  const fields = CborFields.decode(value, "LOCAL_STATE_DAMAGED");
  const row = { kind: fields.number(1) === 0 ? "user" : "device", secret: fields.bytes(32) } as const;
  fields.end();
  return row;
}
