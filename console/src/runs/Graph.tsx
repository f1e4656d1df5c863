/** The state machine of a run, with where the run is and was. */
import { useMemo } from "preact/hooks";
import type { Definition, StateVisit } from "../api";
import { between, count, duration } from "../format";
import { layout, type Edge, type Layout, type Place } from "./layout";

const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [164, 38, 20, 20];
const LINE = 9; // between the lines of catches
const MARKS: Record<string, string> = { SUCCEEDED: "✓", FAILED: "✕", RUNNING: "●", STOPPED: "■" };

interface Props {
  definition: Definition;
  visits: StateVisit[];
  now: string;
  selected: string | null;
  onSelect: (name: string) => void;
}

export function Graph({ definition, visits, now, selected, onSelect }: Props) {
  const placed = useMemo(() => layout(definition), [definition]);
  const last = new Map(visits.map((visit) => [visit.state, visit]));
  const taken = new Set(visits.slice(1).map((visit, index) => `${visits[index]!.state} ${visit.state}`));
  const where = position(placed);
  const named = placed.edges.map((edge) => ({ edge, name: `${edge.from} ${edge.to}` })).map((one) => ({ ...one, isTaken: taken.has(one.name) }));
  const edges = [...named.filter((one) => !one.isTaken), ...named.filter((one) => one.isTaken)]; // those taken lie on top
  const width = where({ name: "", column: placed.columns, row: 0 })[0] - GAP_X + 2;
  const height = placed.rows * (HEIGHT + GAP_Y) + 2;
  return (
    <svg class="graph" viewBox={`-1 -1 ${width} ${height}`} width={width} height={height} role="group" aria-label="State machine">
      {edges.map(({ edge, name, isTaken }) => (
        <path key={name} class={`edge${edge.caught ? " caught" : ""}${isTaken ? " taken" : ""}`} d={path(edge, placed, where)} />
      ))}
      {[...placed.places.values()].map((place) => {
        const visit = last.get(place.name);
        const [x, y] = where(place);
        const status = visit?.status ?? "NONE";
        const many = visits.filter((one) => one.state === place.name).length;
        const line = visit ? told(visit, now) + (many > 1 ? ` · ${many} times` : "") : "";
        return (
          <g
            key={place.name}
            class={`state ${status.toLowerCase()}${selected === place.name ? " selected" : ""}`}
            transform={`translate(${x} ${y})`}
            role="button"
            tabindex={visit ? 0 : -1}
            aria-pressed={selected === place.name}
            aria-label={visit ? `${place.name} ${line}: ${status.toLowerCase()}` : `${place.name}: not entered`}
            onClick={() => visit && onSelect(place.name)}
            onKeyDown={(event) => {
              if (visit && (event.key === "Enter" || event.key === " ")) {
                event.preventDefault();
                onSelect(place.name);
              }
            }}
          >
            <rect width={WIDTH} height={HEIGHT} rx="5" />
            <text class="mark" x="12" y="24" aria-hidden="true">{MARKS[status] ?? ""}</text>
            <text>
              <tspan class="name" x={visit ? 28 : 12} y={visit ? 16 : 24}>{place.name}</tspan>
              {visit && " "}
              {visit && <tspan class="told" x="28" y="30">{line}</tspan>}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function told(visit: StateVisit, now: string): string {
  const parts = [duration(between(visit.entered, visit.left, now))];
  if (visit.total != null) parts.push(`${count(visit.done ?? 0)} of ${count(visit.total)}`);
  if (visit.failed) parts.push(`${visit.failed} failed`);
  if (visit.attempts > 1) parts.push(`${visit.attempts} attempts`);
  return parts.join(" · ");
}

function position({ targets }: Layout): (place: Place) => [number, number] {
  const lines = 16 + targets.length * LINE;
  return ({ column, row }) => [column * (WIDTH + GAP_X) + (column > 0 ? lines : 0), row * (HEIGHT + GAP_Y)];
}

function path({ from, to, caught }: Edge, placed: Layout, where: (place: Place) => [number, number]): string {
  const [a, b] = [placed.places.get(from)!, placed.places.get(to)!];
  const [[ax, ay], [bx, by]] = [where(a), where(b)];
  const [middleA, middleB] = [ay + HEIGHT / 2, by + HEIGHT / 2];
  if (caught && b.column > 0 && a.row !== b.row) {
    // Into the line of this target, between the first two columns, up or down, and into it from above.
    const number = placed.targets.indexOf(to);
    return `M${a.column === 0 ? ax + WIDTH : ax} ${middleA}H${WIDTH + 20 + number * LINE}V${by - 6 - number * 6}H${bx + WIDTH / 2}V${by}`;
  }
  if (b.row > a.row) {
    const passes = a.column === b.column && [...placed.places.values()].some((one) => one.column === a.column && one.row > a.row && one.row < b.row);
    if (passes) return `M${ax} ${middleA}h-8V${middleB}h8`;
    const [x, y] = [ax + WIDTH / 2, by - GAP_Y / 2];
    return ax === bx ? `M${x} ${ay + HEIGHT}V${by}` : `M${x} ${ay + HEIGHT}V${y}H${bx + WIDTH / 2}V${by}`;
  }
  if (a.row === b.row) return b.column > a.column ? `M${ax + WIDTH} ${middleA}H${bx}` : `M${ax} ${middleA}H${bx + WIDTH}`;
  if (a.column > b.column) return `M${ax} ${middleA}H${bx + WIDTH + 10}V${middleB + 9}H${bx + WIDTH}`; // a way back
  return `M${ax} ${middleA + 6}h-10V${middleB}h10`;
}
