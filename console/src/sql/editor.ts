/** The SQL editor, with the tables and columns to complete. */
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Tables } from "../api";

const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--green)" },
  { tag: tags.number, color: "var(--violet)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

export interface Editor {
  view: EditorView;
  setTables(tables: Tables): void;
  showError(message: string, place: { line: number; column: number } | null): void;
  clearError(): void;
}

/**
 * Replace the selection by what is typed. Where the browser does that, it gives the new text the style of the old one
 * as an attribute, which the page's policy forbids.
 */
function typeOver(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || !text || empty || view.composing || view.state.selection.ranges.length > 1) return false;
  const typed = () => view.state.update({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: "input.type", scrollIntoView: true });
  if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, typed))) view.dispatch(typed());
  event.preventDefault();
  return true;
}

export function createEditor(parent: HTMLElement, text: string, onRun: () => void, onChange: (text: string) => void): Editor {
  const language = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>('meta[name="stepcast-nonce"]')!.content),
        lineNumbers(),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        syntaxHighlighting(colors),
        placeholder("SELECT ..."),
        language.of(sql({ dialect: PostgreSQL, upperCaseKeywords: true })),
        EditorView.lineWrapping,
        EditorView.domEventHandlers({ beforeinput: (event, view) => typeOver(event, view) }),
        EditorView.contentAttributes.of({ "aria-label": "SQL", tabindex: "0" }),
        keymap.of([{ key: "Mod-Enter", run: () => (onRun(), true) }, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
      ],
    }),
  });
  return {
    view,
    setTables: ({ tables }) => {
      const schema: SQLNamespace = Object.fromEntries(tables.map((table) => [table.name, table.columns.map((column) => ({ label: column.name, type: "property", detail: column.type }))]));
      view.dispatch({ effects: language.reconfigure(sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true })) });
    },
    showError: (message, place) => {
      if (!place) return;
      const line = view.state.doc.line(Math.min(Math.max(place.line, 1), view.state.doc.lines));
      const from = Math.min(line.from + Math.max(place.column - 1, 0), line.to);
      const word = /^\w+/.exec(view.state.sliceDoc(from, line.to))?.[0].length ?? 1;
      view.dispatch(setDiagnostics(view.state, [{ from, to: Math.max(Math.min(from + word, line.to), from), severity: "error", message }]));
    },
    clearError: () => view.dispatch(setDiagnostics(view.state, [])),
  };
}
