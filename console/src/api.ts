/** What the console asks its server. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ROOT } from "./router";

/** Whether the console only looks: on AWS. */
export const READ_ONLY = document.querySelector<HTMLMetaElement>('meta[name="stepcast-mode"]')?.content === "read-only";

const API = `${ROOT}api/v1/`;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export function apiAddress(name: string, query: Record<string, string | number | null | undefined> = {}): string {
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value != null && value !== "") kept.set(key, String(value));
  const text = kept.toString();
  return API + name + (text ? `?${text}` : "");
}

async function answered<T>(asked: Promise<Response>): Promise<T> {
  let response: Response;
  try {
    response = await asked;
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new ApiError(0, "the console does not answer: is its command still running?");
  }
  const document = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new ApiError(response.status, String(document.message), document);
  return document as T;
}

export function get<T>(name: string, query: Record<string, string | number | null | undefined> = {}, signal?: AbortSignal): Promise<T> {
  return answered<T>(fetch(apiAddress(name, query), { signal }));
}

export function post<T>(name: string, document: object = {}): Promise<T> {
  return answered<T>(
    fetch(API + name, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Stepcast-Token": token() },
      body: JSON.stringify(document),
    }),
  );
}

/** Send a file. `onProgress` is told which share has been sent. */
export function upload<T>(name: string, query: Record<string, string>, file: File, onProgress: (share: number) => void = () => {}): Promise<T> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiAddress(name, query));
    request.setRequestHeader("X-Stepcast-Token", token());
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => fail(new ApiError(0, "the console does not answer: is its command still running?"));
    request.onload = () => {
      if (request.status === 200) done(JSON.parse(request.responseText) as T);
      else fail(new ApiError(request.status, messageOf(request.responseText)));
    };
    request.send(file);
  });
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message: unknown }).message);
  } catch {
    return text;
  }
}

function token(): string {
  return window.document.querySelector<HTMLMetaElement>('meta[name="stepcast-token"]')!.content;
}

export interface Asked<T> {
  value: T | null;
  /** The address that `value` answers; while another question waits, that of the last. */
  answers: string;
  error: ApiError | null;
  loading: boolean;
  again: () => void;
}

/**
 * The answer to a question, asked again whenever `name` or `query` changes, and every `every(answer)` milliseconds.
 * The last answer stays until the next has come.
 */
export function useAsked<T>(
  name: string | null,
  query: Record<string, string | number | null | undefined> = {},
  every: (answer: T | null) => number | null = () => null,
): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, "again">>({ value: null, answers: "", error: null, loading: true });
  const [round, setRound] = useState(0);
  const key = name === null ? null : apiAddress(name, query);
  const every_ = useRef(every);
  every_.current = every;
  useEffect(() => {
    if (name === null) return;
    const controller = new AbortController();
    let timer = 0;
    const ask = async () => {
      let next: number | null = null;
      try {
        const value = await get<T>(name, query, controller.signal);
        setState({ value, answers: key ?? "", error: null, loading: false });
        next = every_.current(value);
      } catch (error) {
        if (controller.signal.aborted) return;
        setState((old) => ({ ...old, error: error as ApiError, loading: false }));
        next = every_.current(null);
      }
      if (next !== null && !controller.signal.aborted) timer = setTimeout(ask, document.hidden ? 4 * next : next);
    };
    setState((old) => ({ ...old, loading: true }));
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, round]);
  return { ...state, again: () => setRound((n) => n + 1) };
}

/** The answer for the newest vintage, asked again where `current`, once it is known, is another one than that of the answer. */
export function useAskedOfNewest<T extends { vintage: string | null }>(
  name: string,
  query: Record<string, string | number | null | undefined>,
  current: string | null,
  every: (answer: T | null) => number | null = () => null,
): Asked<T> {
  const isOld = (answer: T | null) => current !== null && answer !== null && answer.vintage !== current;
  const asked = useAsked<T>(name, query, (answer) => every(answer) ?? (isOld(answer) ? 1000 : null));
  const old = isOld(asked.value);
  useEffect(() => {
    if (old) asked.again();
  }, [old]);
  return asked;
}

export interface Forecast {
  vintage: string;
  made: string;
  run: string;
  items: number;
  horizon: number;
  frequency: string;
  first: string;
  last: string;
  model: string;
  metric: string;
  scores: Record<string, number | null>;
  judged: number | null;
  key_names: string[];
  outputs: string[];
}

