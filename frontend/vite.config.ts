import { lingui } from "@lingui/vite-plugin";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { backendProxy, loggerThatSaysItOnce } from "./dev/backendProxy.ts";

const backendPort = portFrom("BACKEND_PORT", 8000);

// 127.0.0.1 and not "localhost": a name may resolve to ::1 alone, and http://127.0.0.1:8080 would then be refused.
// Browsers that try ::1 first for http://localhost:8080 fall back to 127.0.0.1 at once, so both addresses work.
const host = process.env.FRONTEND_HOST || "127.0.0.1";

export default defineConfig({
  plugins: [react(), tailwindcss(), lingui({ failOnMissing: true, failOnCompileError: true })],
  customLogger: loggerThatSaysItOnce(backendPort),
  server: {
    host,
    port: portFrom("FRONTEND_PORT", 8080),
    strictPort: true, // another port would leave VITE_WEBSOCKET_URL pointing at somebody else's server
    proxy: backendProxy(backendPort),
  },
  preview: {
    host,
    port: portFrom("FRONTEND_PORT", 8080),
    strictPort: true,
    proxy: backendProxy(backendPort),
  },
  build: { target: "es2022", manifest: true },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "dev/**/*.test.ts", "packages/client/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
  },
});

function portFrom(variable: string, otherwise: number): number {
  const value = process.env[variable];
  if (!value) return otherwise;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable}=${value} is not a port: give a whole number from 1 to 65535`);
  }
  return port;
}
