// The head of a column sorts its table; a second click turns the order round. Without scripts tables stay as they are.
// Tables whose columns mix units (class "mixed") have no order.
"use strict";

const MISSING = ["", "\u2013", "none", "not measured", "cannot be told"]; // last, whatever the order

const numberIn = (text) => {
  const found = text.replace(/\u2212/g, "-").replace(/,(?=\d{3})/g, "").match(/[-+]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : NaN;
};

function order(column, numeric, rising) {
  const text = new Map(column);
  const compare = numeric
    ? (a, b) => numberIn(text.get(a)) - numberIn(text.get(b))
    : (a, b) => text.get(a).localeCompare(text.get(b), undefined, { numeric: true });
  const rows = column.map(([row]) => row);
  const missing = rows.filter((row) => MISSING.includes(text.get(row)));
  const there = rows.filter((row) => !missing.includes(row));
  return [...there.sort((a, b) => (rising ? 1 : -1) * compare(a, b)), ...missing];
}

function sort(table, index, head) {
  const numeric = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  const rising = before ? before === "descending" : !numeric; // numbers: the largest first
  const column = [...table.tBodies[0].rows].map((row) => [row, row.cells[index].textContent.trim()]);
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  table.tBodies[0].append(...order(column, numeric, rising));
}

for (const table of document.querySelectorAll("table:not(.mixed)")) {
  if (!table.tHead) continue; // a grid of items
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 3 || rows.some((row) => row.cells.length !== heads.length)) continue;
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "sort by this column";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, index, head));
    head.append(button);
  });
}
