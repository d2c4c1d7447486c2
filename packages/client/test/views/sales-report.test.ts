// A view through the public API alone: several tenants, live, and what is shown of what is shared.
import { applyPatches, createView, type Row } from "@selkie/client";
import { expect, test } from "vitest";
import { found, join, meet } from "../support/company.ts";

interface Sale {
  region: string | null;
  date: string;
  amount: number;
  tags?: string[];
}

const columns = [
  { name: "region", value: "region", category: true },
  { name: "quarter", value: 'text(year(date)) & "\\\\Q" & text(quarter(date))', category: true },
  { name: "date", value: "date", sort: "desc" },
  { name: "amount", value: "amount", total: "sum" },
] as const;

test("documents of two tenants stand in categories, sorted and summed up", async () => {
  await using alice = await found();
  await using other = await found();
  const sales = await alice.tenant.openDB<Sale>("sales");
  const salesOfOther = await other.tenant.openDB<Sale>("sales");
  await sales.createDocuments([
    { region: "EMEA", date: "2025-02-01", amount: 0.1 },
    { region: "EMEA", date: "2025-03-01", amount: 0.2 },
    { region: "APAC", date: "2024-12-31", amount: 5 },
    { region: null, date: "2025-05-05", amount: 1 },
  ]);
  await salesOfOther.createDocuments([{ region: "EMEA", date: "2025-02-15", amount: 0.3 }]);

  await using view = await createView([sales, salesOfOther], { name: "by region", columns });
  expect(await linesOf(view.rows())).toEqual([
    "region=null (1) amount=1",
    "  quarter=2025 (1) amount=1",
    "    quarter=Q2 (1) amount=1",
    "      2025-05-05 1",
    "region=APAC (1) amount=5",
    "  quarter=2024 (1) amount=5",
    "    quarter=Q4 (1) amount=5",
    "      2024-12-31 5",
    "region=EMEA (3) amount=0.6",
    "  quarter=2025 (3) amount=0.6",
    "    quarter=Q1 (3) amount=0.6",
    "      2025-03-01 0.2",
    "      2025-02-15 0.3",
    "      2025-02-01 0.1",
    "total (5) amount=6.6",
  ]);
  expect(await linesOf(view.rows({ expand: 0 }))).toEqual([
    "region=null (1) amount=1",
    "region=APAC (1) amount=5",
    "region=EMEA (3) amount=0.6",
    "total (5) amount=6.6",
  ]);
  const [, , , , , , , , , , , first] = await rowsOf(view.rows());
  expect(first?.origin).toMatchObject({ tenant: alice.tenant.id, database: "sales" });

  // Page by page, with pages of any size
  const all = await rowsOf(view.rows());
  for (const limit of [1, 2, 3, 7]) {
    const paged: Row[] = [];
    for (let page: readonly Row[] = []; paged.at(-1)?.type !== "total"; paged.push(...page)) {
      const after = paged.at(-1)?.key;
      page = await rowsOf(view.rows(after === undefined ? { limit } : { limit, after }));
      expect(page.length).toBeLessThanOrEqual(limit);
    }
    expect(paged).toEqual(all);
  }
});

