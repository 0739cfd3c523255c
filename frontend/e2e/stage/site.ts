/** A whole site as it is developed: `manage.py runserver` (Daphne) over a database of its own, and Vite before it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { START_WITHIN_MS, until } from "./patience.ts";

const FRONTEND = fileURLToPath(new URL("../..", import.meta.url));
const BACKEND = fileURLToPath(new URL("../../../backend", import.meta.url));
const PYTHON = join(BACKEND, ".venv/bin/python");
const run = promisify(execFile);

/** All that is needed to find the site from another process. */
export interface Whereabouts {
  readonly directory: string;
  readonly backendPort: number;
  readonly frontendPort: number;
}

export class Site {
  readonly where: Whereabouts;

  constructor(where: Whereabouts) {
    this.where = where;
  }

  /** Sets a site up: database, demo data, both servers. It runs until `stop()`. */
  static async start(directory: string): Promise<Site> {
    const [backendPort, frontendPort] = await Promise.all([freePort(), freePort()]);
    const site = new Site({ directory, backendPort, frontendPort });
    await site.manage("migrate", "--verbosity", "0");
    await Promise.all([site.manage("demo").then(() => site.startBackend()), site.#startFrontend()]);
    return site;
  }

  /** The address of the page. */
  get url(): string {
    return `http://localhost:${this.where.frontendPort}`;
  }

  get backendLog(): string {
    return join(this.where.directory, "backend.log");
  }

  get frontendLog(): string {
    return join(this.where.directory, "frontend.log");
  }

  /** Starts the backend and waits until it is ready. */
  async startBackend(): Promise<void> {
    const { backendPort } = this.where;
    const command = ["manage.py", "runserver", "--noreload", `127.0.0.1:${backendPort}`];
    const process = this.#spawn("backend", PYTHON, command, BACKEND, this.#backendEnvironment);
    await answers(process, `http://127.0.0.1:${backendPort}/readyz`, this.backendLog);
  }

  /** SIGKILL to the Python process: it has no chance to tidy up, and its sockets close without a word. */
  async killBackend(): Promise<void> {
    await this.#kill("backend");
  }

  /** Runs `manage.py`; returns what it printed. */
  async manage(...command: string[]): Promise<string> {
    const { stdout } = await run(PYTHON, ["manage.py", ...command], {
      cwd: BACKEND,
      env: this.#backendEnvironment,
      timeout: START_WITHIN_MS,
    });
    return stdout;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#kill("backend"), this.#kill("frontend")]);
  }

  /** The last resort, for a process that is about to end. */
  stopAtOnce(): void {
    for (const name of ["backend", "frontend"]) sendKill(this.#pidOf(name));
  }

  get #backendEnvironment(): NodeJS.ProcessEnv {
    const { directory, frontendPort } = this.where;
    return {
      ...withoutOurs(process.env),
      DATABASE_URL: `sqlite:///${join(directory, "site.sqlite3")}`,
      ALLOWED_ORIGINS: `http://localhost:${frontendPort}`,
      DEBUG: "true",
      PYTHONUNBUFFERED: "1",
    };
  }

  async #startFrontend(): Promise<void> {
    const { backendPort, frontendPort } = this.where;
    const command = [
      join(FRONTEND, "node_modules/vite/bin/vite.js"),
      "--port",
      String(frontendPort),
      "--strictPort",
    ];
    const child = this.#spawn("frontend", process.execPath, command, FRONTEND, {
      ...withoutOurs(process.env),
      BACKEND_PORT: String(backendPort),
      VITE_WEBSOCKET_URL: `ws://localhost:${frontendPort}/ws`,
    });
    await answers(child, `http://127.0.0.1:${frontendPort}/`, this.frontendLog);
  }

  #spawn(
    name: string,
    program: string,
    command: string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
  ): ChildProcess {
    const log = openSync(join(this.where.directory, `${name}.log`), "a");
    const child = spawn(program, command, { cwd, env, stdio: ["ignore", log, log] });
    writeFileSync(this.#pidFile(name), String(child.pid));
    child.unref();
    return child;
  }

  async #kill(name: string): Promise<void> {
    const pid = this.#pidOf(name);
    sendKill(pid);
    await until(`the ${name} is gone`, () => !isRunning(pid));
  }

  #pidOf(name: string): number {
    return existsSync(this.#pidFile(name)) ? Number(readFileSync(this.#pidFile(name), "utf8")) : 0;
  }

  #pidFile(name: string): string {
    return join(this.where.directory, `${name}.pid`);
  }
}

async function answers(child: ChildProcess, url: string, log: string): Promise<void> {
  const ask = async () => {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}; ${log} says why`);
    return await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  };
  await until(`${url} answers (${log} says why)`, ask, Boolean, START_WITHIN_MS);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

/** Variables with which somebody has set up their own site, or with which vitest marks its processes. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_ENV, VITEST, DATABASE_URL, REDIS_URL, VESTNIK_BROKER, DJANGO_SETTINGS_MODULE, ...rest } =
    environment;
  return rest;
}

function sendKill(pid: number): void {
  if (pid > 0 && isRunning(pid)) process.kill(pid, "SIGKILL");
}

/** Whether the process lives; one that has ended and whose parent has not asked yet does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
