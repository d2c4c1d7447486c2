import { CoreError, type DocId } from "@selkie/core";
import type { MemoryDisk } from "@selkie/store";
import type { SimEvent } from "./event.ts";
import { type Act, Model } from "./model.ts";
import type { Weather } from "./network.ts";
import type { Life, SimDevice } from "./sim-device.ts";
import type { World } from "./world.ts";

interface Backup {
  readonly disk: MemoryDisk;
  readonly keyBagFile: Uint8Array;
  /** How many acts the model knew. */
  readonly acts: number;
}

const STORM: Weather = { delayMs: [1, 120], breaks: 0.004, replay: 0 };
/** As seen by somebody who can put frames onto the line: TLS would stop it. */
const ODD_STORM: Weather = { ...STORM, replay: 0.15 };

/** Lets the events of a seed happen in a world, and remembers what people were told. */
export class Workload {
  readonly model: Model = new Model();
  /** Calls that failed though nothing had happened to their device. */
  readonly unexpected: string[] = [];
  readonly #world: World;
  readonly #backups = new Map<SimDevice, Backup>();
  readonly #lifeByAct = new Map<Act, Life>();
  readonly #running = new Set<Promise<void>>();

  constructor(world: World) {
    this.#world = world;
  }

  async run(events: readonly SimEvent[]): Promise<void> {
    const { clock, network, trace, random } = this.#world;
    network.weather = random.fork("weather").chance(0.5) ? STORM : ODD_STORM;
    for (const event of events) {
      clock.after(event.at, () => {
        trace.note(clock.now, event.type);
        this.#start(event);
      });
    }
    await clock.advance((events.at(-1)?.at ?? 0) + 1_000);
  }

