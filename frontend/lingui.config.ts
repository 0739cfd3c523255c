import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

// Ids are written by hand ("chat.send"), so that a text can be reworded without touching the code.
export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "ru"],
  format: formatter({ explicitIdAsDefault: true, lineNumbers: false }),
  catalogs: [{ path: "<rootDir>/src/i18n/locales/{locale}", include: ["src"] }],
});
