import { createId, createRandomBytes, createRun, Millis } from "@evolu/common";
import {
  type AppOwner,
  applyProtocolMessageAsClient,
  type CrdtMessage,
  createAppOwner,
  createBaseSqliteStorage,
  createInitialTimestamp,
  createProtocolMessageForSync,
  createRelaySqliteStorage,
  DbChange,
  decryptAndDecodeDbChange,
  defaultTimestampMaxDrift,
  encodeAndEncryptDbChange,
  OwnerSecret,
  ownerIdToOwnerIdBytes,
  type Storage,
  sendTimestamp,
  type TimestampBytes,
  timestampToTimestampBytes,
} from "@evolu/common/local-first";
import { record } from "../record.ts";
import { openEvoluStore } from "./evolu-store.ts";
import { serve } from "./process.ts";

const random = { randomBytes: createRandomBytes() };
const store = await openEvoluStore(process.argv[2] ?? "");
const received = createRelaySqliteStorage(store)({ isOwnerWithinQuota: () => true });
const timestamps = createBaseSqliteStorage(store);
const created = new Map<string, CrdtMessage>();
let owner: AppOwner | undefined;
let decrypted = 0;

/**
 * Evolu's own client also puts every value into a table and into a history of each column: that materialises records. This one keeps what
 * it created in memory, and stores what it received encrypted as it came, once it is decrypted. As Evolu's, it encrypts when it sends.
 */
const storage: Storage = {
  ...received,
  readDbChange: (_, timestamp) => {
    const message = created.get(keyOf(timestamp));
    if (message === undefined) throw new RangeError("no record of this time was created here");
    return encodeAndEncryptDbChange(random)(message, self().encryptionKey);
  },
  writeMessages: (id, messages) => async (run) => {
    for (const message of messages) {
      const change = decryptAndDecodeDbChange(message, self().encryptionKey);
      if (!change.ok) return change;
      if (change.value.values["name"] !== undefined) decrypted += 1;
    }
    return run(received.writeMessages(id, messages));
  },
};
const run = createRun({ storage });

serve({
  own: (secret: Uint8Array) => {
    owner = createAppOwner(OwnerSecret.orThrow(secret));
    created.clear();
    decrypted = 0;
  },
  create: (count: number) => {
    const id = ownerIdToOwnerIdBytes(self().id);
    const now = Millis.orThrow(Date.now());
    let clock = createInitialTimestamp(random);
    store.sqlite.transaction(() => {
      for (let at = 0; at < count; at++) {
        const next = sendTimestamp({ timestampConfig: { maxDrift: defaultTimestampMaxDrift } })(clock, now);
        if (!next.ok) throw new RangeError("the clock does not go on");
        clock = next.value;
        const timestamp = timestampToTimestampBytes(clock);
        timestamps.insertTimestamp(id, timestamp, "append");
        created.set(keyOf(timestamp), { timestamp: clock, change: insertion(at) });
      }
    });
  },
  /** Resolves when the relay and this client have the same; how many bytes were sent. */
  sync: async (url: string) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const ended = new Promise<never>((_, reject) =>
      socket.addEventListener("close", () => reject(new RangeError("the relay is gone")), { once: true }),
    );
    ended.catch(() => undefined); // it also closes when all is done
    const next = <Type extends keyof WebSocketEventMap>(type: Type): Promise<WebSocketEventMap[Type]> =>
      Promise.race([
        ended,
        new Promise<WebSocketEventMap[Type]>((resolve) => socket.addEventListener(type, resolve, { once: true })),
      ]);
    await next("open");
    let sent = 0;
    let message: Uint8Array<ArrayBufferLike> | undefined = createProtocolMessageForSync({ storage })(self().id);
    while (message !== undefined) {
      sent += message.length;
      socket.send(new Uint8Array(message));
      const answer = new Uint8Array((await next("message")).data);
      const result = await run.orThrow(applyProtocolMessageAsClient(answer, { writeKey: self().writeKey }));
      if (result.type === "Failed") throw new RangeError(`the sync failed: ${result.cause}`);
      message = result.type === "Response" ? result.message : undefined;
    }
    socket.close();
    return sent;
  },
  decrypted: () => decrypted,
});

function insertion(at: number): DbChange {
  return DbChange.orThrow({
    table: "record",
    id: createId(random),
    values: { ...record(at) },
    isInsert: true,
    isDelete: null,
  });
}

const keyOf = (timestamp: TimestampBytes): string => Buffer.from(timestamp).toString("base64");

function self(): AppOwner {
  if (owner === undefined) throw new RangeError("the client has no owner yet");
  return owner;
}
