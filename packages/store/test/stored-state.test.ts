import type { Brand } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import { publicState, type Store, type StoredState, sealedState } from "../src/index.ts";

describe("stored state", () => {
  it("G1 refuses plaintext as a stored value at compile time", () => {
    const plaintext = new TextEncoder().encode("title") as Uint8Array as Brand<Uint8Array, "Plaintext">;
    const bytes = new Uint8Array(3);
    const sealed = bytes as Brand<Uint8Array, "SealedBytes">;
    const accept = (value: StoredState): number => value.length;
    // @ts-expect-error plaintext is not sealed
    sealedState(plaintext);
    // @ts-expect-error bytes of unknown meaning are not sealed
    sealedState(bytes);
    // @ts-expect-error nor are they a stored value
    accept(bytes);
    const put = (store: Store) => {
      // @ts-expect-error nor can they be put
      void store.state.put(bytes, bytes);
    };
    expect(put).toBeTypeOf("function");
    expect([accept(sealedState(sealed)), accept(publicState(bytes))]).toEqual([3, 3]);
  });
});
