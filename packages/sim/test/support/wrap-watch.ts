import { toHex } from "@selkie/entry";
import type { SimDevice } from "../../src/sim-device.ts";

/** Notes whom honest devices seal secrets for: their real provider, with a look at each call. */
export class WrapWatch {
  /** Public keys in hex, once for each call. */
  readonly recipients: string[] = [];

  constructor(devices: readonly SimDevice[]) {
    for (const { life } of devices) {
      if (life === null) throw new RangeError("runs");
      const { crypto } = life.host.platform;
      const { wrap } = crypto;
      const noted: typeof wrap = (recipient, ...rest) => {
        this.recipients.push(toHex(recipient));
        return wrap(recipient, ...rest);
      };
      Object.assign(crypto, { wrap: noted });
    }
  }
}
