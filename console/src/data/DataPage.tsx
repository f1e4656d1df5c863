/** The files that a run reads, and params.json. Whatever is put here starts a run, as any upload does. */
import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post, READ_ONLY, upload, useAsked, type Draft, type Files, type Problem } from "../api";
import { bytes, count, instant, plural } from "../format";
import { address } from "../router";
import { Failed, Loading } from "../widgets";
import { ParamsForm } from "./ParamsForm";
import { createParamsEditor } from "./paramsEditor";

type Folder = Files["folders"][number];

export function DataPage({ endpoint, bucket }: { endpoint: string; bucket: string }) {
  const asked = useAsked<Files>("files", {}, () => 5000);
  if (asked.error && !asked.value) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Listing the bucket" />;
  return (
    <div class="page">
      <div class="head">
        <h1>Data</h1>
        <p class="sub">What is put here starts a run; <a href={address("runs")}>Runs</a> shows how far it is. {READ_ONLY ? "Use" : "Or use"} any S3 client: <code>aws {endpoint && `--endpoint-url ${endpoint} `}s3 cp my.csv s3://{bucket}/train/</code></p>
      </div>
      <div class="columns">
        <div>{asked.value.folders.map((folder) => <FolderPanel key={folder.name} folder={folder} again={asked.again} />)}</div>
        <Params text={asked.value.params} problems={asked.value.problems} again={asked.again} />
      </div>
    </div>
  );
}

