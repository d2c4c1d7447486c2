import type { Transport } from "@selkie/sync-protocol";

/** What passed through a transport, from the side that holds it. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
  sentFrames: number;
  receivedFrames: number;
}

/** The same transport, counted. */
export function counting(transport: Transport, traffic: Traffic): Transport {
  return {
    send: (frame) => {
      traffic.sentBytes += frame.length;
      traffic.sentFrames += 1;
      return transport.send(frame);
    },
    receive: async function* () {
      for await (const frame of transport.receive()) {
        traffic.receivedBytes += frame.length;
        traffic.receivedFrames += 1;
        yield frame;
      }
    },
    close: () => transport.close(),
  };
}

export const noTraffic = (): Traffic => ({ sentBytes: 0, receivedBytes: 0, sentFrames: 0, receivedFrames: 0 });
