/** REST of the same site: JSON in and out, the sign-in token in a header, every call with a deadline. */

import { RequestError } from "./errors.ts";
import type { RestApi } from "./interfaces.ts";
import type { Clock } from "./types.ts";

export interface RestOptions {
  /** Prefix of every path; "" is the page's own origin. */
  readonly base: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly token: () => string | null;
  /** Told of each 401 that answered a signed request, with the token that was refused. */
  readonly onUnauthorized: (token: string, error: RequestError) => void;
  /** 15 s: above the slowest honest answer, below a person's patience. */
  readonly timeoutMs?: number;
}

interface RequestOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Login itself must not send the token that it is about to replace. */
  readonly anonymous?: boolean;
}

export class RestClient implements RestApi {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  get<T>(path: string, query?: RequestOptions["query"]): Promise<T> {
    return this.request<T>("GET", path, query === undefined ? {} : { query });
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.request<T>("POST", path, { body });
  }

  put<T>(path: string, body?: unknown): Promise<T> {
    return this.request<T>("PUT", path, { body });
  }

  patch<T>(path: string, body?: unknown): Promise<T> {
    return this.request<T>("PATCH", path, { body });
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>("DELETE", path);
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const { clock, timeoutMs = 15_000 } = this.#options;
    const token = options.anonymous === true ? null : this.#options.token();
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token !== null) headers.Authorization = `Token ${token}`;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    const abort = new AbortController();
    let late = false;
    const timer = clock.setTimeout(() => {
      late = true;
      abort.abort();
    }, timeoutMs);
    try {
      const { fetch } = this.#options;
      const response = await fetch(this.#options.base + path + queryString(options.query), {
        method,
        headers,
        body: options.body === undefined ? null : JSON.stringify(options.body),
        signal: abort.signal,
        cache: "no-store",
      });
      return await this.#answer<T>(response, token);
    } catch (error) {
      if (error instanceof RequestError) throw error;
      throw new RequestError({
        status: 0,
        code: late ? "timeout" : "network",
        message: late
          ? `${method} ${path}: no answer in ${timeoutMs / 1000} s`
          : `${method} ${path}: ${String(error)}`,
      });
    } finally {
      clock.clearTimeout(timer);
    }
  }

  /** XMLHttpRequest, because `fetch` does not tell how much of a body went out. */
  upload<T>(path: string, form: FormData, onProgress?: (fraction: number) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const token = this.#options.token();
      const request = new XMLHttpRequest();
      request.open("POST", this.#options.base + path);
      request.setRequestHeader("Accept", "application/json");
      if (token !== null) request.setRequestHeader("Authorization", `Token ${token}`);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable && event.total > 0) onProgress?.(event.loaded / event.total);
      };
      request.onerror = () =>
        reject(new RequestError({ status: 0, code: "network", message: `POST ${path}: no answer` }));
      request.onload = () => {
        const body = request.status === 204 ? null : request.responseText;
        const response = new Response(body, {
          status: request.status,
          headers: { "Content-Type": request.getResponseHeader("Content-Type") ?? "" },
        });
        this.#answer<T>(response, token).then(resolve, reject);
      };
      request.send(form);
    });
  }

  async #answer<T>(response: Response, token: string | null): Promise<T> {
    if (response.status === 204) return undefined as T;
    const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
    if (response.ok && isJson) return (await response.json()) as T;
    const error = isJson ? await errorOfBody(response) : foreignAnswer(response);
    if (response.status === 401 && token !== null) this.#options.onUnauthorized(token, error);
    throw error;
  }
}

function queryString(query: RequestOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

async function errorOfBody(response: Response): Promise<RequestError> {
  const body = (await response.json().catch(() => null)) as {
    error?: { code?: unknown; message?: unknown; fields?: unknown };
  } | null;
  const error = body?.error;
  const code = error?.code;
  return new RequestError({
    status: response.status,
    code: typeof code === "string" || typeof code === "number" ? String(code) : `http_${response.status}`,
    message: typeof error?.message === "string" ? error.message : `the server answered ${response.status}`,
    fields:
      typeof error?.fields === "object" && error.fields !== null
        ? (error.fields as Record<string, string>)
        : {},
    ours: error !== undefined,
    retryAfterMs: retryAfter(response),
  });
}

/** HTML or plain text: a proxy, the development server or a web page answered in the backend's place. */
function foreignAnswer(response: Response): RequestError {
  return new RequestError({
    status: response.ok ? 0 : response.status,
    code: response.ok ? "not_json" : `http_${response.status}`,
    message: `the answer (${response.status}) is not JSON: something else than the backend answered`,
    retryAfterMs: retryAfter(response),
  });
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