test("a view follows what others change, and a subscriber gets no more than that", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const sales = await alice.tenant.openDB<Sale>("sales");
  const [first = noDocument()] = await sales.createDocuments([
    { region: "EMEA", date: "2025-02-01", amount: 1, tags: ["a", "b"] },
    { region: "EMEA", date: "2025-02-02", amount: 2 },
  ]);
  await using view = await createView(sales, { name: "by region", columns, where: "amount > 0" });
  let shown: readonly Row[] = [];
  const heard: string[] = [];
  const seen = Promise.withResolvers<void>();
  view.subscribe((patches) => {
    shown = applyPatches(shown, patches);
    heard.push(patches.map(({ type }) => type).join(" "));
    if (shown.some(({ values }) => values["date"] === "2025-09-09")) seen.resolve();
  });
  await rowsOf(view.rows());
  expect(heard).toEqual(["reset"]);

  // Where it stood, and only its amount
  await sales.changeDoc(first, (draft) => {
    draft.getData().amount = 10;
  });
  expect(await rowsOf(view.rows())).toEqual(shown);
  expect(heard).toEqual(["reset", "update update update update update"]); // it, its three categories, the total

  // Within its category, then out of it, and out of the view
  await sales.changeDoc(first, (draft) => {
    draft.getData().date = "2025-02-03";
  });
  expect(await rowsOf(view.rows())).toEqual(shown);
  expect(heard.at(-1)).toBe("update update update move update");
  await sales.changeDoc(first, (draft) => {
    draft.getData().region = "APAC";
  });
  expect(await rowsOf(view.rows())).toEqual(shown);
  expect(heard.at(-1)).toBe("remove update update update insert insert insert insert update");
  await sales.changeDoc(first, (draft) => {
    draft.getData().amount = 0;
  });
  expect(await rowsOf(view.rows())).toEqual(shown);
  expect(heard.at(-1)).toBe("remove remove remove remove update");

  // What somebody else does, without anybody asking
  const salesOfBob = await bob.tenant.openDB<Sale>("sales");
  await salesOfBob.createDocument({ region: "EMEA", date: "2025-09-09", amount: 3 });
  await meet(bob, alice);
  await seen.promise;
  expect(await rowsOf(view.rows())).toEqual(shown);
});

test("one document that can't be computed is left out, and named", async () => {
  await using alice = await found();
  const sales = await alice.tenant.openDB<Sale>("sales");
  const [bad = noDocument()] = await sales.createDocuments([
    { region: "EMEA", date: "2025-02-01", amount: 1, tags: [] },
    { region: "APAC", date: "2025-02-01", amount: 2, tags: ["x"] },
  ]);
  await using view = await createView<Sale>(sales, {
    name: "tags",
    columns: [{ name: "tag", value: ({ tags = [] }) => tags[0]?.toUpperCase() ?? missing(), category: true }],
  });
  expect((await linesOf(view.rows())).join()).toBe("tag=X (1),  X,total (1)");
  expect(view.failures).toMatchObject([{ origin: { id: bad }, error: { message: "no tag" } }]);
  await sales.changeDoc(bad, (draft) => {
    draft.getData().tags = ["y"];
  });
  expect((await linesOf(view.rows())).join()).toBe("tag=X (1),  X,tag=Y (1),  Y,total (2)");
  expect(view.failures).toEqual([]);
});

test("D13 one document fills no view, however much it holds and in however many categories it stands", async () => {
  await using alice = await found();
  const sales = await alice.tenant.openDB<Sale>("sales");
  const tags = Array.from({ length: 900 }, (_, at) => `tag ${at}`);
  const [greedy = noDocument()] = await sales.createDocuments([
    { region: "x".repeat(20_000), date: "2025-02-01", amount: 1, tags },
    { region: "EMEA", date: "2025-02-01", amount: 1, tags },
  ]);
  await using view = await createView(sales, {
    name: "tags",
    columns: [
      { name: "tag", value: "tags", category: true },
      { name: "region", value: "region" },
    ],
  });
  expect(view.failures).toMatchObject([{ origin: { id: greedy }, error: { code: "EXPRESSION_TOO_COSTLY" } }]);
  expect((await linesOf(view.rows())).at(-1)).toBe("total (1)");
});

function missing(): never {
  throw new Error("no tag");
}

function noDocument(): never {
  throw new RangeError("no document was created");
}

async function rowsOf(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  return Array.fromAsync(rows);
}

async function linesOf(rows: AsyncIterable<Row>): Promise<readonly string[]> {
  return (await rowsOf(rows)).map(({ type, level, values, documents }) => {
    if (type === "document") {
      const said = Object.entries(values).filter(([name]) => name !== "region" && name !== "quarter");
      return `${"  ".repeat(level)}${said.map(([, value]) => String(value)).join(" ")}`;
    }
    const said = Object.entries(values)
      .toReversed()
      .map(([name, value]) => `${name}=${String(value)}`);
    const [name = "", ...totals] = type === "total" ? ["total", ...said] : said;
    return [`${"  ".repeat(level)}${name} (${documents})`, ...totals].join(" ");
  });
}
