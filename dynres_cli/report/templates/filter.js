(() => {
  const cards = [...document.querySelectorAll(".card")];
  const search = document.getElementById("search");
  const buttons = [...document.querySelectorAll("[data-flag]")];
  const matches = document.getElementById("matches");
  const apply = () => {
    const word = search.value.toLowerCase();
    const wanted = buttons.filter((each) => each.getAttribute("aria-pressed") === "true").map((each) => each.dataset.flag);
    let shown = 0;
    for (const card of cards) {
      const flags = card.dataset.flags.split(" ");
      card.hidden = !(card.dataset.name.toLowerCase().includes(word) && wanted.every((flag) => flags.includes(flag)));
      shown += card.hidden ? 0 : 1;
    }
    matches.textContent = shown === cards.length ? "" : `${shown} of ${cards.length}`;
  };
  search.addEventListener("input", apply);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  document.getElementById("filter").hidden = cards.length < 2;
})();