  /** Calls that never ended although their device lives. To be asked after healing. */
  get hanging(): readonly string[] {
    return this.model.acts
      .filter((act) => act.state === "running" && this.#lifeByAct.get(act)?.alive === true)
      .map(({ field, type }) => `${type} ${field} hangs`);
  }

  #start(event: SimEvent): void {
    const device = this.#world.devices[event.device];
    const other = this.#world.devices[event.other];
    if (device === undefined || other === undefined) return;
    const lives = [device.life, other.life];
    const work = this.#happen(event, device, other).catch((error: unknown) => {
      const shaken = lives.some((life) => life === null || !life.alive || life.closing);
      if (!shaken && !isExpected(error)) this.unexpected.push(`${event.type} at ${event.at}: ${describe(error)}`);
    });
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  async #happen(event: SimEvent, device: SimDevice, other: SimDevice): Promise<void> {
    const { relay, network } = this.#world;
    switch (event.type) {
      case "create":
      case "createNamed":
      case "createMany":
      case "change":
      case "delete":
        return this.#act(event, device);
      case "connect":
        return void (await device.connectRelay(relay));
      case "disconnect":
        return device.disconnect();
      case "meet":
        return device.meet(other);
      case "pull":
        return void (await device.database.pullChangesFrom(other.database.getStore()));
      case "push":
        return void (await device.database.pushChangesTo(other.database.getStore()));
      case "close":
        await device.close();
        return this.#startLater(event, device);
      case "crash":
        device.crash();
        return this.#startLater(event, device);
      case "crashAtCommit":
        device.crashAtCommit = { left: event.dice % 7, point: event.dice & 64 ? "before" : "after" };
        return;
      case "start":
        return device.start();
      case "backUp":
      case "restore":
        this.#backUpOrRestore(event, device);
        return this.#startLater(event, device);
      case "separate":
        this.#later(event, () => network.mend());
        return network.separate([device.name], event.dice & 1 ? [relay.name] : [other.name, relay.name]);
      case "mend":
        return network.mend();
      case "breakLines":
        return network.breakLines((a, b) => a === device.name || b === device.name);
      case "relayCrash":
        this.#later(event, () => relay.start());
        return relay.crash();
      case "relayCrashAtCommit":
        relay.crashAtCommit = { left: event.dice % 5, point: event.dice & 64 ? "before" : "after" };
        return;
      case "relayStart":
        return relay.start();
    }
  }

  #startLater(event: SimEvent, device: SimDevice): Promise<void> {
    return new Promise((resolve, reject) => this.#later(event, () => device.start().then(resolve, reject)));
  }

  /** Nothing stays broken for long. */
  #later({ dice }: SimEvent, run: () => unknown): void {
    this.#world.clock.after(50 + (dice % 1_500), () => void run());
  }

  /** A copy of the disk while the app runs, and later that copy in the place of the disk. */
  #backUpOrRestore(event: SimEvent, device: SimDevice): void {
    if (event.type === "backUp") {
      const { keyBagFile } = device;
      this.#backups.set(device, { disk: device.disk.copy(), keyBagFile, acts: this.model.acts.length });
      return;
    }
    const backup = this.#backups.get(device);
    if (backup === undefined) return;
    device.crash();
    device.disk = backup.disk.copy();
    device.keyBagFile = backup.keyBagFile;
    device.wasSetBack = true;
    this.model.forget(device.name, backup.acts);
  }

  async #act(event: SimEvent, device: SimDevice): Promise<void> {
    const { life } = device;
    if (life?.database == null) return;
    const { database } = life;
    const documents = event.type === "change" || event.type === "delete" ? await this.#choose(event, device) : [];
    if (documents === null) return;
    const type = event.type === "change" || event.type === "delete" ? event.type : "create";
    const act = this.model.begin({ device: device.name, type, documents });
    this.#lifeByAct.set(act, life);
    try {
      act.documents = await perform(act, event, database);
      if (act.state === "running") act.state = "acknowledged";
    } catch (error) {
      act.state = isRefusal(error) ? "refused" : "unsure";
      throw error;
    } finally {
      // Restored in the meantime: what it was told concerns a disk that is gone.
      if (!life.alive && act.state === "acknowledged") act.state = "unsure";
    }
  }

  async #choose(event: SimEvent, device: SimDevice): Promise<readonly DocId[] | null> {
    const ids = [...(await device.database.getAllDocumentIds())].sort();
    const id = ids[event.dice % Math.min(ids.length, 1 + (event.dice % 13))];
    return id === undefined ? null : [id];
  }
}

async function perform(act: Act, event: SimEvent, database: SimDevice["database"]): Promise<readonly DocId[]> {
  const { field, documents } = act;
  const [id] = documents;
  switch (event.type) {
    case "createNamed": {
      const made = await database.createDocument({ [field]: event.dice }, { id: `shared ${event.dice % 3}` });
      return [made.id];
    }
    case "createMany":
      return database.createDocuments(
        Array.from({ length: 2 + (event.dice % 24) }, (_, row) => ({ [field]: row, log: [] })),
      );
    case "change": {
      if (id === undefined) return [];
      await database.changeDoc(await database.getDocument(id), (draft) => {
        const data = draft.getData();
        data[field] = event.dice;
        data["last"] = field;
        if (Array.isArray(data["log"])) data["log"].push(field);
      });
      return documents;
    }
    case "delete":
      if (id !== undefined) await database.deleteDocument(id);
      return documents;
    default:
      return [(await database.createDocument({ [field]: event.dice, last: field, log: [] })).id];
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof CoreError && ["DOC_DELETED", "DOC_EXISTS", "DOC_NOT_FOUND"].includes(error.code);

/** What the simulated network, or a person who is too fast, must expect. */
function isExpected(error: unknown): boolean {
  if (!(error instanceof Error && "code" in error)) return false;
  return (
    ["CRASHED", "CONNECTION_REFUSED", "CLOSED", "TRANSPORT_CLOSED", "DIAL_FAILED"].includes(String(error.code)) ||
    isRefusal(error)
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
