import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { attach, type Database, parseDocId, readAttachment } from "@selkie/client";
import type { Contact } from "./contacts.ts";
import type { FileDeeds } from "./deeds.ts";

/** What a device does with files. @param contacts where they are attached */
export function filesOf(contacts: () => Database<Contact>): FileDeeds {
  return {
    attachFile: async (id, path, mediaType) => {
      await attach(contacts(), parseDocId(id), { name: basename(path), mediaType, content: await openAsBlob(path) });
    },
    readFile: async (id, name) => {
      const hash = createHash("sha256");
      let size = 0;
      for await (const bytes of readAttachment(contacts(), parseDocId(id), name)) {
        hash.update(bytes);
        size += bytes.length;
      }
      return { hash: hash.digest("hex"), size };
    },
  };
}
