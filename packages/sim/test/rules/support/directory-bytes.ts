// Statements of the rules as the directory's own, with keys and ids in bytes.

import { continuedAdmission, keyIdOf, type PlacedStatement } from "@selkie/core/internal";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  fromHex,
  hash,
  parseCiphertext,
  parseEntryId,
  parseSignature,
  parseStatementId,
  type StatementId,
  toHex,
} from "@selkie/entry";
import { type Cut, chainOf, type Entry, type RevokeFields, type Statement } from "../../../src/rules/facts.ts";
import { commonKeys, foundingVersion } from "../../../src/rules/keys.ts";
import { bytesOf, databaseOf, writerOf } from "./real-ids.ts";

type Said = PlacedStatement["statement"];

/** Public keys, made once: what is admitted must be keys. */
const pool = await Promise.all(
  Array.from({ length: 320 }, async (_, at) => ({
    sign: (await nativeCrypto.importSigningKey(bytesOf(`sign ${at}`))).publicKey,
    kem: (await nativeCrypto.importKemKey(bytesOf(`kem ${at}`))).publicKey,
  })),
);

const none = { signature: parseSignature(new Uint8Array(64)), sealed: parseCiphertext(new Uint8Array(80)) };

/** What names of one history stand for. */
export class DirectoryBytes {
  readonly #keys = new Map<string, { readonly sign: Uint8Array; readonly kem: Uint8Array }>();
  readonly #ids = new Map<string, StatementId>();
  readonly #versions = new Map<string, Uint8Array>();
  readonly #keyIds = new Map<string, Uint8Array>();
  /** The key that each version is of. */
  readonly #keyOf = new Map<string, string>();
  readonly #chains = new Map<string, Pick<Entry, "database" | "writer">>();
  /** By the admission of a device that goes on, and is not the first: by which change, and what it was let in with before. */
  readonly #continued = new Map<string, { readonly change: string; readonly before: string }>();

  constructor(entries: readonly Entry[]) {
    for (const key of commonKeys) {
      this.#keyIds.set(key, bytesOf(`key ${key}`, 16));
      this.#keyOf.set(foundingVersion(key), key);
    }
    for (const entry of entries) {
      this.#chains.set(chainOf(entry), entry);
      for (const statement of entry.statements) this.#note(entry, statement);
    }
    // What it goes on from may itself have gone on, by a change that arrived later: so only when all are noted.
    for (const id of this.#continued.keys()) this.statement(id);
  }

  #note(entry: Entry, statement: Statement): void {
    if (statement.type === "createKey")
      this.#keyIds.set(statement.key, keyIdOf(nativeCrypto, writerOf(entry), nonceOf(statement.id)));
    if (statement.type === "createKey" || statement.type === "rotate")
      this.#keyOf.set(statement.version, statement.key);
    if (statement.type !== "change") return;
    for (const [at, { id }] of statement.others.entries())
      this.#continued.set(id, { change: statement.id, before: statement.continues?.[at + 1] ?? "" });
  }

  /** Of a person or a device. */
  keys(name: string): { readonly sign: Uint8Array; readonly kem: Uint8Array } {
    const known = this.#keys.get(name) ?? pool[this.#keys.size];
    if (known === undefined) throw new RangeError("more keys than were made");
    this.#keys.set(name, known);
    return known;
  }

  statement(id: string): StatementId {
    const known = this.#ids.get(id) ?? this.#idOf(id);
    this.#ids.set(id, known);
    return known;
  }

