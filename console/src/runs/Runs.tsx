/** The runs, newest first. */
import { useState } from "preact/hooks";
import { ApiError, post, READ_ONLY, useAsked, type RunList } from "../api";
import { between, count, duration, instant, short } from "../format";
import { address, navigate } from "../router";
import { Empty, Failed, Loading, Status } from "../widgets";

export function Runs() {
  const asked = useAsked<RunList>("runs", {}, (answer) => (answer?.runs.some((run) => run.status === "RUNNING") ? 1000 : 4000));
  if (asked.error && !asked.value) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Reading the runs" />;
  const { runs, now, total } = asked.value;
  return (
    <div class="page runs">
      <div class="head">
        <h1>Runs</h1>
        <p class="sub">An upload under train/ or of params.json starts one. Runs of one input have the same name.</p>
        <div class="tools"><StartAgain /></div>
      </div>
      {runs.length === 0 ? (
        <Empty title="No runs yet"><p>Upload <code>params.json</code> and files under <code>train/</code>.</p></Empty>
      ) : (
        <div class="tablebox" tabIndex={0} role="region" aria-label="Runs">
          <table class="runs">
            <thead><tr><th scope="col">Run</th><th scope="col">Status</th><th scope="col">Started</th><th scope="col" class="number">Took</th></tr></thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.name}>
                  <th scope="row"><a class="cover" href={address(`runs/${run.name}`)}><code>{short(run.name)}</code></a></th>
                  <td><Status of={run.status} /></td>
                  <td>{instant(run.started)}</td>
                  <td class="number">{duration(between(run.started, run.stopped, now))}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {total > runs.length && <p class="sub">The newest {runs.length} of {count(total)}.</p>}
        </div>
      )}
    </div>
  );
}

/** Run the bucket's present input. The answer says why nothing was started, if nothing was. */
export function StartAgain() {
  return READ_ONLY ? null : <StartButton />;
}

function StartButton() {
  const [state, setState] = useState<{ busy: boolean; text: string; bad?: boolean }>({ busy: false, text: "" });
  const start = async () => {
    setState({ busy: true, text: "" });
    try {
      const answer = await post<{ outcome: string; why: string; name: string | null }>("runs");
      if (answer.outcome === "started" && answer.name) navigate(address(`runs/${answer.name}`));
      setState({ busy: false, text: answer.outcome === "started" ? "" : `Not started: ${answer.why}.` });
    } catch (error) {
      setState({ busy: false, text: (error as ApiError).message, bad: true });
    }
  };
  return (
    <>
      <button onClick={start} disabled={state.busy} title="Run the files that are in the bucket now">{state.busy ? "Starting" : "Start again"}</button>
      <span class={`sub${state.bad ? " bad" : ""}`} role="status">{state.text}</span>
    </>
  );
}
