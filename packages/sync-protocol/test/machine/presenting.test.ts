import { parseSignature } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { ALL_RIGHTS } from "../../src/index.ts";
import { Machine, machineOptions } from "../support/machine.ts";
import { bytesOf, tenant } from "../support/writer.ts";

describe("documents presented later", () => {
  const present = { type: "present", documents: [] } as const;
  const login = (options: { readonly guarded: boolean }) => {
    const machine = new Machine(machineOptions("listener", options));
    const key = bytesOf("key");
    const claim = {
      type: "claim",
      kind: "login",
      tenant,
      key,
      origin: "pipe:test",
      documents: [bytesOf("a list", 900)],
      signature: parseSignature(new Uint8Array(64)),
    } as const;
    machine.feed({ type: "start" });
    machine.hear({ type: "hello", role: "dialler", nonce: bytesOf("n"), windowBytes: 1, databases: 1 }, claim);
    machine.feed({ type: "proofChecked", valid: true });
    if (options.guarded) machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.feed({ type: "claimed", claim: { ...claim, kind: "none", key: null, documents: [], signature: null } });
    machine.hear({ type: "admitted", rights: ALL_RIGHTS, generation: new Uint8Array(8) });
    expect(machine.state.phase).toBe("open");
    // A session lasts, and a claim may have a megabyte of documents.
    expect(machine.state.handshake.peerClaim).toMatchObject({ documents: [] });
    machine.drain();
    return machine;
  };

  test("are judged one presentation at a time, and the next only once the answer is on its way", () => {
    const machine = login({ guarded: true });
    expect(machine.hear(present)).toMatchObject([{ type: "judge", claim: { type: "login", documents: [] } }]);
    machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.feed({ type: "writable" });
    expect(machine.hear(present)).toMatchObject([{ type: "judge" }]);
    machine.hear(present);
    expect(machine.state.phase).toBe("closed");
  });

  test("are not taken while the answer to the ones before waits to be sent", () => {
    const machine = login({ guarded: true });
    machine.hear({ type: "ping", token: 1 }, present);
    machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.hear(present);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "UNEXPECTED_MESSAGE" } });
  });

  test("are not taken by a side without a gatekeeper", () => {
    const machine = login({ guarded: false });
    machine.hear(present);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "UNEXPECTED_MESSAGE" } });
  });
});
