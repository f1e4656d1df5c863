/**
 * Where the states of a machine are drawn. The way that a run takes without errors goes down on the left; what only a
 * Catch leads to stands beside it, and all catches of one state join a line of their own between the two.
 */
import type { AslState, Definition } from "../api";

export interface Place {
  name: string;
  column: number;
  row: number;
}

export interface Edge {
  from: string;
  to: string;
  caught: boolean;
}

export interface Layout {
  places: Map<string, Place>;
  edges: Edge[];
  rows: number;
  columns: number;
  /** The states that catches lead to, in order: each has a line of its own. */
  targets: string[];
}

function onward(state: AslState): string[] {
  const next = [...(state.Choices ?? []).map((choice) => choice.Next), state.Default, state.Next];
  return [...new Set(next.filter((name): name is string => Boolean(name)))];
}

function caught(state: AslState): string[] {
  return [...new Set((state.Catch ?? []).map((one) => one.Next))];
}

export function layout({ StartAt, States }: Definition): Layout {
  const main = ranked([StartAt], States);
  const places = new Map<string, Place>();
  put(places, main, 0, 0, States);
  const rows = Math.max(...main.values()) + 1;
  // What is caught, from its own entrances on.
  const entrances = Object.keys(States).filter((name) => !main.has(name) && [...main.keys()].some((from) => caught(States[from]!).includes(name)));
  const taken = (column: number, from: number, to: number) => [...places.values()].some((one) => one.column >= column && one.row >= from && one.row <= to);
  const aside = new Map<string, number>();
  for (const entrance of entrances) {
    if (places.has(entrance)) continue;
    const own = ranked([entrance], States, new Set([...main.keys(), ...aside.keys()]));
    for (const [name, rank] of own) aside.set(name, rank);
    const row = Math.min(...[...main.keys()].filter((from) => caught(States[from]!).includes(entrance)).map((from) => main.get(from)!));
    let column = 1;
    while (taken(column, row, row + Math.max(...own.values()))) column++;
    put(places, own, column, row, States);
  }
  let row = rows;
  for (const name of Object.keys(States)) if (!places.has(name)) places.set(name, { name, column: 1, row: row++ }); // nothing leads there
  const edges: Edge[] = [];
  for (const [name, state] of Object.entries(States)) {
    for (const to of onward(state)) if (States[to]) edges.push({ from: name, to, caught: false });
    for (const to of caught(state)) if (States[to] && !onward(state).includes(to)) edges.push({ from: name, to, caught: true });
  }
  const all = [...places.values()];
  return { places, edges, rows: Math.max(...all.map((one) => one.row)) + 1, columns: Math.max(...all.map((one) => one.column)) + 1, targets: [...new Set(edges.filter((edge) => edge.caught).map((edge) => edge.to))] };
}

/** How many steps from the start a state is, by the longest way; a way back counts for nothing. */
function ranked(starts: string[], states: Record<string, AslState>, known: Set<string> = new Set()): Map<string, number> {
  const ranks = new Map<string, number>();
  const visit = (name: string, rank: number, way: Set<string>) => {
    if (!states[name] || known.has(name) || way.has(name) || (ranks.get(name) ?? -1) >= rank) return;
    ranks.set(name, rank);
    const further = new Set(way).add(name);
    for (const next of onward(states[name]!)) visit(next, rank + 1, further);
  };
  for (const start of starts) visit(start, 0, new Set());
  return ranks;
}

/** Give the states their rows, those of one rank side by side. */
function put(places: Map<string, Place>, ranks: Map<string, number>, column: number, row: number, states: Record<string, AslState>): void {
  const byRank = new Map<number, string[]>();
  for (const [name, rank] of ranks) byRank.set(rank, [...(byRank.get(rank) ?? []), name]);
  for (const [rank, names] of byRank) {
    names.sort((a, b) => Number(states[a]!.Type === "Fail") - Number(states[b]!.Type === "Fail"));
    names.forEach((name, index) => places.set(name, { name, column: column + index, row: row + rank }));
  }
}
