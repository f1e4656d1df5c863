/** The JSON schema of params.json, as far as pydantic writes it, and changes of a document by path. */

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  anyOf?: Schema[];
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean" | "null";
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: string[];
  const?: string;
  default?: Json;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  description?: string;
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Path = (string | number)[];

/** What a reference, or "this or null", stands for; the default stays. */
export function resolved(schema: Schema, defs: Record<string, Schema>): Schema {
  let found = schema;
  if (found.anyOf) found = { ...found.anyOf.find((one) => one.type !== "null")!, default: schema.default };
  if (found.$ref) found = { ...defs[found.$ref.replace("#/$defs/", "")]!, default: found.default ?? schema.default };
  return found;
}

/** As problems name their places: $.Datasets[0].Schema. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${part}`), "$");
}

export function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The document with `value` at `path`, or without what is there if it is undefined. */
export function changed(document: Json | undefined, path: Path, value: Json | undefined): Json {
  const [part, ...rest] = path;
  if (part === undefined) return value ?? null;
  if (typeof part === "number") {
    const list = Array.isArray(document) ? [...document] : [];
    if (rest.length === 0 && value === undefined) list.splice(part, 1);
    else list[part] = changed(list[part], rest, value);
    return list;
  }
  const object = isObject(document) ? { ...document } : {};
  if (rest.length === 0 && value === undefined) delete object[part];
  else object[part] = changed(object[part], rest, value);
  return object;
}

/** The least that has what is required, to begin with. */
export function beginning(schema: Schema, defs: Record<string, Schema>): Json {
  const own = resolved(schema, defs);
  if (own.default != null) return own.default;
  if (own.const !== undefined) return own.const;
  if (own.enum) return own.enum[0]!;
  if (own.type === "object") return Object.fromEntries((own.required ?? []).map((name) => [name, beginning(own.properties![name]!, defs)]));
  if (own.type === "array") return own.maxItems === 0 ? [] : [beginning(own.items!, defs)];
  return own.type === "boolean" ? false : own.type === "integer" || own.type === "number" ? (own.minimum ?? 1) : "";
}
