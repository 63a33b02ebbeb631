// A thin fetch wrapper: JSON both ways, problem+json as an exception, the session cookie's CSRF token
// on everything that changes state, and one hook for the moment when the session ends.
import type { ProblemBody } from './types';

const BASE = '/api/v1';

/** What the server (or the lack of one) answered instead of success. `status` 0 means unreachable. */
export class ApiError extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail || problem.title);
    this.name = 'ApiError';
  }

  get status() {
    return this.problem.status;
  }

  get field() {
    return this.problem.field;
  }
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  ifMatch?: string | null;
}

let csrfToken = '';
let onSignedOut: () => void = () => undefined;

export function setCsrfToken(token: string) {
  csrfToken = token;
}

/** Called when a request other than a sign-in attempt is answered 401. */
export function setSignedOutHandler(handler: () => void) {
  onSignedOut = handler;
}

function requestHeaders(method: string, options: Options): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  if (options.body !== undefined && !headers['Content-Type']) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
  if (options.ifMatch) headers['If-Match'] = options.ifMatch;
  return headers;
}

async function toApiError(response: Response): Promise<ApiError> {
  const fallback = { type: 'about:blank', title: response.statusText, status: response.status, detail: '' };
  const body = await response.json().catch(() => ({}));
  return new ApiError({ ...fallback, ...body, status: response.status });
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  try {
    return await fetch(BASE + path, {
      method,
      credentials: 'same-origin',
      headers: requestHeaders(method, options),
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    });
  } catch {
    throw new ApiError({ type: 'about:blank', title: 'unreachable', status: 0, detail: '', code: 'unreachable' });
  }
}

/** Performs one request. Throws ApiError for every answer that is not a success. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await send(method, path, options);
  if (!response.ok) {
    if (response.status === 401 && !path.startsWith('/auth/')) onSignedOut();
    throw await toApiError(response);
  }
  const data = response.status === 204 ? undefined : await response.json();
  return { data: data as T, etag: response.headers.get('ETag') };
}

export async function get<T>(path: string): Promise<T> {
  return (await request<T>('GET', path)).data;
}

/** Builds `?a=1&b=2`, leaving out what is undefined, null or empty and repeating lists. */
export function query(parameters: Record<string, string | number | string[] | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== '') search.append(name, String(item));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}
