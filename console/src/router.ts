/** The page's address: a path below the root, and a query in which a page keeps what it shows. */
import { useEffect, useState } from "preact/hooks";

export const ROOT = "/_stepcast/";

export interface Route {
  path: string[];
  query: URLSearchParams;
}

const listeners = new Set<() => void>();

function here(): Route {
  const path = location.pathname.startsWith(ROOT) ? location.pathname.slice(ROOT.length) : "";
  return { path: path.split("/").filter(Boolean), query: new URLSearchParams(location.search) };
}

export function address(path: string, query: Record<string, string | null | undefined> = {}): string {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null && value !== "") kept.set(name, value);
  const text = kept.toString();
  return ROOT + path + (text ? `?${text}` : "");
}

export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  for (const listener of listeners) listener();
}

/** Change some of the query in place, without a new entry in the browser's history. */
export function keepInQuery(changes: Record<string, string | null>, keptEmpty: string[] = []): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value == null || (value === "" && !keptEmpty.includes(name))) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), true);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const changed = () => setRoute(here());
    listeners.add(changed);
    addEventListener("popstate", changed);
    return () => {
      listeners.delete(changed);
      removeEventListener("popstate", changed);
    };
  }, []);
  return route;
}

/** Links inside the page change the address without loading it again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(ROOT) || link.pathname.startsWith(`${ROOT}assets/`) || link.pathname.startsWith(`${ROOT}api/`)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
  scrollTo(0, 0);
}
