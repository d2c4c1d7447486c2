import { toHex } from "@selkie/entry";
import type { StoreWrite } from "@selkie/store";

/** Looks at everything that anybody stores: no (database, writer, seq) may ever stand for two entries. */
export class ChainWatch {
  readonly #idByPlace = new Map<string, string>();
  readonly forks: string[] = [];

  note(write: StoreWrite): void {
    for (const { database, run } of write.append ?? []) {
      for (const entry of run.entries) {
        const place = `${toHex(database)}/${toHex(run.writer)}/${entry.header.seq}`;
        const id = toHex(entry.id);
        const known = this.#idByPlace.get(place);
        if (known !== undefined && known !== id) this.forks.push(place);
        this.#idByPlace.set(place, id);
      }
    }
  }
}
