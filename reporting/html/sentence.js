/* One sentence through the layers: its tree, its words in space, their distances, and heads that track relations. */
(() => {
  const data = JSON.parse(byId("data").textContent);
  const { words, sentence, layers, heads, screen } = data, slider = byId("layer"), part = byId("part");
  const gold = new Set(sentence.edges.map(([a, b]) => edgeCode(a, b)));
  const share = layers.map((one) => foundEdges(gold, one.heads, sentence.scored) / Math.max(gold.size, 1));
  const truth = new Set(gold);
  let chosen = data.pair, head = 0;

  const camera = makeCamera();
  const stop = turnButton(byId("turn"), camera);
  const space = makeSpace(byId("space"), camera, words, stop);
  const matrix = makeMatrix();
  playable(part, byId("play"));
  part.addEventListener("input", drawSpace);
  slider.max = layers.length - 1;
  slider.value = data.best;
  slider.addEventListener("input", update);
  document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", (event) => event.preventDefault()));
  byId("bars").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(layers.length - 1, Number(slider.value) + by)));
  });
  if (!gold.size) { byId("bars").remove(); byId("legend").remove(); }
  makeRelations();
  update();

  function choose(place) { slider.value = place; update(); }

  function update() {
    const place = Number(slider.value), one = layers[place];
    byId("layer-name").textContent = one.layer === 0 ? "0 (embeddings)" : one.layer;
    slider.setAttribute("aria-valuetext", `layer ${one.layer}`);
    if (gold.size) drawBars(byId("bars"), layers.map(({ layer }) => layer), share, place, choose);
    const found = foundEdges(gold, one.heads, sentence.scored), best = one.layer === layers[data.best].layer ? ", the best layer of the probes" : "";
    byId("status").textContent = `Layer ${one.layer}${best}${gold.size ? `: ${found} of ${gold.size} edges found` : ""}`;
    drawTrees(byId("tree"), screen, sentence, one);
    one.tree = one.tree || one.heads.map((other, word) => [other, word, kindOf(other, word)]).filter(([other]) => other >= 0);
    drawSpace();
    matrix.fill(one);
    tellPair();
  }

  function kindOf(other, word) {
    if (other < 0 || !(sentence.scored[other] && sentence.scored[word])) return "unscored";
    return !gold.size ? "plain" : truth.has(edgeCode(other, word)) ? "correct" : "spurious";
  }

  function drawSpace() {
    const one = layers[slider.value], at = Number(part.value);
    const stress = at === 0 ? one.stress[0] : at === 1 ? one.stress[1] : null;
    byId("space-name").textContent = (at === 0 ? "The model’s own space" : at === 1 ? "B’s space" : "In between")
      + (stress === null ? "" : ` (stress ${stress.toFixed(2)}: 0 where three dimensions keep every distance)`);
    space.svg.setAttribute("aria-label", `Words of layer ${one.layer} in three dimensions`);
    space.show(between(one.own, one.probe, at), one.tree);
  }

  function tellPair() {
    const one = layers[slider.value], [a, b] = chosen;
    byId("pair").textContent = `${words[a]} – ${words[b]}: ${(one.distances[a * words.length + b] / 100).toFixed(2)}`
      + (gold.size ? ` (in the gold tree ${data.gold[a * words.length + b]})` : "");
    matrix.mark(a, b);
    space.marks.forEach((mark, i) => mark.classList.toggle("chosen", i === a || i === b));
  }

  /* The distances as cells; made once, filled anew for each layer. */
  function makeMatrix() {
    const count = words.length, CELL = 20, LONGEST = 14;
    const shown = words.map((word) => (word.length > LONGEST ? `${word.slice(0, LONGEST - 1)}…` : word));
    const side = 8 + 7.4 * Math.max(...shown.map((word) => word.length)), size = side + CELL * count + 4;
    const svg = element("svg", { viewBox: `0 0 ${size} ${size}`, tabindex: 0, role: "img", "aria-label": "Predicted distances between the words" });
    svg.style.maxWidth = `${Math.max(size, 300)}px`;
    const cells = words.flatMap((_, row) => words.map((__, column) => element("rect", { x: side + CELL * column, y: side + CELL * row, width: CELL - 1, height: CELL - 1, "data-at": row * count + column })));
    shown.forEach((word, i) => {
      const middle = side + CELL * (i + 0.5), above = textAt(word, 0, 0, "above"), left = textAt(word, side - 5, middle, "left");
      above.setAttribute("transform", `translate(${middle} ${side - 5}) rotate(-90)`);
      svg.append(above, left);
    });
    const frame = element("rect", { class: "chosen", width: CELL - 1, height: CELL - 1 });
    svg.append(...cells, frame);
    byId("matrix").replaceChildren(svg);
    const pick = (event) => {
      const at = event.target.getAttribute("data-at");
      if (at !== null) { chosen = [Math.floor(at / count), at % count]; tellPair(); }
    };
    svg.addEventListener("pointerover", pick);
    svg.addEventListener("click", pick);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      chosen = chosen.map((value, i) => (value + step[i] + count) % count);
      tellPair();
    });
    return {
      fill({ distances }) {
        const sorted = distances.filter((_, at) => Math.floor(at / count) !== at % count).sort((a, b) => a - b);
        const most = sorted[Math.floor(0.9 * (sorted.length - 1))] || 1;
        cells.forEach((cell, at) => cell.setAttribute("fill-opacity", Math.max(0.04, 1 - distances[at] / most).toFixed(2)));
      },
      mark(row, column) {
        frame.setAttribute("x", side + CELL * column);
        frame.setAttribute("y", side + CELL * row);
      },
    };
  }

  function makeRelations() {
    if (!heads.length) { byId("heads-section").remove(); return; }
    byId("relations").replaceChildren(...heads.map((one, i) => {
      const button = document.createElement("button"), note = document.createElement("small");
      button.type = "button";
      note.textContent = ` ${one.name}: ${Math.round(100 * one.accuracy)} % (offset ${Math.round(100 * one.baseline)} %)`;
      button.append(`${one.relation} ${one.direction}`, note);
      button.addEventListener("click", () => { head = i; drawHead(); });
      return button;
    }));
    drawHead();
  }

  function drawHead() {
    const one = heads[head], count = words.length, ROW = 20, LINES = 150;
    [...byId("relations").children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === head)));
    byId("head-status").textContent = `Head ${one.name}, ${one.relation} ${one.direction}: ${Math.round(100 * one.accuracy)} % of ${one.n} found`;
    const side = 16 + 8 * Math.max(...words.map((word) => word.length));
    const svg = element("svg", { width: 2 * side + LINES, height: ROW * count + 8 });
    words.forEach((word, query) => {
      const y = 4 + ROW * (query + 0.5), group = element("g", { class: "query", tabindex: 0 });
      words.forEach((_, key) => {
        const value = one.weights[query * count + key] / 255;
        if (value < 0.04) return;
        group.append(element("line", { x1: side, y1: y, x2: side + LINES, y2: 4 + ROW * (key + 0.5), "stroke-width": 0.5 + 3 * value, "stroke-opacity": Math.min(1, 0.1 + value).toFixed(2) }));
      });
      [[side - 6, "end", group], [side + LINES + 6, "start", svg]].forEach(([x, anchor, parent]) => {
        const text = textAt(word, x, y, "");
        text.setAttribute("text-anchor", anchor);
        text.setAttribute("dominant-baseline", "central");
        parent.append(text);
      });
      svg.append(group);
    });
    byId("attention").setAttribute("aria-label", `Attention of head ${one.name}`);
    byId("attention").replaceChildren(svg);
  }
})();
