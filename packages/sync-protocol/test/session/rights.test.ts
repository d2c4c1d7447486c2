import { parseLoginKey } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Rights, SessionOptions } from "../../src/index.ts";
import { collect, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { bytesOf, databaseOf, TestKey, TestWriter, tenant } from "../support/writer.ts";

const database = databaseOf("contacts");

async function writer(name: string): Promise<TestWriter> {
  return await TestWriter.of(name, database);
}

describe("rights", () => {
  const admitting = (rights: Rights): Partial<SessionOptions> => ({
    gatekeeper: { admit: async () => ({ type: "admitted", rights }) },
  });
  const loggingIn = async (): Promise<Partial<SessionOptions>> => {
    const key = await TestKey.of("login");
    return {
      credentials: {
        claim: async () => ({
          type: "login",
          tenant,
          key: parseLoginKey(key.publicKey),
          documents: [bytesOf("list", 9)],
        }),
        sign: key.sign,
      },
    };
  };

  test.each([
    ["pull", { pull: true, push: false, purge: false }, [0, 3]],
    ["push", { pull: false, push: true, purge: false }, [2, 0]],
  ] as const)("to %s alone let entries pass in that direction only", async (_name, rights, [there, here]) => {
    const [alice, relay] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    await relay.replica(database).append([await (await writer("bob")).write(3)]);
    await using connection = connect(alice, relay, { a: await loggingIn(), b: admitting(rights) });
    const [up, down] = [collect(connection.b, "received"), collect(connection.a, "received")];
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    await alice.replica(database).append([await (await writer("carol")).write(1)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    await settled();
    expect(up.reduce((sum, { entries }) => sum + entries, 0)).toBe(there === 0 ? 0 : 3);
    expect(down.reduce((sum, { entries }) => sum + entries, 0)).toBe(here);
  });

  test("may be raised by documents presented on a live session, and what was held back then goes out", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    const presented: (readonly Uint8Array[])[] = [];
    const gatekeeper: SessionOptions["gatekeeper"] = {
      async admit(claim) {
        if (claim.type === "login") presented.push(claim.documents);
        return { type: "admitted", rights: { pull: true, push: presented.length > 1, purge: false } };
      },
    };
    await using connection = connect(alice, relay, { a: await loggingIn(), b: { gatekeeper } });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    expect((await relay.vector(database)).size).toBe(0);
    const changed = collect(connection.a, "rights");
    const rights = await Promise.all([
      connection.a.present([bytesOf("a", 9)]),
      connection.a.present([bytesOf("b", 9)]),
    ]);
    expect(rights).toEqual([1, 2].map(() => ({ pull: true, push: true, purge: false })));
    expect(presented).toEqual([[bytesOf("list", 9)], [bytesOf("a", 9)], [bytesOf("b", 9)]]);
    expect(changed).toHaveLength(2);
    await settled();
    expect(await relay.vector(database)).toEqual(await alice.vector(database));
  });

  test("end with the session when a presented document takes them away", async () => {
    let calls = 0;
    const gatekeeper: SessionOptions["gatekeeper"] = {
      admit: async () =>
        calls++ === 0
          ? { type: "admitted", rights: { pull: true, push: true, purge: false } }
          : { type: "refused", code: "LOGIN_REMOVED" },
    };
    const connection = connect(new Peer(), new Peer(), { a: await loggingIn(), b: { gatekeeper } });
    await expect(connection.a.present([])).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "LOGIN_REMOVED" });
    expect(await connection.b.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "LOGIN_REMOVED" });
  });
});
