/** One run: its states as they happen, their logs, and what to do when it failed. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, post, READ_ONLY, useAsked, type Log, type RunDetail, type RunList, type StateVisit } from "../api";
import { between, duration, instant, plural, short } from "../format";
import { address, keepInQuery, navigate } from "../router";
import { CopyLink, Failed, Loading, LogView, Status } from "../widgets";
import { Graph } from "./Graph";
import { StartAgain } from "./Runs";

export function RunPage({ name, query }: { name: string; query: URLSearchParams }) {
  const asked = useAsked<RunDetail>("run", { name }, (answer) => (answer?.status === "RUNNING" ? 700 : null));
  const run = asked.value?.name === name ? asked.value : null;
  // The definition is a new object with every answer: the graph is laid out once.
  const text = JSON.stringify(run?.definition ?? null);
  const definition = useMemo(() => run?.definition ?? null, [text]);
  useEffect(() => {
    document.title = `Run ${short(name)} · Stepcast`;
  }, [name]);
  if (asked.error && !run) return <Failed error={asked.error} again={asked.again} />;
  if (!run || !definition) return <Loading what="Reading the run" />;
  const failed = run.status === "FAILED" ? whatFailed(run) : null;
  const chosen = query.get("state") ?? failed ?? interesting(run);
  const visits = run.states.filter((visit) => visit.state === chosen);
  return (
    <div class="page">
      <div class="head">
        <p class="crumb"><a href={address("runs")}>Runs</a></p>
        <h1>Run <code title={run.name}>{short(run.name)}</code> <Status of={run.status} /></h1>
        <p class="sub">{instant(run.started)} · {duration(between(run.started, run.stopped, run.now))}{run.status === "RUNNING" && " so far"}{run.redrive.count > 0 && ` · redriven ${run.redrive.count === 1 ? "once" : `${run.redrive.count} times`}`}</p>
        <div class="tools">
          {run.status !== "RUNNING" && <StartAgain />}
          {run.redrive.possible && !READ_ONLY && <Redrive name={run.name} onDone={asked.again} />}
          {run.status === "SUCCEEDED" && <CompareWith name={run.name} started={run.started} />}
          <span class="space" />
          <CopyLink />
        </div>
      </div>
      {run.status === "FAILED" && <Failure run={run} state={failed} />}
      <div class="run">
        <div class="panel graphbox" tabIndex={0} role="region" aria-label="States">
          <Graph definition={definition} visits={run.states} now={run.now} selected={chosen} onSelect={(state) => keepInQuery({ state })} />
        </div>
        {visits.length > 0 && <StatePanel key={chosen} run={run} visits={visits} tab={query.get("tab") ?? "log"} />}
      </div>
      {run.status !== "FAILED" && run.report && <Report run={run} />}
    </div>
  );
}

/** Go on from the state that the run was stopped in; what went before is not done again. */
function Redrive({ name, onDone }: { name: string; onDone: () => void }) {
  const [problem, setProblem] = useState("");
  const redrive = async () => {
    try {
      await post("redriven-runs?" + new URLSearchParams({ name }));
      onDone();
    } catch (error) {
      setProblem((error as ApiError).message);
    }
  };
  return (
    <>
      <button onClick={redrive} title="Go on from the state that it was stopped in">Redrive</button>
      {problem && <span class="bad" role="alert">{problem}</span>}
    </>
  );
}

function CompareWith({ name, started }: { name: string; started: string }) {
  const asked = useAsked<RunList>("runs", {});
  const others = asked.value?.runs.filter((run) => run.status === "SUCCEEDED" && run.name !== name) ?? [];
  if (others.length === 0) return null;
  return (
    <select
      aria-label="Compare with"
      value=""
      onChange={(event) => {
        const other = others.find((run) => run.name === event.currentTarget.value)!;
        const [before, after] = other.started < started ? [other.name, name] : [name, other.name];
        navigate(address("runs/compare", { before, after }));
      }}
    >
      <option value="" disabled>Compare with</option>
      {others.map((run) => <option key={run.name} value={run.name}>{`${short(run.name)}, ${instant(run.started)}`}</option>)}
    </select>
  );
}

/** The state that the run failed in: the last one whose error led to where nothing but an error leads. */
function whatFailed({ states, definition }: RunDetail): string | null {
  for (let index = states.length - 1; index >= 0; index--) {
    const { state, status, kind } = states[index]!;
    const next = states[index + 1]?.state;
    const told = definition.States[state];
    const recovered = told?.Next === next && told?.Catch?.some((one) => one.Next === next);
    if (status === "FAILED" && kind !== "Fail" && !recovered) return state;
  }
  return null;
}

