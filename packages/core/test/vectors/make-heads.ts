// What devices hold, as texts: one of two databases, one of nothing, and what a reader makes of damaged ones.
import type { CryptoProvider } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { heads, readHeads, type SaidHeads, signHeads } from "../../src/directory/heads-text.ts";
import { pattern } from "../fixture.ts";
import type { VectorCase } from "./format.ts";

const some = (name: string, length: number): Uint8Array => pattern(`heads: ${name}`, length);

const held: SaidHeads = {
  tenant: some("tenant", heads.tenant),
  device: some("device", heads.device),
  left: 3,
  databases: ["directory", "notes"].map((name, at) => ({
    database: some(name, heads.database),
    digest: some(`digest of ${name}`, heads.digest),
    count: 200 * at + 1,
    chains: Array.from({ length: at + 1 }, (_, nth) => ({
      writer: some(`writer ${nth} of ${name}`, heads.writer),
      seq: 300 * nth,
      entry: some(`entry ${nth} of ${name}`, heads.entry),
    })),
  })),
};

export async function makeHeadsCases(crypto: CryptoProvider = nativeCrypto): Promise<readonly VectorCase[]> {
  const seed = some("seed", 32);
  const key = await crypto.importSigningKey(seed);
  const said = async (comment: string, what: SaidHeads): Promise<VectorCase & { readonly text: string }> => {
    const text = await signHeads(crypto, key, what);
    return { comment, seed: toHex(seed), text, heads: plain(what), payload: toHex(readHeads(text).payload) };
  };
  const full = await said("two databases, of the second of which not all chains are listed", held);
  const refused = (comment: string, text: string): VectorCase => ({ comment, text, code: "HEADS_MALFORMED" });
  return [
    full,
    await said("nothing is held", { ...held, left: 0, databases: [] }),
    refused("the end is missing", full.text.slice(0, -8)),
    refused("more than the text says follows", `${full.text}AAAAAAAA`),
    refused("a later version", full.text.replace(":1:", ":2:")),
    refused("a character that is none of base32", full.text.replace(/.$/, "1")),
  ];
}

/** Ids in hex. */
export function plain({ tenant, device, left, databases }: SaidHeads) {
  return {
    ...{ tenant: toHex(tenant), device: toHex(device), left },
    databases: databases.map(({ database, digest, count, chains }) => ({
      ...{ database: toHex(database), digest: toHex(digest), count },
      chains: chains.map(({ writer, seq, entry }) => ({ writer: toHex(writer), seq, entry: toHex(entry) })),
    })),
  };
}
