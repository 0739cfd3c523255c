import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setupI18n } from "@lingui/core";
import { formatter } from "@lingui/format-po";
import { expect, test } from "vitest";
import { messageIdsModule } from "../../scripts/message-ids.mjs";
import { LOCALES, type Locale } from "./locale";
import { messages as en } from "./locales/en.po";
import { messages as ru } from "./locales/ru.po";

const SOURCE = join(import.meta.dirname, "..");
const COMPILED = { en, ru };
const texts = { en: await textsOf("en"), ru: await textsOf("ru") };

async function textsOf(locale: Locale): Promise<Record<string, string>> {
  const po = readFileSync(join(SOURCE, "i18n/locales", `${locale}.po`), "utf8");
  const parsed = await formatter({ explicitIdAsDefault: true }).parse(po, {
    locale,
    sourceLocale: "en",
    filename: `${locale}.po`,
  });
  return Object.fromEntries(Object.entries(parsed).map(([id, entry]) => [id, entry.translation ?? ""]));
}

test("both languages have the same texts, and none is empty", () => {
  expect(Object.keys(texts.ru).sort()).toEqual(Object.keys(texts.en).sort());
  for (const locale of LOCALES) {
    const empty = Object.entries(texts[locale]).filter(([, text]) => text.trim() === "");
    expect(empty, locale).toEqual([]);
  }
});

test("both languages use the same values", () => {
  const valuesOf = (text: string) =>
    [...new Set(text.match(/\{(\w+)/g) ?? [])].filter((name) => !/^\{#/.test(name)).sort();
  for (const [id, english] of Object.entries(texts.en)) {
    const names = (text: string) => valuesOf(text.replace(/(?:=\d+|zero|one|two|few|many|other) \{/g, ""));
    expect(names(texts.ru[id] ?? ""), id).toEqual(names(english));
  }
});

test("every plural has the forms of its language", () => {
  for (const locale of LOCALES) {
    const needed = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const [id, text] of Object.entries(texts[locale])) {
      // "=0 … other" alone is a choice between two texts, not a count in words.
      if (!text.includes(", plural,") || !/#/.test(text)) continue;
      for (const form of needed) expect(text, `${locale} ${id}`).toContain(`${form} {`);
    }
  }
});

test.each([
  [1, "1 непрочитанное сообщение"],
  [3, "3 непрочитанных сообщения"],
  [12, "12 непрочитанных сообщений"],
  [21, "21 непрочитанное сообщение"],
])("%d is counted as Russian counts", (count, expected) => {
  const i18n = setupI18n();
  i18n.loadAndActivate({ locale: "ru", messages: COMPILED.ru });
  expect(i18n._("chat.unread", { count })).toBe(expected);
});

test("the type of the ids is up to date (npm run i18n)", () => {
  const catalogue = readFileSync(join(SOURCE, "i18n/locales/en.po"), "utf8");
  expect(readFileSync(join(SOURCE, "i18n/ids.gen.ts"), "utf8")).toBe(messageIdsModule(catalogue));
});

test("every text is used", () => {
  const code = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !/\.(test|gen)\./.test(file))
    .map((file) => readFileSync(join(SOURCE, file), "utf8"))
    .join("\n");
  // `invoice.step.${step}` uses all that begin like it; the compiler checks that they exist.
  const families = [...code.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/gi)].map((match) => match[1] ?? "");
  const unused = Object.keys(texts.en).filter(
    (id) => !code.includes(`"${id}"`) && !families.some((family) => id.startsWith(family)),
  );
  expect(unused).toEqual([]);
});

test("no component carries a text of its own", () => {
  const russian = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx$/.test(file) && !/\.test\./.test(file))
    .filter((file) => /[А-Яа-яЁё]/.test(readFileSync(join(SOURCE, file), "utf8")));
  expect(russian).toEqual([]);
});
