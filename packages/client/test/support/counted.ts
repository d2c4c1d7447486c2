import { pipe, type Transport } from "@selkie/client";
import type { Person } from "./company.ts";

/** Two people sync over a connection of their own. Gives the bytes of all frames, both ways. */
export async function countedMeeting(a: Person, b: Person): Promise<number> {
  const [near, far] = pipe();
  const { transport, bytes } = counted(near);
  const [up, down] = await Promise.all([
    a.tenant.connect(transport, { peer: "dialler" }),
    b.tenant.connect(far, { peer: "listener" }),
  ]);
  await Promise.all([up.synced(), down.synced()]);
  await up[Symbol.asyncDispose]();
  await down[Symbol.asyncDispose]();
  return bytes();
}

/** The transport, and how many bytes it has brought and taken. */
function counted(transport: Transport): { readonly transport: Transport; bytes(): number } {
  let bytes = 0;
  const counting: Transport = {
    send: (frame) => {
      bytes += frame.length;
      return transport.send(frame);
    },
    receive: async function* () {
      for await (const frame of transport.receive()) {
        bytes += frame.length;
        yield frame;
      }
    },
    close: () => transport.close(),
  };
  return { transport: counting, bytes: () => bytes };
}
