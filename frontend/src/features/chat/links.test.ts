import { expect, test } from "vitest";
import { splitLinks } from "./links";

function linksIn(text: string): string[] {
  return splitLinks(text).flatMap((piece) => (piece.href ? [piece.href] : []));
}

test.each([
  ["see https://example.com/a?b=c#d now", ["https://example.com/a?b=c#d"]],
  ["http://example.com.", ["http://example.com"]],
  ["(https://example.com/x)", ["https://example.com/x"]],
  ["https://ru.wikipedia.org/wiki/Рожок_(значения)", ["https://ru.wikipedia.org/wiki/Рожок_(значения)"]],
  ["two: https://a.example, https://b.example!", ["https://a.example", "https://b.example"]],
])("finds the addresses in %j", (text, expected) => {
  expect(linksIn(text)).toEqual(expected);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "ftp://example.com/file",
  "https://",
  "xhttps://example.com",
])("leaves %j as text", (text) => {
  expect(linksIn(text)).toEqual([]);
});

test("a quotation mark or a tag ends an address", () => {
  expect(linksIn('<a href="https://example.com/"onclick=alert(1)>')).toEqual(["https://example.com/"]);
});

test("nothing of the text is lost", () => {
  const text = "a https://example.com/, b (https://example.org) c";
  expect(
    splitLinks(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
});
