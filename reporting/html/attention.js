/* Attention of one head over one sentence, as lines or as a matrix. Words reach the page by textContent alone. */
(async () => {
  const FONT = '14px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
  const ROW = 20, CELL = 22, LINES = 170, GAP = 6, MARGIN = 8, FAINTEST = 0.02;

  const data = JSON.parse(byId("data").textContent);
  const inputs = Object.fromEntries(["sentence", "layer", "head", "view"].map((name) => [name, byId(name)]));
  data.sentences.forEach((words, i) => addOption(inputs.sentence, i, `${i + 1}. ${words.join(" ")}`));
  data.layers.forEach((layer, i) => addOption(inputs.layer, i, layer));
  for (let head = 0; head < data.heads; head += 1) addOption(inputs.head, head, head + 1);
  inputs.layer.value = data.layers.indexOf(data.layer);
  inputs.head.value = data.head - 1;
  const weights = await inflate(data.weights);
  const starts = [];
  data.sentences.reduce((start, words) => { starts.push(start); return start + data.layers.length * data.heads * words.length ** 2; }, 0);
  byId("controls").addEventListener("change", update);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  update();

  function update() {
    const [sentence, layer, head] = ["sentence", "layer", "head"].map((name) => Number(inputs[name].value));
    const words = data.sentences[sentence], size = words.length ** 2;
    const start = starts[sentence] + (layer * data.heads + head) * size;
    const weight = (query, key) => weights[start + query * words.length + key] / 255;
    const name = `Head ${data.layers[layer]}-${head + 1}`;
    byId("status").textContent = `${name}: each word on the left attends to words ${inputs.view.value === "lines" ? "on the right" : "above"}`;
    byId("attention").setAttribute("aria-label", `${name}: ${words.join(" ")}`);
    byId("attention").replaceChildren((inputs.view.value === "lines" ? drawLines : drawMatrix)(words, weight));
  }

  function drawLines(words, weight) {
    const side = widest(words) + MARGIN + GAP;
    const svg = element("svg", { width: 2 * side + LINES, height: ROW * words.length + 2 * MARGIN });
    words.forEach((word, query) => {
      const group = element("g", { class: "query", tabindex: 0 });
      const keys = words.map((_, key) => key).sort((a, b) => weight(query, a) - weight(query, b));
      keys.filter((key) => weight(query, key) >= FAINTEST).forEach((key) => {
        const value = weight(query, key);
        const line = element("line", { x1: side, y1: middle(query), x2: side + LINES, y2: middle(key), "stroke-width": 0.5 + 3 * value, "stroke-opacity": Math.min(1, 0.1 + value) });
        line.append(tip(words, query, key, value));
        group.append(line);
      });
      group.append(label(word, side - GAP, middle(query), "end"));
      svg.append(group);
    });
    words.forEach((word, key) => svg.append(label(word, side + LINES + GAP, middle(key), "start")));
    return svg;
  }

  function drawMatrix(words, weight) {
    const side = widest(words) + MARGIN + GAP, top = side;
    const svg = element("svg", { width: side + CELL * words.length + MARGIN, height: top + CELL * words.length + MARGIN });
    words.forEach((word, place) => {
      svg.append(label(word, side - GAP, top + CELL * (place + 0.5), "end"));
      const above = label(word, 0, 0, "start");
      above.setAttribute("transform", `translate(${side + CELL * (place + 0.5)} ${top - GAP}) rotate(-90)`);
      svg.append(above);
      words.forEach((_, key) => {
        const value = weight(place, key);
        const cell = element("rect", { x: side + CELL * key, y: top + CELL * place, width: CELL - 1, height: CELL - 1, "fill-opacity": value });
        cell.append(tip(words, place, key, value));
        svg.append(element("rect", { class: "frame", x: side + CELL * key, y: top + CELL * place, width: CELL - 1, height: CELL - 1 }), cell);
      });
    });
    return svg;
  }

  function middle(place) { return MARGIN + ROW * (place + 0.5); }

  function widest(words) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = FONT;
    return Math.max(...words.map((word) => context.measureText(word).width));
  }

  function tip(words, query, key, value) {
    const made = element("title", {});
    made.textContent = `${words[query]} → ${words[key]}: ${value.toFixed(2)}`;
    return made;
  }

  function label(text, x, y, anchor) {
    const made = element("text", { x, y, "text-anchor": anchor, "dominant-baseline": "central" });
    made.textContent = text;
    return made;
  }

  /* The bytes of a Base64 text in zlib's format. */
  async function inflate(text) {
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
})();
