// Two people of one tenant on directories of this disk, and the real relay program in a process of its own.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type Database, type Doc, type Tenant } from "@selkie/client";
import { newDirectory, PASSWORD } from "../../../../packages/client/test/support/places.ts";
import { RelayProcess } from "../../../relay/test/fixtures/relay-process.ts";

interface Contact {
  name: string;
}

interface Member {
  readonly tenant: Tenant;
  readonly contacts: Database<Contact>;
  readonly path: string;
}

export interface Company extends AsyncDisposable {
  readonly alice: Member;
  readonly bob: Member;
  readonly relay: RelayPlace;
  /** A document that both have. */
  readonly john: Doc<Contact>;
}

/** Where a relay keeps its data: it can be killed and started again at the same address. */
class RelayPlace implements AsyncDisposable {
  readonly path: string;
  #running: RelayProcess;

  private constructor(path: string, running: RelayProcess) {
    this.path = path;
    this.#running = running;
  }

  static async start(path: string, env: Readonly<Record<string, string>> = {}): Promise<RelayPlace> {
    return new RelayPlace(path, await RelayProcess.listening({ env: { SELKIE_RELAY_DATA: path, ...env } }));
  }

  get url(): string {
    return this.#running.url;
  }

  /** As a power cut does it. */
  async kill(): Promise<void> {
    this.#running.kill("SIGKILL");
    await this.#running.ended;
  }

  async again(): Promise<void> {
    const { port } = this.#running.address;
    this.#running = await RelayProcess.listening({
      env: { SELKIE_RELAY_DATA: this.path, SELKIE_RELAY_PORT: String(port) },
    });
  }

  /** The names of all blobs it holds. */
  blobs(): readonly string[] {
    return blobsIn(this.path);
  }

  /** Waits for something to be true of it. */
  async until(condition: () => boolean): Promise<void> {
    await this.#running.until(condition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

/** The names of the blobs below a relay's data or a client's store. */
export function blobsIn(path: string): readonly string[] {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const blobs = files.filter(({ name }) => /^[0-9a-f]{62}$/.test(name));
  return blobs.map(({ parentPath, name }) => parentPath.slice(-2) + name).sort();
}

/** How many files below a directory hold any of these bytes. */
export function holding(path: string, needles: readonly Uint8Array[]): number {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const contents = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
  return contents.filter((bytes) => needles.some((needle) => bytes.includes(Buffer.from(needle)))).length;
}

export async function found(env: Readonly<Record<string, string>> = {}): Promise<Company> {
  const stack = new AsyncDisposableStack();
  const member = async (): Promise<string> => stack.use(await newDirectory()).path;
  const relay = stack.use(await RelayPlace.start(await member(), env));
  const [aliceAt, bobAt] = [await member(), await member()];
  const alice = stack.use(await createClient({ store: aliceAt, password: PASSWORD }));
  const bob = stack.use(await createClient({ store: bobAt, password: PASSWORD }));
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const contacts = await acme.openDB<Contact>("contacts");
  const john = await contacts.createDocument({ name: "John Doe" });
  const response = await acme.directory.approveJoinRequest(await bob.createJoinRequest("CN=bob/O=acme"), {
    role: "editor",
  });
  const acmeOfBob = await bob.joinTenant(response);
  const up = await acme.connect(relay.url);
  await up.synced();
  const line = await acmeOfBob.connect(relay.url);
  const contactsOfBob = await acmeOfBob.openDB<Contact>("contacts");
  await line.synced();
  await up[Symbol.asyncDispose]();
  await line[Symbol.asyncDispose]();
  return {
    alice: { tenant: acme, contacts, path: aliceAt },
    bob: { tenant: acmeOfBob, contacts: contactsOfBob, path: bobAt },
    relay,
    john,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
