/* A sentence in two spaces, side by side, and one that moves from the first to the second. */
(() => {
  const { words, own, probe, edges, stress, compared } = JSON.parse(byId("data").textContent);
  const camera = makeCamera(), stop = turnButton(byId("turn"), camera), part = byId("part");
  const spaces = Object.fromEntries(["own", "probe", "moving"].map((name) => [name, makeSpace(byId(name), camera, words, stop)]));
  byId("own-name").textContent = `The model’s own space (stress ${stress[0].toFixed(2)})`;
  byId("probe-name").textContent = `B’s space (stress ${stress[1].toFixed(2)})`;
  if (!compared) byId("legend").remove();
  const update = () => spaces.moving.show(between(own, probe, Number(part.value)), edges);
  ["own", "probe", "moving"].forEach((name) => spaces[name].svg.setAttribute("aria-label", `Words in three dimensions: ${name}`));
  spaces.own.show(own, edges);
  spaces.probe.show(probe, edges);
  part.addEventListener("input", update);
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  playable(part, byId("play"));
  update();
})();
