/** What an engineer on call looks at: alarms, drift, messages, the functions' logs, and how to reach the stack. */
import { useAsked, type Log, type Operations, type Overview } from "../api";
import { count, instant } from "../format";
import { address, keepInQuery } from "../router";
import { Failed, Loading, LogView, Snippet } from "../widgets";

const CLIENTS: [string, string, (overview: Overview, operations: Operations) => string][] = [
  [
    "shell",
    "Shell",
    ({ endpoint, region, profile }, { credentials }) =>
      !endpoint ? `export AWS_DEFAULT_REGION=${region}${profile && ` AWS_PROFILE=${quoted(profile)}`}` :
      `export AWS_ENDPOINT_URL=${endpoint} AWS_DEFAULT_REGION=${region}\n` +
      (credentials ? `export AWS_SHARED_CREDENTIALS_FILE=${quoted(credentials)} AWS_PROFILE=localaws` : "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"),
  ],
  [
    "awswrangler",
    "awswrangler",
    ({ database }, { workgroup }) => `import awswrangler as wr\n\nwr.athena.read_sql_query("SELECT * FROM forecast", database="${database}", workgroup="${workgroup}")`,
  ],
  [
    "pyathena",
    "PyAthena",
    ({ database }, { output }) => `from pyathena import connect\n\ncursor = connect(s3_staging_dir="${output}", schema_name="${database}").cursor()\ncursor.execute("SELECT * FROM forecast LIMIT 5").fetchall()`,
  ],
  ["aws", "aws", ({ bucket }) => `aws s3 cp params.json s3://${bucket}/\naws s3 cp my.csv s3://${bucket}/train/`],
];
/** A path for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

const DRIFT = "SELECT *\nFROM drift\nORDER BY severity DESC";

export function OperationsPage({ query, overview }: { query: URLSearchParams; overview: Overview | null }) {
  const asked = useAsked<Operations>("operations", {}, () => 4000);
  if (asked.error && !asked.value) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value || !overview) return <Loading what="Reading the stack" />;
  const { alarms, drift, messages, total_messages, functions } = asked.value;
  const client = CLIENTS.find(([name]) => name === query.get("client")) ?? CLIENTS[0]!;
  const chosen = functions.find((name) => name === query.get("function")) ?? functions[0];
  return (
    <div class="page">
      <div class="head">
        <h1>Operations</h1>
        <p class="sub">Stepcast {overview.version} {overview.endpoint ? `at ${overview.endpoint}` : "on AWS"}, {overview.region}</p>
      </div>
      <div class="columns">
        <div>
          <section class="panel">
            <h2>Alarms</h2>
            {alarms.length === 0 && <p class="note">The stack has no alarms.</p>}
            <dl class="facts">
              {alarms.map((alarm) => (
                <>
                  <dt class={alarm.state === "ALARM" ? "bad" : ""}>{ALARMS[alarm.state] ?? alarm.state}</dt>
                  <dd>{alarm.name}<br /><span class="sub">{alarm.description}</span></dd>
                </>
              ))}
            </dl>
          </section>
          <section class="panel">
            <h2>Drift</h2>
            {drift ? <p class={`pre${drift.drift ? " bad" : ""}`}>{drift.text}</p> : <p class="note">Nothing has been compared yet: that takes a forecast and values that came after it.</p>}
            {drift?.state === "compared" && <p class="note"><a href={address("sql", { q: DRIFT })}>The table drift</a></p>}
          </section>
          <section class="panel messages">
            <h2>Messages</h2>
            {messages.length === 0 && <p class="note">None yet. Each run sends one when it ends.</p>}
            {messages.map((message) => (
              <details key={message.when + message.subject}>
                <summary>{message.subject || "Without a subject"} <span class="sub">{instant(message.when)}</span></summary>
                <pre>{message.body}</pre>
              </details>
            ))}
            {total_messages > messages.length && <p class="sub">The newest {messages.length} of {count(total_messages)}.</p>}
          </section>
        </div>
        <section class="panel">
          <h2>Clients</h2>
          <div class="tools">
            <div class="segmented" role="group" aria-label="Client">
              {CLIENTS.map(([name, title]) => <button key={name} aria-pressed={client[0] === name} onClick={() => keepInQuery({ client: name === CLIENTS[0]![0] ? null : name })}>{title}</button>)}
            </div>
          </div>
          <Snippet text={client[2](overview, asked.value)} />
        </section>
      </div>
      <section class="panel functions">
        <h2>Functions</h2>
        <div class="tools">
          <select aria-label="Function" value={chosen} onChange={(event) => keepInQuery({ function: event.currentTarget.value })}>
            {functions.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
          <span class="sub">What it wrote in the last 24 hours</span>
        </div>
        {chosen && <FunctionLog key={chosen} name={chosen} />}
      </section>
    </div>
  );
}

const ALARMS: Record<string, string> = { ALARM: "✕ alarm", OK: "✓ ok", INSUFFICIENT_DATA: "○ no data" };

function FunctionLog({ name }: { name: string }) {
  const asked = useAsked<Log>("function-log", { function: name, hours: 24 }, () => 3000);
  if (asked.error && !asked.value) return <Failed error={asked.error} again={asked.again} />;
  if (!asked.value) return <Loading what="Reading the log" />;
  if (asked.value.lines.length === 0) return <p class="note">Nothing.</p>;
  return <LogView lines={asked.value.lines} cut={asked.value.cut} days />;
}
