// Refreshes, sorts and filters in place. The pages work without it.
"use strict";
(() => {
  const every = Number(document.body.dataset.every) * 1000;
  let asked = 0;

  // Puts the page at `url` in the place of this one; what is being typed stays.
  async function show(url) {
    const ask = ++asked;
    const answer = await fetch(url, { cache: "no-cache" }).catch(() => null);
    if (!answer?.ok || ask !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (ask !== asked) return;
    const typing = document.activeElement?.closest("form");
    const search = typing && page.querySelector("form");
    const at = [...document.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    for (const part of ["header", "main", "footer"]) {
      const [now, then] = [document.querySelector(part), page.querySelector(part)];
      if (!now || !then) continue;
      if (search && then.contains(search)) replaceAround(now, typing, then, search);
      else now.replaceWith(then);
    }
    document.querySelectorAll(".scroll").forEach((box, index) => (box.scrollLeft = at[index] ?? 0));
    document.title = page.title;
    tell();
  }

  // Replaces everything in `now` but the form, which keeps focus and cursor.
  function replaceAround(now, form, then, search) {
    const [section, fresh] = [form.closest("section"), search.closest("section")];
    for (const [old, renewed] of [[now, then], [section, fresh], [form.parentNode, search.parentNode]]) {
      const [kept] = [...old.children].filter((child) => child.contains(form));
      const [place] = [...renewed.children].filter((child) => child.contains(search));
      const children = [...renewed.childNodes];
      const middle = children.indexOf(place);
      for (const child of [...old.childNodes]) if (child !== kept) child.remove();
      kept.before(...children.slice(0, middle));
      kept.after(...children.slice(middle + 1));
    }
  }

  function tell() {
    for (const time of document.querySelectorAll("time[data-taken]")) {
      const age = Math.max(0, Math.round(Date.now() / 1000 - Number(time.dataset.taken)));
      time.textContent = age < 120 ? `${age} s ago` : `${Math.round(age / 60)} min ago`;
    }
  }

  function go(url) {
    history.replaceState(null, "", url);
    show(url);
  }

  addEventListener("click", (event) => {
    const link = event.target.closest?.(".sorts a, .more a");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });
  const filter = (form) => go(`${location.pathname}?${new URLSearchParams(new FormData(form))}#processes`);
  addEventListener("submit", (event) => (event.preventDefault(), filter(event.target)));
  let pause = 0;
  addEventListener("input", (event) => {
    clearTimeout(pause);
    pause = setTimeout(() => filter(event.target.form), 250);
  });
  setInterval(() => document.hidden || show(location.href), every);
  setInterval(tell, 1000);
  tell();
})();