  #idOf(id: string): StatementId {
    const continued = this.#continued.get(id);
    if (continued === undefined) return parseStatementId(bytesOf(`statement ${id}`));
    const { change, before } = continued;
    return continuedAdmission(nativeCrypto, this.statement(change), this.statement(before));
  }

  version(name: string): Uint8Array {
    const known = this.#versions.get(name) ?? bytesOf(`version ${name}`);
    this.#versions.set(name, known);
    return known;
  }

  key(name: string): Uint8Array {
    const known = this.#keyIds.get(name) ?? bytesOf(`key ${name}`, 16);
    this.#keyIds.set(name, known);
    return known;
  }

  /** What ids of statements, versions and keys in hexadecimal stand for. */
  names(): ReadonlyMap<string, string> {
    const all = [...this.#ids, ...this.#versions, ...this.#keyIds];
    return new Map(all.map(([name, bytes]) => [toHex(bytes), name]));
  }

  founding(): Said {
    const first = (key: string) => ({ keyId: this.key(key), commitment: this.version(foundingVersion(key)) });
    return {
      type: "found",
      name: "acme",
      tenantSecret: bytesOf("secret"),
      directoryKey: first("directory"),
      defaultKey: first("default"),
      history: "full",
    };
  }

  /** The parts that say what one statement of the rules does. A rotation and its permits are two. */
  parts(statement: Statement): readonly Said[] {
    const id = (name: string) => this.statement(name);
    switch (statement.type) {
      case "grant": {
        const { role, person, device, after, keys } = statement.grant;
        const { sign, kem } = this.keys(device[0] ?? statement.id);
        const { kem: userKem } = this.keys(person[0] ?? `of ${statement.id}`);
        const slots = { slot: sign, slotSalt: bytesOf("salt", 16) };
        const named = { name: statement.id, role, after: after.map(id), keys: keys.map((key) => this.key(key)) };
        return [{ type: "grant", ...named, ...slots, userKem, deviceSign: sign, deviceKem: kem }];
      }
      case "addDevice": {
        const { sign, kem } = this.keys(statement.device[0] ?? statement.id);
        return [{ type: "addDevice", deviceSign: sign, deviceKem: kem, userKeys: [] }];
      }
      case "revoke":
        return [{ type: "revoke", ...this.#revocation(statement.revoke) }];
      case "change": {
        const { role, keys } = statement.grant;
        const rights = { name: statement.id, role, keys: keys.map((key) => this.key(key)) };
        const devices = (statement.continues ?? []).map(id);
        return [{ type: "change", ...rights, devices, ...this.#revocation(statement.revoke) }];
      }
      case "readmit":
        return [{ type: "readmit", lifts: statement.lifts.map(id), cuts: this.#cuts(statement.cuts) }];
      case "replaceRoot":
        return [{ type: "replaceRoot", key: this.keys(statement.id).sign, cuts: this.#cuts(statement.cuts) }];
      default:
        return this.#ofKeys(statement);
    }
  }

  #ofKeys(statement: Extract<Statement, { type: "createKey" | "rotate" | "permit" | "share" }>): readonly Said[] {
    const device = (name: string) => ({ type: "device", of: { type: "statement", id: this.statement(name) } }) as const;
    switch (statement.type) {
      case "createKey": {
        const commitment = this.version(statement.version);
        return [{ type: "createKey", nonce: nonceOf(statement.id), name: statement.key, commitment, history: "full" }];
      }
      case "rotate": {
        const { over, links, to } = statement;
        const [keyId, version] = [this.key(statement.key), this.version(statement.version)];
        const sealed = links.map((link) => ({ version: this.version(link), sealed: none.sealed }));
        const ids = over.map((name) => this.statement(name));
        return [
          { type: "rotate", keyId, over: ids, commitment: version, links: sealed },
          { type: "permit", history: "full", versions: [{ keyId, version }], to: to.map(device) },
        ];
      }
      case "permit": {
        const { to, people = [], isFromNow } = statement;
        const versions = statement.versions.map((name) => ({
          keyId: this.key(this.#keyOf.get(name) ?? "default"), // what nobody made is no key's
          version: this.version(name),
        }));
        const users = people.map((user) => ({ type: "statement", id: this.statement(user) }) as const);
        const history = isFromNow === true ? "from-now" : "full";
        return [{ type: "permit", history, versions, to: [...to.map(device), ...users] }];
      }
      case "share":
        return [
          {
            type: "share",
            keyId: this.key(statement.key),
            to: statement.to.map((user) => this.statement(user)),
            history: "full",
          },
        ];
      default:
        return statement satisfies never;
    }
  }

  #revocation({ targets, keys, cuts }: RevokeFields) {
    return {
      targets: targets.map((name) => this.statement(name)),
      identityKeys: keys.map((name) => hash(nativeCrypto, "identity-key", this.keys(name).kem)),
      cuts: this.#cuts(cuts),
      wipe: null,
    };
  }

  #cuts(cuts: ReadonlyMap<string, Cut>) {
    return [...cuts].map(([chain, { seq, id }]) => {
      const { database, writer } = this.#chains.get(chain) ?? { database: chain, writer: chain };
      const cut = { writer: writerOf({ database, writer }), seq, id: parseEntryId(fromHex(id)) };
      return { database: databaseOf(database), cuts: [{ ...cut, signature: none.signature }] };
    });
  }
}

const nonceOf = (id: string): Uint8Array => bytesOf(`nonce of ${id}`, 16);
