/**
 * A table that becomes one card a row where the screen is narrow. Roles are spelled out because a browser forgets
 * what a table is once its rows are laid out as something else.
 */
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  title: string;
  /** Null: there is nothing to say. */
  cell(row: Row): ComponentChildren;
  /** Numbers stand to the right. */
  numeric?: boolean;
  /** What names the row. */
  heading?: boolean;
}

export interface TableProps<Row> {
  /** What it is a table of. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** On a sheet of its own, not within another. */
  sheet?: boolean;
  /** Stays a table where the screen is narrow: many short rows of few figures. */
  staysTable?: boolean;
}

export function Table<Row>({ caption, columns, rows, keyOf, sheet = true, staysTable = false }: TableProps<Row>) {
  const table = (
    <table role="table" class={staysTable ? "tight" : "cards"}>
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, numeric }) => (
            <th key={title} role="columnheader" scope="col" class={numeric === true ? "number" : ""}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row">
            {columns.map((column) => (
              <Cell key={column.title} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
  return sheet ? <div class="sheet">{table}</div> : table;
}

function Cell<Row>({ column: { title, cell, numeric, heading }, row }: { column: Column<Row>; row: Row }) {
  const value = cell(row);
  const className = [numeric === true ? "number" : "", value === null ? "nothing" : ""].join(" ").trim();
  const content = <span class="content">{value ?? "–"}</span>;
  return heading === true ? (
    <th role="rowheader" scope="row" data-title={title} class={className}>
      {content}
    </th>
  ) : (
    <td role="cell" data-title={title} class={className}>
      {content}
    </td>
  );
}
