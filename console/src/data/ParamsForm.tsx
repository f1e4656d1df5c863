/** params.json as a form, made of its JSON schema; problems stand below the field that they are about. */
import { useState } from "preact/hooks";
import { useAsked, type Problem } from "../api";
import { Failed, Loading } from "../widgets";
import { beginning, changed, isObject, pathText, resolved, type Json, type Path, type Schema } from "./schema";

interface Form {
  document: Json;
  defs: Record<string, Schema>;
  problems: Problem[];
  /** The places that the form shows, noted while it is drawn. */
  places: Set<string>;
  change: (path: Path, value: Json | undefined) => void;
}

export function ParamsForm({ text, problems, onChange }: { text: string; problems: Problem[]; onChange: (text: string) => void }) {
  const asked = useAsked<Schema>("params-schema");
  if (asked.error) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Reading the schema" />;
  let document: Json = {};
  try {
    if (text.trim()) document = JSON.parse(text) as Json;
  } catch {
    return <p class="note bad">The text is not JSON: correct it there, or draft a new one.</p>;
  }
  const change = (path: Path, value: Json | undefined) => onChange(`${JSON.stringify(changed(document, path, value), null, 2)}\n`);
  const form = { document, defs: asked.value.$defs ?? {}, problems, places: new Set<string>(), change };
  return (
    <div class="form">
      <Fields form={form} schema={asked.value} path={[]} value={document} />
      <Elsewhere form={form} />
    </div>
  );
}

