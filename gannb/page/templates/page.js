// Every head of a column sorts its table; a second click turns the order round. Without scripts tables stay as they are.
"use strict";

const numberIn = (text) => {
  const found = text.replace(/\u2212/g, "-").replace(/,(?=\d{3})/g, "").match(/[-+]?\d+(\.\d+)?/);
  return found ? Number(found[0]) : NaN;
};

function order(column, rising) {
  const texts = new Map(column.map(([row, text]) => [row, text]));
  const numbers = new Map(column.map(([row, text]) => [row, numberIn(text)]));
  const there = column.map(([row]) => row).filter((row) => !["", "\u2013"].includes(texts.get(row)));
  const numeric = there.every((row) => /^[-+\u2212\d]/.test(texts.get(row)));
  const compare = numeric
    ? (a, b) => numbers.get(a) - numbers.get(b)
    : (a, b) => texts.get(a).localeCompare(texts.get(b));
  const missing = column.map(([row]) => row).filter((row) => !there.includes(row)); // last, whatever the order
  return [...there.sort((a, b) => (rising ? 1 : -1) * compare(a, b)), ...missing];
}

function sort(table, index, head) {
  const numeric = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  const rising = before ? before === "descending" : !numeric; // numbers: the largest first
  const column = [...table.tBodies[0].rows].map((row) => [row, row.cells[index].textContent.trim()]);
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  table.tBodies[0].append(...order(column, rising));
}

for (const table of document.querySelectorAll("table")) {
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