export interface Overview {
  version: string;
  /** Empty on AWS. */
  endpoint: string;
  /** Of the AWS tools; empty for a local stack. */
  profile: string;
  region: string;
  bucket: string;
  database: string;
  forecast: Forecast | null;
  history: string[];
}

export interface ItemRow {
  key: string[];
  volume: number | null;
  error: number | null;
  ratio: number | null;
  coverage: number | null;
  change: number | null;
  note: boolean;
}

export interface ItemPage {
  /** Null while there is no forecast. */
  vintage: string | null;
  previous: string | null;
  comparing: boolean;
  key_names: string[];
  total: number;
  found: number;
  offset: number;
  items: ItemRow[];
}

export type Outputs = Record<string, (number | null)[]>;

export interface Series {
  vintage: string;
  key_names: string[];
  key: string[];
  frequency: string;
  target: string;
  outputs: string[];
  central: string;
  summary: ItemRow;
  why: Record<string, string | number | null>;
  history: { t: number[]; v: (number | null)[]; filled: number[] } | null;
  related: { name: string; t: number[]; v: (number | null)[] }[];
  forecast: { t: number[]; outputs: Outputs };
  windows: { t: number[]; actual: (number | null)[]; outputs: Outputs }[];
  by_lead: { lead: number; points: number; error: number | null; inside: number | null }[];
  earlier: string[];
}

export interface Earlier {
  vintage: string;
  central: string;
  t: number[];
  outputs: Outputs;
}

export interface Groups {
  vintage: string;
  attributes: string[];
  items: number;
  volume: number | null;
  total: number;
  groups: { value: string; items: number; volume: number | null }[];
}

export interface Total extends Pick<Series, "vintage" | "frequency" | "target" | "outputs" | "central" | "history" | "forecast" | "windows"> {
  items: number;
  volume: number | null;
  /** How far the items err together in the backtest; null for one item, or where it is not known. */
  correlation: number | null;
}

export interface RunRow {
  name: string;
  status: string;
  started: string;
  stopped: string | null;
}

export interface RunList {
  total: number;
  now: string;
  runs: RunRow[];
}

export interface StateVisit {
  state: string;
  kind: string;
  status: string;
  entered: string;
  left: string | null;
  attempts: number;
  errors: { error: string; cause: string }[];
  done: number | null;
  total: number | null;
  failed: number;
  input: string | null;
  output: string | null;
}

export interface AslState {
  Type: string;
  Comment?: string;
  Next?: string;
  End?: boolean;
  Default?: string;
  Choices?: { Next: string }[];
  Catch?: { Next: string; ErrorEquals: string[] }[];
}

export interface Definition {
  Comment?: string;
  StartAt: string;
  States: Record<string, AslState>;
}

export interface Problem {
  rule: string;
  severity: string;
  where: string;
  message: string;
  remedy: string;
}

export interface RunDetail extends RunRow {
  now: string;
  input: string | null;
  output: string | null;
  error: string | null;
  cause: string | null;
  definition: Definition;
  redrive: { possible: boolean; why: string; count: number };
  states: StateVisit[];
  report: { errors: number; warnings: number; notes: string[]; data: [string, string][]; more: number; problems: Problem[] } | null;
  failure: string | null;
}

export interface Compared {
  runs: [{ name: string; vintage: string }, { name: string; vintage: string }];
  facts: [string, string, string][];
  params: [string, string, string][];
  files: [string, string, string][];
  accuracy: [string, number | null, number | null][];
  key_names: string[];
  items: { both: number; new: number; gone: number; better: number; worse: number };
  mean: [number | null, number | null];
  moved: ComparedItem[];
  errors: ComparedItem[];
}

export interface ComparedItem {
  key: string[];
  before: number | null;
  after: number | null;
}

export interface LogLine {
  t: number;
  function: string;
  level: string;
  text: string;
  facts: Record<string, unknown>;
  trace: string;
}

export interface Files {
  folders: { name: string; content: string; total: number; bytes: number; files: { name: string; bytes: number; modified: string }[] }[];
  params: string | null;
  problems: Problem[];
}

export interface Draft {
  text: string;
  assumed: [string, string, string][];
  obstacles: string[];
}

export interface Log {
  functions: string[];
  lines: LogLine[];
  cut: boolean;
}

export interface Operations {
  functions: string[];
  alarms: { name: string; description: string; state: string }[];
  messages: { when: string; subject: string; body: string }[];
  total_messages: number;
  drift: { state: string; text: string; drift: boolean } | null;
  workgroup: string;
  credentials: string | null;
  output: string;
}

export interface Tables {
  database: string;
  tables: { name: string; columns: { name: string; type: string }[] }[];
}