function FolderPanel({ folder, again }: { folder: Folder; again: () => void }) {
  const [over, setOver] = useState(false);
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null);
  const [problem, setProblem] = useState("");
  const [doubtful, setDoubtful] = useState<string | null>(null);
  const send = async (files: FileList | null | undefined) => {
    if (READ_ONLY) return;
    setProblem("");
    const problems: string[] = [];
    for (const file of files ?? []) {
      setSending({ name: file.name, share: 0 });
      try {
        await upload("files", { folder: folder.name, name: file.name }, file, (share) => setSending({ name: file.name, share }));
      } catch (error) {
        problems.push((error as ApiError).message);
      }
    }
    setSending(null);
    setProblem(problems.join("\n"));
    again();
  };
  const remove = async (name: string) => {
    setDoubtful(null);
    try {
      await post(`deleted-files?${new URLSearchParams({ folder: folder.name, name })}`);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
    again();
  };
  return (
    <section
      class={`panel folder${over ? " over" : ""}`}
      aria-label={folder.name}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void send(event.dataTransfer?.files);
      }}
    >
      <h2>{folder.name} <span class="sub">{folder.content}{folder.total > 0 && ` · ${plural(folder.total, "file")}, ${bytes(folder.bytes)}`}</span></h2>
      {folder.total > 0 && (
        <div class="files">
          <table>
            <tbody>
              {folder.files.map((file) => (
                <tr key={file.name}>
                  <th scope="row">{file.name}</th>
                  <td class="number">{bytes(file.bytes)}</td>
                  <td>{instant(file.modified)}</td>
                  <td>
                    {READ_ONLY ? null : doubtful === file.name ? (
                      <button onClick={() => remove(file.name)} onBlur={() => setDoubtful(null)}>Delete it?</button>
                    ) : (
                      <button class="link" aria-label={`Delete ${file.name}`} onClick={() => setDoubtful(file.name)}>Delete</button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {folder.total > folder.files.length && <p class="sub">The first {folder.files.length} of {count(folder.total)}.</p>}
        </div>
      )}
      {!READ_ONLY && <label class="picker">
        <input type="file" multiple accept=".csv,.gz,.parquet" aria-label={`Files for ${folder.name}`} onChange={(event) => void send(event.currentTarget.files)} />
        <span class="button">Choose files</span> or drop them here: CSV, gzipped CSV, Parquet
      </label>}
      {sending && <p class="sub" role="status">{sending.name} <progress value={sending.share} aria-label="Sent" /></p>}
      {problem && <p class="note bad pre" role="alert">{problem}</p>}
    </section>
  );
}

function Params({ text, problems, again }: { text: string | null; problems: Problem[]; again: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const [draft, setDraft] = useState(text ?? "");
  const [found, setFound] = useState(problems);
  const [told, setTold] = useState("");
  const [problem, setProblem] = useState("");
  const [proposal, setProposal] = useState<Draft | null>(null);
  const [asForm, setAsForm] = useState(true);
  const [over, setOver] = useState(false);
  const [dropped, setDropped] = useState<File | null>(null); // what the draft is for, not uploaded yet
  const saved = useRef(text ?? "");
  const write = (to: string) => view.current!.dispatch({ changes: { from: 0, to: view.current!.state.doc.length, insert: to } });
  useEffect(() => {
    const created = createParamsEditor(box.current!, text ?? "", setDraft);
    view.current = created;
    return () => created.destroy();
  }, []);
  useEffect(() => {
    // Uploaded by somebody else: shown unless something is being written here.
    if (text === null || text === saved.current || draft !== saved.current) return;
    saved.current = text;
    write(text);
  }, [text]);
  useEffect(() => {
    setTold("");
    setProblem("");
    let over = false;
    const timer = setTimeout(async () => {
      if (!draft.trim()) return setFound([]);
      try {
        const answer = await post<{ problems: Problem[] }>("checked-params", { text: draft });
        if (!over) setFound(answer.problems);
      } catch (error) {
        if (!over) setProblem((error as ApiError).message);
      }
    }, 250);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [draft]);
  const save = async () => {
    try {
      if (dropped) await upload("files", { folder: "train/", name: dropped.name }, dropped);
      await post("params", { text: draft });
      saved.current = draft;
      setDropped(null);
      setTold(dropped ? `Saved, and uploaded ${dropped.name}.` : "Saved.");
      again();
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  const propose = async (file: File | null) => {
    setTold("");
    setProblem("");
    try {
      const made = file ? await upload<Draft>("draft", { folder: "train/", name: file.name }, file) : await get<Draft>("draft");
      setProposal(made);
      setDropped(file);
      write(made.text);
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  const errors = found.filter((one) => one.severity === "error").length;
  const changed = draft !== saved.current;
  return (
    <section
      class={`panel params folder${over ? " over" : ""}`}
      aria-label="params.json"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file) void propose(file);
      }}
    >
      <h2>params.json</h2>
      <div class="tools">
        <div class="segmented" role="group" aria-label="params.json as">
          <button aria-pressed={asForm} onClick={() => setAsForm(true)}>Form</button>
          <button aria-pressed={!asForm} onClick={() => setAsForm(false)}>Text</button>
        </div>
        <label class="picker">
          <input type="file" accept=".csv,.gz,.parquet" aria-label="A file to draft params.json for" onChange={(event) => event.currentTarget.files?.[0] && void propose(event.currentTarget.files[0])} />
          <span class="button">Draft for a file</span> or drop a new one here
        </label>
      </div>
      <div class="editor" ref={box} hidden={asForm} />
      {asForm && <ParamsForm text={draft} problems={found} onChange={write} />}
      {found.length > 0 && !asForm && (
        <ul class="problems" aria-label="Problems">
          {found.map((one, index) => (
            <li key={index} class={one.severity}><strong>{one.where}</strong> {one.message}.<br /><span class="remedy">{one.remedy}.</span></li>
          ))}
        </ul>
      )}
      <div class="tools">
        <button onClick={() => void propose(null)} title="Write one for the files under train/; nothing is saved yet">Draft for train/</button>
        {!READ_ONLY && <button class="primary" disabled={!changed || errors > 0 || !draft.trim()} onClick={save}>{dropped ? `Save, and upload ${dropped.name}` : "Save"}</button>}
        <span class="sub" role="status">{told || (errors > 0 ? plural(errors, "error") : changed ? "Not saved yet" : text === null ? "There is none yet: draft one for the files under train/." : "No errors")}</span>
      </div>
      {problem && <p class="note bad" role="alert">{problem}</p>}
      {proposal && (
        <>
          {proposal.obstacles.map((one) => <p key={one} class="note bad">The files cannot be imported as they are: {one}. stepcast init --convert rewrites them.</p>)}
          <table class="assumed">
            <caption class="sub">What the draft assumes</caption>
            <tbody>{proposal.assumed.map(([what, chosen, why], index) => <tr key={index}><th scope="row">{what}</th><td>{chosen}</td><td class="dim">{why}</td></tr>)}</tbody>
          </table>
        </>
      )}
    </section>
  );
}
