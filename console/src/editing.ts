/** The pages with an editor, which is most of the code: loaded when one is opened. */
export { DataPage } from "./data/DataPage";
export { SqlPage } from "./sql/SqlPage";
