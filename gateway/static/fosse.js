// Enhances what already works without scripts: NHS.UK components, filters folded away on small screens, focus after a search.
import { initAll } from "./vendor/nhsuk-frontend.min.js";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();

const filters = document.querySelector("[data-fold-when-narrow]");
if (filters && !filters.dataset.chosen && window.matchMedia("(max-width: 48em)").matches) {
  filters.open = false;
}
document.documentElement.classList.add("fosse-ready");

// A named-counties list only matters with that choice; without scripts it is always shown.
const named = document.getElementById("named-nodes");
if (named) {
  const follow = () => {
    const chosen = document.querySelector("input[name=audience]:checked");
    named.hidden = !(chosen && chosen.value === "named_nodes");
  };
  document.querySelectorAll("input[name=audience]").forEach((radio) => radio.addEventListener("change", follow));
  follow();
}