/** The keys of an object: first those that it has or must have, then the others to choose from. */
function Fields({ form, schema, path, value }: { form: Form; schema: Schema; path: Path; value: Json | undefined }) {
  const own = isObject(value) ? value : {};
  const properties = schema.properties ?? {};
  const shown = Object.keys(properties).filter((name) => name in own || schema.required?.includes(name));
  const unknown = Object.keys(own).filter((name) => !(name in properties));
  const others = Object.keys(properties).filter((name) => !shown.includes(name));
  return (
    <>
      {shown.map((name) => (
        <Field key={name} form={form} name={name} schema={resolved(properties[name]!, form.defs)} path={[...path, name]} value={own[name]} optional={!schema.required?.includes(name)} />
      ))}
      {unknown.map((name) => (
        <Row key={name} form={form} name={name} path={[...path, name]} optional>
          <code>{JSON.stringify(own[name])}</code>
        </Row>
      ))}
      {others.length > 0 && (
        <select
          class="more"
          aria-label={`Add to ${path.length ? path.join(" ") : "params.json"}`}
          value=""
          onChange={(event) => {
            const name = event.currentTarget.value;
            form.change([...path, name], beginning(properties[name]!, form.defs));
          }}
        >
          <option value="" disabled>Add a key</option>
          {others.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      )}
    </>
  );
}

interface FieldProps {
  form: Form;
  name: string;
  schema: Schema;
  path: Path;
  value: Json | undefined;
  optional: boolean;
}

function Field({ form, name, schema, path, value, optional }: FieldProps) {
  if (schema.type === "object" && schema.properties)
    return (
      <Section form={form} name={name} path={path} optional={optional}>
        <Fields form={form} schema={schema} path={path} value={value} />
      </Section>
    );
  if (schema.type === "object") return <Pairs form={form} name={name} path={path} value={value} optional={optional} />;
  if (schema.type === "array") {
    const items = resolved(schema.items!, form.defs);
    const list = Array.isArray(value) ? value : [];
    const full = schema.maxItems !== undefined && list.length >= schema.maxItems;
    return (
      <Section form={form} name={name} path={path} optional={optional}>
        {list.map((one, index) => {
          const place = [...path, index];
          if (items.type !== "object") return <Field key={index} form={form} name={`${index + 1}`} schema={items} path={place} value={one} optional />;
          const columns = Object.entries(items.properties ?? {});
          if (isObject(one) && columns.length === 2 && columns.every(([, part]) => resolved(part, form.defs).type === "string"))
            return (
              <div key={index} class="pair">
                {columns.map(([part, kind]) => (
                  <Input key={part} schema={resolved(kind, form.defs)} label={`${name} ${index + 1} ${part}`} path={[...place, part]} value={one[part]} onChange={(text) => form.change([...place, part], text)} />
                ))}
                <Remove form={form} name={`${name} ${index + 1}`} path={place} />
                {[...columns.map(([part]) => [...place, part]), place].map((at) => <Problems key={pathText(at)} form={form} path={at} />)}
              </div>
            );
          const title = isObject(one) ? (one.DatasetName ?? one.AttributeName ?? one.Name) : null;
          return (
            <Section key={index} form={form} name={typeof title === "string" && title ? title : `${index + 1}`} path={place} optional>
              <Fields form={form} schema={items} path={place} value={one} />
            </Section>
          );
        })}
        {!full && <button class="link more" onClick={() => form.change([...path, list.length], beginning(items, form.defs))}>Add to {name}</button>}
      </Section>
    );
  }
  return (
    <Row form={form} name={name} path={path} optional={optional}>
      <Input schema={schema} label={path.filter((part) => typeof part === "string").join(" ")} path={path} value={value} onChange={(changed) => form.change(path, changed)} />
    </Row>
  );
}

function Section({ form, name, path, optional, children }: { form: Form; name: string; path: Path; optional: boolean; children: preact.ComponentChildren }) {
  return (
    <div class="section">
      <details open>
        <summary>{name}</summary>
        {children}
        <Problems form={form} path={path} />
      </details>
      {optional && <Remove form={form} name={name} path={path} />}
    </div>
  );
}

function Row({ form, name, path, optional, children }: { form: Form; name: string; path: Path; optional: boolean; children: preact.ComponentChildren }) {
  return (
    <div class="field">
      <span class="key" title={pathText(path)}>{name}</span>
      {children}
      {optional && <Remove form={form} name={name} path={path} />}
      <Problems form={form} path={path} />
    </div>
  );
}

function Remove({ form, name, path }: { form: Form; name: string; path: Path }) {
  return (
    <button
      class="quiet remove"
      aria-label={`Remove ${name}`}
      title="Remove"
      onClick={(event) => {
        event.preventDefault();
        form.change(path, undefined);
      }}
    >
      ×
    </button>
  );
}

function Problems({ form, path }: { form: Form; path: Path }) {
  form.places.add(pathText(path));
  return <List problems={form.problems.filter((one) => one.where === pathText(path))} />;
}

/** Drawn last: what is wrong at a place that has no field. */
function Elsewhere({ form }: { form: Form }) {
  return <List problems={form.problems.filter((one) => !form.places.has(one.where))} named />;
}

function List({ problems, named = false }: { problems: Problem[]; named?: boolean }) {
  if (problems.length === 0) return null;
  return (
    <ul class="problems" aria-label="Problems">
      {problems.map((one, index) => (
        <li key={index} class={one.severity}>{named && <strong>{one.where} </strong>}{one.message}.<br /><span class="remedy">{one.remedy}.</span></li>
      ))}
    </ul>
  );
}

function Input({ schema, label, path, value, onChange }: { schema: Schema; label: string; path: Path; value: Json | undefined; onChange: (value: Json) => void }) {
  const text = value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  if (schema.type === "boolean")
    return <input type="checkbox" aria-label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  if (schema.enum)
    return (
      <select aria-label={label} value={text} onChange={(event) => onChange(event.currentTarget.value)}>
        {!schema.enum.includes(text) && <option value={text}>{text || "–"}</option>}
        {schema.enum.map((one) => <option key={one} value={one}>{one}</option>)}
      </select>
    );
  const isNumber = schema.type === "integer" || schema.type === "number";
  return (
    <input
      type="text"
      inputMode={isNumber ? "decimal" : undefined}
      aria-label={label}
      value={text}
      disabled={schema.const !== undefined}
      placeholder={schema.default != null ? String(schema.default) : ""}
      key={pathText(path)}
      onInput={(event) => {
        const typed = event.currentTarget.value;
        // What is no number stays as it is written: the rules of params.json say what is wrong with it.
        onChange(isNumber && typed.trim() !== "" && Number.isFinite(Number(typed)) ? Number(typed) : typed);
      }}
    />
  );
}

/** Names and texts of any number, such as TrainingParameters. */
function Pairs({ form, name, path, value, optional }: { form: Form; name: string; path: Path; value: Json | undefined; optional: boolean }) {
  const [added, setAdded] = useState("");
  const own = isObject(value) ? value : {};
  return (
    <Section form={form} name={name} path={path} optional={optional}>
      {Object.entries(own).map(([key, one]) => (
        <Row key={key} form={form} name={key} path={[...path, key]} optional>
          <Input schema={{ type: "string" }} label={`${name} ${key}`} path={[...path, key]} value={one} onChange={(text) => form.change([...path, key], text)} />
        </Row>
      ))}
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault();
          if (added.trim() && !(added.trim() in own)) form.change([...path, added.trim()], "");
          setAdded("");
        }}
      >
        <input type="text" aria-label={`New key of ${name}`} placeholder="Key" value={added} onInput={(event) => setAdded(event.currentTarget.value)} />
        <button>Add</button>
      </form>
    </Section>
  );
}
