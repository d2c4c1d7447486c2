import { type DatabaseId, toHex } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { Events } from "../events.ts";
import type { DirectoryNews } from "./directory-log.ts";
import type { TenantEvents } from "./tenant.ts";

/** What the directory says that everybody is to hear of, each thing once: forks, statements that count for nothing, keys that nobody made. */
export class Announcements {
  readonly #directory: DatabaseId;
  readonly #events: Events<TenantEvents>;
  /** By chain. */
  readonly #forked = new Set<string>();
  /** By statement and reason. */
  readonly #rejected = new Set<string>();

  constructor(directory: DatabaseId, events: Events<TenantEvents>) {
    this.#directory = directory;
    this.#events = events;
  }

  /** Something of the directory was read. */
  read({ unauthentic }: Pick<DirectoryNews, "unauthentic">, view: Pick<DirectoryView, "forks" | "rejected">): void {
    const place = { database: toHex(this.#directory), writer: "", seq: 0, entryId: "" };
    if (unauthentic.length > 0) this.#events.emit("alarm", { code: "KEY_UNAUTHENTIC", ...place });
    this.#announceForks(view);
    this.#announceRejected(view);
  }

  /** Whoever met a fork, everybody is told of it. */
  #announceForks({ forks }: Pick<DirectoryView, "forks">): void {
    for (const { database, writer, seq, rivals } of forks) {
      const at = { database: toHex(database), writer: toHex(writer) };
      const name = `${at.database}/${at.writer}`;
      if (this.#forked.has(name)) continue;
      this.#forked.add(name);
      const [rival] = rivals;
      const entryId = rival === undefined ? "" : toHex(rival);
      this.#events.emit("alarm", { code: "EQUIVOCATION", ...at, seq, entryId });
    }
  }

  #announceRejected({ rejected }: Pick<DirectoryView, "rejected">): void {
    for (const { id, code } of rejected) {
      const statement = toHex(id);
      if (this.#rejected.has(`${statement} ${code}`)) continue;
      this.#rejected.add(`${statement} ${code}`);
      this.#events.emit("rejected", { statement, code });
    }
  }
}
