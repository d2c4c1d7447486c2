import { toHex } from "@selkie/entry";
import type { SimDevice } from "../../src/sim-device.ts";

/** Notes whom honest devices seal secrets for: their real provider, with a look at each call that can do that. */
export class WrapWatch {
  /** Public keys in hex, once for each secret. */
  readonly recipients: string[] = [];

  constructor(devices: readonly SimDevice[]) {
    for (const { life } of devices) {
      if (life === null) throw new RangeError("runs");
      const { crypto } = life.host.platform;
      const { wrap, wrapMany } = crypto;
      const noted: typeof wrap = (recipient, ...rest) => {
        this.recipients.push(toHex(recipient));
        return wrap(recipient, ...rest);
      };
      const notedMany: typeof wrapMany = (info, items) => {
        for (const { recipient } of items) this.recipients.push(toHex(recipient));
        return wrapMany(info, items);
      };
      Object.assign(crypto, { wrap: noted, wrapMany: notedMany });
    }
  }
}
