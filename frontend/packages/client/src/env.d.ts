/** What Vite puts in place of `import.meta.env`; merges with `vite/client` where a page has that. */

interface ImportMetaEnv {
  readonly VITE_WEBSOCKET_URL?: string;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}
