// Who would be let in by which statement, whatever counts.
import { type Admission, type Made, personOf } from "./admission.ts";
import { mayCut } from "./may-cut.ts";

const firstRoot: Admission = {
  id: "root",
  user: "root",
  role: "admin",
  isRoot: true,
  parent: null,
  fingerprints: [],
  person: [],
  device: [],
  after: [],
  keys: [],
  deviceDepth: 0,
  made: null,
};

/** Who would be let in by which statement if all counted: fixed by the statement and its author, for good. */
export function admissionsOf(statements: readonly Made[]): ReadonlyMap<string, Admission> {
  const admissions = new Map([[firstRoot.id, firstRoot]]);
  for (let before = 0; before !== admissions.size; ) {
    before = admissions.size;
    for (const made of statements) {
      const author = admissions.get(made.entry.admission);
      if (author === undefined || !isReady(admissions, made) || isRefused(admissions, made)) continue;
      for (const admission of letIn(author, made)) admissions.set(admission.id, admission);
    }
  }
  return admissions;
}

/**
 * A change names the devices that go on, and is refused where it is read if they are not of one person that it ends and whose rights its
 * author may take: "an admin plants no device, and takes no rights of who stands above it by letting them go on with less" (docs/adr/0020).
 */
export function isRefused(admissions: ReadonlyMap<string, Admission>, made: Made): boolean {
  const { statement, entry } = made;
  const author = admissions.get(entry.admission);
  if (statement.type !== "change" || author === undefined || !isReady(admissions, made)) return false;
  const devices = (statement.continues ?? []).flatMap((id) => admissions.get(id) ?? []);
  const [first] = devices;
  const mayGoOn = (device: Admission): boolean =>
    statement.revoke.targets.includes(device.user) &&
    device.person.join() === first?.person.join() &&
    (device.id === author.id || mayCut(author, device)) &&
    // "Nobody changes another admission of its own person."
    (author.isRoot || author.user === device.user || personOf(admissions, author) !== personOf(admissions, device));
  return !devices.every((device) => !device.isRoot && mayGoOn(device));
}

/** A change lets nobody go on before the devices that it names are known: more of the directory may come. */
function isReady(admissions: ReadonlyMap<string, Admission>, { statement }: Made): boolean {
  return statement.type !== "change" || (statement.continues ?? []).every((id) => admissions.has(id));
}

/** "Users add and revoke their own devices without an admin"; admins let users in; the root names the next root. */
function letIn(author: Admission, made: Made): readonly Admission[] {
  const { statement } = made;
  const by = { id: statement.id, parent: author, made };
  switch (statement.type) {
    case "addDevice":
      return author.isRoot ? [] : [addedTo(author, { ...by, device: statement.device })];
    case "grant":
    case "change": {
      if (author.role !== "admin") return [];
      const { role, person, device, keys } = statement.grant;
      const after = [...statement.grant.after, statement.id];
      const fingerprints = [...person, ...device];
      const first = {
        ...by,
        user: statement.id,
        role,
        isRoot: false,
        fingerprints,
        person,
        device,
        after,
        keys,
        deviceDepth: 0,
      };
      // As if the first had added them.
      const others = statement.type === "change" ? statement.others : [];
      return [first, ...others.map((other) => addedTo(first, { ...other, made }))];
    }
    case "replaceRoot":
      return author.isRoot ? [{ ...author, ...by, deviceDepth: author.deviceDepth + 1 }] : [];
    default:
      return [];
  }
}

/** Another device of a user. */
function addedTo(
  parent: Admission,
  { id, device, made }: { id: string; device: readonly string[]; made: Made },
): Admission {
  const fingerprints = [...parent.person, ...device];
  return { ...parent, id, parent, made, device, fingerprints, deviceDepth: parent.deviceDepth + 1 };
}
