/* The explorer and the sorting of tables. Words reach the page by textContent alone. */
(() => {
  sortTables();
  cutTables();
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    document.querySelectorAll("table.cut").forEach((one) => one.classList.remove("cut"));
  });
  const data = JSON.parse(byId("data").textContent);
  if (data.views && data.views.length) explore(data);

  function explore({ treebanks, views, first = 0 }) {
    const inputs = Object.fromEntries(["checkpoint", "sentence", "layer"].map((name) => [name, byId(name)]));
    const several = Object.keys(treebanks).length > 1;
    views.forEach((view, i) => addOption(inputs.checkpoint, i, several ? `${view.checkpoint} (${view.treebank})` : view.checkpoint));
    let shown = null;

    const current = () => {
      const view = views[inputs.checkpoint.value];
      const sentence = treebanks[view.treebank].sentences[inputs.sentence.value];
      return { view, sentence, recovered: view.recovered.map((layer) => headsOf(layer[inputs.sentence.value])) };
    };
    const update = () => {
      const view = views[inputs.checkpoint.value];
      if (shown !== view.treebank) {
        shown = view.treebank;
        inputs.sentence.replaceChildren();
        treebanks[shown].sentences.forEach((one, i) => addOption(inputs.sentence, i, `${i + 1}. ${one.words.join(" ")}`));
      }
      inputs.layer.max = view.layers.length - 1;
      const { sentence, recovered } = current();
      const place = Math.min(inputs.layer.value, view.layers.length - 1);
      const gold = new Set(sentence.edges.map(([a, b]) => edgeCode(a, b)));
      const share = recovered.map((heads) => foundEdges(gold, heads, sentence.scored) / Math.max(gold.size, 1));
      byId("layer-name").textContent = view.layers[place] === 0 ? "0 (embeddings)" : view.layers[place];
      inputs.layer.setAttribute("aria-valuetext", `layer ${view.layers[place]}`);
      drawBars(byId("bars"), view.layers, share, place, (i) => { inputs.layer.value = i; update(); });
      const count = foundEdges(gold, recovered[place], sentence.scored);
      byId("status").textContent = `Layer ${view.layers[place]} of ${view.checkpoint}: ${count} of ${gold.size} edges found`;
      drawTrees(byId("tree"), data.screen, sentence, { heads: recovered[place], arcs: layOutArcs(sentence, recovered[place]) });
      fillTable(sentence, recovered[place]);
    };
    const step = (by) => {
      const count = inputs.sentence.options.length;
      inputs.sentence.value = (Number(inputs.sentence.value) + by + count) % count;
      update();
    };
    byId("controls").addEventListener("input", update);
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    byId("bars").addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      inputs.layer.value = Number(inputs.layer.value) + by;
      update();
    });
    inputs.checkpoint.value = first;
    inputs.layer.max = views[first].layers.length - 1;
    inputs.layer.value = views[first].best;
    update();
  }

  /* Opens the section that a link leads to. */
  function unfold() {
    const section = byId(decodeURIComponent(location.hash.slice(1)));
    if (section) section.querySelectorAll(":scope > details").forEach((one) => { one.open = true; });
  }

  function fillTable({ words, heads: gold, relations }, heads) {
    const name = (head) => (head < 0 ? "(root)" : `${head + 1} ${words[head]}`);
    byId("heads").tBodies[0].replaceChildren(...words.map((word, i) => {
      const row = document.createElement("tr");
      [`${i + 1} ${word}`, name(gold[i]), relations[i], name(heads[i])].forEach((text, column) => {
        const cell = document.createElement(column ? "td" : "th");
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }

  function sortTables() {
    document.querySelectorAll("table.sortable thead th").forEach((heading) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => sortBy(heading));
    });
  }

  /* Of a long table the first rows are shown, in whatever order it has, until the reader asks for all. */
  function cutTables() {
    document.querySelectorAll("table.long").forEach((table) => {
      const button = document.createElement("button"), count = table.tBodies[0].rows.length;
      const update = () => { button.textContent = table.classList.contains("cut") ? `Show all ${count} rows` : "Show the first rows"; };
      button.type = "button";
      button.className = "more";
      button.addEventListener("click", () => { table.classList.toggle("cut"); update(); });
      table.classList.add("cut");
      update();
      table.parentElement.after(button);
    });
  }

  function sortBy(heading) {
    const rows = heading.closest("table").tBodies[0], column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") !== "descending";
    heading.parentElement.querySelectorAll("th").forEach((one) => one.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => { const cell = row.cells[column]; return cell.dataset.sort === undefined ? cell.textContent : Number(cell.dataset.sort); };
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    rows.append(...[...rows.rows].sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b))));
  }
})();
