/** The budget of the first load: gzipped JavaScript up to the first conversation on the screen. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 200; // about two seconds on a slow phone connection

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const files = new Set();
// The page itself, the route that people land on, and the larger of the catalogues, of which one is loaded.
for (const key of ["index.html", "src/features/chat/ChatPage.tsx", "src/i18n/locales/ru.po"]) {
  if (!manifest[key]) throw new Error(`dist/.vite/manifest.json has no entry ${key}: has the file moved?`);
  collect(key);
}

let total = 0;
for (const file of [...files].sort()) {
  const bytes = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += bytes;
  console.log(`${(bytes / 1024).toFixed(1).padStart(7)} KB  ${file}`);
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  first load, gzipped (budget ${BUDGET_KB} KB)`);
if (total > BUDGET_KB * 1024) {
  console.error(
    `the first load is over its budget of ${BUDGET_KB} KB: split a route off or drop a dependency`,
  );
  process.exit(1);
}

function collect(key) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  if (chunk.file.endsWith(".js")) files.add(chunk.file);
  for (const imported of chunk.imports ?? []) collect(imported);
}
