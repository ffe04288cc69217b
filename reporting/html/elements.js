"use strict";
/* What the scripts of all pages make their elements with. Words reach a page by textContent alone. */
const SVG = "http://www.w3.org/2000/svg";
const byId = (name) => document.getElementById(name);

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function addOption(select, value, text) {
  const option = document.createElement("option");
  option.value = value;
  option.textContent = text;
  select.append(option);
}