/** The state to look at first: the one the run is in, or the one that took longest. */
function interesting({ states, now }: RunDetail): string | null {
  const last = states[states.length - 1];
  if (!last || last.left === null) return last?.state ?? null;
  const took = (visit: StateVisit) => between(visit.entered, visit.left, now);
  return states.reduce((longest, visit) => (took(visit) > took(longest) ? visit : longest)).state;
}

function Failure({ run, state }: { run: RunDetail; state: string | null }) {
  return (
    <section class="notice bad" role="alert">
      <h2>{state ? `${state} failed` : "The run failed"}{run.error && `: ${run.error}`}</h2>
      {run.report && run.report.errors > 0 ? (
        <Problems run={run} />
      ) : (
        <p class="pre">{run.cause ?? run.failure}</p>
      )}
      <p class="sub">The last good forecast stays in place. Correct the input and upload it again: that starts a run.</p>
    </section>
  );
}

function Problems({ run }: { run: RunDetail }) {
  const { problems, more, errors, warnings } = run.report!;
  return (
    <>
      <p>The input has {plural(errors, "error")}{warnings > 0 && ` and ${plural(warnings, "warning")}`}.</p>
      <ul class="problems">
        {problems.map((one, index) => (
          <li key={index} class={one.severity}>
            <strong>{one.where}</strong> {one.message}.<br />
            <span class="remedy">{one.remedy}.</span> <span class="dim">{one.rule}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="sub">{plural(more, "more kind")} of problem in the complete report, reports/{run.name.split("-")[0]}/validation.md.</p>}
    </>
  );
}

function Report({ run }: { run: RunDetail }) {
  const { data, notes, problems, warnings } = run.report!;
  return (
    <section class="panel">
      <h2>Input</h2>
      <dl class="facts">{data.map(([name, text]) => <><dt>{name}</dt><dd>{text}</dd></>)}</dl>
      {warnings > 0 && <ul class="problems">{problems.map((one, index) => <li key={index} class={one.severity}><strong>{one.where}</strong> {one.message}.<br /><span class="remedy">{one.remedy}.</span></li>)}</ul>}
      {notes.map((note) => <p key={note} class="note">{note}</p>)}
    </section>
  );
}

const TABS = [
  ["log", "Log"],
  ["input", "Input"],
  ["output", "Output"],
] as const;

function StatePanel({ run, visits, tab }: { run: RunDetail; visits: StateVisit[]; tab: string }) {
  const last = visits[visits.length - 1]!;
  const errors = visits.flatMap((visit) => visit.errors);
  return (
    <section class="panel state">
      <h2>{last.state} <Status of={last.status} small /></h2>
      <p class="sub">
        {last.kind} · {instant(last.entered)} · {duration(between(last.entered, last.left, run.now))}
        {last.attempts > 1 && ` · ${last.attempts} attempts`}
        {last.total != null && ` · ${last.done ?? 0} of ${plural(last.total, "shard")}`}
      </p>
      {run.definition.States[last.state]?.Comment && <p class="sub">{run.definition.States[last.state]!.Comment}</p>}
      {errors.map((one, index) => <p key={index} class="note bad pre"><strong>{one.error}</strong> {cause(one.cause)}</p>)}
      <div class="segmented" role="group" aria-label="Of the state">
        {TABS.map(([name, title]) => <button key={name} aria-pressed={tab === name} onClick={() => keepInQuery({ tab: name === "log" ? null : name })}>{title}</button>)}
      </div>
      {tab === "log" ? <LogLines run={run} state={last.state} running={last.left === null} /> : <pre class="document" tabIndex={0}>{pretty(tab === "input" ? last.input : last.output)}</pre>}
    </section>
  );
}

function LogLines({ run, state, running }: { run: RunDetail; state: string; running: boolean }) {
  const asked = useAsked<Log>("log", { name: run.name, state }, () => (running ? 1000 : null));
  if (asked.error && !asked.value) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Reading the log" />;
  const { lines, functions, cut } = asked.value;
  if (functions.length === 0) return <p class="note">This state runs no function.</p>;
  if (lines.length === 0) return <p class="note">{functions.join(", ")} has written nothing yet.</p>;
  return <LogView lines={lines} cut={cut} />;
}

function pretty(text: string | null): string {
  if (text === null) return "None yet.";
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What Lambda gives as a cause is a document with the message in it. */
function cause(text: string): string {
  try {
    const told = JSON.parse(text) as { errorMessage?: string };
    return told.errorMessage ?? text;
  } catch {
    return text;
  }
}
